// <bough/weighting.h>: what goes by the losses, then what goes by the gradients of the losses so
// weighed, as in the trainer.
#include "base/error.h"
#include "config/read.h"
#include "weigh/alone.h"

#include <bough/weighting.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct bough_weighting {
    struct bough__arena arena;
    struct bough__weighing config;
    size_t tasks;
    int64_t columns;
    struct bough_device *device;                 // plain C; NULL = no row writes
    struct bough__alone by_losses, by_gradients; // the latter none where nothing goes by them
    struct bough__moment moment;                 // of the last step
    float *factor;                               // [T]: tasks' weights, times those that stand
    float *losses;                               // [T, 2], as rows are given them
    float *task_weight;                          // [T], of these the tasks' own
    float *rounded;                              // [T]
    double *roots;                               // [T], of the losses
    double *weights;                             // [T], of both
    double *gram;                                // [T, T], of the gradients of roots[t] L_t
    char *before;                                // the state in front of a step
};

static const struct bough__weighting *row_of(const struct bough_weighting *weighting)
{
    return bough__weighting_of(&weighting->config.choice);
}

// ---- Opening ----

static enum bough_status check_options(const struct bough_weighting *weighting,
                                       const struct bough_weighting_options *options)
{
    if (row_of(weighting)->needs == BOUGH_NEEDS_GRADIENTS && !options->columns)
        return bough__fail(BOUGH_INVALID,
                           "%s goes by the gradients themselves; wanted their columns",
                           row_of(weighting)->row.name);
    if (strcmp(weighting->config.groups, "shared") != 0)
        return bough__fail(
            BOUGH_INVALID,
            "groups: %s is for a training, which knows its layers; this is one group",
            weighting->config.groups);
    if (row_of(weighting)->ahead)
        return bough__fail(BOUGH_INVALID,
                           "%s goes by another batch and by where a step leads, which takes the "
                           "model; gradients alone do not tell it",
                           row_of(weighting)->row.name);
    return BOUGH_OK;
}

static enum bough_status check_task_weights(const float *weight, size_t tasks)
{
    int some = !weight;
    for (size_t t = 0; weight && t < tasks; t++) {
        if (!(weight[t] >= 0 && weight[t] <= FLT_MAX))
            return bough__fail(BOUGH_INVALID,
                               "the weight of task %zu is %g; wanted a finite number, 0 or more", t,
                               isnan(weight[t]) ? NAN : (double)weight[t]);
        some |= weight[t] > 0;
    }
    return some ? BOUGH_OK
                : bough__fail(BOUGH_INVALID, "the weights of all tasks are 0; wanted one above 0");
}

static enum bough_status make_host(struct bough_weighting *weighting,
                                   const struct bough_weighting_options *options)
{
    enum bough_status status = BOUGH_OK;
    struct bough__arena *arena = &weighting->arena;
    const size_t tasks = weighting->tasks;
    BOUGH_TRY_MEMORY(weighting->factor = BOUGH_NEW(arena, float, tasks));
    BOUGH_TRY_MEMORY(weighting->losses = BOUGH_NEW(arena, float, 2 * tasks));
    BOUGH_TRY_MEMORY(weighting->task_weight = BOUGH_NEW(arena, float, tasks));
    BOUGH_TRY_MEMORY(weighting->rounded = BOUGH_NEW(arena, float, tasks));
    BOUGH_TRY_MEMORY(weighting->roots = BOUGH_NEW(arena, double, tasks));
    BOUGH_TRY_MEMORY(weighting->weights = BOUGH_NEW(arena, double, tasks));
    BOUGH_TRY_MEMORY(weighting->gram = BOUGH_NEW(arena, double, tasks *tasks));
    bough__weighing_start(weighting->factor, &weighting->config, tasks);
    for (size_t t = 0; t < tasks; t++) {
        weighting->task_weight[t] = options->task_weights ? options->task_weights[t] : 1;
        weighting->factor[t] *= weighting->task_weight[t];
    }
done:
    return status;
}

static enum bough_status set_up(struct bough_weighting *weighting, const char *text,
                                const struct bough_weighting_options *options)
{
    enum bough_status status;
    struct bough__weighing *config = &weighting->config;
    BOUGH_TRY(check_task_weights(options->task_weights, weighting->tasks));
    BOUGH_TRY(bough__config_weighing(
        config, &weighting->arena,
        &(struct bough__weighing_text){text, options->overrides, options->overrides_count,
                                       weighting->tasks, options->task_weights}));
    BOUGH_TRY(check_options(weighting, options));
    BOUGH_TRY(make_host(weighting, options));
    BOUGH_TRY(bough__alone_init(&weighting->by_losses, &weighting->arena, &weighting->device,
                                bough__weighing_losses(config), weighting->tasks,
                                weighting->columns));
    if (bough__by_gradients(row_of(weighting)->needs))
        BOUGH_TRY(bough__alone_init(&weighting->by_gradients, &weighting->arena, &weighting->device,
                                    &config->choice, weighting->tasks, weighting->columns));
    struct bough__alone *smoothed =
        weighting->by_gradients.row ? &weighting->by_gradients : &weighting->by_losses;
    smoothed->solver.smoothing = config->smoothing;
    BOUGH_TRY_MEMORY(weighting->before =
                         BOUGH_NEW(&weighting->arena, char, bough_weighting_state_size(weighting)));
done:
    return status;
}

enum bough_status bough_weighting_open(struct bough_weighting **weighting, const char *text,
                                       size_t tasks, const struct bough_weighting_options *options)
{
    enum { MOST_TASKS = 4096 }; // as of a config
    *weighting = NULL;
    if (tasks < 1 || tasks > MOST_TASKS || options->columns < 0)
        return bough__fail(BOUGH_INVALID, "%zu tasks of %lld columns; wanted 1 to %d, of 0 or more",
                           tasks, (long long)options->columns, MOST_TASKS);
    struct bough_weighting *made = calloc(1, sizeof *made);
    if (!made)
        return bough__no_memory();
    made->tasks = tasks;
    made->columns = options->columns;
    made->moment = (struct bough__moment){
        .seed = {(uint32_t)options->seed, (uint32_t)(options->seed >> 32)}, .epoch = 1};
    const enum bough_status status = set_up(made, text, options);
    if (status == BOUGH_OK)
        *weighting = made;
    else
        bough_weighting_close(&made);
    return status;
}

void bough_weighting_close(struct bough_weighting **weighting)
{
    if (!*weighting)
        return;
    bough__alone_fini(&(*weighting)->by_losses);
    bough__alone_fini(&(*weighting)->by_gradients);
    bough_device_close(&(*weighting)->device);
    bough__arena_fini(&(*weighting)->arena);
    free(*weighting);
    *weighting = NULL;
}

// ---- What it is ----

const char *bough_weighting_name(const struct bough_weighting *weighting)
{
    return row_of(weighting)->row.name;
}

enum bough_weighting_needs bough_weighting_needs(const struct bough_weighting *weighting)
{
    switch (row_of(weighting)->needs) {
    case BOUGH_NEEDS_NOTHING:
        return BOUGH_WEIGHTING_NEEDS_NOTHING;
    case BOUGH_NEEDS_LOSSES:
        return BOUGH_WEIGHTING_NEEDS_LOSSES;
    case BOUGH_NEEDS_GRAM:
        return BOUGH_WEIGHTING_NEEDS_GRAM;
    default:
        return BOUGH_WEIGHTING_NEEDS_GRADIENTS;
    }
}

int bough_weighting_learns_after(const struct bough_weighting *weighting)
{
    return weighting->by_losses.row->after != NULL;
}

size_t bough_weighting_learned(struct bough_weighting *weighting, float **values,
                               const float **gradients)
{
    *values = weighting->by_losses.learned;
    *gradients = weighting->by_losses.learned_gradient;
    return weighting->by_losses.learned_count;
}

// ---- What a step is given ----

static int is_labelled(const struct bough_weighting *weighting, size_t t)
{
    return weighting->losses[2 * t + 1] != 0;
}

static int sees_losses(const struct bough_weighting *weighting)
{
    return weighting->by_losses.row->needs == BOUGH_NEEDS_LOSSES;
}

// Whether the next step keeps the weights of the last solve.
static int keeps(const struct bough_weighting *weighting)
{
    return weighting->moment.step % (uint32_t)weighting->config.every != 0;
}

static enum bough_status check_given(const struct bough_weighting *weighting,
                                     const struct bough_weighed *out,
                                     const struct bough_weighting_step *step)
{
    const enum bough__weighting_needs needs = row_of(weighting)->needs;
    const char *name = row_of(weighting)->row.name;
    if (sees_losses(weighting) && !step->losses)
        return bough__fail(BOUGH_INVALID, "%s goes by the losses; wanted these",
                           weighting->by_losses.row->row.name);
    if (needs == BOUGH_NEEDS_GRAM && !keeps(weighting) && !step->gram && !step->gradients)
        return bough__fail(BOUGH_INVALID,
                           "%s compares gradients; wanted these, or their Gram matrix", name);
    if (needs == BOUGH_NEEDS_GRADIENTS && (!step->gradients || !out->direction))
        return bough__fail(BOUGH_INVALID,
                           "%s makes a direction of gradients; wanted both in memory", name);
    if (out->direction && !step->gradients)
        return bough__fail(BOUGH_INVALID, "a direction is wanted, and no gradients are given");
    if (step->gradients && !weighting->columns)
        return bough__fail(BOUGH_INVALID, "gradients for a weighting opened with 0 columns");
    return BOUGH_OK;
}

// Writes weighting->losses.
static enum bough_status take_losses(struct bough_weighting *weighting, const double *losses)
{
    for (size_t t = 0; t < weighting->tasks; t++) {
        const double loss = losses ? losses[t] : 1;
        if (!isnan(loss) && !isfinite((float)loss))
            return bough__fail(BOUGH_DIVERGED, "the loss of task %zu is %g", t, loss);
        weighting->losses[2 * t] = isnan(loss) ? 0 : (float)loss;
        weighting->losses[2 * t + 1] = isnan(loss) ? 0.0f : 1.0f;
    }
    return BOUGH_OK;
}

static double product(const float *a, const float *b, int64_t count)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < count; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

static double product_of(const struct bough_weighting *weighting,
                         const struct bough_weighting_step *step, size_t a, size_t b)
{
    const size_t columns = (size_t)weighting->columns;
    if (step->gram)
        return step->gram[a * weighting->tasks + b];
    return product(step->gradients + a * columns, step->gradients + b * columns,
                   weighting->columns);
}

// Writes the labelled tasks' rows of weighting->gram, which nothing has weighed yet; no more than
// the squares where no more is wanted.
static enum bough_status take_gram(struct bough_weighting *weighting,
                                   const struct bough_weighting_step *step)
{
    const size_t tasks = weighting->tasks;
    const int all = row_of(weighting)->needs == BOUGH_NEEDS_GRAM && !keeps(weighting);
    double *gram = weighting->gram;
    for (size_t a = 0; a < tasks; a++)
        for (size_t b = all ? 0 : a; b < (all ? tasks : a + 1); b++) {
            const int wanted = is_labelled(weighting, a) && is_labelled(weighting, b);
            const int known = b < a && !step->gram;
            gram[a * tasks + b] = !wanted ? 0
                                  : known ? gram[b * tasks + a]
                                          : product_of(weighting, step, a, b);
            if (!isfinite(gram[a * tasks + b]) || (a == b && gram[a * tasks + b] < 0))
                return bough__fail(BOUGH_DIVERGED,
                                   "the gradient of task %zu times that of task %zu is %g", a, b,
                                   isnan(gram[a * tasks + b]) ? NAN : gram[a * tasks + b]);
        }
    return BOUGH_OK;
}

// ---- Weighing ----

// Writes weighting->roots.
static enum bough_status weigh_losses(struct bough_weighting *weighting, double *residual)
{
    enum bough_status status = BOUGH_OK;
    struct bough__alone *by = &weighting->by_losses;
    const struct bough__measured measured = {.losses = weighting->losses,
                                             .factor = weighting->factor};
    const double *found = NULL;
    if (by->row->write)
        BOUGH_TRY(bough__alone_weigh(by, weighting->rounded, weighting->losses, weighting->factor));
    else if (by->row->solve)
        found = bough__solver_find(&by->solver, residual, &measured, &weighting->moment);
    for (size_t t = 0; t < weighting->tasks; t++) {
        const double factor = (double)weighting->factor[t];
        weighting->roots[t] = by->row->write ? (double)weighting->rounded[t]
                              : found        ? found[t] * factor
                                             : factor;
        weighting->roots[t] *= is_labelled(weighting, t);
    }
done:
    return status;
}

static void weigh_gram(struct bough_weighting *weighting, struct bough_weighed *out)
{
    const size_t tasks = weighting->tasks;
    const struct bough__measured measured = {.losses = weighting->losses,
                                             .factor = weighting->task_weight,
                                             .scale = weighting->rounded,
                                             .exact = weighting->gram};
    for (size_t t = 0; t < tasks; t++)
        weighting->rounded[t] = (float)weighting->roots[t];
    for (size_t a = 0; a < tasks; a++)
        for (size_t b = 0; b < tasks; b++)
            weighting->gram[a * tasks + b] *= weighting->roots[a] * weighting->roots[b];
    const double *found = bough__solver_find(&weighting->by_gradients.solver, &out->residual,
                                             &measured, &weighting->moment);
    out->iterations = weighting->by_gradients.solver.iterations;
    for (size_t t = 0; t < tasks; t++)
        weighting->weights[t] = found[t] * weighting->roots[t];
}

static void keep_weights(struct bough_weighting *weighting)
{
    for (size_t t = 0; t < weighting->tasks; t++)
        weighting->weights[t] =
            bough__solver_last_of(&weighting->by_gradients.solver, t) * weighting->roots[t];
}

static enum bough_status weigh_gradients(struct bough_weighting *weighting, float *direction,
                                         const float *gradients)
{
    for (size_t t = 0; t < weighting->tasks; t++) {
        weighting->rounded[t] = (float)weighting->roots[t];
        weighting->weights[t] = is_labelled(weighting, t) ? NAN : 0;
    }
    return bough__alone_direct(&weighting->by_gradients, direction, gradients, weighting->losses,
                               weighting->rounded, &weighting->moment);
}

static void add_gradients(const struct bough_weighting *weighting, float *direction,
                          const float *gradients)
{
    const int64_t columns = weighting->columns;
    for (int64_t i = 0; i < columns; i++) {
        double sum = 0;
        for (size_t t = 0; t < weighting->tasks; t++)
            if (is_labelled(weighting, t))
                sum += weighting->weights[t] * (double)gradients[(int64_t)t * columns + i];
        direction[i] = (float)sum;
    }
}

// Weights or numbers of the direction may leave the numbers that there are.
static enum bough_status check_found(const struct bough_weighting *weighting,
                                     const float *direction)
{
    const int told = row_of(weighting)->needs != BOUGH_NEEDS_GRADIENTS;
    const double *weights = told ? weighting->weights : weighting->roots;
    for (size_t t = 0; t < weighting->tasks; t++)
        if (!isfinite(weights[t]))
            return bough__fail(BOUGH_DIVERGED, "the weight of task %zu comes to %g", t,
                               isnan(weights[t]) ? NAN : weights[t]);
    for (int64_t i = 0; direction && i < weighting->columns; i++)
        if (!isfinite(direction[i]))
            return bough__fail(BOUGH_DIVERGED, "column %lld of the direction comes to %g",
                               (long long)i, isnan(direction[i]) ? NAN : (double)direction[i]);
    return BOUGH_OK;
}

static enum bough_status weigh(struct bough_weighting *weighting, struct bough_weighed *out,
                               const struct bough_weighting_step *step, int kept)
{
    enum bough_status status;
    const enum bough__weighting_needs needs = row_of(weighting)->needs;
    const size_t bytes = weighting->tasks * sizeof(double);
    BOUGH_TRY(weigh_losses(weighting, &out->residual));
    memcpy(weighting->weights, weighting->roots, bytes);
    if (needs == BOUGH_NEEDS_GRAM && kept)
        keep_weights(weighting);
    else if (needs == BOUGH_NEEDS_GRAM)
        weigh_gram(weighting, out);
    if (needs == BOUGH_NEEDS_GRADIENTS)
        BOUGH_TRY(weigh_gradients(weighting, out->direction, step->gradients));
    else if (out->direction)
        add_gradients(weighting, out->direction, step->gradients);
    BOUGH_TRY(check_found(weighting, out->direction));
    if (out->weights)
        memcpy(out->weights, weighting->weights, bytes);
done:
    return status;
}

static enum bough_status put_back(struct bough_weighting *weighting, const char *from)
{
    enum bough_status status;
    memcpy(&weighting->moment.step, from, sizeof weighting->moment.step);
    from += sizeof weighting->moment.step;
    BOUGH_TRY(bough__alone_load(&weighting->by_losses, from));
    from += bough__alone_state_size(&weighting->by_losses);
    BOUGH_TRY(bough__alone_load(&weighting->by_gradients, from));
done:
    return status;
}

enum bough_status bough_weighting_step(struct bough_weighting *weighting, struct bough_weighed *out,
                                       const struct bough_weighting_step *step)
{
    enum bough_status status;
    out->residual = 0;
    out->iterations = 0;
    BOUGH_TRY(check_given(weighting, out, step));
    BOUGH_TRY(take_losses(weighting, step->losses));
    if (step->gradients || step->gram)
        BOUGH_TRY(take_gram(weighting, step));
    const int kept = keeps(weighting);
    BOUGH_TRY(bough_weighting_state_save(weighting, weighting->before));
    weighting->moment.step++;
    weighting->moment.epoch = step->epoch ? step->epoch : 1;
    status = weigh(weighting, out, step, kept);
    if (status != BOUGH_OK)
        put_back(weighting, weighting->before);
done:
    return status;
}

enum bough_status bough_weighting_after(struct bough_weighting *weighting, const double *losses)
{
    enum bough_status status;
    const struct bough__measured measured = {.losses = weighting->losses,
                                             .factor = weighting->factor};
    if (!weighting->moment.step)
        return bough__fail(BOUGH_INVALID, "losses behind an update, and no step was before it");
    BOUGH_TRY(take_losses(weighting, losses));
    if (bough_weighting_learns_after(weighting))
        bough__solver_after(&weighting->by_losses.solver, &measured, &weighting->moment);
done:
    return status;
}

// ---- Going on another day ----

size_t bough_weighting_state_size(const struct bough_weighting *weighting)
{
    return sizeof weighting->moment.step + bough__alone_state_size(&weighting->by_losses) +
           bough__alone_state_size(&weighting->by_gradients);
}

enum bough_status bough_weighting_state_save(const struct bough_weighting *weighting, void *state)
{
    enum bough_status status;
    char *to = state;
    memcpy(to, &weighting->moment.step, sizeof weighting->moment.step);
    to += sizeof weighting->moment.step;
    BOUGH_TRY(bough__alone_save(&weighting->by_losses, to));
    to += bough__alone_state_size(&weighting->by_losses);
    BOUGH_TRY(bough__alone_save(&weighting->by_gradients, to));
done:
    return status;
}

enum bough_status bough_weighting_state_load(struct bough_weighting *weighting, const void *state,
                                             size_t size)
{
    enum bough_status status;
    const char *by_losses = (const char *)state + sizeof weighting->moment.step;
    if (size != bough_weighting_state_size(weighting))
        return bough__fail(BOUGH_INVALID, "a state of %zu bytes; %s for %zu tasks has %zu", size,
                           bough_weighting_name(weighting), weighting->tasks,
                           bough_weighting_state_size(weighting));
    BOUGH_TRY(bough__alone_check(&weighting->by_losses, by_losses));
    BOUGH_TRY(bough__alone_check(&weighting->by_gradients,
                                 by_losses + bough__alone_state_size(&weighting->by_losses)));
    BOUGH_TRY(put_back(weighting, state));
done:
    return status;
}
