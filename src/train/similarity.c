// How similar the tasks of a trained model are.
#include <bough/similarity.h>

#include "base/error.h"
#include "graph/gram.h"
#include "mtl/likeness.h"
#include "train/trained.h"

#include <bough/name.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct measured {
    struct bough_similarity told; // the first: what is handed out
    struct bough__arena arena;
    double *value; // told.value
};

enum { DEFAULT_ROWS = 1000 };

// ---- By gradients ----

// The runner's sums are the gradients of all rows.
static enum bough_status read_products(float *host, const struct bough__runner *runner)
{
    enum bough_status status;
    const struct bough__weigh_data *weigh = &runner->data.weigh;
    const struct bough__model *model = runner->data.model;
    const size_t tasks = model->config->tasks_count, bytes = tasks * tasks * sizeof *host;
    struct bough__sequence sequence = {.device = model->device};
    struct bough__buffer *product = NULL;
    struct bough__gram gram = {.tasks = (int64_t)tasks,
                               .columns = weigh->columns,
                               .jacobian = bough__whole(weigh->by_gradients.state),
                               .scratch = bough__whole(weigh->scratch)};
    gram.jacobian.stride = (size_t)weigh->columns * sizeof(float);
    BOUGH_TRY(bough__buffer_create(&product, model->device, bytes));
    gram.gram = bough__whole(product);
    BOUGH_TRY(bough__gram_write(&sequence, &gram));
    BOUGH_TRY(bough__sequence_run(&sequence));
    BOUGH_TRY(bough__read(bough__whole(product), host, bytes));
done:
    bough__sequence_fini(&sequence);
    bough__buffer_destroy(&product);
    return status;
}

static enum bough_status measure_gradients(struct measured *measured, struct bough__runner *runner)
{
    enum bough_status status;
    const size_t tasks = measured->told.tasks;
    float *product = BOUGH_NEW(&measured->arena, float, tasks *tasks);
    double *loss = BOUGH_NEW(&measured->arena, double, 2 * tasks);
    BOUGH_TRY_MEMORY(product);
    BOUGH_TRY_MEMORY(loss);
    BOUGH_TRY(bough__runner_run(runner));
    BOUGH_TRY(bough__runner_losses(runner, loss, loss + tasks));
    BOUGH_TRY(read_products(product, runner));
    for (size_t i = 0; i < tasks * tasks; i++)
        measured->value[i] = (double)product[i];
    for (size_t t = 0; t < tasks; t++)
        if (!isfinite(product[t * tasks + t]))
            return bough__fail(BOUGH_DIVERGED, "the gradient of task %s is not finite",
                               measured->told.task[t]);
    bough__gram_to_cosines(measured->value, tasks);
done:
    return status;
}

// ---- By representations ----

// Each that heads read, once.
struct representations {
    struct bough__made *made; // [count]
    int32_t *node;            // [count], in the graph
    size_t *of_task;          // [T], which one
    size_t count;
};

static size_t place_of(struct representations *all, int32_t node)
{
    size_t i = 0;
    while (i < all->count && all->node[i] != node)
        i++;
    return i;
}

static enum bough_status find_representations(struct representations *all,
                                              struct bough__arena *arena,
                                              const struct bough__step *step, int64_t rows)
{
    enum bough_status status = BOUGH_OK;
    const size_t tasks = step->data->model->config->tasks_count;
    BOUGH_TRY_MEMORY(all->made = BOUGH_NEW(arena, struct bough__made, tasks));
    BOUGH_TRY_MEMORY(all->node = BOUGH_NEW(arena, int32_t, tasks));
    BOUGH_TRY_MEMORY(all->of_task = BOUGH_NEW(arena, size_t, tasks));
    for (size_t t = 0; t < tasks; t++) {
        const int32_t node = step->representations[t];
        const size_t i = all->of_task[t] = place_of(all, node);
        if (i < all->count)
            continue;
        const int64_t width = bough_shape_row(bough__graph_shape(&step->graph, node));
        all->node[all->count++] = node;
        all->made[i] = (struct bough__made){BOUGH_NEW(arena, float, rows *width), width};
        BOUGH_TRY_MEMORY(all->made[i].x);
    }
done:
    return status;
}

// Of the batch that ran, whose first row is `first`.
static enum bough_status read_batch(const struct representations *all,
                                    const struct bough__step *step, int64_t first)
{
    enum bough_status status = BOUGH_OK;
    for (size_t i = 0; i < all->count; i++) {
        const struct bough__made *made = &all->made[i];
        const struct bough__tensor value = bough__plan_value(step->plan, all->node[i]);
        const size_t bytes = (size_t)(step->rows * made->width) * sizeof *made->x;
        BOUGH_TRY(bough__read(value.span, made->x + first * made->width, bytes));
    }
done:
    return status;
}

static enum bough_status run(struct representations *all, struct bough__arena *arena,
                             struct bough__runner *runner)
{
    enum bough_status status;
    const int64_t rows = bough__runner_rows(runner), batch = runner->data.source->batch;
    BOUGH_TRY(find_representations(all, arena, bough__runner_step_of(runner, 0), rows));
    for (int64_t i = 0; i < runner->steps; i++) {
        struct step_state state = {.step = (unsigned)i + 1};
        const struct bough__step *step = bough__runner_step_of(runner, i);
        BOUGH_TRY(bough__runner_step(runner, i, &state));
        BOUGH_TRY(read_batch(all, step, i * batch));
    }
done:
    return status;
}

static enum bough_status check(const struct measured *measured, const struct representations *all,
                               int64_t rows, int one_width)
{
    for (size_t t = 0; t < measured->told.tasks; t++) {
        const struct bough__made *made = &all->made[all->of_task[t]], *first = &all->made[0];
        if (one_width && made->width != first->width)
            return bough__fail(BOUGH_INVALID,
                               "mmd: the head of '%s' reads %lld numbers a row, that of '%s' %lld; "
                               "wanted as many, or cka",
                               measured->told.task[0], (long long)first->width,
                               measured->told.task[t], (long long)made->width);
        for (int64_t i = 0; i < rows * made->width; i++)
            if (!isfinite(made->x[i]))
                return bough__fail(BOUGH_DIVERGED, "what the head of task %s reads is not finite",
                                   measured->told.task[t]);
    }
    return BOUGH_OK;
}

static enum bough_status measure_representations(struct measured *measured,
                                                 struct bough__runner *runner, int far)
{
    enum bough_status status;
    struct bough__arena arena = {0};
    struct representations all = {0};
    const size_t tasks = measured->told.tasks;
    const int64_t rows = bough__runner_rows(runner);
    double *value = BOUGH_NEW(&arena, double, tasks *tasks + tasks);
    BOUGH_TRY_MEMORY(value);
    BOUGH_TRY(run(&all, &arena, runner));
    BOUGH_TRY(check(measured, &all, rows, far));
    if (far)
        bough__mmd_distance(value, all.made, all.count, rows);
    else
        bough__linear_cka(value, value + tasks * tasks, all.made, all.count, rows);
    for (size_t t = 0; t < tasks; t++)
        for (size_t u = 0; u < tasks; u++)
            measured->value[t * tasks + u] = value[all.of_task[t] * all.count + all.of_task[u]];
done:
    bough__arena_fini(&arena);
    return status;
}

static enum bough_status measure_alike(struct measured *measured, struct bough__runner *runner)
{
    return measure_representations(measured, runner, 0);
}

static enum bough_status measure_far(struct measured *measured, struct bough__runner *runner)
{
    return measure_representations(measured, runner, 1);
}

// ---- All ----

static const struct way {
    const char *name;
    enum bough_status (*measure)(struct measured *measured, struct bough__runner *runner);
    int of_gradients, is_distance;
} ways[] = {
    {"cosine", measure_gradients, 1, 0}, {"cka", measure_alike, 0, 0}, {"mmd", measure_far, 0, 1}};
enum { WAYS = sizeof ways / sizeof *ways };

static enum bough_status find_way(const struct way **way, const char *by,
                                  const struct bough__model *model)
{
    const char *names[WAYS + 1] = {0};
    const int64_t shared = model->params.block[0].size;
    *way = &ways[shared ? 0 : 1];
    for (size_t i = 0; by && i < WAYS; i++) {
        names[i] = ways[i].name;
        if (strcmp(by, names[i]) == 0)
            *way = &ways[i];
    }
    if (by && strcmp((*way)->name, by) != 0) {
        const char *nearest = bough_name_nearest(by, names);
        return bough__fail(BOUGH_INVALID, "similarity by '%s': wanted cosine, cka or mmd%s%s%s", by,
                           nearest ? "; did you mean " : "", nearest ? nearest : "",
                           nearest ? "?" : "");
    }
    if ((*way)->of_gradients && !shared)
        return bough__fail(BOUGH_INVALID, "similarity by cosine: no parameters are shared, whose "
                                          "gradients could be compared; wanted cka or mmd");
    return BOUGH_OK;
}

static enum bough_status take_names(struct measured *measured, const struct bough__trained *trained)
{
    enum bough_status status = BOUGH_OK;
    const struct bough_config *config = trained->loaded.config;
    const size_t tasks = measured->told.tasks = config->tasks_count;
    const char **task = BOUGH_NEW(&measured->arena, const char *, tasks);
    BOUGH_TRY_MEMORY(measured->told.task = task);
    for (size_t t = 0; t < tasks; t++)
        BOUGH_TRY_MEMORY(task[t] = bough__arena_string(&measured->arena, config->tasks[t].name));
    BOUGH_TRY_MEMORY(measured->told.split =
                         bough__arena_string(&measured->arena, trained->first->split_name));
    BOUGH_TRY_MEMORY(measured->value = BOUGH_NEW(&measured->arena, double, tasks *tasks));
    measured->told.value = measured->value;
    measured->told.rows = bough__runner_rows(trained->evaluation.runner[0]);
done:
    return status;
}

static enum bough_status measure(struct measured *measured, struct bough__trained *trained,
                                 const struct bough_similarity_options *options)
{
    enum bough_status status;
    const struct way *way;
    struct bough__model *model = trained->loaded.model;
    BOUGH_TRY(bough__trained_is_one(trained, "similarity"));
    BOUGH_TRY(find_way(&way, options->by, model));
    if (options->rows < 0)
        return bough__fail(BOUGH_INVALID, "similarity of %lld rows, wanted 0 or more",
                           (long long)options->rows);
    for (int32_t i = 0; i < model->params.count; i++)
        model->params.param[i].frozen = 0;
    const struct bough__trained_rows rows = {
        .data = options->data,
        .split = options->split,
        .labels = way->of_gradients ? BOUGH_WITH_LABELS : BOUGH_WITHOUT_LABELS,
        .purpose = way->of_gradients ? BOUGH_GRADIENTS : BOUGH_REPRESENTATION,
        .most = options->rows || way->of_gradients ? options->rows : DEFAULT_ROWS};
    BOUGH_TRY(bough__trained_read(trained, &rows));
    measured->told.by = way->name;
    measured->told.is_distance = way->is_distance;
    BOUGH_TRY(take_names(measured, trained));
    BOUGH_TRY(way->measure(measured, trained->evaluation.runner[0]));
done:
    return status;
}

enum bough_status bough_similarity_create(struct bough_similarity **similarity, const char *model,
                                          const struct bough_similarity_options *options)
{
    enum bough_status status;
    struct bough__trained trained = {0};
    struct measured *made = calloc(1, sizeof *made);
    *similarity = NULL;
    BOUGH_TRY_MEMORY(made);
    BOUGH_TRY(bough__trained_open(&trained, model, options->device));
    BOUGH_TRY(measure(made, &trained, options));
done:
    bough__trained_close(&trained);
    *similarity = made ? &made->told : NULL;
    if (status != BOUGH_OK)
        bough_similarity_destroy(similarity);
    return status;
}

void bough_similarity_destroy(struct bough_similarity **similarity)
{
    struct measured *gone = (struct measured *)*similarity;
    if (!gone)
        return;
    bough__arena_fini(&gone->arena);
    free(gone);
    *similarity = NULL;
}
