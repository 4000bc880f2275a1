#include "train/targets.h"

#include "base/error.h"
#include "data/tensor_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// ---- Classes ----

// The class of row `i` after the task's map, or a status. -1 stays -1.
static enum bough_status class_at(int64_t *class, const struct bough_file_tensor *tensor, int64_t i,
                                  const struct bough_task *task, const char *path)
{
    *class = bough_integer_at(tensor->data, tensor->dtype, i);
    if (*class == -1 || !task->map_count)
        return BOUGH_OK;
    if (*class < 0 || *class >= (int64_t)task->map_count)
        return bough__fail(BOUGH_DATA, "%s: %s, row %lld: class %lld, the map has classes 0..%lld",
                           path, tensor->name, (long long)(i / bough_shape_row(&tensor->shape)),
                           (long long)*class, (long long)task->map_count - 1);
    *class = task->map[*class];
    return BOUGH_OK;
}

static enum bough_status read_classes(struct bough__targets *targets,
                                      const struct bough_file_tensor *tensor,
                                      const struct bough_task *task, int64_t classes,
                                      const char *path)
{
    targets->label = malloc((size_t)targets->rows * sizeof *targets->label + 1);
    if (!targets->label)
        return bough__no_memory();
    for (int64_t i = 0; i < targets->rows; i++) {
        int64_t class;
        enum bough_status status = class_at(&class, tensor, i, task, path);
        if (status != BOUGH_OK)
            return status;
        if (class < -1 || class >= classes)
            return bough__fail(BOUGH_DATA, "%s: %s, row %lld: label %lld, classes are 0..%lld",
                               path, tensor->name, (long long)i, (long long)class,
                               (long long)classes - 1);
        targets->label[i] = (int32_t) class;
    }
    return BOUGH_OK;
}

// ---- Numbers ----

static enum bough_status number_of(float *number, const struct bough_file_tensor *tensor, int64_t i,
                                   const struct bough_task *task, int binary, const char *path)
{
    double value = bough_number_at(tensor->data, tensor->dtype, i);
    if (!bough_dtype_is_float(tensor->dtype) && (binary || task->map_count)) {
        int64_t class;
        enum bough_status status = class_at(&class, tensor, i, task, path);
        if (status != BOUGH_OK)
            return status;
        value = class == -1 ? NAN : (double)class;
    }
    if (binary && !isnan(value) && !(value >= 0 && value <= 1))
        return bough__fail(BOUGH_DATA, "%s: %s, row %lld: %g, wanted 0 to 1", path, tensor->name,
                           (long long)(i / bough_shape_row(&tensor->shape)), value);
    if (isinf((float)value))
        return bough__fail(BOUGH_DATA, "%s: %s, row %lld: an infinite number", path, tensor->name,
                           (long long)(i / bough_shape_row(&tensor->shape)));
    *number = (float)value;
    return BOUGH_OK;
}

static enum bough_status read_numbers(struct bough__targets *targets,
                                      const struct bough_file_tensor *tensor,
                                      const struct bough_task *task, const char *path)
{
    int64_t count = targets->rows * targets->width;
    targets->number = malloc((size_t)count * sizeof *targets->number + 1);
    if (!targets->number)
        return bough__no_memory();
    for (int64_t i = 0; i < count; i++) {
        enum bough_status status = number_of(&targets->number[i], tensor, i, task,
                                             targets->kind == BOUGH_TARGET_BINARY, path);
        if (status != BOUGH_OK)
            return status;
    }
    return BOUGH_OK;
}

// ---- Both ----

static enum bough_status check(const struct bough_file_tensor *tensor,
                               const struct bough_task *task, enum bough__target_kind kind,
                               int64_t width, const char *path)
{
    int64_t row = bough_shape_row(&tensor->shape);
    if (kind == BOUGH_TARGET_CLASS && (bough_dtype_is_float(tensor->dtype) || row != 1))
        return bough__fail(BOUGH_INVALID,
                           "tasks.%s: %s wants one integer class a row, and %s: %s is %s with %lld "
                           "numbers a row",
                           task->name, task->loss.name, path, tensor->name,
                           bough_dtype_name(tensor->dtype), (long long)row);
    if (kind != BOUGH_TARGET_CLASS && row != width)
        return bough__fail(BOUGH_INVALID,
                           "tasks.%s: the head has %lld outputs, and %s: %s has %lld numbers a row",
                           task->name, (long long)width, path, tensor->name, (long long)row);
    if (task->map_count && bough_dtype_is_float(tensor->dtype))
        return bough__fail(BOUGH_INVALID, "tasks.%s: a map wants integer classes, and %s: %s is %s",
                           task->name, path, tensor->name, bough_dtype_name(tensor->dtype));
    return BOUGH_OK;
}

enum bough_status bough__targets_init(struct bough__targets *targets,
                                      const struct bough_tensor_file *file, const char *split,
                                      const struct bough_task *task, enum bough__target_kind kind,
                                      int64_t width)
{
    enum bough_status status;
    const struct bough_file_tensor *tensor;
    const char *path = bough_tensor_file_path(file);
    void *bytes = NULL;
    *targets = (struct bough__targets){.kind = kind};
    BOUGH_TRY(bough_dataset_field(&tensor, file, split, task->target));
    BOUGH_TRY(check(tensor, task, kind, width, path));
    BOUGH_TRY(bough__tensor_load(&bytes, file, tensor));
    struct bough_file_tensor loaded = *tensor;
    loaded.data = bytes;
    targets->rows = tensor->shape.rank ? tensor->shape.dim[0] : 1;
    targets->width = kind == BOUGH_TARGET_CLASS ? 1 : width;
    BOUGH_TRY(kind == BOUGH_TARGET_CLASS ? read_classes(targets, &loaded, task, width, path)
                                         : read_numbers(targets, &loaded, task, path));
done:
    free(bytes);
    if (status != BOUGH_OK)
        bough__targets_fini(targets);
    return status;
}

void bough__targets_fini(struct bough__targets *targets)
{
    free(targets->label);
    free(targets->number);
    targets->label = NULL;
    targets->number = NULL;
}
