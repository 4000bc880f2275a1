#include "mtl/combine.h"

#include "base/error.h"
#include "cl/account.h"
#include "cl/step.h"
#include "graph/gram.h"

// ---- Where things lie ----

// Parts are short, as a compiler may sum one from its first number to its last.
enum { COLUMNS = 512, PARTS = 1024, LINE = 16 };

static int64_t row_of(int64_t columns)
{
    return (columns + LINE - 1) / LINE * LINE;
}

static int64_t width_of(int64_t columns)
{
    const int64_t width = row_of((columns + PARTS - 1) / PARTS);
    return width > COLUMNS ? width : COLUMNS;
}

static int64_t parts_of(int64_t columns)
{
    return (columns + width_of(columns) - 1) / width_of(columns);
}

static struct bough__span take(struct bough__span *from, int64_t floats)
{
    const struct bough__span taken = *from;
    from->offset += (size_t)floats * sizeof(float);
    return taken;
}

struct bough__combined bough__combined_of(const struct bough__combine *combine,
                                          const struct bough__weigh *weigh)
{
    const int64_t tasks = (int64_t)weigh->tasks, row = row_of(weigh->columns);
    struct bough__combined of = {.rest = weigh->state};
    if (combine->keeps) {
        of.kept = take(&of.rest, tasks * row);
        of.kept.stride = (size_t)row * sizeof(float);
    }
    of.numbers = take(&of.rest, 2 * tasks);
    of.sums = take(&of.rest, tasks);
    of.weights = take(&of.rest, tasks);
    of.parts = take(&of.rest, tasks * parts_of(weigh->columns));
    return of;
}

size_t bough__combine_state(const struct bough__combine *combine, size_t tasks, int64_t columns)
{
    return bough__combined_of(combine, &(struct bough__weigh){.tasks = tasks, .columns = columns})
               .rest.offset /
           sizeof(float);
}

// ---- Launches ----

BOUGH_TWIN static void part_sums(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct part_params *p = params;
    const float *parts = arg[0];
    float *sums = arg[1];
    struct loss_account *account = arg[2];
    const struct step_state *step = arg[3];
    for (int64_t t = begin; t < end; t++) {
        float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
        for (int64_t k = 0; k < p->parts; k++)
            sum += parts[t * p->parts + k];
        sums[t] = sum;
        if (account && !isfinite(sum) && account[t].bad_gradient == 0)
            account[t].bad_gradient = step->step;
    }
}

static const struct bough__kernel kernel_part_sums = {
    "part_sums",     "combine", part_sums,
    BOUGH_GRID_ROWS, .args = 4, .params_size = sizeof(struct part_params)};

BOUGH_IN_TWIN float sum_squares(const float *g, int64_t count)
{
    float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < count; i++)
        sum += g[i] * g[i];
    return sum;
}

BOUGH_TWIN static void square_parts(void *const *arg, const void *params, int64_t begin,
                                    int64_t end)
{
    const struct part_params *p = params;
    float *parts = arg[4];
    for (int64_t part = begin; part < end; part++) {
        const int64_t first = part_begin(p, part);
        parts[part] = sum_squares((const float *)arg[0] + part / p->parts * p->row + first,
                                  part_end(p, part) - first);
    }
}

const struct bough__kernel bough__kernel_square_parts = {
    "square_parts",  "combine", square_parts,
    BOUGH_GRID_ROWS, .args = 5, .params_size = sizeof(struct part_params)};

static enum bough_status write_sums(struct bough__sequence *out,
                                    const struct bough__combine *combine,
                                    const struct bough__weigh *weigh)
{
    enum bough_status status;
    const struct bough__combined of = bough__combined_of(combine, weigh);
    const int64_t tasks = (int64_t)weigh->tasks, parts = parts_of(weigh->columns);
    const int64_t elements = tasks * weigh->columns;
    const struct part_params params = {
        .columns = (unsigned int)weigh->columns,
        .width = (unsigned int)width_of(weigh->columns),
        .row = (unsigned int)(weigh->jacobian.stride / sizeof(float)),
        .kept_row = (unsigned int)(of.kept.stride / sizeof(float)),
        .parts = (int)parts,
        .beta = combine->beta,
    };
    BOUGH_TRY(bough__sequence_kernel(
        out, &(struct bough__kernel_call){
                 .kernel = combine->parts,
                 .arg = {weigh->jacobian, of.kept, weigh->losses, weigh->factor, of.parts},
                 .params = &params,
                 .count = tasks * parts,
                 .work = elements,
                 .bytes = 4 * elements * (combine->keeps ? 3 : 1)}));
    BOUGH_TRY(bough__sequence_kernel(
        out, &(struct bough__kernel_call){.kernel = &kernel_part_sums,
                                          .arg = {of.parts, of.sums, weigh->account, weigh->step},
                                          .params = &params,
                                          .count = tasks,
                                          .work = tasks * parts}));
done:
    return status;
}

enum bough_status bough__combine_weights(struct bough__sequence *out,
                                         const struct bough__combine *combine,
                                         const struct bough__weigh *weigh)
{
    enum bough_status status;
    const struct bough__combined of = bough__combined_of(combine, weigh);
    const struct combine_params params = {
        .tasks = (int)weigh->tasks,
        .beta = combine->beta,
        .rate = combine->rate,
    };
    BOUGH_TRY(write_sums(out, combine, weigh));
    BOUGH_TRY(bough__sequence_kernel(
        out, &(struct bough__kernel_call){
                 .kernel = combine->weigh,
                 .arg = {weigh->losses, weigh->factor, of.numbers, of.sums, of.weights},
                 .params = &params,
                 .count = 1,
                 .work = (int64_t)weigh->tasks}));
done:
    return status;
}

enum bough_status bough__combine_sum(struct bough__sequence *out, const struct bough__weigh *weigh,
                                     struct bough__span stack, struct bough__span weights)
{
    return bough__stack_sum_write(out, &(struct bough__stack_sum){.tasks = (int64_t)weigh->tasks,
                                                                  .elements = weigh->columns,
                                                                  .stack = stack,
                                                                  .weights = weights,
                                                                  .y = weigh->gradient});
}
