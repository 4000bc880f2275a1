// A model's tensors in a file: its parameters, and the optimizer's slots.
#include "base/error.h"
#include "data/tensor_file.h"
#include "train/model.h"
#include "train/model_file.h"

#include <stdio.h>
#include <stdlib.h>

static const char *slot_name(char *text, size_t size, const struct bough__param_block *block,
                             int slot)
{
    snprintf(text, size, "optimizer.%s.%d", block->name, slot);
    return text;
}

enum bough_status bough__model_declare(const struct bough__model *model,
                                       struct bough_tensor_writer *writer, int optimizer)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__params *params = &model->params;
    char name[300];
    for (int32_t b = 0; b < params->blocks; b++)
        for (int32_t i = 0; i < params->count; i++)
            if (params->param[i].block == b)
                BOUGH_TRY(bough_tensor_writer_declare(writer, params->param[i].name, BOUGH_F32,
                                                      &params->param[i].shape));
    for (int32_t b = 0; optimizer && b < params->blocks; b++) {
        struct bough_shape shape = {1, {params->block[b].size}};
        for (int slot = 0; params->block[b].trained && slot < model->slots; slot++)
            BOUGH_TRY(bough_tensor_writer_declare(
                writer, slot_name(name, sizeof name, &params->block[b], slot), BOUGH_F32, &shape));
    }
done:
    return status;
}

// A block's parameters stand in it in the order of their declaration: one write holds them all.
static enum bough_status write_span(struct bough_tensor_writer *writer, struct bough__span from,
                                    int64_t size)
{
    enum bough_status status = BOUGH_OK;
    size_t bytes = (size_t)size * sizeof(float);
    float *host = malloc(bytes + 1);
    BOUGH_TRY_MEMORY(host);
    if (size)
        BOUGH_TRY(bough__read(from, host, bytes));
    BOUGH_TRY(bough_tensor_writer_write(writer, host, bytes));
done:
    free(host);
    return status;
}

enum bough_status bough__model_write(const struct bough__model *model,
                                     struct bough_tensor_writer *writer, int optimizer)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__params *params = &model->params;
    for (int32_t b = 0; b < params->blocks; b++)
        BOUGH_TRY(write_span(writer, params->block[b].value, params->block[b].size));
    for (int32_t b = 0; optimizer && b < params->blocks; b++)
        for (int slot = 0; params->block[b].trained && slot < model->slots; slot++)
            BOUGH_TRY(write_span(writer, params->block[b].slot[slot], params->block[b].size));
done:
    return status;
}

static enum bough_status read_tensor(const struct bough_tensor_file *file, const char *name,
                                     const struct bough_shape *shape, struct bough__span to)
{
    const struct bough_file_tensor *tensor = bough_tensor_file_find(file, name);
    const char *path = bough_tensor_file_path(file);
    char found[128], wanted[128];
    if (!tensor)
        return bough__fail(BOUGH_DATA, "%s: no tensor %s; is it a checkpoint of this model?", path,
                           name);
    if (tensor->dtype != BOUGH_F32 || !bough_shape_equal(&tensor->shape, shape))
        return bough__fail(BOUGH_DATA, "%s: %s is %s %s, wanted F32 %s", path, name,
                           bough_dtype_name(tensor->dtype),
                           bough_shape_format(&tensor->shape, found, sizeof found),
                           bough_shape_format(shape, wanted, sizeof wanted));
    void *bytes;
    enum bough_status status = bough__tensor_load(&bytes, file, tensor);
    if (status == BOUGH_OK)
        status = bough__model_file_check(file, name, bytes, tensor->bytes / sizeof(float));
    if (status == BOUGH_OK && tensor->bytes)
        status = bough__write(to, bytes, tensor->bytes);
    free(bytes);
    return status;
}

enum bough_status bough__model_read(struct bough__model *model,
                                    const struct bough_tensor_file *file, int optimizer)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__params *params = &model->params;
    char name[300];
    for (int32_t i = 0; i < params->count; i++) {
        const struct bough__param *param = &params->param[i];
        struct bough__span to = bough__span_at(params->block[param->block].value,
                                               (size_t)param->offset * sizeof(float));
        BOUGH_TRY(read_tensor(file, param->name, &param->shape, to));
    }
    for (int32_t b = 0; optimizer && b < params->blocks; b++) {
        const struct bough__param_block *block = &params->block[b];
        struct bough_shape shape = {1, {block->size}};
        for (int slot = 0; block->trained && slot < model->slots; slot++)
            BOUGH_TRY(read_tensor(file, slot_name(name, sizeof name, block, slot), &shape,
                                  block->slot[slot]));
    }
done:
    return status;
}
