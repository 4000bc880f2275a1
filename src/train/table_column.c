#include "train/table_column.h"

#include "base/error.h"
#include "base/strings.h"
#include "train/input_types.h"

#include <math.h>
#include <stdlib.h>

struct source {
    const struct bough_tensor_file *file;
    const struct bough_file_tensor *field;
    const struct bough__input *input;
    int64_t columns, width; // of the model, of the field
    const int32_t *from;    // [columns]
    struct bough__id_map *map;
    int64_t *unknown; // [columns] cells
};

static enum bough_status wrong(const struct source *source, int64_t row, int64_t c, double value,
                               const char *wanted)
{
    char number[32] = "";
    const struct bough__input *input = source->input;
    if (!input->columns)
        bough__append(number, sizeof number, "%d", source->from[c]);
    return bough__fail(BOUGH_DATA, "%s: %s, row %lld, column %s: %.10g; wanted %s",
                       bough_tensor_file_path(source->file), source->field->name, (long long)row,
                       input->columns ? input->columns[c] : number, value, wanted);
}

// A cell as the model reads it.
static enum bough_status cell(float *to, const struct source *source, int64_t row, int64_t c,
                              double value)
{
    const struct bough__id_map *map = &source->map[c];
    const int32_t ids = source->input->classes ? source->input->classes[c] : 0;
    *to = (float)value;
    if (!ids && !isinf(*to) && (source->input->classes || !isnan(value)))
        return BOUGH_OK;
    if (!ids)
        return wrong(source, row, c, value,
                     source->input->classes ? "finite numbers, or NaN where it is missing"
                                            : "finite numbers");
    if (isnan(value))
        value = 0;
    if (!(value >= 0 && value <= INT32_MAX && value == floor(value)))
        return wrong(source, row, c, value, "ids, whole numbers from 0");
    int64_t id = (int64_t)value;
    if (map->to)
        id = id < map->count ? map->to[id] : 1;
    if (id >= ids)
        id = 1;
    source->unknown[c] += id == 1 && value != 1;
    *to = (float)id;
    return BOUGH_OK;
}

// Whether the file has them as they are read.
static int stays(const struct source *source)
{
    int same = source->columns == source->width && source->field->dtype == BOUGH_F32;
    for (int64_t c = 0; c < source->columns; c++)
        same &= source->from[c] == c && !source->map[c].to;
    return same;
}

// Looks at all rows; into `to` [rows, columns], which may be NULL.
static enum bough_status read_rows(const struct source *source, float *to)
{
    enum { PIECE = 1 << 18 };
    enum bough_status status = BOUGH_OK;
    const struct bough_file_tensor *field = source->field;
    const size_t size = bough_dtype_size(field->dtype), bytes = (size_t)source->width * size;
    const int64_t all = field->shape.dim[0], most = bytes < PIECE ? (int64_t)(PIECE / bytes) : 1;
    float other;
    void *piece = malloc((size_t)most * bytes + 1);
    BOUGH_TRY_MEMORY(piece);
    for (int64_t first = 0; first < all; first += most) {
        const int64_t rows = all - first < most ? all - first : most;
        BOUGH_TRY(bough__tensor_read(source->file, field, (size_t)first * bytes, piece,
                                     (size_t)rows * bytes));
        for (int64_t i = 0; i < rows * source->columns; i++) {
            const int64_t r = i / source->columns, c = i - r * source->columns;
            const int64_t at = r * source->width + source->from[c];
            BOUGH_TRY(cell(to ? to + first * source->columns + i : &other, source, first + r, c,
                           bough_number_at(piece, field->dtype, at)));
        }
    }
done:
    free(piece);
    return status;
}

static void tell_unknown(const struct source *source)
{
    char list[300] = "";
    for (int64_t c = 0; c < source->columns; c++)
        if (source->unknown[c])
            bough__append(list, sizeof list, "%s%s %lld", *list ? ", " : "",
                          source->input->columns ? source->input->columns[c] : "a column",
                          (long long)source->unknown[c]);
    if (*list)
        bough__log(BOUGH_LOG_INFO, "%s: %s: cells of unknown classes: %s",
                   bough_tensor_file_path(source->file), source->field->name, list);
}

enum bough_status bough__table_column(struct bough__column *column, void **converted,
                                      const struct bough_tensor_file *file,
                                      const struct bough_file_tensor *field,
                                      const struct bough__input *input,
                                      const struct bough__input_names *names)
{
    enum bough_status status;
    struct bough__arena arena = {0};
    struct source source = {.file = file,
                            .field = field,
                            .input = input,
                            .columns = (int64_t)input->columns_count,
                            .width = bough_shape_row(&field->shape)};
    int32_t *from;
    BOUGH_TRY(bough__table_columns(&from, &arena, file, field, input));
    source.from = from;
    BOUGH_TRY_MEMORY(source.map = BOUGH_NEW(&arena, struct bough__id_map, source.columns));
    BOUGH_TRY_MEMORY(source.unknown = BOUGH_NEW(&arena, int64_t, source.columns));
    for (int64_t c = 0; c < source.columns; c++)
        BOUGH_TRY(bough__input_names_map(&source.map[c], &arena, names, (size_t)c, file, input));
    *column = (struct bough__column){
        .file = file, .tensor = field, .dtype = field->dtype, .width = source.columns};
    if (!stays(&source)) {
        const size_t cells = (size_t)(field->shape.dim[0] * source.columns);
        BOUGH_TRY_MEMORY(*converted = malloc(cells * sizeof(float)));
        *column =
            (struct bough__column){.host = *converted, .dtype = BOUGH_F32, .width = source.columns};
    }
    BOUGH_TRY(read_rows(&source, *converted));
    tell_unknown(&source);
done:
    bough__arena_fini(&arena);
    return status;
}
