#include "train/vectors.h"

#include "base/error.h"
#include "base/file.h"
#include "base/strings.h"
#include "data/tensor_file.h"
#include "train/model_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_LINE = 1 << 20 };

// ---- A tensor ----

static enum bough_status find_tensor(const struct bough_file_tensor **tensor,
                                     const struct bough_tensor_file *file,
                                     const struct bough__param *param)
{
    const char *path = bough_tensor_file_path(file), *name = param->from.tensor;
    char text[2][128];
    if (!name && bough_tensor_file_count(file) != 1)
        return bough__fail(BOUGH_INVALID,
                           "%s: it has %zu tensors; wanted `tensor`, which names one", path,
                           bough_tensor_file_count(file));
    *tensor = name ? bough_tensor_file_find(file, name) : bough_tensor_file_at(file, 0);
    if (!*tensor)
        return bough__fail(BOUGH_DATA, "%s: no tensor '%.80s'", path, name);
    if (bough_shape_equal(&(*tensor)->shape, &param->shape) && (*tensor)->dtype == BOUGH_F32)
        return BOUGH_OK;
    return bough__fail(BOUGH_DATA, "%s: %s is %s %s; wanted F32 %s for %s", path, (*tensor)->name,
                       bough_dtype_name((*tensor)->dtype),
                       bough_shape_format(&(*tensor)->shape, text[0], sizeof text[0]),
                       bough_shape_format(&param->shape, text[1], sizeof text[1]), param->name);
}

static enum bough_status load_tensor(float *value, const struct bough__param *param)
{
    enum bough_status status;
    struct bough_tensor_file *file = NULL;
    const struct bough_file_tensor *tensor = NULL;
    void *bytes = NULL;
    BOUGH_TRY(bough_tensor_file_open(&file, param->from.path));
    BOUGH_TRY(find_tensor(&tensor, file, param));
    BOUGH_TRY(bough__tensor_load(&bytes, file, tensor));
    BOUGH_TRY(bough__model_file_check(file, tensor->name, bytes, tensor->bytes / sizeof(float)));
    memcpy(value, bytes, tensor->bytes);
    bough__log(BOUGH_LOG_INFO, "from %s: %s is %s", param->from.path, param->name, tensor->name);
done:
    free(bytes);
    bough_tensor_file_close(&file);
    return status;
}

// ---- Lines ----

// Cuts a line into its token and the last `count` numbers; returns how many there are.
static int64_t cut(const char **number, char *line, int64_t count)
{
    int64_t found = 0;
    char *end = line + strlen(line);
    while (end > line && strchr(" \t\r\n", end[-1]))
        *--end = '\0';
    while (found < count) {
        char *begin = end;
        while (begin > line && begin[-1] != ' ' && begin[-1] != '\t')
            begin--;
        if (begin == line)
            break;
        number[count - ++found] = begin;
        end = begin - 1;
        *end = '\0';
    }
    return found;
}

static enum bough_status read_line(float *row, const char **number,
                                   const struct bough__param *param, char *line, int64_t at,
                                   int *is_head)
{
    const int64_t width = param->shape.dim[1], found = cut(number, line, width);
    *is_head = at == 1 && found == 1 && width != 1; // word2vec's: how many tokens and numbers
    if (*is_head)
        return BOUGH_OK;
    if (found < width)
        return bough__fail(BOUGH_DATA, "%s: line %lld: %lld numbers; wanted a token and %lld",
                           param->from.path, (long long)at, (long long)found, (long long)width);
    for (int64_t i = 0; i < width; i++) {
        double value;
        if (!bough__parse_float(number[i], &value) || !isfinite((float)value))
            return bough__fail(BOUGH_DATA, "%s: line %lld: '%.40s'; wanted a finite number",
                               param->from.path, (long long)at, number[i]);
        row[i] = (float)value;
    }
    return BOUGH_OK;
}

static enum bough_status read_lines(float *value, FILE *file, const struct bough__param *param,
                                    const struct bough__name_index *words)
{
    enum bough_status status = BOUGH_OK;
    const int64_t width = param->shape.dim[1];
    int64_t known = 0;
    char *line = malloc(LONGEST_LINE + 1);
    const char **number = malloc((size_t)width * sizeof *number);
    float *row = malloc((size_t)width * sizeof *row);
    BOUGH_TRY_MEMORY(line);
    BOUGH_TRY_MEMORY(number);
    BOUGH_TRY_MEMORY(row);
    for (int64_t at = 1; fgets(line, LONGEST_LINE + 1, file); at++) {
        int is_head;
        if (strlen(line) == LONGEST_LINE)
            BOUGH_TRY(bough__fail(BOUGH_DATA,
                                  "%s: line %lld: %d bytes or more; wanted a token and its "
                                  "numbers",
                                  param->from.path, (long long)at, LONGEST_LINE));
        BOUGH_TRY(read_line(row, number, param, line, at, &is_head));
        const int32_t id = is_head ? -1 : bough__name_index_find(words, line);
        if (id < 0)
            continue;
        memcpy(value + id * width, row, (size_t)width * sizeof *row);
        known++;
    }
    if (ferror(file))
        BOUGH_TRY(bough__file_refused(param->from.path, "cannot be read"));
    if (!known)
        BOUGH_TRY(bough__fail(BOUGH_DATA, "%s: it has none of the %zu words of %s",
                              param->from.path, words->count, param->name));
    bough__log(BOUGH_LOG_INFO, "from %s: %s: %lld of %zu words", param->from.path, param->name,
               (long long)known, words->count);
done:
    free(line);
    free(number);
    free(row);
    return status;
}

static enum bough_status load_lines(float *value, const struct bough__model *model,
                                    const struct bough__param *param)
{
    enum bough_status status;
    const struct bough__input_names *names = &model->names[param->from.input];
    struct bough__name_index words = {0};
    FILE *file = NULL;
    if (!names->lists || !names->list[0].count)
        return bough__fail(BOUGH_INVALID,
                           "%s: its lines are found by their words, and %s has no `vocabulary/%s`",
                           param->from.path, model->config->set[0],
                           model->config->inputs[param->from.input].field);
    BOUGH_TRY(bough__name_index_init(&words, &names->list[0]));
    file = fopen(param->from.path, "r");
    if (!file)
        BOUGH_TRY(bough__file_refused(param->from.path, "cannot be opened"));
    BOUGH_TRY(read_lines(value, file, param, &words));
done:
    if (file)
        fclose(file);
    bough__name_index_fini(&words);
    return status;
}

// ---- Both ----

static int is_safetensors(const char *path)
{
    const size_t length = strlen(path), end = strlen(".safetensors");
    return length > end && strcmp(path + length - end, ".safetensors") == 0;
}

static enum bough_status load(const struct bough__model *model, const struct bough__param *param)
{
    enum bough_status status;
    const size_t bytes = (size_t)bough_shape_elements(&param->shape) * sizeof(float);
    const struct bough__span place = bough__span_at(model->params.block[param->block].value,
                                                    (size_t)param->offset * sizeof(float));
    float *value = malloc(bytes + 1);
    BOUGH_TRY_MEMORY(value);
    BOUGH_TRY(bough__read(place, value, bytes));
    BOUGH_TRY(is_safetensors(param->from.path) ? load_tensor(value, param)
                                               : load_lines(value, model, param));
    BOUGH_TRY(bough__write(place, value, bytes));
done:
    free(value);
    return status;
}

enum bough_status bough__vectors_load(struct bough__model *model)
{
    enum bough_status status = BOUGH_OK;
    int any = 0;
    for (int32_t i = 0; i < bough__model_named(model); i++) {
        if (!model->params.param[i].from.path)
            continue;
        BOUGH_TRY(load(model, &model->params.param[i]));
        any = 1;
    }
    if (any)
        BOUGH_TRY(bough__model_keep_best(model));
done:
    return status;
}
