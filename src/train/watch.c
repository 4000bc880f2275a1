#include "train/watch.h"

#include "base/error.h"
#include "base/json.h"

#include <math.h>
#include <string.h>

// The numbers of a task, and of a pair of them.
enum { SEEN, WEIGHED, WEIGHT, WEIGHT2, NORM, SHARE, COSINE, COSINE2, PAIRED, OF_TASK };
enum { PAIRS, APART, OF_ALL };
enum { MET, COSINES, OF_PAIR };

static double *of_task(const struct bough__watch *watch, size_t t)
{
    return watch->sum + OF_ALL + t * OF_TASK;
}

static double *of_pair(const struct bough__watch *watch, size_t t, size_t u)
{
    return watch->sum + OF_ALL + watch->tasks * OF_TASK + (t * watch->tasks + u) * OF_PAIR;
}

enum bough_status bough__watch_init(struct bough__watch *watch, struct bough__arena *arena,
                                    size_t tasks)
{
    watch->tasks = tasks;
    watch->count = OF_ALL + tasks * OF_TASK + tasks * tasks * OF_PAIR;
    watch->sum = BOUGH_NEW(arena, double, watch->count);
    return watch->sum ? BOUGH_OK : bough__no_memory();
}

void bough__watch_clear(struct bough__watch *watch)
{
    if (watch->count)
        memset(watch->sum, 0, watch->count * sizeof *watch->sum);
}

// ---- A step ----

struct step {
    struct bough__watched seen;
    size_t tasks;
};

static int takes_part(const struct step *step, size_t t)
{
    return step->seen.losses[2 * t + 1] != 0 && step->seen.roots[t] != 0;
}

static double product(const struct step *step, size_t t, size_t u)
{
    return (double)step->seen.gram[t * step->tasks + u];
}

// Of the gradient of roots[t] L_t.
static double norm_of(const struct step *step, size_t t)
{
    return sqrt(fmax(0, product(step, t, t)));
}

// Where a gradient is 0 there is no angle.
static int has_cosine(const struct step *step, size_t t, size_t u)
{
    return t != u && takes_part(step, t) && takes_part(step, u) && norm_of(step, t) > 0 &&
           norm_of(step, u) > 0;
}

static void add_pairs(struct bough__watch *watch, const struct step *step, size_t t)
{
    double *task = of_task(watch, t), sum = 0;
    size_t pairs = 0;
    for (size_t u = 0; u < step->tasks; u++) {
        double *pair = of_pair(watch, t, u);
        if (!has_cosine(step, t, u))
            continue;
        const double cosine = product(step, t, u) / (norm_of(step, t) * norm_of(step, u));
        pair[MET]++;
        pair[COSINES] += cosine;
        watch->sum[PAIRS]++;
        watch->sum[APART] += cosine < 0;
        sum += cosine;
        pairs++;
    }
    if (!pairs)
        return;
    task[PAIRED]++;
    task[COSINE] += sum / (double)pairs;
    task[COSINE2] += sum / (double)pairs * sum / (double)pairs;
}

static void add_weights(struct bough__watch *watch, const struct step *step)
{
    double length = 0;
    for (size_t t = 0; t < step->tasks; t++)
        length += step->seen.parts[t];
    for (size_t t = 0; t < step->tasks; t++) {
        double *task = of_task(watch, t);
        const double whole = (double)step->seen.weights[t] * (double)step->seen.roots[t];
        if (!takes_part(step, t))
            continue;
        task[WEIGHED]++;
        task[WEIGHT] += whole;
        task[WEIGHT2] += whole * whole;
        task[SHARE] += length > 0 ? step->seen.parts[t] / length : 0;
    }
}

void bough__watch_add(struct bough__watch *watch, const struct bough__watched *seen)
{
    const struct step step = {*seen, watch->tasks};
    for (size_t t = 0; t < watch->tasks; t++) {
        if (!takes_part(&step, t))
            continue;
        of_task(watch, t)[SEEN]++;
        of_task(watch, t)[NORM] += norm_of(&step, t) / fabs((double)seen->roots[t]);
        add_pairs(watch, &step, t);
    }
    if (seen->weights)
        add_weights(watch, &step);
}

// ---- Telling ----

static int put_mean(json_t *object, const char *key, double sum, double count)
{
    return count > 0 ? json_object_set_new(object, key, bough__json_number(sum / count)) : 0;
}

static int put_spread(json_t *object, const char *key, double sum, double squares, double count)
{
    const double mean = count > 0 ? sum / count : 0;
    return count > 0
               ? json_object_set_new(
                     object, key, bough__json_number(sqrt(fmax(0, squares / count - mean * mean))))
               : 0;
}

static int put_task(json_t *object, const double *sum)
{
    const double weighed = sum[WEIGHED], paired = sum[PAIRED];
    return put_mean(object, "norm", sum[NORM], sum[SEEN]) ||
           put_mean(object, "cosine", sum[COSINE], paired) ||
           put_spread(object, "cosine_spread", sum[COSINE], sum[COSINE2], paired) ||
           put_mean(object, "weight", sum[WEIGHT], weighed) ||
           put_spread(object, "weight_spread", sum[WEIGHT], sum[WEIGHT2], weighed) ||
           put_mean(object, "share", sum[SHARE], weighed);
}

static int put_cosines(json_t *object, const struct bough__watch *watch)
{
    json_t *rows = json_array();
    int lost = json_object_set_new(object, "cosines", rows);
    for (size_t t = 0; t < watch->tasks && !lost; t++) {
        json_t *row = json_array();
        lost = json_array_append_new(rows, row);
        for (size_t u = 0; u < watch->tasks && !lost; u++) {
            const double *pair = of_pair(watch, t, u);
            const double cosine = pair[MET] > 0 ? pair[COSINES] / pair[MET] : NAN;
            lost = json_array_append_new(row, bough__json_number(t == u ? 1 : cosine));
        }
    }
    return lost;
}

double bough__watch_conflicting(const struct bough__watch *watch)
{
    return watch->count && watch->sum[PAIRS] > 0 ? watch->sum[APART] / watch->sum[PAIRS] : NAN;
}

int bough__watch_put(json_t *object, const struct bough__watch *watch, const char *const *task)
{
    double seen = 0;
    for (size_t t = 0; watch->count && t < watch->tasks; t++)
        seen += of_task(watch, t)[SEEN];
    if (!seen)
        return 0;
    json_t *tasks = json_object();
    int lost = json_object_set_new(object, "tasks", tasks);
    for (size_t t = 0; t < watch->tasks && !lost; t++) {
        json_t *one = json_object();
        lost = json_object_set_new(tasks, task[t], one) || put_task(one, of_task(watch, t));
    }
    return lost || put_cosines(object, watch) ||
           json_object_set_new(object, "conflicting",
                               bough__json_number(bough__watch_conflicting(watch)));
}
