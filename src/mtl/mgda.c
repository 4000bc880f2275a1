// The weights, of sum 1, for which the sum of the tasks' gradients is shortest. As in its authors'
// program a normaliser divides the gradients while the weights are sought, and not afterwards.
#include "mtl/simplex.h"
#include "mtl/weighting.h"

#include <math.h>
#include <string.h>

// ---- Options ----

struct normalizer {
    struct bough__row row;
    int by_loss, by_norm;
};

static const struct normalizer none = {{.name = "none", .help = "nothing"}, 0, 0};
static const struct normalizer l2 = {{.name = "l2", .help = "the gradient's norm"}, 0, 1};
static const struct normalizer loss = {{.name = "loss", .help = "the loss"}, 1, 0};
static const struct normalizer loss_norm = {
    {.name = "loss+", .help = "the loss times the gradient's norm"}, 1, 1};
static const struct bough__row *const all[] = {&none.row, &l2.row, &loss.row, &loss_norm.row};
static const struct bough__family normalizers = {"normalizer", all, sizeof all / sizeof *all};

struct mgda_options {
    const char *normalize;
};

static const struct bough__option mgda_options[] = {
    {"normalize", BOUGH__OPTION_TEXT, offsetof(struct mgda_options, normalize),
     .family = &normalizers, .text = "none",
     .help = "what divides the gradients while the weights are sought"},
};

// ---- The solve ----

// Of the tasks of which something is labelled, in the tasks' order.
struct mgda {
    double *gram, *w, *scale; // [n, n], [n], [n]: 1 / the normaliser
    size_t *task;
    size_t n;
    void *work;
};

static size_t mgda_scratch(size_t tasks)
{
    return (tasks * tasks + 2 * tasks) * sizeof(double) + tasks * sizeof(size_t) +
           bough__simplex_work(tasks);
}

static void place(struct mgda *m, void *scratch, size_t tasks)
{
    m->gram = scratch;
    m->w = m->gram + tasks * tasks;
    m->scale = m->w + tasks;
    m->task = (size_t *)(m->scale + tasks);
    m->work = m->task + tasks;
}

// A normaliser that is 0, of a gradient or a loss that is 0, divides nothing.
static double scale_of(const struct normalizer *by, const struct bough__solve *solve, size_t t)
{
    double normalizer = 1;
    if (by->by_loss && solve->losses)
        normalizer *= (double)solve->losses[2 * t];
    if (by->by_loss && solve->factor)
        normalizer *= (double)solve->factor[t];
    if (by->by_norm)
        normalizer *= sqrt(fmax(0, (double)solve->gram[t * solve->tasks + t]));
    return normalizer > 0 ? 1 / normalizer : 1;
}

static void gather(struct mgda *m, const struct bough__solve *solve)
{
    const struct mgda_options *options = solve->options;
    const struct normalizer *by =
        (const void *)bough__family_find(&normalizers, options->normalize);
    const size_t tasks = solve->tasks;
    for (size_t t = 0; t < tasks; t++)
        if (!solve->losses || solve->losses[2 * t + 1] != 0) {
            m->task[m->n] = t;
            m->scale[m->n++] = scale_of(by, solve, t);
        }
    for (size_t i = 0; i < m->n; i++)
        for (size_t j = 0; j < m->n; j++) {
            const size_t a = m->task[i], b = m->task[j];
            const double sum =
                (double)solve->gram[a * tasks + b] + (double)solve->gram[b * tasks + a];
            m->gram[i * m->n + j] = 0.5 * sum * m->scale[i] * m->scale[j];
        }
}

static void mgda_solve(float *weights, double *residual, const struct bough__solve *solve)
{
    struct mgda m = {.n = 0};
    place(&m, solve->scratch, solve->tasks);
    gather(&m, solve);
    memset(weights, 0, solve->tasks * sizeof *weights);
    *residual = m.n ? bough__simplex_least(m.w, m.gram, m.n, m.work) : 0;
    for (size_t i = 0; i < m.n; i++)
        weights[m.task[i]] = (float)m.w[i];
}

const struct bough__weighting bough__weighting_mgda = {
    {.name = "mgda",
     .help = "the shortest weighted sum of the tasks' gradients",
     .paper = "Sener, Koltun, Multi-Task Learning as Multi-Objective Optimization, NeurIPS 2018",
     .options = BOUGH_OPTIONS(mgda_options, struct mgda_options)},
    .needs = BOUGH_NEEDS_GRAM,
    .scratch = mgda_scratch,
    .solve = mgda_solve,
};
