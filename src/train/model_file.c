#include "train/model_file.h"

#include "base/error.h"
#include "config/config.h"
#include "data/tensor_file.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// ---- Describing ----

static enum bough_status write_classes(const struct bough__model *model, size_t t,
                                       struct bough__arena *arena,
                                       struct bough_tensor_writer *writer)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__task *task = model->config->tasks;
    const struct bough__classes *classes = &model->classes[t];
    size_t size = 1;
    const int several = model->config->sets > 1;
    for (size_t i = 0; i < t && !several; i++) // tasks may share a field
        if (model->classes[i].count && strcmp(task[i].target, task[t].target) == 0)
            return BOUGH_OK;
    for (size_t i = 0; i < classes->count; i++)
        size += strlen(classes->name[i]) + 1;
    char *text = bough__arena_alloc(arena, size), *end = text;
    char *key = several ? bough__arena_format(arena, "classes/%s/%s", task[t].name, task[t].target)
                        : bough__arena_format(arena, "classes/%s", task[t].target);
    BOUGH_TRY_MEMORY(text);
    BOUGH_TRY_MEMORY(key);
    for (size_t i = 0; i < classes->count; i++)
        end += sprintf(end, "%s%s", i ? "\n" : "", classes->name[i]);
    BOUGH_TRY(bough_tensor_writer_metadata(writer, key, text));
done:
    return status;
}

// The sample's shape; of several inputs a line each, of the name and the shape.
static enum bough_status write_samples(const struct bough__model *model, struct bough__arena *arena,
                                       struct bough_tensor_writer *writer)
{
    enum bough_status status = BOUGH_OK;
    const struct bough_config *config = model->config;
    const char *lines = "";
    char shape[128];
    for (size_t i = 0; i < config->inputs_count; i++) {
        bough_shape_format(&model->sample[i], shape, sizeof shape);
        if (config->inputs_count == 1)
            return bough_tensor_writer_metadata(writer, "input", shape);
        BOUGH_TRY_MEMORY(lines = bough__arena_format(arena, "%s%s%s %s", lines, i ? "\n" : "",
                                                     config->inputs[i].name, shape));
    }
    BOUGH_TRY(bough_tensor_writer_metadata(writer, "inputs", lines));
done:
    return status;
}

static enum bough_status write_names(const struct bough__model *model, struct bough__arena *arena,
                                     struct bough_tensor_writer *writer)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__input *input = model->config->inputs;
    for (size_t i = 0; i < model->config->inputs_count; i++) {
        const char *prefix = bough__model_names_prefix(model, i, arena);
        BOUGH_TRY_MEMORY(prefix);
        BOUGH_TRY(
            bough__input_names_write(&model->names[i], arena, writer, &input[i], prefix, input, i));
    }
done:
    return status;
}

enum bough_status bough__model_describe(const struct bough__model *model,
                                        struct bough_tensor_writer *writer)
{
    enum bough_status status;
    struct bough__arena arena = {0};
    char *config = NULL;
    size_t size;
    BOUGH_TRY(bough__config_text(&config, &size, model->config));
    BOUGH_TRY(bough_tensor_writer_metadata(writer, "config", config));
    BOUGH_TRY(write_samples(model, &arena, writer));
    for (size_t t = 0; t < model->config->tasks_count; t++)
        if (model->classes[t].count)
            BOUGH_TRY(write_classes(model, t, &arena, writer));
    BOUGH_TRY(write_names(model, &arena, writer));
done:
    free(config);
    bough__arena_fini(&arena);
    return status;
}

// ---- Loading ----

static enum bough_status described(const char **value, const struct bough_tensor_file *file,
                                   const char *key)
{
    *value = bough_tensor_file_metadata(file, key);
    if (*value)
        return BOUGH_OK;
    return bough__fail(
        BOUGH_DATA,
        "%s: no `%s` in its metadata: it is no model of bough, or of a version that left it out",
        bough_tensor_file_path(file), key);
}

// Takes "[1, 28, 28]" off `*text`; 0 if it does not begin with a shape.
static int take_shape(struct bough_shape *shape, const char **text)
{
    const char *at = *text;
    int64_t elements = 1;
    *shape = (struct bough_shape){0};
    while (elements && (*at == '[' || *at == ',') && shape->rank < BOUGH_MAX_RANK - 1) {
        char *end;
        const int64_t dim = strtoll(at + 1, &end, 10);
        elements = dim > 0 && dim <= INT32_MAX / elements ? elements * dim : 0;
        shape->dim[shape->rank++] = dim;
        at = end;
    }
    *text = at + 1;
    return elements && shape->rank && *at == ']';
}

// Takes "table " off `*text`; 0 if it does not begin with that.
static int take_name(const char *name, const char **text)
{
    const size_t length = strlen(name);
    if (strncmp(*text, name, length) != 0 || (*text)[length] != ' ')
        return 0;
    *text += length + 1;
    return 1;
}

static enum bough_status read_samples(struct bough_shape *sample,
                                      const struct bough_tensor_file *file,
                                      const struct bough_config *config)
{
    const size_t inputs = config->inputs_count;
    const char *text, *key = inputs == 1 ? "input" : "inputs";
    enum bough_status status = described(&text, file, key);
    if (status != BOUGH_OK)
        return status;
    const char *at = text;
    int fits = 1;
    for (size_t i = 0; i < inputs && fits; i++) {
        fits = inputs == 1 || take_name(config->inputs[i].name, &at);
        fits = fits && take_shape(&sample[i], &at) && *at == (i + 1 < inputs ? '\n' : '\0');
        at++;
    }
    if (fits)
        return BOUGH_OK;
    return bough__fail(BOUGH_DATA, "%s: its metadata say that the %s '%.80s'; wanted %s",
                       bough_tensor_file_path(file), inputs == 1 ? "input is" : "inputs are", text,
                       inputs == 1 ? "a shape" : "a line of a name and a shape for each");
}

enum bough_status bough__model_file_check(const struct bough_tensor_file *file, const char *name,
                                          const float *number, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (isnan(number[i]))
            return bough__fail(BOUGH_DATA,
                               "%s: %s is damaged, or of a training that had diverged: number %zu "
                               "is nan",
                               bough_tensor_file_path(file), name, i);
    return BOUGH_OK;
}

enum bough_status bough__model_file_in(struct bough_tensor_file **file, const char *folder,
                                       const char *missing)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return bough__fail(BOUGH_DATA, "%s: %s", path, missing);
    return bough_tensor_file_open(file, path);
}

enum bough_status bough__model_file_open(struct bough_tensor_file **file, const char *path)
{
    struct stat about;
    if (stat(path, &about) != 0 || !S_ISDIR(about.st_mode))
        return bough__tensor_file_open(file, path, "a run folder or its model.safetensors");
    return bough__model_file_in(
        file, path, "there is none: no epoch of the training has ended, or it was lost");
}

enum bough_status bough__model_file_config(struct bough_config **config,
                                           const struct bough_tensor_file *file)
{
    const char *text;
    *config = NULL;
    enum bough_status status = described(&text, file, "config");
    if (status == BOUGH_OK)
        status = bough__config_parse(config, bough_tensor_file_path(file), text);
    if (status == BOUGH_INVALID) // in a model that is no fault of the caller's config
        status = bough__fail(BOUGH_DATA, "%s", bough_last_error());
    return status;
}

enum bough_status bough__loaded_open(struct bough__loaded *loaded, const char *path,
                                     struct bough_device *device)
{
    enum bough_status status;
    struct bough_shape *sample;
    *loaded = (struct bough__loaded){.device = device};
    BOUGH_TRY(bough__model_file_open(&loaded->file, path));
    BOUGH_TRY(bough__model_file_config(&loaded->config, loaded->file));
    sample = BOUGH_NEW(&loaded->arena, struct bough_shape, loaded->config->inputs_count);
    BOUGH_TRY_MEMORY(sample);
    BOUGH_TRY(read_samples(sample, loaded->file, loaded->config));
    if (!device) {
        BOUGH_TRY(bough_device_open(&loaded->own_device, "c"));
        loaded->device = loaded->own_device;
    }
    BOUGH_TRY(bough__model_create(&loaded->model, loaded->config, sample, loaded->device, NULL));
    BOUGH_TRY(bough__model_check_tasks(loaded->model));
    for (size_t s = 0; s < loaded->config->sets; s++)
        BOUGH_TRY(bough__model_read_classes(loaded->model, loaded->file, (int32_t)s));
    BOUGH_TRY(bough__model_read(loaded->model, loaded->file, 0));
done:
    if (status == BOUGH_INVALID) // nor here
        status = bough__fail(BOUGH_DATA, "%s", bough_last_error());
    if (status != BOUGH_OK)
        bough__loaded_close(loaded);
    return status;
}

void bough__loaded_close(struct bough__loaded *loaded)
{
    bough__model_destroy(&loaded->model);
    bough_config_close(&loaded->config);
    bough_tensor_file_close(&loaded->file);
    bough_device_close(&loaded->own_device);
    bough__arena_fini(&loaded->arena);
}
