#include "train/model.h"

#include "base/error.h"
#include "mtl/alignment.h"
#include "mtl/weighting.h"
#include "nn/optimizer.h"

#include <stdio.h>
#include <stdlib.h>

// No task can have that name.
static const char learned_name[] = "weighting.learned";

static int64_t learned_count(const struct bough_config *config)
{
    const struct bough__choice *choice = bough__weighing_losses(&config->weighting);
    const struct bough__weighting *weighting = bough__weighting_of(choice);
    return weighting->params
               ? (int64_t)weighting->params(NULL, choice->options, config->tasks_count)
               : 0;
}

static enum bough_status check_task(const struct bough__model *model, size_t t)
{
    const struct bough__task *task = &model->config->tasks[t];
    size_t weights;
    bough__loss_class_weights(&task->loss, &weights);
    if (weights && (int64_t)weights != model->width[t])
        return bough__fail(BOUGH_INVALID,
                           "tasks.%s.loss.class_weights: %zu weights, the head has %lld classes",
                           task->name, weights, (long long)model->width[t]);
    if (task->std && model->positions[t] != 1)
        return bough__fail(
            BOUGH_INVALID,
            "tasks.%s.target: standardize, mean and std are for scores [N, K], and the head "
            "gives %lld positions a row",
            task->name, (long long)model->positions[t]);
    if (task->standardize && task->std && (int64_t)task->outputs != model->width[t])
        return bough__fail(BOUGH_INVALID,
                           "tasks.%s: the head has %lld outputs, and %s: train/%s has %zu numbers "
                           "a row",
                           task->name, (long long)model->width[t],
                           bough__task_data(model->config, t), task->target, task->outputs);
    if (task->std && (int64_t)task->outputs != model->width[t])
        return bough__fail(
            BOUGH_INVALID,
            "tasks.%s.target: mean and std have %zu numbers, the head has %lld outputs", task->name,
            task->outputs, (long long)model->width[t]);
    return BOUGH_OK;
}

enum bough_status bough__model_check_tasks(const struct bough__model *model)
{
    enum bough_status status = BOUGH_OK;
    for (size_t t = 0; t < model->config->tasks_count && status == BOUGH_OK; t++)
        status = check_task(model, t);
    return status;
}

static enum bough_status upload_class_weights(struct bough__model *model, size_t t)
{
    size_t count;
    const float *weights = bough__loss_class_weights(&model->config->tasks[t].loss, &count);
    size_t bytes = count * sizeof *weights;
    if (bytes == 0)
        return BOUGH_OK;
    enum bough_status status = bough__buffer_create(&model->class_weights[t], model->device, bytes);
    if (status != BOUGH_OK)
        return status;
    return bough__write(bough__whole(model->class_weights[t]), weights, bytes);
}

static enum bough_status check_sample(const struct bough_shape *sample)
{
    char text[128];
    if (sample->rank < 1 || sample->rank >= BOUGH_MAX_RANK)
        return bough__fail(BOUGH_INVALID, "a sample of rank %d, wanted 1..%d", sample->rank,
                           BOUGH_MAX_RANK - 1);
    for (int32_t i = 0; i < sample->rank; i++)
        if (sample->dim[i] < 1)
            return bough__fail(BOUGH_INVALID, "a sample of shape %s is empty",
                               bough_shape_format(sample, text, sizeof text));
    return BOUGH_OK;
}

static struct bough__input_kind kind_of(const struct bough__input *input)
{
    if (!bough__input_is_table(input))
        return (struct bough__input_kind){.vocabulary = input->vocabulary};
    return (struct bough__input_kind){.columns = (int32_t)input->columns_count,
                                      .column = input->columns,
                                      .classes = input->classes,
                                      .masks = input->masks};
}

static enum bough_status take_samples(struct bough__model *model, const struct bough_shape *sample)
{
    enum bough_status status = BOUGH_OK;
    const size_t inputs = model->config->inputs_count;
    BOUGH_TRY_MEMORY(model->sample = BOUGH_NEW(&model->arena, struct bough_shape, inputs));
    BOUGH_TRY_MEMORY(model->input_key = BOUGH_NEW(&model->arena, const char *, inputs));
    BOUGH_TRY_MEMORY(model->stem = BOUGH_NEW(&model->arena, struct bough__stem, inputs));
    BOUGH_TRY_MEMORY(model->kind = BOUGH_NEW(&model->arena, struct bough__input_kind, inputs));
    BOUGH_TRY_MEMORY(model->names = BOUGH_NEW(&model->arena, struct bough__input_names, inputs));
    for (size_t i = 0; i < inputs; i++) {
        const struct bough__input *input = &model->config->inputs[i];
        char key[128];
        bough__input_key(input, key, sizeof key);
        BOUGH_TRY(check_sample(&sample[i]));
        model->sample[i] = sample[i];
        model->kind[i] = kind_of(input);
        BOUGH_TRY_MEMORY(model->input_key[i] = bough__arena_string(&model->arena, key));
        snprintf(key, sizeof key, input->name ? "stems.%s" : "stem", input->name);
        model->stem[i] =
            (struct bough__stem){model->input_key[i], bough__arena_string(&model->arena, key),
                                 input->stem, input->stem_count};
        BOUGH_TRY_MEMORY(model->stem[i].prefix);
    }
done:
    return status;
}

// Which tasks reach each parameter. `owner` [nodes] is worked in.
static enum bough_status find_reached(struct bough__model *model, const struct bough__graph *graph,
                                      const struct bough__wiring *wiring, int32_t *owner)
{
    struct bough__params *params = &model->params;
    const size_t tasks = model->config->tasks_count;
    unsigned char *reached = BOUGH_NEW(&params->arena, unsigned char, (size_t)params->count *tasks);
    if (!reached)
        return bough__no_memory();
    for (size_t t = 0; t < tasks; t++) {
        bough__wiring_owners(owner, graph, wiring, t, 1);
        for (int32_t i = 0; i < params->count; i++)
            reached[(size_t)i * tasks + t] = owner[params->param[i].node] == 0;
    }
    for (int32_t i = 0; i < params->count; i++)
        params->param[i].reached = reached + (size_t)i * tasks;
    return BOUGH_OK;
}

// A parameter that several tasks reach is shared, one that a single task reaches is that task's.
static enum bough_status place_params(struct bough__model *model, const struct bough__graph *graph,
                                      const struct bough__wiring *wiring)
{
    int32_t *owner = malloc((size_t)graph->count * sizeof *owner);
    if (!owner)
        return bough__no_memory();
    bough__wiring_owners(owner, graph, wiring, 0, model->config->tasks_count);
    bough__params_place(&model->params, owner);
    const enum bough_status status = find_reached(model, graph, wiring, owner);
    free(owner);
    return status;
}

static struct bough__net net_of(const struct bough__model *model)
{
    const struct bough_config *config = model->config;
    return (struct bough__net){
        .options = config->architecture.options,
        .trunk = config->trunk,
        .trunk_count = config->trunk_count,
        .tasks = config->tasks,
        .tasks_count = config->tasks_count,
        .alignment = &config->alignment,
        .join = &config->join,
        .stems = model->stem,
        .inputs = config->inputs_count,
    };
}

static const struct bough__architecture *architecture_of(const struct bough__model *model)
{
    const struct bough_config *config = model->config;
    return bough__regime_of(&config->train.regime)->apart
               ? &bough__architecture_apart
               : bough__architecture_of(&config->architecture);
}

static enum bough_status wire(const struct bough__model *model, struct bough__builder *builder,
                              struct bough__wiring *wiring, const struct bough__leaf *input)
{
    const struct bough__net net = net_of(model);
    builder->input = model->kind;
    builder->inputs = (int32_t)model->config->inputs_count;
    return bough__wire(builder, wiring, architecture_of(model), &net, input);
}

enum bough_status bough__model_leaves(const struct bough__model *model, struct bough__graph *graph,
                                      struct bough__leaf *leaf,
                                      const struct bough__input_values *value)
{
    enum bough_status status = BOUGH_OK;
    const struct bough_config *config = model->config;
    const struct bough__span none = {0};
    for (size_t i = 0; i < config->inputs_count; i++) {
        struct bough__tensor x = {.span = value[i].x,
                                  .shape = bough_shape_samples(&model->sample[i], value[i].rows),
                                  .dtype = bough__input_is_ids(&config->inputs[i]) ? BOUGH_I32
                                                                                   : BOUGH_F32};
        if (value[i].length)
            x.shape.dim[1] = value[i].length;
        graph->layer = model->input_key[i];
        BOUGH_TRY(bough__graph_leaf(graph, &leaf[i].x, &x, none));
    }
    graph->layer = NULL;
    for (size_t i = 0; i < config->inputs_count; i++) {
        const struct bough__tensor present = {.span = value[i].side,
                                              .shape = {2, {value[i].rows, 1}}};
        const struct bough__tensor lengths = {
            .span = value[i].side, .shape = {1, {value[i].rows}}, .dtype = BOUGH_I32};
        int32_t node;
        leaf[i].present = -1;
        if (config->inputs[i].optional)
            BOUGH_TRY(bough__graph_leaf(graph, &leaf[i].present, &present, none));
        if (!config->inputs[i].lengths)
            continue;
        BOUGH_TRY(bough__graph_leaf(graph, &node, &lengths, none));
        graph->node[leaf[i].x].lengths = node;
    }
done:
    return status;
}

// Behind all others, whose draws do not depend on it; no node of the graph is of it.
static enum bough_status declare_learned(struct bough__model *model)
{
    const int64_t count = learned_count(model->config);
    const struct bough__param learned = {
        .name = learned_name, .shape = {1, {count}}, .block = model->learned};
    if (!model->learned)
        return BOUGH_OK;
    model->params.block[model->learned].size = count;
    return bough__params_add(&model->params, &learned);
}

// What is known of a task's scores from their node.
static void note_scores(struct bough__model *model, size_t t, const struct bough__node *node,
                        const struct bough__graph *graph, const struct bough__leaf *input)
{
    const struct bough_shape *shape = &node->need.y;
    const int by_position = node->lengths != BOUGH__NO_SEQUENCE && shape->rank == 3;
    model->sequence[t] = by_position ? BOUGH__FULL_LENGTH : BOUGH__NO_SEQUENCE;
    model->width[t] = shape->dim[by_position ? 2 : 1];
    model->positions[t] = bough_shape_row(shape) / model->width[t];
    for (size_t i = 0; by_position && node->lengths >= 0 && i < model->config->inputs_count; i++)
        if (graph->node[input[i].x].lengths == node->lengths)
            model->sequence[t] = (int32_t)i;
}

// One sample is enough to declare; batch_norm and the like ask for no more.
static enum bough_status declare(struct bough__model *model,
                                 const struct bough__layer_observer *observer)
{
    enum bough_status status;
    size_t tasks = model->config->tasks_count;
    struct bough__graph graph = {0};
    struct bough__builder builder = {
        .graph = &graph, .params = &model->params, .declaring = 1, .training = 1};
    if (observer)
        builder.observer = *observer;
    const size_t inputs = model->config->inputs_count;
    struct bough__leaf *input = BOUGH_NEW(&model->arena, struct bough__leaf, inputs);
    struct bough__input_values *value =
        BOUGH_NEW(&model->arena, struct bough__input_values, inputs);
    int32_t *scores = BOUGH_NEW(&model->arena, int32_t, tasks);
    struct bough__wiring wiring = {.scores = scores};
    BOUGH_TRY_MEMORY(input);
    BOUGH_TRY_MEMORY(value);
    BOUGH_TRY_MEMORY(scores);
    for (size_t i = 0; i < inputs; i++)
        value[i].rows = 1;
    BOUGH_TRY(bough__model_leaves(model, &graph, input, value));
    BOUGH_TRY(wire(model, &builder, &wiring, input));
    for (size_t t = 0; t < tasks; t++) {
        const struct bough_shape *shape = bough__graph_shape(&graph, scores[t]);
        char text[128];
        if (shape->rank < 2) {
            status = bough__fail(BOUGH_INVALID, "tasks.%s.head gives %s, wanted [N, K, ...]",
                                 model->config->tasks[t].name,
                                 bough_shape_format(shape, text, sizeof text));
            goto done;
        }
        model->loss[t] = bough__loss_of(&model->config->tasks[t].loss);
        note_scores(model, t, &graph.node[scores[t]], &graph, input);
    }
    if (observer)
        observer->ended(observer->user, &graph, scores);
    BOUGH_TRY(place_params(model, &graph, &wiring));
    BOUGH_TRY(declare_learned(model));
    BOUGH_TRY(bough__model_group(model));
done:
    bough__graph_fini(&graph);
    return status;
}

static enum bough_status start_learned(struct bough__model *model)
{
    const struct bough_config *config = model->config;
    const struct bough__param_block *learned = bough__model_learned(model);
    if (!learned)
        return BOUGH_OK;
    enum bough_status status;
    float *start = malloc((size_t)learned->size * sizeof *start);
    BOUGH_TRY_MEMORY(start);
    const struct bough__choice *choice = bough__weighing_losses(&config->weighting);
    bough__weighting_of(choice)->params(start, choice->options, config->tasks_count);
    BOUGH_TRY(bough__write(learned->value, start, (size_t)learned->size * sizeof *start));
done:
    free(start);
    return status;
}

static enum bough_status allocate(struct bough__model *model)
{
    enum bough_status status = BOUGH_OK;
    struct bough__params *params = &model->params;
    const struct bough__optimization *optimizer = &model->config->optimizer;
    model->slots = bough__optimizer_of(optimizer)->slots(optimizer->choice.options);
    BOUGH_TRY(bough__params_allocate(params, model->device, model->slots));
    BOUGH_TRY(bough__params_start(params, model->config->train.seed));
    BOUGH_TRY(start_learned(model));
    BOUGH_TRY(bough__buffer_create(&model->best, model->device,
                                   (size_t)params->elements * sizeof(float)));
    for (size_t t = 0; t < model->config->tasks_count; t++)
        BOUGH_TRY(upload_class_weights(model, t));
    BOUGH_TRY(bough__model_keep_best(model));
done:
    return status;
}

static enum bough_status init_blocks(struct bough__model *model)
{
    size_t tasks = model->config->tasks_count;
    int32_t count = 0;
    const char **names = BOUGH_NEW(&model->arena, const char *, tasks + 2);
    if (!names)
        return bough__no_memory();
    names[count++] = "trunk";
    for (size_t t = 0; t < tasks; t++)
        names[count++] = model->config->tasks[t].name;
    if (learned_count(model->config)) {
        model->learned = count;
        names[count++] = learned_name;
    }
    return bough__params_init(&model->params, names, count);
}

enum bough_status bough__model_create(struct bough__model **model,
                                      const struct bough_config *config,
                                      const struct bough_shape *sample, struct bough_device *device,
                                      const struct bough__layer_observer *observer)
{
    enum bough_status status;
    size_t tasks = config->tasks_count;
    struct bough__model *made = calloc(1, sizeof *made);
    BOUGH_TRY_MEMORY(made);
    made->config = config;
    made->device = device;
    made->width = BOUGH_NEW(&made->arena, int64_t, tasks);
    made->positions = BOUGH_NEW(&made->arena, int64_t, tasks);
    made->sequence = BOUGH_NEW(&made->arena, int32_t, tasks);
    made->loss = BOUGH_NEW(&made->arena, const struct bough__loss_kind *, tasks);
    made->classes = BOUGH_NEW(&made->arena, struct bough__classes, tasks);
    made->class_weights = BOUGH_NEW(&made->arena, struct bough__buffer *, tasks);
    BOUGH_TRY_MEMORY(made->width);
    BOUGH_TRY_MEMORY(made->positions);
    BOUGH_TRY_MEMORY(made->sequence);
    BOUGH_TRY_MEMORY(made->loss);
    BOUGH_TRY_MEMORY(made->classes);
    BOUGH_TRY_MEMORY(made->class_weights);
    BOUGH_TRY(take_samples(made, sample));
    BOUGH_TRY(init_blocks(made));
    BOUGH_TRY(declare(made, observer));
    if (device)
        BOUGH_TRY(allocate(made));
done:
    if (status != BOUGH_OK)
        bough__model_destroy(&made);
    *model = made;
    return status;
}

void bough__model_destroy(struct bough__model **model)
{
    struct bough__model *gone = *model;
    if (!gone)
        return;
    for (size_t t = 0; gone->class_weights && t < gone->config->tasks_count; t++)
        bough__buffer_destroy(&gone->class_weights[t]);
    bough__buffer_destroy(&gone->best);
    bough__buffer_destroy(&gone->memory);
    bough__params_fini(&gone->params);
    bough__arena_fini(&gone->arena);
    free(gone);
    *model = NULL;
}

enum bough_status bough__model_record(struct bough__model *model, struct bough__graph *graph,
                                      enum bough__purpose purpose, const struct bough__leaf *input,
                                      struct bough__wiring *wiring)
{
    struct bough__builder builder = {.graph = graph,
                                     .params = &model->params,
                                     .training = purpose == BOUGH_TRAINING,
                                     .gradients = purpose == BOUGH_GRADIENTS};
    return wire(model, &builder, wiring, input);
}

enum bough_status bough__model_regularize(const struct bough__model *model,
                                          struct bough__sequence *out)
{
    const struct bough__net net = net_of(model);
    const struct bough__architecture *architecture = architecture_of(model);
    return architecture->regularize ? architecture->regularize(out, &net, &model->params)
                                    : BOUGH_OK;
}

const struct bough__param_block *bough__model_learned(const struct bough__model *model)
{
    return model->learned ? &model->params.block[model->learned] : NULL;
}

enum bough_status bough__model_keep_best(struct bough__model *model)
{
    return bough__copy(bough__whole(model->best), bough__whole(model->params.value),
                       (size_t)model->params.elements * sizeof(float));
}

enum bough_status bough__model_use_best(struct bough__model *model)
{
    return bough__copy(bough__whole(model->params.value), bough__whole(model->best),
                       (size_t)model->params.elements * sizeof(float));
}

enum bough_status bough__model_without_positions(const struct bough__model *model, const char *what)
{
    for (size_t t = 0; t < model->config->tasks_count; t++)
        if (model->positions[t] != 1 && !bough__model_is_sequence(model, t))
            return bough__fail(BOUGH_INVALID,
                               "tasks.%s has scores at %lld positions a row, and %s takes one",
                               model->config->tasks[t].name, (long long)model->positions[t], what);
    return BOUGH_OK;
}
