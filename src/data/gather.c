#include "data/gather.h"

#include "base/error.h"
#include "cl/gather_params.h"
#include "cl/step.h"

#include <string.h>

// ---- Kernels ----

// Those of items at..end-1 that lie in one channel of one row.
struct stretch {
    int64_t from; // in the source
    int64_t channel, length;
};

static struct stretch stretch_at(void *const *arg, const struct gather_params *p, int64_t at,
                                 int64_t end)
{
    const int32_t *order = arg[1];
    const struct step_state *step = arg[2];
    const int64_t n = at / p->width, i = at % p->width;
    const int64_t row = order ? order[step->first + n] : n;
    const int64_t left = p->plane - i % p->plane;
    return (struct stretch){row * p->width + i, i / p->plane, left < end - at ? left : end - at};
}

static void gather_u8(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const float *scales = arg[3], *shifts = arg[4];
    for (int64_t at = begin; at < end;) {
        const struct stretch s = stretch_at(arg, params, at, end);
        const float scale = scales[s.channel], shift = shifts[s.channel];
        const uint8_t *restrict source = (const uint8_t *)arg[0] + s.from;
        float *restrict x = (float *)arg[5] + at;
        for (int64_t i = 0; i < s.length; i++)
            x[i] = (float)source[i] * scale + shift;
        at += s.length;
    }
}

static void gather_f32(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const float *scales = arg[3], *shifts = arg[4];
    for (int64_t at = begin; at < end;) {
        const struct stretch s = stretch_at(arg, params, at, end);
        const float scale = scales[s.channel], shift = shifts[s.channel];
        const float *restrict source = (const float *)arg[0] + s.from;
        float *restrict x = (float *)arg[5] + at;
        for (int64_t i = 0; i < s.length; i++)
            x[i] = source[i] * scale + shift;
        at += s.length;
    }
}

static void gather_words(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    for (int64_t at = begin; at < end;) {
        const struct stretch s = stretch_at(arg, params, at, end);
        memcpy((uint32_t *)arg[3] + at, (const uint32_t *)arg[0] + s.from, (size_t)s.length * 4);
        at += s.length;
    }
}

static const struct bough__kernel kernel_u8 = {
    "gather_u8",      "gather",  gather_u8,
    BOUGH_GRID_ITEMS, .args = 6, .params_size = sizeof(struct gather_params)};
static const struct bough__kernel kernel_f32 = {
    "gather_f32",     "gather",  gather_f32,
    BOUGH_GRID_ITEMS, .args = 6, .params_size = sizeof(struct gather_params)};
static const struct bough__kernel kernel_words = {
    "gather_words",   "gather",  gather_words,
    BOUGH_GRID_ITEMS, .args = 4, .params_size = sizeof(struct gather_params)};

// ---- Gathering ----

static enum bough_status check(const struct bough__gather *g, int64_t channels)
{
    const char *dtype = bough_dtype_name(g->dtype);
    if (g->dtype != BOUGH_U8 && g->dtype != BOUGH_F32 && g->dtype != BOUGH_I32)
        return bough__fail(BOUGH_INVALID, "gather: rows of %s, wanted U8, F32 or I32", dtype);
    if (g->rows < 0 || g->width < 1 || g->width > INT32_MAX)
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

enum bough_status bough__gather_write(struct bough__sequence *out,
                                      const struct bough__gather *gather)
{
    const int64_t channels = gather->channels ? gather->channels : 1;
    enum bough_status status = check(gather, channels);
    if (status != BOUGH_OK)
        return status;
    struct bough__kernel_call call = {
        .kernel = gather->dtype == BOUGH_U8 ? &kernel_u8 : &kernel_f32,
        .params = &(struct gather_params){(int)gather->width, (int)(gather->width / channels)},
        .count = gather->rows * gather->width,
        .arg = {gather->source, gather->order, gather->step, gather->scale, gather->shift,
                gather->x},
    };
    if (!gather->scale.buffer) {
        call.kernel = &kernel_words;
        call.arg[3] = gather->x;
    }
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
