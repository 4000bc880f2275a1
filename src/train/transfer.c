#include "train/transfer.h"

#include "base/error.h"
#include "base/strings.h"
#include "data/tensor_file.h"
#include "train/model_file.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Names and shapes, a list each.
struct told {
    char *loaded, *missing, *unlike, *left;
    int taken;
};

enum { LONGEST_LIST = 1 << 16 };

static void tell(char *list, const char *name, const struct bough_shape *shape)
{
    char text[128];
    bough__append(list, LONGEST_LIST, "%s%s %s", *list ? ", " : "", name,
                  bough_shape_format(shape, text, sizeof text));
}

// What a name that `pattern` fits is called there: its * is put in the place of that of `to`.
// Returns `text`.
static const char *rename_by(char *text, size_t size, const char *name, const char *pattern,
                             const char *to)
{
    const char *star = strchr(pattern, '*'), *into = strchr(to, '*');
    if (!star || !into) {
        snprintf(text, size, "%s", to);
        return text;
    }
    const size_t before = (size_t)(star - pattern), behind = strlen(star + 1);
    const size_t length = strlen(name) - before - behind;
    snprintf(text, size, "%.*s%.*s%s", (int)(into - to), to, (int)length, name + before, into + 1);
    return text;
}

// What a parameter is called in the file; NULL if it is not to be taken.
static const char *name_there(char *text, size_t size, const struct bough__transfer *from,
                              const char *name)
{
    const char *there = from->map_count ? NULL : name;
    for (size_t i = 0; i < from->map_count; i++)
        if (fnmatch(from->map[i].pattern, name, 0) == 0)
            there = rename_by(text, size, name, from->map[i].pattern, from->map[i].name);
    return there;
}

static enum bough_status take(const struct bough__model *model, const struct bough__param *param,
                              const struct bough_tensor_file *file,
                              const struct bough_file_tensor *tensor, struct told *told)
{
    const struct bough__span to = bough__span_at(model->params.block[param->block].value,
                                                 (size_t)param->offset * sizeof(float));
    void *bytes;
    if (tensor->dtype != BOUGH_F32 || !bough_shape_equal(&tensor->shape, &param->shape)) {
        char text[128];
        tell(told->unlike, param->name, &param->shape);
        bough__append(told->unlike, LONGEST_LIST, " (%s is %s %s)", tensor->name,
                      bough_dtype_name(tensor->dtype),
                      bough_shape_format(&tensor->shape, text, sizeof text));
        return BOUGH_OK;
    }
    tell(told->loaded, param->name, &param->shape);
    told->taken++;
    enum bough_status status = bough__tensor_load(&bytes, file, tensor);
    if (status == BOUGH_OK)
        status = bough__model_file_check(file, tensor->name, bytes, tensor->bytes / sizeof(float));
    if (status == BOUGH_OK && tensor->bytes)
        status = bough__write(to, bytes, tensor->bytes);
    free(bytes);
    return status;
}

static enum bough_status take_all(const struct bough__model *model,
                                  const struct bough_tensor_file *file, char *used,
                                  struct told *told)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__params *params = &model->params;
    for (int32_t i = 0; i < bough__model_named(model); i++) {
        char text[512];
        const struct bough__param *param = &params->param[i];
        const char *name = name_there(text, sizeof text, &model->config->from, param->name);
        const struct bough_file_tensor *tensor = name ? bough_tensor_file_find(file, name) : NULL;
        if (tensor) {
            used[tensor - bough_tensor_file_at(file, 0)] = 1;
            BOUGH_TRY(take(model, param, file, tensor, told));
        } else if (name) {
            tell(told->missing, param->name, &param->shape);
        }
    }
done:
    return status;
}

static void log_list(enum bough_log_level level, const char *file, const char *what,
                     const char *list)
{
    if (*list)
        bough__log(level, "from %s: %s: %s", file, what, list);
}

static enum bough_status check_map(const struct bough__model *model)
{
    const struct bough__transfer *from = &model->config->from;
    const struct bough__params *params = &model->params;
    const int32_t count = bough__model_named(model);
    for (size_t i = 0; i < from->map_count; i++) {
        int32_t p = 0;
        while (p < count && fnmatch(from->map[i].pattern, params->param[p].name, 0) != 0)
            p++;
        if (p == count)
            return bough__fail(BOUGH_INVALID,
                               "from.map.%s: fits no parameter; they are called %s, ..., %s",
                               from->map[i].pattern, p ? params->param[0].name : "",
                               p ? params->param[p - 1].name : "");
    }
    return BOUGH_OK;
}

enum bough_status bough__transfer(struct bough__model *model)
{
    enum bough_status status = BOUGH_OK;
    const char *path = model->config->from.file;
    struct bough_tensor_file *file = NULL;
    char *lists = NULL, *used = NULL;
    if (!path)
        return BOUGH_OK;
    BOUGH_TRY(check_map(model));
    BOUGH_TRY(bough__model_file_open(&file, path));
    const size_t count = bough_tensor_file_count(file);
    BOUGH_TRY_MEMORY(lists = calloc(4, LONGEST_LIST));
    BOUGH_TRY_MEMORY(used = calloc(count + 1, 1));
    struct told told = {lists, lists + LONGEST_LIST, lists + 2 * LONGEST_LIST,
                        lists + 3 * LONGEST_LIST, 0};
    BOUGH_TRY(take_all(model, file, used, &told));
    for (size_t i = 0; i < count; i++)
        if (!used[i])
            tell(told.left, bough_tensor_file_at(file, i)->name,
                 &bough_tensor_file_at(file, i)->shape);
    log_list(BOUGH_LOG_INFO, path, "loaded", told.loaded);
    log_list(BOUGH_LOG_WARNING, path, "missing there", told.missing);
    log_list(BOUGH_LOG_WARNING, path, "of another shape or type, not loaded", told.unlike);
    log_list(model->config->from.map_count ? BOUGH_LOG_INFO : BOUGH_LOG_WARNING, path, "left over",
             told.left); // a map says what is wanted
    if (!told.taken)
        BOUGH_TRY(bough__fail(BOUGH_DATA,
                              "%s: has no parameter of this model; its names can be "
                              "mapped by from.map",
                              path));
    BOUGH_TRY(bough__model_keep_best(model));
done:
    free(lists);
    free(used);
    bough_tensor_file_close(&file);
    return status;
}
