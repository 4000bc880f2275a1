#include "mtl/solver.h"

#include "base/error.h"

#include <string.h>

// A task's last weight, and whether it had one.
enum { WEIGHT, KNOWN, LAST };

enum bough_status bough__solver_init(struct bough__solver *solver, struct bough__arena *arena,
                                     const struct bough__choice *choice, size_t tasks,
                                     int64_t columns)
{
    const struct bough__weighting *weighting = bough__weighting_of(choice);
    const size_t batches = weighting->steps ? 2 : 1, matrices = weighting->steps ? 3 : 1;
    *solver =
        (struct bough__solver){.weighting = weighting, .options = choice->options, .tasks = tasks};
    solver->row_count = weighting->state ? weighting->state(tasks, columns) : 0;
    solver->state_count = solver->row_count + tasks * LAST;
    solver->state = BOUGH_NEW(arena, double, solver->state_count);
    solver->task = BOUGH_NEW(arena, size_t, tasks);
    solver->in_all = BOUGH_NEW(arena, unsigned char, tasks);
    solver->loss = BOUGH_NEW(arena, double, batches *tasks);
    solver->preference = BOUGH_NEW(arena, double, tasks);
    solver->gram = BOUGH_NEW(arena, double, matrices *tasks *tasks);
    solver->weights = BOUGH_NEW(arena, double, batches *tasks);
    solver->told = BOUGH_NEW(arena, double, batches *tasks);
    solver->scratch = bough__arena_alloc(arena, weighting->scratch ? weighting->scratch(tasks) : 1);
    return solver->state && solver->task && solver->in_all && solver->loss && solver->preference &&
                   solver->gram && solver->weights && solver->told && solver->scratch
               ? BOUGH_OK
               : bough__no_memory();
}

static double factor_of(const struct bough__measured *measured, size_t t)
{
    return measured->factor ? (double)measured->factor[t] : 1;
}

// What a task's loss is multiplied by where it was measured.
static double scale_of(const struct bough__measured *measured, size_t t)
{
    return measured->scale ? (double)measured->scale[t] : factor_of(measured, t);
}

// And how much less as the row is given it: a row that prefers gets it without the task's weight.
static double factor_left_out(const struct bough__solver *solver,
                              const struct bough__measured *measured, size_t t)
{
    return solver->weighting->prefers ? factor_of(measured, t) : 1;
}

static unsigned char is_in_all(const struct bough__solver *solver,
                               const struct bough__measured *measured, size_t t)
{
    unsigned char labelled = 1;
    for (size_t k = 0; measured->others && k < solver->weighting->others; k++)
        labelled &= measured->others[2 * (k * solver->tasks + t) + 1] != 0;
    return labelled;
}

// The tasks that take part; returns how many.
static size_t gather_tasks(const struct bough__solver *solver,
                           const struct bough__measured *measured)
{
    size_t n = 0, weighed = 0;
    double sum = 0;
    for (size_t t = 0; t < solver->tasks; t++) {
        const double factor = factor_of(measured, t), scale = scale_of(measured, t);
        sum += factor;
        weighed += factor > 0;
        const int reaches = !solver->reached || solver->reached[t];
        if (measured->losses[2 * t + 1] == 0 || factor == 0 || scale == 0 || !reaches)
            continue;
        solver->loss[n] =
            scale / factor_left_out(solver, measured, t) * (double)measured->losses[2 * t];
        solver->preference[n] = factor;
        solver->in_all[n] = is_in_all(solver, measured, t);
        solver->task[n++] = t;
    }
    for (size_t i = 0; i < n; i++)
        solver->preference[i] = solver->preference[i] * (double)weighed / sum;
    return n;
}

static double entry_of(const struct bough__measured *measured, size_t at)
{
    return measured->exact ? measured->exact[at] : (double)measured->gram[at];
}

static double product_of(const struct bough__measured *measured, size_t tasks, size_t a, size_t b)
{
    if (measured->cross)
        return (double)measured->cross[a * tasks + b];
    return 0.5 * (entry_of(measured, a * tasks + b) + entry_of(measured, b * tasks + a));
}

static void gather_gram(const struct bough__solver *solver, const struct bough__measured *measured,
                        size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            const size_t a = solver->task[i], b = solver->task[j];
            solver->gram[i * n + j] = product_of(measured, solver->tasks, a, b) /
                                      factor_left_out(solver, measured, a) /
                                      factor_left_out(solver, measured, b);
        }
}

// Of one batch; where one stands for all, the Gram matrix.
static double square_of(const struct bough__measured *measured, size_t tasks, int other, size_t a,
                        size_t b)
{
    if (!measured->squares)
        return product_of(measured, tasks, a, b);
    const float *square = measured->squares + (other ? tasks * tasks : 0);
    return 0.5 * ((double)square[a * tasks + b] + (double)square[b * tasks + a]);
}

// What a row with steps has beside.
static void gather_both(const struct bough__solver *solver, const struct bough__measured *measured,
                        struct bough__solve *solve)
{
    const size_t n = solve->n, tasks = solver->tasks;
    double *own = solver->gram + n * n, *other = own + n * n, *there = solver->loss + tasks;
    for (size_t i = 0; i < n * n; i++) {
        const size_t a = solver->task[i / n], b = solver->task[i % n];
        own[i] = square_of(measured, tasks, 0, a, b);
        other[i] = square_of(measured, tasks, 1, a, b);
    }
    for (size_t i = 0; i < n; i++) {
        const size_t t = solver->task[i];
        there[i] = measured->there ? scale_of(measured, t) * (double)measured->there[2 * t]
                                   : solver->loss[i];
    }
    solve->own = own;
    solve->other = other;
    solve->there = there;
    solve->other_weights = solver->weights + tasks;
}

static struct bough__solve begin(const struct bough__solver *solver,
                                 const struct bough__measured *measured,
                                 const struct bough__moment *moment)
{
    const int by_gram = solver->weighting->needs == BOUGH_NEEDS_GRAM &&
                        (measured->gram || measured->exact || measured->cross);
    struct bough__solve solve = {
        .options = solver->options,
        .tasks = solver->tasks,
        .n = gather_tasks(solver, measured),
        .task = solver->task,
        .loss = solver->loss,
        .preference = solver->preference,
        .gram = by_gram ? solver->gram : NULL,
        .in_all = solver->in_all,
        .state = solver->state,
        .moment = *moment,
        .scratch = solver->scratch,
        .weights = solver->weights,
    };
    if (by_gram)
        gather_gram(solver, measured, solve.n);
    if (by_gram && solver->weighting->steps)
        gather_both(solver, measured, &solve);
    return solve;
}

static double *last_of(const struct bough__solver *solver, size_t t)
{
    return solver->state + solver->row_count + t * LAST;
}

static double smooth(const struct bough__solver *solver, size_t t, double weight)
{
    double *last = last_of(solver, t), share = (double)solver->smoothing;
    last[WEIGHT] = last[KNOWN] != 0 ? share * last[WEIGHT] + (1 - share) * weight : weight;
    last[KNOWN] = 1;
    return last[WEIGHT];
}

const double *bough__solver_find(struct bough__solver *solver, double *residual,
                                 const struct bough__measured *measured,
                                 const struct bough__moment *moment)
{
    struct bough__solve solve = begin(solver, measured, moment);
    for (size_t t = 0; t < solver->tasks; t++) {
        solver->told[t] = last_of(solver, t)[WEIGHT];
        if (solve.other_weights)
            solver->told[solver->tasks + t] = 0;
    }
    if (solve.n)
        solver->weighting->solve(&solve);
    for (size_t i = 0; i < solve.n; i++) {
        const double weight =
            solver->weights[i] / factor_left_out(solver, measured, solver->task[i]);
        solver->told[solver->task[i]] = smooth(solver, solver->task[i], weight);
        if (solve.other_weights)
            solver->told[solver->tasks + solver->task[i]] = solve.other_weights[i];
    }
    *residual = solve.residual;
    solver->iterations = solve.iterations;
    solver->present = solve.n;
    return solver->told;
}

void bough__solver_run(struct bough__solver *solver, float *weights, double *residual,
                       const struct bough__measured *measured, const struct bough__moment *moment)
{
    const double *told = bough__solver_find(solver, residual, measured, moment);
    for (size_t t = 0; t < solver->tasks; t++)
        weights[t] = (float)told[t];
}

void bough__solver_shares(const struct bough__solver *solver, float *shares)
{
    const size_t tasks = solver->tasks;
    for (size_t t = 0; t < tasks; t++) {
        shares[t] = (float)(solver->told[t] - solver->told[tasks + t]);
        shares[tasks + t] = (float)solver->told[tasks + t];
    }
}

void bough__solver_ahead(struct bough__solver *solver, float *weights,
                         const struct bough__measured *measured, const struct bough__moment *moment)
{
    struct bough__solve solve = begin(solver, measured, moment);
    memset(weights, 0, solver->tasks * sizeof *weights);
    if (solve.n)
        solver->weighting->ahead(&solve);
    for (size_t i = 0; i < solve.n; i++)
        weights[solver->task[i]] =
            (float)(solver->weights[i] / factor_left_out(solver, measured, solver->task[i]));
}

void bough__solver_after(struct bough__solver *solver, const struct bough__measured *measured,
                         const struct bough__moment *moment)
{
    struct bough__solve solve = begin(solver, measured, moment);
    if (solve.n)
        solver->weighting->after(&solve);
}

double bough__solver_last_of(const struct bough__solver *solver, size_t task)
{
    return last_of(solver, task)[WEIGHT];
}

void bough__solver_last(const struct bough__solver *solver, float *weights)
{
    for (size_t t = 0; t < solver->tasks; t++)
        weights[t] = (float)bough__solver_last_of(solver, t);
}
