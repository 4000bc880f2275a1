#include "train/targets.h"

#include "base/error.h"
#include "base/strings.h"
#include "data/tensor_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// Where labels come from.
struct source {
    const struct bough_file_tensor *tensor;
    const struct bough__task *task;
    const char *path;
    struct bough__class_order order; // of the file's classes in the model
};

// In the unit that is trained with: see struct bough__task.
static float standardized(const struct bough__task *task, double value, int64_t output)
{
    return (float)(task->std ? (value - (double)task->mean[output]) / (double)task->std[output]
                             : value);
}

static long long row_of(const struct source *from, int64_t i)
{
    return (long long)(i / bough_shape_row(&from->tensor->shape));
}

// ---- Classes ----

// The class of number `i` in the model's order and after the task's map, or a status. -1 stays -1.
// Classes that the model does not know have been refused by then.
static enum bough_status class_at(int64_t *class, const struct source *from, int64_t i)
{
    const struct bough__task *task = from->task;
    *class = bough_integer_at(from->tensor->data, from->tensor->dtype, i);
    if (*class == -1)
        return BOUGH_OK;
    if (from->order.count) {
        if (*class < 0 || *class >= (int64_t)from->order.count)
            return bough__fail(BOUGH_DATA, "%s: %s, row %lld: label %lld, classes/%s names 0..%zu",
                               from->path, from->tensor->name, row_of(from, i), (long long)*class,
                               task->target, from->order.count - 1);
        *class = from->order.to[*class];
    }
    if (!task->map_count)
        return BOUGH_OK;
    if (*class < 0 || *class >= (int64_t)task->map_count)
        return bough__fail(BOUGH_DATA, "%s: %s, row %lld: class %lld, the map has classes 0..%lld",
                           from->path, from->tensor->name, row_of(from, i), (long long)*class,
                           (long long)task->map_count - 1);
    *class = task->map[*class];
    return BOUGH_OK;
}

static enum bough_status read_classes(struct bough__targets *targets, const struct source *from,
                                      int64_t classes)
{
    const int64_t count = targets->rows * targets->width;
    targets->label = malloc((size_t)count * sizeof *targets->label + 1);
    if (!targets->label)
        return bough__no_memory();
    for (int64_t i = 0; i < count; i++) {
        int64_t class;
        enum bough_status status = class_at(&class, from, i);
        if (status != BOUGH_OK)
            return status;
        if (class < -1 || class >= classes)
            return bough__fail(BOUGH_DATA, "%s: %s, row %lld: label %lld, classes are 0..%lld",
                               from->path, from->tensor->name, row_of(from, i), (long long)class,
                               (long long)classes - 1);
        targets->label[i] = (int32_t) class;
    }
    return BOUGH_OK;
}

// Tells the classes that the model does not know, if rows have any, with their counts.
static enum bough_status check_known(const struct source *from, const struct bough__classes *names)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__class_order *order = &from->order;
    int64_t numbers = bough_shape_elements(&from->tensor->shape);
    int64_t *count = calloc(order->count + 1, sizeof *count);
    char text[600] = "", known[300] = "";
    BOUGH_TRY_MEMORY(count);
    for (int64_t i = 0; i < numbers; i++) {
        int64_t class = bough_integer_at(from->tensor->data, from->tensor->dtype, i);
        if (class >= 0 && class < (int64_t)order->count)
            count[class] += order->to[class] == BOUGH__CLASS_UNKNOWN;
    }
    for (size_t i = 0; i < order->count; i++)
        if (count[i])
            bough__append(text, sizeof text, "%s%lld of '%.60s'", *text ? ", " : "",
                          (long long)count[i], order->name[i]);
    for (size_t i = 0; i < names->count; i++)
        bough__append(known, sizeof known, "%s%.60s", i ? ", " : "", names->name[i]);
    if (*text)
        status = bough__fail(BOUGH_DATA,
                             "%s: %s has labels that the model does not know: %s; it "
                             "knows %s",
                             from->path, from->tensor->name, text, known);
done:
    free(count);
    return status;
}

// ---- Numbers ----

static enum bough_status number_of(float *number, const struct source *from, int64_t i, int binary)
{
    const struct bough_file_tensor *tensor = from->tensor;
    double value = bough_number_at(tensor->data, tensor->dtype, i);
    if (!bough_dtype_is_float(tensor->dtype) && (binary || from->task->map_count)) {
        int64_t class;
        enum bough_status status = class_at(&class, from, i);
        if (status != BOUGH_OK)
            return status;
        value = class == -1 ? NAN : (double)class;
    }
    if (binary && !isnan(value) && !(value >= 0 && value <= 1))
        return bough__fail(BOUGH_DATA, "%s: %s, row %lld: %g, wanted 0 to 1", from->path,
                           tensor->name, row_of(from, i), value);
    if (isinf((float)value))
        return bough__fail(BOUGH_DATA, "%s: %s, row %lld: an infinite number", from->path,
                           tensor->name, row_of(from, i));
    *number = standardized(from->task, value, i % bough_shape_row(&tensor->shape));
    return BOUGH_OK;
}

static enum bough_status read_numbers(struct bough__targets *targets, const struct source *from)
{
    int64_t count = targets->rows * targets->width;
    targets->number = malloc((size_t)count * sizeof *targets->number + 1);
    if (!targets->number)
        return bough__no_memory();
    for (int64_t i = 0; i < count; i++) {
        enum bough_status status =
            number_of(&targets->number[i], from, i, targets->kind == BOUGH_TARGET_BINARY);
        if (status != BOUGH_OK)
            return status;
    }
    return BOUGH_OK;
}

// ---- Both ----

static enum bough_status check(const struct bough_file_tensor *tensor,
                               const struct bough__task *task, enum bough__target_kind kind,
                               int64_t width, int64_t positions, const char *path)
{
    int64_t row = bough_shape_row(&tensor->shape);
    if (kind == BOUGH_TARGET_CLASS && positions > 1 &&
        (bough_dtype_is_float(tensor->dtype) || row != positions))
        return bough__fail(BOUGH_INVALID,
                           "tasks.%s: %s of %lld positions a row wants as many integer classes, "
                           "and %s: %s is %s with %lld numbers a row",
                           task->name, task->loss.row->name, (long long)positions, path,
                           tensor->name, bough_dtype_name(tensor->dtype), (long long)row);
    if (kind == BOUGH_TARGET_CLASS && (bough_dtype_is_float(tensor->dtype) || row != positions))
        return bough__fail(BOUGH_INVALID,
                           "tasks.%s: %s wants one integer class a row, and %s: %s is %s with %lld "
                           "numbers a row",
                           task->name, task->loss.row->name, path, tensor->name,
                           bough_dtype_name(tensor->dtype), (long long)row);
    if (kind != BOUGH_TARGET_CLASS && row != width * positions)
        return bough__fail(
            BOUGH_INVALID, "tasks.%s: the head has %lld outputs, and %s: %s has %lld numbers a row",
            task->name, (long long)(width * positions), path, tensor->name, (long long)row);
    if (task->map_count && bough_dtype_is_float(tensor->dtype))
        return bough__fail(BOUGH_INVALID, "tasks.%s: a map wants integer classes, and %s: %s is %s",
                           task->name, path, tensor->name, bough_dtype_name(tensor->dtype));
    return BOUGH_OK;
}

enum bough_status bough__targets_init(struct bough__targets *targets,
                                      const struct bough_tensor_file *file, const char *split,
                                      const struct bough__task *task, enum bough__target_kind kind,
                                      int64_t width, int64_t positions,
                                      const struct bough__classes *names)
{
    enum bough_status status;
    const struct bough_file_tensor *tensor;
    struct bough__arena arena = {0};
    struct source from = {.task = task, .path = bough_tensor_file_path(file)};
    void *bytes = NULL;
    *targets = (struct bough__targets){.kind = kind};
    BOUGH_TRY(bough_dataset_field(&tensor, file, split, task->target));
    BOUGH_TRY(check(tensor, task, kind, width, positions, from.path));
    BOUGH_TRY(bough__tensor_load(&bytes, file, tensor));
    struct bough_file_tensor loaded = *tensor;
    loaded.data = bytes;
    from.tensor = &loaded;
    if ((kind != BOUGH_TARGET_NUMBER || task->map_count) && !bough_dtype_is_float(tensor->dtype)) {
        BOUGH_TRY(bough__classes_order(&from.order, &arena, names, file, task->target));
        BOUGH_TRY(check_known(&from, names));
    }
    targets->rows = tensor->shape.rank ? tensor->shape.dim[0] : 1;
    targets->width = kind == BOUGH_TARGET_CLASS ? positions : width * positions;
    BOUGH_TRY(kind == BOUGH_TARGET_CLASS ? read_classes(targets, &from, width)
                                         : read_numbers(targets, &from));
done:
    bough__arena_fini(&arena);
    free(bytes);
    if (status != BOUGH_OK)
        bough__targets_fini(targets);
    return status;
}

int bough__targets_has(const struct bough__targets *targets, int64_t at)
{
    return targets->label ? targets->label[at] >= 0 : !isnan(targets->number[at]);
}

int bough__targets_any(const struct bough__targets *targets, int64_t row)
{
    const int64_t first = row * targets->width;
    int64_t i = 0;
    while (i < targets->width && !bough__targets_has(targets, first + i))
        i++;
    return i < targets->width;
}

double bough__target_restore(const struct bough__task *task, double number, int64_t output)
{
    return task->std ? number * (double)task->std[output] + (double)task->mean[output] : number;
}

void bough__targets_scale(float *number, const struct bough__task *task, int64_t rows,
                          int64_t width)
{
    for (int64_t i = 0; task->std && i < rows * width; i++)
        number[i] *= task->std[i % width];
}

void bough__targets_fini(struct bough__targets *targets)
{
    free(targets->label);
    free(targets->number);
    targets->label = NULL;
    targets->number = NULL;
}
