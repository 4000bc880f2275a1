#include "data/gather.h"

#include "base/error.h"
#include "cl/gather_params.h"
#include "cl/step.h"

#include <string.h>

enum { ROWS_AHEAD = 8, ASKED_BYTES = 1024, NEAR_BYTES = 256 << 10 };

// ---- The kernel ----

// The rows of one column: which ones, and how many rows ahead they are asked for (0 = not at all).
struct rows {
    const int32_t *order;
    int64_t begin, end;
    int prefetch;
};

BOUGH_IN_TWIN int64_t source_row(const struct rows *rows, int64_t row)
{
    return rows->order ? rows->order[row] : row;
}

// Rows come from anywhere: what is asked for early need not be waited for. The machine itself reads
// on where a row is long.
BOUGH_IN_TWIN void ask_ahead(const struct rows *rows, int64_t row, const char *source, int64_t size,
                             int64_t stride)
{
    if (!rows->prefetch || row + rows->prefetch >= rows->end)
        return;
    source += source_row(rows, row + rows->prefetch) * stride;
    for (int64_t i = 0; i < size && i < ASKED_BYTES; i += 64)
        __builtin_prefetch(source + i);
}

// A multiple of four bytes from 8 on, where calling memcpy takes longer than copying. The last
// piece may overlap the one before.
BOUGH_IN_TWIN void copy_bytes(char *restrict x, const char *restrict source, int64_t size)
{
    if (size >= 64) {
        for (int64_t i = 0; i + 64 < size; i += 64)
            memcpy(x + i, source + i, 64);
        memcpy(x + size - 64, source + size - 64, 64);
    } else if (size >= 16) {
        for (int64_t i = 0; i + 16 < size; i += 16)
            memcpy(x + i, source + i, 16);
        memcpy(x + size - 16, source + size - 16, 16);
    } else {
        memcpy(x, source, 8);
        memcpy(x + size - 8, source + size - 8, 8);
    }
}

BOUGH_IN_TWIN void copy_words(int32_t *restrict x, const int32_t *restrict source, int64_t stride,
                              const struct rows *rows)
{
    for (int64_t row = rows->begin; row < rows->end; row++)
        x[row] = source[source_row(rows, row) * stride];
}

// Of `size` bytes each, `stride` bytes apart in the source.
BOUGH_IN_TWIN void copy_rows(char *restrict x, const char *restrict source, int64_t size,
                             int64_t stride, const struct rows *rows)
{
    if (size == 4) {
        copy_words((int32_t *)x, (const int32_t *)source, stride / 4, rows);
        return;
    }
    for (int64_t row = rows->begin; row < rows->end; row++) {
        ask_ahead(rows, row, source, size, stride);
        copy_bytes(x + row * size, source + source_row(rows, row) * stride, size);
    }
}

BOUGH_IN_TWIN void scale_bytes(float *restrict x, const uint8_t *restrict source, int64_t count,
                               float scale, float shift)
{
    for (int64_t i = 0; i < count; i++)
        x[i] = (float)source[i] * scale + shift;
}

BOUGH_IN_TWIN void scale_floats(float *restrict x, const float *restrict source, int64_t count,
                                float scale, float shift)
{
    for (int64_t i = 0; i < count; i++)
        x[i] = source[i] * scale + shift;
}

// Where every element has a scale of its own.
BOUGH_IN_TWIN void scale_each(float *restrict x, const float *restrict source, int64_t count,
                              const float *restrict scale, const float *restrict shift)
{
    for (int64_t i = 0; i < count; i++)
        x[i] = source[i] * scale[i] + shift[i];
}

// One row of the first column, channel by channel.
BOUGH_IN_TWIN void scale_row(void *const *arg, const struct gather_params *p, int64_t from,
                             int64_t to)
{
    const float *scale = arg[2], *shift = arg[3];
    const uint8_t *bytes = (const uint8_t *)arg[4] + from * p->stride[0];
    const float *floats = (const float *)arg[4] + from * p->stride[0];
    float *x = (float *)arg[5] + to * p->width[0];
    if (p->kind == GATHER_FLOATS && p->plane == 1) {
        scale_each(x, floats, p->width[0], scale, shift);
        return;
    }
    for (int64_t c = 0, i = 0; i < p->width[0]; c++, i += p->plane)
        if (p->kind == GATHER_BYTES)
            scale_bytes(x + i, bytes + i, p->plane, scale[c], shift[c]);
        else
            scale_floats(x + i, floats + i, p->plane, scale[c], shift[c]);
}

BOUGH_IN_TWIN void scale_rows(void *const *arg, const struct gather_params *p,
                              const struct rows *rows)
{
    const int64_t bytes = p->kind == GATHER_BYTES ? 1 : 4;
    for (int64_t row = rows->begin; row < rows->end; row++) {
        ask_ahead(rows, row, arg[4], p->width[0] * bytes, p->stride[0] * bytes);
        scale_row(arg, p, source_row(rows, row), row);
    }
}

BOUGH_TWIN static void gather_rows(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct gather_params *p = params;
    const struct step_state *step = arg[1];
    const struct rows rows = {
        .order = arg[0] ? (const int32_t *)arg[0] + step->first : NULL,
        .begin = begin,
        .end = end,
        .prefetch = arg[0] ? p->prefetch : 0,
    };
    if (p->kind != GATHER_WORDS)
        scale_rows(arg, p, &rows);
    for (int c = p->kind != GATHER_WORDS; c < GATHER_COLUMNS; c++)
        if (arg[5 + 2 * c])
            copy_rows(arg[5 + 2 * c], arg[4 + 2 * c], (int64_t)p->width[c] * 4,
                      (int64_t)p->stride[c] * 4, &rows);
}

static const struct bough__kernel kernel_rows = {
    "gather_rows",         "gather",   gather_rows,
    BOUGH_GRID_SHORT_ROWS, .args = 16, .params_size = sizeof(struct gather_params)};

// Rows of which nothing is there.
BOUGH_TWIN static void blank_rows(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct blank_params *p = params;
    const float *present = arg[0];
    float *x = arg[1];
    for (int64_t row = begin; row < end; row++)
        if (present[row] == 0)
            memset(x + row * p->width, 0, (size_t)p->width * sizeof *x);
}

static const struct bough__kernel kernel_blank = {
    "blank_rows",          "gather",  blank_rows,
    BOUGH_GRID_SHORT_ROWS, .args = 2, .params_size = sizeof(struct blank_params)};

// ---- Gathering ----

static int64_t stride_of(int64_t width, int64_t stride)
{
    return stride ? stride : width;
}

static enum bough_status check(const struct bough__gather *g, int64_t channels)
{
    const char *dtype = bough_dtype_name(g->dtype);
    if (g->dtype != BOUGH_U8 && g->dtype != BOUGH_F32 && g->dtype != BOUGH_I32)
        return bough__fail(BOUGH_INVALID, "gather: rows of %s, wanted U8, F32 or I32", dtype);
    if (g->rows < 0 || g->width < 1 || g->width > INT32_MAX ||
        stride_of(g->width, g->stride) < g->width)
        return bough__fail(BOUGH_INVALID, "gather: %lld rows of %lld elements", (long long)g->rows,
                           (long long)g->width);
    if (channels < 1 || g->width % channels)
        return bough__fail(BOUGH_INVALID, "gather: rows of %lld elements in %lld channels",
                           (long long)g->width, (long long)channels);
    const int scaled = g->scale.buffer != NULL;
    if (scaled != (g->shift.buffer != NULL) || (g->dtype == BOUGH_U8 && !scaled) ||
        (g->dtype == BOUGH_I32 && scaled))
        return bough__fail(BOUGH_INVALID, "gather: %s %s scale and shift", dtype,
                           g->dtype == BOUGH_I32 ? "takes no" : "wants both or neither of");
    return BOUGH_OK;
}

static struct bough__kernel_call call_of(const struct bough__gather *g, struct gather_params *p)
{
    const int64_t channels = g->channels ? g->channels : 1;
    p->kind = !g->scale.buffer ? GATHER_WORDS : g->dtype == BOUGH_U8 ? GATHER_BYTES : GATHER_FLOATS;
    p->plane = (int)(g->width / channels);
    p->width[0] = (int)g->width;
    p->stride[0] = (int)stride_of(g->width, g->stride);
    p->prefetch = g->source.buffer && g->source.buffer->size > NEAR_BYTES ? ROWS_AHEAD : 0;
    return (struct bough__kernel_call){
        .kernel = &kernel_rows,
        .params = p,
        .count = g->rows,
        .work = g->rows * g->width,
        .bytes = g->rows * g->width * ((int64_t)bough_dtype_size(g->dtype) + 4),
        .arg = {g->order, g->step, g->scale, g->shift, g->source, g->x},
    };
}

static void take_copy(struct bough__kernel_call *call, struct gather_params *p, int column,
                      const struct bough__gather_copy *copy)
{
    const int64_t elements = call->count * copy->width;
    p->width[column] = (int)copy->width;
    p->stride[column] = (int)stride_of(copy->width, copy->stride);
    call->arg[4 + 2 * column] = copy->source;
    call->arg[5 + 2 * column] = copy->x;
    call->work += elements;
    call->bytes += elements * 8;
}

// As many columns as a launch takes, and then the others likewise.
static enum bough_status write_columns(struct bough__sequence *out,
                                       const struct bough__gather *gather)
{
    enum bough_status status = check(gather, gather->channels ? gather->channels : 1);
    if (status != BOUGH_OK)
        return status;
    struct gather_params params = {0};
    struct bough__kernel_call call = call_of(gather, &params);
    int done = 0;
    for (int column = 1; done < gather->copies && column < GATHER_COLUMNS; column++)
        take_copy(&call, &params, column, &gather->copy[done++]);
    status = bough__sequence_kernel(out, &call);
    if (status != BOUGH_OK || done == gather->copies)
        return status;
    struct bough__gather rest = {.source = gather->copy[done].source,
                                 .dtype = BOUGH_I32,
                                 .rows = gather->rows,
                                 .width = gather->copy[done].width,
                                 .stride = gather->copy[done].stride,
                                 .order = gather->order,
                                 .step = gather->step,
                                 .x = gather->copy[done].x,
                                 .copy = gather->copy + done + 1,
                                 .copies = gather->copies - done - 1};
    return write_columns(out, &rest);
}

enum bough_status bough__gather_write(struct bough__sequence *out,
                                      const struct bough__gather *gather)
{
    const enum bough_status status = write_columns(out, gather);
    if (status != BOUGH_OK || !gather->present.buffer)
        return status;
    const struct blank_params params = {(int)gather->width};
    const struct bough__kernel_call call = {.kernel = &kernel_blank,
                                            .params = &params,
                                            .count = gather->rows,
                                            .work = gather->rows * gather->width,
                                            .bytes = gather->rows * 4,
                                            .arg = {gather->present, gather->x}};
    return bough__sequence_kernel(out, &call);
}

void bough__gather_normalize(float *scale, float *shift, size_t channels, enum bough_dtype dtype,
                             const float *mean, const float *std, size_t given)
{
    const double unit = dtype == BOUGH_U8 ? 255.0 : 1.0;
    for (size_t c = 0; c < channels; c++) {
        const size_t i = given > 1 ? c : 0;
        const double m = mean ? (double)mean[i] : 0.0, s = std ? (double)std[i] : 1.0;
        scale[c] = (float)(1.0 / (unit * s));
        shift[c] = (float)(-m / s);
    }
}
