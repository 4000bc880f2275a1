#include "train/input_types.h"

#include "base/error.h"
#include "data/tensor_file.h"

#include <bough/name.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The first two ids: padding or missing, unknown.
enum { RESERVED = 2, MOST_IDS = 1 << 24 };

// ---- Fields ----

static enum bough_status check_input(const struct bough_file_tensor *input,
                                     const struct bough_tensor_file *file)
{
    const char *path = bough_tensor_file_path(file);
    char text[128];
    char key[300];
    snprintf(key, sizeof key, "text/%s", strrchr(input->name, '/') + 1);
    if (bough_tensor_file_metadata(file, key))
        return bough__fail(BOUGH_DATA, "%s: %s is text; wanted numbers", path, input->name);
    if (input->shape.rank < 2)
        return bough__fail(BOUGH_DATA, "%s: %s is %s, wanted [N, ...]: [N, 1] of one number a row",
                           path, input->name, bough_shape_format(&input->shape, text, sizeof text));
    if (bough_shape_elements(&input->shape) == 0 || input->shape.dim[0] > INT32_MAX)
        return bough__fail(BOUGH_DATA, "%s: %s is %s, wanted 1 to %d rows that are not empty", path,
                           input->name, bough_shape_format(&input->shape, text, sizeof text),
                           INT32_MAX);
    return BOUGH_OK;
}

enum bough_status bough__input_find(const struct bough_file_tensor **field,
                                    const struct bough_tensor_file *file, const char *split,
                                    const struct bough__input *input)
{
    const enum bough_status status = bough_dataset_field(field, file, split, input->field);
    return status == BOUGH_OK ? check_input(*field, file) : status;
}

// ---- Columns ----

struct bough_shape bough__input_sample(const struct bough_shape *field,
                                       const struct bough__input *input)
{
    struct bough_shape sample = bough_shape_sample(field);
    if (input->columns && sample.rank == 1)
        sample.dim[0] = (int64_t)input->columns_count;
    return sample;
}

static enum bough_status field_lines(struct bough__name_list *list, struct bough__arena *arena,
                                     const struct bough_tensor_file *file, const char *what,
                                     const struct bough__input *input)
{
    const char *key = bough__arena_format(arena, "%s/%s", what, input->field);
    return key ? bough__lines_read(list, arena, file, key) : bough__no_memory();
}

// Lines of the metadata, none or one for each column of the field.
static enum bough_status column_lines(struct bough__name_list *list, struct bough__arena *arena,
                                      const struct bough_tensor_file *file, const char *what,
                                      const struct bough_file_tensor *field,
                                      const struct bough__input *input)
{
    enum bough_status status = field_lines(list, arena, file, what, input);
    const size_t columns = (size_t)bough_shape_row(&field->shape);
    char text[128];
    if (status == BOUGH_OK && list->count && list->count != columns)
        status =
            bough__fail(BOUGH_DATA, "%s: %s/%s has %zu lines, and %s is %s; wanted one a column",
                        bough_tensor_file_path(file), what, input->field, list->count, field->name,
                        bough_shape_format(&field->shape, text, sizeof text));
    return status;
}

static enum bough_status no_column(const struct bough_tensor_file *file,
                                   const struct bough__input *input, const char *name,
                                   const struct bough__name_list *list, struct bough__arena *arena)
{
    const char **names = BOUGH_NEW(arena, const char *, list->count + 1), *nearest;
    if (!names)
        return bough__no_memory();
    memcpy(names, list->name, list->count * sizeof *names);
    nearest = bough_name_nearest(name, names);
    return bough__fail(BOUGH_DATA, "%s: no column '%.80s' among the %zu of %s%s%.80s%s",
                       bough_tensor_file_path(file), name, list->count, input->field,
                       nearest ? "; did you mean " : "", nearest ? nearest : "",
                       nearest ? "?" : "");
}

// A model's column of classes is one of classes in another file too.
static enum bough_status check_types(const struct bough_tensor_file *file,
                                     const struct bough__input *input,
                                     const struct bough__name_list *types, const int32_t *from)
{
    static const char *const kind[] = {"numbers", "classes"};
    for (size_t c = 0; input->classes && types->count && c < input->columns_count; c++) {
        const int found = strcmp(types->name[from[c]], "class") == 0,
                  wanted = input->classes[c] > 0;
        if (found != wanted)
            return bough__fail(BOUGH_DATA,
                               "%s: %s, column %s is of %s, and the model's is of %s; `bough "
                               "predict` takes the CSV itself, and bough-data csv the schema that "
                               "the model was trained with",
                               bough_tensor_file_path(file), input->field,
                               input->columns ? input->columns[c] : "", kind[found], kind[wanted]);
    }
    return BOUGH_OK;
}

enum bough_status bough__table_columns(int32_t **from, struct bough__arena *arena,
                                       const struct bough_tensor_file *file,
                                       const struct bough_file_tensor *field,
                                       const struct bough__input *input)
{
    enum bough_status status;
    struct bough__name_list list, types;
    const size_t all = (size_t)bough_shape_row(&field->shape),
                 count = input->columns_count ? input->columns_count : all;
    BOUGH_TRY_MEMORY(*from = BOUGH_NEW(arena, int32_t, count));
    BOUGH_TRY(column_lines(&list, arena, file, "columns", field, input));
    if ((!input->columns || !list.count) && count != all)
        return bough__fail(BOUGH_DATA, "%s: %s has %zu columns without names; wanted %zu%s",
                           bough_tensor_file_path(file), field->name, all, count,
                           input->columns ? ", or their names in `columns/<field>`" : "");
    for (size_t c = 0; c < count; c++) {
        size_t at = 0;
        while (input->columns && at < list.count && strcmp(list.name[at], input->columns[c]) != 0)
            at++;
        if (input->columns && list.count && at == list.count)
            return no_column(file, input, input->columns[c], &list, arena);
        (*from)[c] = (int32_t)(input->columns && list.count ? at : c);
    }
    BOUGH_TRY(column_lines(&types, arena, file, "types", field, input));
    BOUGH_TRY(check_types(file, input, &types, *from));
done:
    return status;
}

// ---- What the rows hold ----

// Of a column.
struct seen {
    double most;
    int missing;
};

// Of `seen` [width], in the rows of the mask.
static enum bough_status look(struct seen *seen, int64_t width,
                              const struct bough_tensor_file *file,
                              const struct bough_file_tensor *field, const char *mask)
{
    enum { PIECE = 1 << 18 };
    enum bough_status status = BOUGH_OK;
    const int64_t all = field->shape.dim[0];
    const size_t row = (size_t)bough_shape_row(&field->shape) * bough_dtype_size(field->dtype);
    const int64_t most = row < PIECE ? (int64_t)(PIECE / row) : 1;
    void *piece = malloc((size_t)most * row + 1);
    BOUGH_TRY_MEMORY(piece);
    for (int64_t from = 0; from < all; from += most) {
        const int64_t rows = all - from < most ? all - from : most;
        const int64_t each = bough_shape_row(&field->shape);
        BOUGH_TRY(bough__tensor_read(file, field, (size_t)from * row, piece, (size_t)rows * row));
        for (int64_t i = 0; i < rows * each; i++) {
            const double value = bough_number_at(piece, field->dtype, i);
            struct seen *column = &seen[i % width];
            if (mask && !mask[from + i / each])
                continue;
            column->missing |= isnan(value);
            column->most = value > column->most ? value : column->most;
        }
    }
done:
    free(piece);
    return status;
}

static enum bough_status ids_of(int32_t *ids, double most, const struct bough_tensor_file *file,
                                const char *name)
{
    if (most < MOST_IDS) {
        *ids = (int32_t)fmax(most + 1, RESERVED);
        return BOUGH_OK;
    }
    return bough__fail(BOUGH_DATA, "%s: %s: an id of %.10g; wanted ids below %d",
                       bough_tensor_file_path(file), name, most, MOST_IDS);
}

// ---- Finding ----

static enum bough_status find_vocabulary(struct bough__input *input, struct bough__arena *arena,
                                         const struct bough_tensor_file *file,
                                         const struct bough_file_tensor *field)
{
    enum bough_status status = BOUGH_OK;
    struct bough__name_list list;
    struct seen seen = {0};
    if (input->vocabulary)
        return BOUGH_OK;
    BOUGH_TRY(field_lines(&list, arena, file, "vocabulary", input));
    seen.most = (double)list.count - 1;
    if (!list.count)
        BOUGH_TRY(look(&seen, 1, file, field, NULL));
    BOUGH_TRY(ids_of(&input->vocabulary, seen.most, file, field->name));
done:
    return status;
}

// How many ids a column has: two, and one of each name that the file has for it.
static enum bough_status find_classes(int32_t *classes, struct bough__arena *arena,
                                      const struct bough_tensor_file *file,
                                      const struct bough__input *input, const char *column,
                                      const struct seen *seen)
{
    struct bough__name_list list = {0};
    char *key = column ? bough__arena_format(arena, "classes/%s/%s", input->field, column) : NULL;
    enum bough_status status = key ? bough__name_list_read(&list, arena, file, key) : BOUGH_OK;
    const double most = list.count ? (double)list.count + RESERVED - 1 : seen->most;
    return status == BOUGH_OK ? ids_of(classes, most, file, column ? column : input->field)
                              : status;
}

static enum bough_status check_type(const struct bough_tensor_file *file,
                                    const struct bough__input *input, const char *type)
{
    if (strcmp(type, "number") == 0 || strcmp(type, "class") == 0)
        return BOUGH_OK;
    return bough__fail(BOUGH_DATA, "%s: types/%s: '%.80s'; wanted number or class",
                       bough_tensor_file_path(file), input->field, type);
}

// `types` may be none: then the classes stand in the config.
static enum bough_status find_columns(struct bough__input *input, struct bough__arena *arena,
                                      const struct bough_tensor_file *file,
                                      const struct bough_file_tensor *field,
                                      const struct bough__name_list *types, const char *mask)
{
    enum bough_status status = BOUGH_OK;
    struct bough__name_list names;
    const size_t all = (size_t)bough_shape_row(&field->shape);
    int32_t *from, *classes, *masks;
    struct seen *seen = BOUGH_NEW(arena, struct seen, all);
    BOUGH_TRY_MEMORY(seen);
    BOUGH_TRY(column_lines(&names, arena, file, "columns", field, input));
    if (!input->columns && names.count) {
        input->columns = names.name;
        input->columns_count = all;
    }
    BOUGH_TRY(bough__table_columns(&from, arena, file, field, input));
    input->columns_count = input->columns_count ? input->columns_count : all;
    if (!types->count && !input->classes)
        return BOUGH_OK;
    BOUGH_TRY_MEMORY(classes = BOUGH_NEW(arena, int32_t, input->columns_count));
    BOUGH_TRY_MEMORY(masks = BOUGH_NEW(arena, int32_t, input->columns_count));
    BOUGH_TRY(look(seen, (int64_t)all, file, field, mask));
    for (size_t c = 0; c < input->columns_count; c++) {
        const char *type = types->count ? types->name[from[c]] : "number";
        BOUGH_TRY(check_type(file, input, type));
        if (!types->count)
            classes[c] = input->classes[c];
        else if (strcmp(type, "class") == 0)
            BOUGH_TRY(find_classes(&classes[c], arena, file, input,
                                   input->columns ? input->columns[c] : NULL, &seen[from[c]]));
        masks[c] = !classes[c] && seen[from[c]].missing;
    }
    input->classes = classes;
    input->masks = masks;
done:
    return status;
}

enum bough_status bough__input_types_find(struct bough__input *input, struct bough__arena *arena,
                                          const struct bough_tensor_file *file, const char *mask)
{
    enum bough_status status;
    const struct bough_file_tensor *field;
    struct bough__name_list types;
    char text[128];
    BOUGH_TRY(bough_dataset_field(&field, file, "train", input->field));
    if (bough_shape_row(&field->shape) == 0)
        BOUGH_TRY(check_input(field, file));
    if (bough__input_is_ids(input))
        return find_vocabulary(input, arena, file, field);
    const int named = input->columns || input->classes;
    if (field->shape.rank != 2 && named)
        return bough__fail(BOUGH_DATA, "%s: %s is %s; wanted [N, C], of which columns are read",
                           bough_tensor_file_path(file), field->name,
                           bough_shape_format(&field->shape, text, sizeof text));
    if (field->shape.rank != 2)
        return BOUGH_OK;
    BOUGH_TRY(column_lines(&types, arena, file, "types", field, input));
    if (named || types.count)
        BOUGH_TRY(find_columns(input, arena, file, field, &types, mask));
    if (bough__input_is_table(input) && !input->normalize.row && input->channels == 1 &&
        input->columns_count > 1)
        return bough__fail(BOUGH_INVALID,
                           "normalize of %s: one number for %zu columns; wanted one each, or auto",
                           input->field, input->columns_count);
done:
    return status;
}

void bough__input_types_like(struct bough__input *input, const struct bough__input *other)
{
    if (!input->vocabulary)
        input->vocabulary = other->vocabulary;
    if (!input->columns) {
        input->columns = other->columns;
        input->columns_count = other->columns_count;
    }
    if (input->columns_count == other->columns_count) {
        input->classes = other->classes;
        input->masks = other->masks;
    }
}
