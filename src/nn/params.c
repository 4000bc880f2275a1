#include "nn/params.h"

#include "base/error.h"
#include "nn/init.h"

#include <stdlib.h>
#include <string.h>

enum { LINE = 16 }; // elements of a cache line: a block begins with one

enum bough_status bough__params_init(struct bough__params *params, const char *const *names,
                                     int32_t count)
{
    enum bough_status status = BOUGH_OK;
    *params = (struct bough__params){0};
    params->block = BOUGH_NEW(&params->arena, struct bough__param_block, count + 1);
    BOUGH_TRY_MEMORY(params->block);
    params->blocks = count + 1;
    for (int32_t i = 0; i <= count; i++) {
        const char *name = i < count ? names[i] : "statistics";
        params->block[i].trained = i < count;
        params->block[i].name = bough__arena_string(&params->arena, name);
        BOUGH_TRY_MEMORY(params->block[i].name);
    }
done:
    return status;
}

void bough__params_fini(struct bough__params *params)
{
    bough__buffer_destroy(&params->value);
    bough__buffer_destroy(&params->gradient);
    bough__buffer_destroy(&params->first);
    for (int slot = 0; slot < BOUGH_MAX_SLOTS; slot++)
        bough__buffer_destroy(&params->slot[slot]);
    free(params->param);
    bough__arena_fini(&params->arena);
    *params = (struct bough__params){0};
}

const struct bough__param *bough__params_find(const struct bough__params *params, const char *name)
{
    for (int32_t i = 0; i < params->count; i++)
        if (strcmp(params->param[i].name, name) == 0)
            return &params->param[i];
    return NULL;
}

static enum bough_status check_name(const struct bough__params *params, const char *name)
{
    if (!bough__params_find(params, name))
        return BOUGH_OK;
    return bough__fail(BOUGH_INVALID,
                       "a second parameter called %s, from the name of task '%.*s'; wanted another "
                       "name for the task",
                       name, (int)strcspn(name, "."), name);
}

enum bough_status bough__params_add(struct bough__params *params, const struct bough__param *param)
{
    enum bough_status status;
    BOUGH_TRY(check_name(params, param->name));
    if (params->count == params->capacity) {
        int32_t capacity = params->capacity ? 2 * params->capacity : 32;
        struct bough__param *grown = realloc(params->param, (size_t)capacity * sizeof *grown);
        BOUGH_TRY_MEMORY(grown);
        params->param = grown;
        params->capacity = capacity;
    }
    struct bough__param *added = &params->param[params->count];
    *added = *param;
    added->name = bough__arena_string(&params->arena, param->name);
    BOUGH_TRY_MEMORY(added->name);
    params->count++;
done:
    return status;
}

static int32_t block_of(const struct bough__params *params, const struct bough__param *param,
                        const int32_t *owner)
{
    if (param->statistics)
        return params->blocks - 1;
    return owner[param->node] < 0 ? 0 : owner[param->node] + 1;
}

void bough__params_place(struct bough__params *params, const int32_t *owner)
{
    for (int32_t i = 0; i < params->count; i++) {
        struct bough__param *param = &params->param[i];
        param->block = block_of(params, param, owner);
        struct bough__param_block *block = &params->block[param->block];
        param->offset = block->size;
        block->size += bough_shape_elements(&param->shape);
    }
}

static enum bough_status zeroed(struct bough__buffer **buffer, struct bough_device *device,
                                int64_t elements)
{
    size_t bytes = (size_t)elements * sizeof(float);
    enum bough_status status = bough__buffer_create(buffer, device, bytes);
    if (status == BOUGH_OK)
        status = bough__fill_zero(bough__whole(*buffer), bytes);
    return status;
}

// `begin` [blocks], of the blocks.
static enum bough_status write_first(struct bough__params *params, struct bough_device *device,
                                     const int64_t *begin)
{
    enum bough_status status;
    const size_t bytes = (size_t)params->blocks * sizeof *begin;
    int64_t *first = BOUGH_NEW(&params->arena, int64_t, params->blocks);
    BOUGH_TRY_MEMORY(first);
    memcpy(first, begin, bytes);
    for (int32_t i = 0; i < params->count; i++)
        if (params->param[i].ahead)
            first[params->param[i].block] += bough_shape_elements(&params->param[i].shape);
    BOUGH_TRY(bough__buffer_create(&params->first, device, bytes));
    BOUGH_TRY(bough__write(bough__whole(params->first), first, bytes));
done:
    return status;
}

enum bough_status bough__params_allocate(struct bough__params *params, struct bough_device *device,
                                         int slots)
{
    enum bough_status status = BOUGH_OK;
    int64_t *first = BOUGH_NEW(&params->arena, int64_t, params->blocks);
    BOUGH_TRY_MEMORY(first);
    for (int32_t i = 0; i < params->blocks; i++) {
        first[i] = params->elements;
        params->elements += (params->block[i].size + LINE - 1) / LINE * LINE;
        if (params->block[i].trained)
            params->trained = params->elements;
    }
    BOUGH_TRY(write_first(params, device, first));
    BOUGH_TRY(zeroed(&params->value, device, params->elements));
    BOUGH_TRY(zeroed(&params->gradient, device, params->trained));
    for (int slot = 0; slot < slots; slot++)
        BOUGH_TRY(zeroed(&params->slot[slot], device, params->trained));
    for (int32_t i = 0; i < params->blocks; i++) {
        struct bough__param_block *block = &params->block[i];
        size_t offset = (size_t)first[i] * sizeof(float);
        block->value = bough__span_at(bough__whole(params->value), offset);
        if (!block->trained)
            continue;
        block->gradient = bough__span_at(bough__whole(params->gradient), offset);
        for (int slot = 0; slot < slots; slot++)
            block->slot[slot] = bough__span_at(bough__whole(params->slot[slot]), offset);
    }
done:
    return status;
}

enum bough_status bough__params_forget(const struct bough__params *params)
{
    enum bough_status status = BOUGH_OK;
    const size_t bytes = (size_t)params->trained * sizeof(float);
    for (int slot = 0; slot < BOUGH_MAX_SLOTS; slot++)
        if (params->slot[slot])
            BOUGH_TRY(bough__fill_zero(bough__whole(params->slot[slot]), bytes));
done:
    return status;
}

enum bough_status bough__params_start(const struct bough__params *params, uint64_t seed)
{
    enum bough_status status = BOUGH_OK;
    float *value = NULL;
    for (int32_t i = 0; i < params->count; i++) {
        const struct bough__param *param = &params->param[i];
        size_t count = (size_t)bough_shape_elements(&param->shape);
        const struct bough__init_source source = {.seed = seed,
                                                  .tensor = (uint32_t)i,
                                                  .fan_in = param->fan_in,
                                                  .fan_out = param->fan_out};
        free(value);
        value = malloc(count * sizeof *value + 1);
        BOUGH_TRY_MEMORY(value);
        if (param->start)
            memcpy(value, param->start, count * sizeof *value);
        else
            bough__init_fill(value, (int64_t)count, &param->init, &source);
        struct bough__span span = bough__span_at(params->block[param->block].value,
                                                 (size_t)param->offset * sizeof *value);
        BOUGH_TRY(bough__write(span, value, count * sizeof *value));
    }
done:
    free(value);
    return status;
}

static int64_t first_of(const struct bough__params *params, const struct bough__param *param)
{
    const struct bough__span block = params->block[param->block].value;
    return (int64_t)(block.offset / sizeof(float)) + param->offset;
}

static int is_trained(const struct bough__param *param, int32_t task)
{
    return !param->frozen && (task < 0 || !param->reached || param->reached[task]);
}

// Ranges that only the zeros between two blocks part are one.
size_t bough__params_ranges(const struct bough__params *params, int32_t first, int32_t end,
                            int32_t task, struct bough__param_range *range)
{
    size_t count = 0;
    int open = 0; // the last range goes on
    for (int32_t b = first; b < end; b++)
        for (int32_t i = 0; i < params->count && params->block[b].trained; i++) {
            const struct bough__param *param = &params->param[i];
            if (param->block != b)
                continue;
            const int64_t begin = first_of(params, param);
            open = open && range[count - 1].group == param->group;
            if (is_trained(param, task) && !open)
                range[count++] = (struct bough__param_range){begin, 0, param->group};
            open = is_trained(param, task);
            if (open)
                range[count - 1].count =
                    begin + bough_shape_elements(&param->shape) - range[count - 1].first;
        }
    return count;
}

int64_t bough__params_trained(const struct bough__params *params)
{
    int64_t total = 0;
    for (int32_t i = 0; i < params->count; i++)
        if (!params->param[i].statistics)
            total += bough_shape_elements(&params->param[i].shape);
    return total;
}
