// The layers of a model, without a device.
#include "base/error.h"
#include "config/config.h"
#include "train/drawing.h"
#include "train/input_types.h"

#include <bough/train.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The info with the names that its rows tell.
struct model_info {
    struct bough_model_info info;
    struct bough__arena arena;
};

struct listing {
    struct model_info *model;
    size_t capacity;           // rows
    int64_t parameters, flops; // counted so far
    struct bough__drawing drawing;
    int lost; // memory ended
};

// The layer's prefix without its place there: "trunk" of "trunk.0".
static const char *block_of(struct listing *listing, const char *prefix)
{
    char name[200];
    snprintf(name, sizeof name, "%s", prefix);
    char *end = strrchr(name, '.');
    if (end)
        *end = '\0';
    return bough__arena_string(&listing->model->arena, name);
}

// An architecture may build a layer more than once: how many there are, the config does not tell.
static struct bough_layer_row *next_row(struct listing *listing)
{
    struct bough_model_info *info = &listing->model->info;
    if (info->count == listing->capacity) {
        const size_t capacity = listing->capacity ? 2 * listing->capacity : 32;
        struct bough_layer_row *row = realloc(info->row, capacity * sizeof *row);
        if (!row)
            return NULL;
        info->row = row;
        listing->capacity = capacity;
    }
    return &info->row[info->count++];
}

static void list_layer(void *user, const char *kind, const struct bough__builder *builder,
                       int32_t node)
{
    struct listing *listing = user;
    struct bough_model_info *info = &listing->model->info;
    int64_t parameters = bough__params_trained(builder->params);
    struct bough_layer_row *row = next_row(listing);
    const char *block = block_of(listing, builder->prefix);
    if (!row || !block) {
        listing->lost = 1;
        return;
    }
    *row = (struct bough_layer_row){
        .block = block,
        .kind = kind,
        .shape = bough_shape_sample(bough__graph_shape(builder->graph, node)),
        .parameters = parameters - listing->parameters,
        .flops = builder->flops - listing->flops,
    };
    bough__drawing_see(&listing->drawing, block, builder, node, row->parameters, row->flops);
    listing->parameters = info->parameters = parameters;
    listing->flops = info->flops = builder->flops;
}

static void list_whole(void *user, const struct bough__graph *graph, const int32_t *scores)
{
    struct listing *listing = user;
    bough__drawing_reach(&listing->drawing, graph, scores, listing->model->info.tasks);
}

static enum bough_status draw_inputs(struct listing *listing, const struct bough_config *config)
{
    enum bough_status status = BOUGH_OK;
    struct bough_model_info *info = &listing->model->info;
    for (size_t i = 0; i < config->inputs_count; i++) {
        char key[128];
        bough__drawing_input(&listing->drawing,
                             bough__input_key(&config->inputs[i], key, sizeof key));
    }
    BOUGH_TRY_MEMORY(info->task =
                         BOUGH_NEW(&listing->model->arena, const char *, config->tasks_count));
    info->tasks = config->tasks_count;
    for (size_t t = 0; t < info->tasks; t++)
        BOUGH_TRY_MEMORY(info->task[t] =
                             bough__arena_string(&listing->model->arena, config->tasks[t].name));
done:
    return status;
}

// What the config leaves open of an input, where its data set is there.
static enum bough_status resolve(struct bough__input *input, struct bough_shape *sample,
                                 struct bough__arena *arena, const char *path)
{
    enum bough_status status = BOUGH_OK;
    struct bough_tensor_file *file = NULL;
    const struct bough_file_tensor *field;
    if (bough_tensor_file_open(&file, path) == BOUGH_OK &&
        bough_dataset_field(&field, file, "train", input->field) == BOUGH_OK)
        status = bough__input_types_find(input, arena, file, NULL);
    bough_tensor_file_close(&file);
    if (input->columns && sample->rank == 1)
        sample->dim[0] = (int64_t)input->columns_count;
    return status;
}

static enum bough_status resolve_inputs(struct bough_config *config, struct bough_shape **sample,
                                        struct bough__arena *arena, const struct bough_shape *given)
{
    enum bough_status status = BOUGH_OK;
    const size_t count = config->inputs_count;
    struct bough__input *input = BOUGH_NEW(arena, struct bough__input, count);
    *sample = BOUGH_NEW(arena, struct bough_shape, count);
    BOUGH_TRY_MEMORY(input);
    BOUGH_TRY_MEMORY(*sample);
    for (size_t i = 0; i < count; i++) {
        input[i] = config->inputs[i];
        (*sample)[i] = given[i];
        BOUGH_TRY(resolve(&input[i], &(*sample)[i], arena, config->set[input[i].set]));
    }
    config->inputs = input;
done:
    return status;
}

enum bough_status bough_model_info_create(struct bough_model_info **info,
                                          const struct bough_config *config,
                                          const struct bough_shape *sample)
{
    enum bough_status status;
    struct bough__model *model = NULL;
    struct model_info *made = calloc(1, sizeof *made);
    BOUGH_TRY_MEMORY(made);
    struct listing listing = {.model = made, .drawing = {.arena = &made->arena}};
    struct bough_config resolved = *config;
    struct bough_shape *resolved_sample;
    BOUGH_TRY(resolve_inputs(&resolved, &resolved_sample, &made->arena, sample));
    config = &resolved;
    BOUGH_TRY(draw_inputs(&listing, config));
    struct bough__layer_observer observer = {list_layer, list_whole, &listing};
    BOUGH_TRY(bough__model_create(&model, config, resolved_sample, NULL, &observer));
    BOUGH_TRY(bough__model_check_tasks(model));
    BOUGH_TRY(bough__drawing_end(&listing.drawing, &made->info));
    for (size_t i = 0; i <= made->info.tasks; i++)
        made->info.owner[i].parameters = model->params.block[i].size;
    if (listing.lost)
        status = bough__no_memory();
done:
    if (made)
        bough__drawing_fini(&listing.drawing);
    bough__model_destroy(&model);
    *info = made ? &made->info : NULL;
    if (status != BOUGH_OK)
        bough_model_info_destroy(info);
    return status;
}

void bough_model_info_destroy(struct bough_model_info **info)
{
    struct model_info *gone = (struct model_info *)*info;
    if (!gone)
        return;
    free(gone->info.row);
    bough__arena_fini(&gone->arena);
    free(gone);
    *info = NULL;
}
