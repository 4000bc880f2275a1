#include "train/input_column.h"

#include "train/table_column.h"

#include "base/error.h"

#include <math.h>
#include <stdlib.h>

struct source {
    const struct bough_tensor_file *file;
    const struct bough_file_tensor *field;
    int64_t width;
    struct bough__gaps gaps;
    struct bough__id_map map; // of ids
    int64_t *unknown;         // of these, so many that the map does not know
};

// What is done with `count` elements from `first` on; `user` is its own.
typedef enum bough_status piece_work(const struct source *from, const void *piece, int64_t first,
                                     int64_t count, void *user);

static enum bough_status read_pieces(const struct source *from, piece_work *work, void *user)
{
    enum bough_status status = BOUGH_OK;
    enum { PIECE = 1 << 18 };
    const struct bough_file_tensor *field = from->field;
    const size_t size = bough_dtype_size(field->dtype);
    void *piece = malloc(PIECE);
    BOUGH_TRY_MEMORY(piece);
    for (size_t at = 0; at < field->bytes; at += PIECE) {
        const size_t left = field->bytes - at, bytes = left < PIECE ? left : PIECE;
        BOUGH_TRY(bough__tensor_read(from->file, field, at, piece, bytes));
        BOUGH_TRY(work(from, piece, (int64_t)(at / size), (int64_t)(bytes / size), user));
    }
done:
    free(piece);
    return status;
}

// ---- Numbers ----

// Whether the row of an element lacks the input, as it does from a NaN on.
static int is_lacking(const struct source *from, int64_t row, double value)
{
    float *present = from->gaps.present;
    if (present && isnan(value))
        present[row] = 0;
    return present && present[row] == 0;
}

// A number that is not finite: the row lacks the input or is missing, or it is an error.
static enum bough_status not_finite(const struct source *from, int64_t i, float value)
{
    const struct bough_shape *shape = &from->field->shape;
    const int64_t row = i / from->width, area = from->width / shape->dim[1];
    if (is_lacking(from, row, (double)value))
        return BOUGH_OK;
    if (from->gaps.missing) {
        from->gaps.missing[row] = 1;
        return BOUGH_OK;
    }
    static const char *const axis[] = {[2] = "column", [3] = "position"};
    return bough__fail(BOUGH_DATA, "%s: %s, row %lld, %s %lld: %s; wanted finite numbers%s",
                       bough_tensor_file_path(from->file), from->field->name, (long long)row,
                       shape->rank <= 3 ? axis[shape->rank] : "channel",
                       (long long)(i % from->width / area), isnan(value) ? "nan" : "infinite",
                       isnan(value) ? ", or `optional` of an input that rows may lack" : "");
}

static enum bough_status check_floats(const struct source *from, const void *piece, int64_t first,
                                      int64_t count, void *user)
{
    const float *number = piece;
    enum bough_status status = BOUGH_OK;
    (void)user;
    for (int64_t i = 0; i < count && status == BOUGH_OK; i++)
        if (!isfinite(number[i]))
            status = not_finite(from, first + i, number[i]);
    return status;
}

static enum bough_status convert_floats(const struct source *from, const void *piece, int64_t first,
                                        int64_t count, void *user)
{
    float *to = (float *)user + first;
    for (int64_t i = 0; i < count; i++)
        to[i] = (float)bough_number_at(piece, from->field->dtype, i);
    return check_floats(from, to, first, count, NULL);
}

// ---- Ids ----

// Takes them over where there is a place for them.
static enum bough_status read_ids(const struct source *from, const void *piece, int64_t first,
                                  int64_t count, void *user)
{
    int32_t *to = user;
    for (int64_t i = 0; i < count; i++) {
        double value = bough_number_at(piece, from->field->dtype, i);
        const int64_t row = (first + i) / from->width;
        if (is_lacking(from, row, value)) {
            value = 0;
        } else if (from->gaps.missing && !isfinite(value)) {
            from->gaps.missing[row] = 1;
            value = 0;
        }
        if (!(value >= 0 && value <= INT32_MAX && value == floor(value)))
            return bough__fail(BOUGH_DATA,
                               "%s: %s, row %lld: %.10g; wanted ids, whole numbers of 0 to %d",
                               bough_tensor_file_path(from->file), from->field->name,
                               (long long)row, value, INT32_MAX);
        if (to && from->map.to) {
            to[first + i] = (int64_t)value < from->map.count ? from->map.to[(int32_t)value] : 1;
            *from->unknown += to[first + i] == 1 && value != 1;
        } else if (to) {
            to[first + i] = (int32_t)value;
        }
    }
    return BOUGH_OK;
}

// ---- Both ----

// Whether batches are gathered from what the file has.
static int stays(enum bough_dtype dtype, int ids)
{
    return ids ? dtype == BOUGH_I32 : dtype == BOUGH_U8 || dtype == BOUGH_F32;
}

// A field of a number a row; `*bytes` is the caller's to free.
static enum bough_status load_side(void **bytes, const struct bough_file_tensor **field,
                                   const struct bough_tensor_file *file, const char *split,
                                   const char *name, int64_t rows)
{
    char text[128];
    const enum bough_status status = bough_dataset_field(field, file, split, name);
    if (status != BOUGH_OK)
        return status;
    if (bough_shape_elements(&(*field)->shape) != rows)
        return bough__fail(BOUGH_DATA, "%s: %s is %s; wanted a number a row",
                           bough_tensor_file_path(file), (*field)->name,
                           bough_shape_format(&(*field)->shape, text, sizeof text));
    return bough__tensor_load(bytes, file, *field);
}

enum bough_status bough__input_present(float *present, const struct bough_tensor_file *file,
                                       const char *split, const struct bough__input *input,
                                       int64_t rows)
{
    enum bough_status status = BOUGH_OK;
    const struct bough_file_tensor *field;
    void *bytes = NULL;
    for (int64_t n = 0; n < rows; n++)
        present[n] = 1;
    if (!input->present)
        return BOUGH_OK;
    BOUGH_TRY(load_side(&bytes, &field, file, split, input->present, rows));
    for (int64_t n = 0; n < rows && status == BOUGH_OK; n++) {
        const double value = bough_number_at(bytes, field->dtype, n);
        present[n] = (float)value;
        if (value != 0 && value != 1)
            status = bough__fail(BOUGH_DATA, "%s: %s, row %lld: %.10g; wanted 0 or 1",
                                 bough_tensor_file_path(file), field->name, (long long)n, value);
    }
done:
    free(bytes);
    return status;
}

enum bough_status bough__input_lengths(int32_t *lengths, const struct bough_tensor_file *file,
                                       const char *split, const struct bough__input *input,
                                       const struct bough_shape *shape)
{
    enum bough_status status;
    const struct bough_file_tensor *field;
    const int64_t rows = shape->dim[0], longest = shape->dim[1];
    void *bytes = NULL;
    char text[128];
    if (shape->rank < 3 && !bough__input_is_ids(input))
        return bough__fail(BOUGH_DATA,
                           "%s: %s/%s is %s and has lengths; wanted numbers [N, L, D], or ids",
                           bough_tensor_file_path(file), split, input->field,
                           bough_shape_format(shape, text, sizeof text));
    BOUGH_TRY(load_side(&bytes, &field, file, split, input->lengths, rows));
    for (int64_t n = 0; n < rows && status == BOUGH_OK; n++) {
        const double value = bough_number_at(bytes, field->dtype, n);
        const int fits = value >= 0 && value <= (double)longest && value == floor(value);
        lengths[n] = fits ? (int32_t)value : 0;
        if (!fits)
            status = bough__fail(
                BOUGH_DATA, "%s: %s, row %lld: %.10g; wanted a length of 0 to %lld",
                bough_tensor_file_path(file), field->name, (long long)n, value, (long long)longest);
    }
done:
    free(bytes);
    return status;
}

enum bough_status
bough__input_column(struct bough__column *column, void **converted, const struct bough__gaps *gaps,
                    const struct bough_tensor_file *file, const struct bough_file_tensor *field,
                    const struct bough__input *input, const struct bough__input_names *names)
{
    enum bough_status status = BOUGH_OK;
    const int ids = bough__input_is_ids(input);
    struct bough__arena arena = {0};
    int64_t unknown = 0;
    struct source from = {.file = file,
                          .field = field,
                          .width = bough_shape_row(&field->shape),
                          .gaps = *gaps,
                          .unknown = &unknown};
    if (!ids && input->columns_count)
        return bough__table_column(column, converted, file, field, input, names);
    if (ids)
        BOUGH_TRY(bough__input_names_map(&from.map, &arena, names, 0, file, input));
    *column = (struct bough__column){
        .file = file, .tensor = field, .dtype = field->dtype, .width = from.width};
    if (!stays(field->dtype, ids) || from.map.to) {
        const size_t count = (size_t)bough_shape_elements(&field->shape);
        BOUGH_TRY_MEMORY(*converted = malloc(count * sizeof(float)));
        *column = (struct bough__column){
            .host = *converted, .dtype = ids ? BOUGH_I32 : BOUGH_F32, .width = from.width};
    }
    if (ids)
        BOUGH_TRY(read_pieces(&from, read_ids, *converted));
    else if (*converted)
        BOUGH_TRY(read_pieces(&from, convert_floats, *converted));
    else if (field->dtype == BOUGH_F32)
        BOUGH_TRY(read_pieces(&from, check_floats, NULL));
    if (unknown)
        bough__log(BOUGH_LOG_INFO, "%s: %s: %lld ids stand for words that the model does not know",
                   bough_tensor_file_path(file), field->name, (long long)unknown);
done:
    bough__arena_fini(&arena);
    return status;
}
