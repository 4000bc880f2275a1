// The mean of every element without its `trim` largest and smallest values: of 2 trim tasks and
// fewer, the median. Of equal values the first task's is the smallest.
#include "cl/trimmed_mean_params.h"
#include "mtl/weighting.h"

struct trimmed_mean_options {
    int32_t trim;
};

static const struct bough__option trimmed_mean_options[] = {
    {"trim", BOUGH__OPTION_INT, offsetof(struct trimmed_mean_options, trim), .number = {1},
     .range = &bough__range_count_or_none,
     .help = "how many tasks are left out at either end; of too few tasks the median stays"},
};

// Of three and more that are trimmed too much it is the median, which may be what is wanted.
static const char *trimmed_mean_too_few(const void *options, size_t tasks, const char **key,
                                        int64_t *most)
{
    *key = "trim";
    *most = -1;
    return ((const struct trimmed_mean_options *)options)->trim > 0 && tasks < 3
               ? "of fewer than 3 tasks trimmed_mean is the mean"
               : NULL;
}

// ---- The kernel ----

// Elements that are done at once.
enum { WIDE = 64 };

// Of each, the tasks' values that are left out last: `low` of task `first`, and `high` of task
// `last`.
struct edges {
    float low[WIDE], high[WIDE];
    int first[WIDE], last[WIDE];
};

struct trimmed {
    const float *jacobian, *losses, *factor;
    struct trimmed_mean_params params;
};

BOUGH_IN_TWIN void clear_edges(struct edges *edges, float low, int first, float high, int last)
{
    for (int j = 0; j < WIDE; j++) {
        edges->low[j] = low;
        edges->high[j] = high;
        edges->first[j] = first;
        edges->last[j] = last;
    }
}

// Moves both one value inward.
BOUGH_IN_TWIN void move_edges(struct edges *at, const struct trimmed *x, int64_t begin, int wide)
{
    struct edges next;
    clear_edges(&next, INFINITY, 0, -INFINITY, 0);
    for (int t = 0; t < x->params.tasks; t++) {
        const float *g = x->jacobian + (size_t)t * x->params.row + begin;
        if (!task_is_here(x->losses, x->factor, t))
            continue;
#pragma omp simd
        for (int j = 0; j < wide; j++) {
            const int low = (g[j] < next.low[j]) & comes_behind(g[j], t, at->low[j], at->first[j]);
            const int high =
                (g[j] >= next.high[j]) & comes_behind(at->high[j], at->last[j], g[j], t);
            next.low[j] = low ? g[j] : next.low[j];
            next.first[j] = low ? t : next.first[j];
            next.high[j] = high ? g[j] : next.high[j];
            next.last[j] = high ? t : next.last[j];
        }
    }
    *at = next;
}

BOUGH_IN_TWIN void sum_between(float *sum, const struct edges *at, const struct trimmed *x,
                               int64_t begin, int wide)
{
    for (int t = 0; t < x->params.tasks; t++) {
        const float *g = x->jacobian + (size_t)t * x->params.row + begin;
        if (!task_is_here(x->losses, x->factor, t))
            continue;
#pragma omp simd
        for (int j = 0; j < wide; j++) {
            const int out = comes_behind(at->low[j], at->first[j] + 1, g[j], t) |
                            comes_behind(g[j], t + 1, at->high[j], at->last[j]);
            sum[j] += out ? 0.0f : g[j];
        }
    }
}

BOUGH_TWIN static void trimmed_mean(void *const *arg, const void *params, int64_t begin,
                                    int64_t end)
{
    const struct trimmed x = {arg[0], arg[1], arg[2], *(const struct trimmed_mean_params *)params};
    const int n = tasks_here(x.losses, x.factor, x.params.tasks);
    const int trim = trimmed_of(n, x.params.trim);
    float *gradient = arg[3];
    for (int64_t i = begin; i < end; i += WIDE) {
        const int wide = (int)(end - i < WIDE ? end - i : WIDE);
        float sum[WIDE] = {0};
        struct edges at;
        clear_edges(&at, -INFINITY, -1, INFINITY, x.params.tasks);
        for (int k = 0; k < trim; k++)
            move_edges(&at, &x, i, wide);
        sum_between(sum, &at, &x, i, wide);
        for (int j = 0; j < wide; j++)
            gradient[i + j] = n ? sum[j] / (float)(n - 2 * trim) : 0.0f;
    }
}

static const struct bough__kernel kernel_trimmed_mean = {
    "trimmed_mean",   "trimmed_mean", trimmed_mean,
    BOUGH_GRID_ITEMS, .args = 4,      .params_size = sizeof(struct trimmed_mean_params)};

static enum bough_status trimmed_mean_write(struct bough__sequence *out,
                                            const struct bough__weigh *weigh)
{
    const int64_t elements = (int64_t)weigh->tasks * weigh->columns;
    const struct trimmed_mean_params params = {
        .row = (unsigned int)(weigh->jacobian.stride / sizeof(float)),
        .tasks = (int)weigh->tasks,
        .trim = ((const struct trimmed_mean_options *)weigh->options)->trim,
    };
    return bough__sequence_kernel(
        out, &(struct bough__kernel_call){
                 .kernel = &kernel_trimmed_mean,
                 .arg = {weigh->jacobian, weigh->losses, weigh->factor, weigh->gradient},
                 .params = &params,
                 .count = weigh->columns,
                 .work = elements,
                 .bytes = 4 * (elements + weigh->columns),
             });
}

const struct bough__weighting bough__weighting_trimmed_mean = {
    {.name = "trimmed_mean",
     .help = "of each element the mean without the largest and the smallest",
     .paper = "Yin et al., Byzantine-Robust Distributed Learning: Towards Optimal Statistical "
              "Rates, ICML 2018",
     .options = BOUGH_OPTIONS(trimmed_mean_options, struct trimmed_mean_options)},
    .needs = BOUGH_NEEDS_GRADIENTS,
    .rule = "by element: d = mean of the g_t without the trim largest and smallest\n"
            "where n <= 2 trim: their median",
    .advice = "Many tasks, some of them wrong or noisy; with few tasks it throws most away.",
    .too_few = trimmed_mean_too_few,
    .write = trimmed_mean_write,
};
