// The inner loops of the fast GEMM, in vectors of LANES floats. Included once by each file that
// defines LANES, TILE_ROWS, ISA and ISA_SUPPORTED.
#include "device/c/gemm_isa.h"

#include <string.h>
#if LANES == 16
#include <immintrin.h>
#endif

#define MASKS (LANES == 16)

typedef float vector __attribute__((vector_size(4 * LANES), may_alias));
typedef float vector_unaligned __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef int32_t mask __attribute__((vector_size(4 * LANES), may_alias));
typedef int32_t mask_unaligned __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef float float4 __attribute__((vector_size(16), aligned(4), may_alias));
typedef float float8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef float float16 __attribute__((vector_size(64), aligned(4), may_alias));

#define INLINE static inline __attribute__((always_inline))
// The accumulators are registers only if these loops vanish early; clang does that by itself, and
// too late when told to.
#ifdef __clang__
#define UNROLL
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif
#define SHUFFLE        __builtin_shufflevector
#define EACH(i, count) UNROLL for (int i = 0; i < (count); i++)

// ---- The micro-kernel ----

typedef vector sums[TILE_ROWS][2];

INLINE void clear(int rows, int vectors, sums sum)
{
    EACH (i, rows)
        EACH (j, vectors)
            sum[i][j] = (vector){0};
}

INLINE void sum_packed(int rows, int vectors, const struct bough__c_tile *t, sums sum)
{
    const float *a = t->a, *b = t->b;
    const int64_t a_step = t->a_step, b_step = t->b_step;
    int64_t k = t->k;
    if (rows * vectors <= 4) { // two of each, or one multiplication would wait for the one before
        sums odd;
        clear(rows, vectors, odd);
        for (; k > 1; k -= 2, a += 2 * a_step, b += 2 * b_step) {
            EACH (j, vectors) {
                const vector even_b = *(const vector_unaligned *)(b + j * LANES);
                const vector odd_b = *(const vector_unaligned *)(b + b_step + j * LANES);
                EACH (i, rows) {
                    sum[i][j] += a[i] * even_b;
                    odd[i][j] += a[i + a_step] * odd_b;
                }
            }
        }
        EACH (i, rows)
            EACH (j, vectors)
                sum[i][j] += odd[i][j];
    }
    for (; k > 0; k--, a += a_step, b += b_step) {
        vector y[2];
        EACH (j, vectors)
            y[j] = *(const vector_unaligned *)(b + j * LANES);
        EACH (i, rows)
            EACH (j, vectors)
                sum[i][j] += a[i] * y[j];
    }
}

INLINE void sum_rows(int rows, int vectors, const struct bough__c_tile *t, sums sum)
{
    const float *row[TILE_ROWS], *b = t->b;
    const int64_t a_step = t->a_step, b_step = t->b_step, count = t->run_k;
    EACH (i, rows)
        row[i] = t->a + t->row[i];
    for (int64_t r = 0; r < t->runs; r++) {
        int64_t at = t->run[r];
        for (int64_t k = count; k > 0; k--, at += a_step, b += b_step) {
            vector y[2];
            EACH (j, vectors)
                y[j] = *(const vector_unaligned *)(b + j * LANES);
            EACH (i, rows)
                EACH (j, vectors)
                    sum[i][j] += row[i][at] * y[j];
        }
    }
}

#if MASKS
INLINE void sum_windows(int rows, int vectors, const struct bough__c_tile *t, sums sum)
{
    const float *a = t->a, *from[2], *other[2];
    const int64_t a_step = t->a_step, count = t->k, *const steps = t->step;
    mask far[2]; // not a mask register: gcc would load it again and again
    EACH (j, vectors) {
        from[j] = t->b + t->pair[j].from;
        other[j] = t->b + t->pair[j].other;
        far[j] = (mask)_mm512_maskz_set1_epi32((__mmask16)t->pair[j].mask, -1);
    }
    for (int64_t k = 0; k < count; k++, a += a_step) {
        const int64_t step = steps[k];
        vector y[2];
        EACH (j, vectors) {
            const mask near_bits = *(const mask_unaligned *)(from[j] + step);
            const mask far_bits = *(const mask_unaligned *)(other[j] + step);
            y[j] = (vector)((near_bits & ~far[j]) | (far_bits & far[j]));
        }
        EACH (i, rows)
            EACH (j, vectors)
                sum[i][j] += a[i] * y[j];
    }
}

// The lanes of vector `j` that lie in first..end-1.
INLINE __mmask16 lanes_of(int first, int end, int j)
{
    return (__mmask16)(((UINT64_C(1) << end) - (UINT64_C(1) << first)) >> (j * LANES));
}

INLINE void add_parts(int rows, int vectors, const struct bough__c_tile *t, sums sum)
{
    EACH (j, vectors) {
        const __mmask16 near = lanes_of(0, t->split, j), far = lanes_of(t->split, t->lanes, j);
        EACH (i, rows) {
            const float *c = t->c + i * t->ldc + j * LANES;
            sum[i][j] +=
                (vector)_mm512_mask_loadu_ps(_mm512_maskz_loadu_ps(near, c), far, c + t->jump);
        }
    }
}

INLINE void store_parts(int rows, int vectors, const struct bough__c_tile *t, sums sum)
{
    EACH (j, vectors) {
        const __mmask16 near = lanes_of(0, t->split, j), far = lanes_of(t->split, t->lanes, j);
        EACH (i, rows) {
            float *c = t->c + i * t->ldc + j * LANES;
            _mm512_mask_storeu_ps(c, near, (__m512)sum[i][j]);
            if (far)
                _mm512_mask_storeu_ps(c + t->jump, far, (__m512)sum[i][j]);
        }
    }
}
#else
#define add_parts   add_whole
#define store_parts store_whole
#endif

INLINE void add_whole(int rows, int vectors, const struct bough__c_tile *t, sums sum)
{
    EACH (i, rows)
        EACH (j, vectors)
            sum[i][j] += *(const vector_unaligned *)(t->c + i * t->ldc + j * LANES);
}

INLINE void store_whole(int rows, int vectors, const struct bough__c_tile *t, sums sum)
{
    float *c = t->c;
    const int64_t ldc = t->ldc;
    EACH (i, rows)
        EACH (j, vectors)
            *(vector_unaligned *)(c + i * ldc + j * LANES) = sum[i][j];
}

#if MASKS
// The sums of the lanes of rows i..i+3; rows that are not there count as the last.
INLINE float4 sums_of_four(sums sum, int rows, int i, int j)
{
    vector x[4];
    EACH (r, 4)
        x[r] = sum[i + r < rows ? i + r : rows - 1][j];
#define LOW(p, q)   SHUFFLE(p, q, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
#define HIGH(p, q)  SHUFFLE(p, q, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)
#define FIRST(p, q) SHUFFLE(p, q, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29)
#define LAST(p, q)  SHUFFLE(p, q, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31)
    const vector two = LOW(x[0], x[1]) + HIGH(x[0], x[1]),
                 more = LOW(x[2], x[3]) + HIGH(x[2], x[3]);
    const vector four = FIRST(two, more) + LAST(two, more);
#undef LOW
#undef HIGH
#undef FIRST
#undef LAST
    const float8 half = SHUFFLE(four, four, 0, 1, 2, 3, 4, 5, 6, 7) +
                        SHUFFLE(four, four, 8, 9, 10, 11, 12, 13, 14, 15);
    return SHUFFLE(half, half, 0, 1, 2, 3) + SHUFFLE(half, half, 4, 5, 6, 7);
}

INLINE void store_dot(const struct bough__c_tile *t, int i, int j, float value)
{
    float *c = t->c + i * t->ldc + j;
    if (t->add)
        value += *c;
    if (t->row_bias)
        value += t->row_bias[i];
    if (t->lane_bias)
        value += t->lane_bias[j];
    *c = t->relu && value < 0 ? 0 : value;
}

// Vectors along k; each is summed at the end.
INLINE void dots(int rows, int cols, const struct bough__c_tile *t)
{
    sums sum;
    const float *row[TILE_ROWS];
    clear(rows, cols, sum);
    EACH (i, rows)
        row[i] = t->a + t->row[i];
    for (int64_t k = 0; k < t->k; k += 16) {
        const __mmask16 mask = (__mmask16)(t->k - k < 16 ? (1u << (t->k - k)) - 1 : 0xffffu);
        vector y[2];
        EACH (j, cols)
            y[j] = (vector)_mm512_maskz_loadu_ps(mask, t->b + j * t->b_step + k);
        EACH (i, rows)
            EACH (j, cols)
                sum[i][j] += (vector)_mm512_maskz_loadu_ps(mask, row[i] + k) * y[j];
    }
    EACH (j, cols) {
        _Alignas(16) float value[C_MAX_ROWS];
        for (int i = 0; i < C_MAX_ROWS; i += 4) {
            if (i < rows)
                *(float4 *)(value + i) = sums_of_four(sum, rows, i, j);
        }
        for (int i = 0; i < rows; i++)
            store_dot(t, i, j, value[i]);
    }
}
#endif

INLINE void tile(enum bough__c_form form, int rows, int vectors, const struct bough__c_tile *t)
{
    sums sum;
    if (t->k >= 64) // else the stores would wait for memory
        EACH (i, rows)
            EACH (j, vectors)
                __builtin_prefetch(t->c + i * t->ldc + j * LANES, 1);
    const int whole = !MASKS || t->split == vectors * LANES;
    clear(rows, vectors, sum);
    if (form == C_ROWS)
        sum_rows(rows, vectors, t, sum);
#if MASKS
    else if (form == C_WINDOWS)
        sum_windows(rows, vectors, t, sum);
#endif
    else
        sum_packed(rows, vectors, t, sum);
    if (t->add && whole)
        add_whole(rows, vectors, t, sum);
    else if (t->add)
        add_parts(rows, vectors, t, sum);
    if (t->row_bias)
        EACH (i, rows)
            EACH (j, vectors)
                sum[i][j] += t->row_bias[i];
    if (t->lane_bias)
        EACH (i, rows)
            EACH (j, vectors)
                sum[i][j] += *(const vector_unaligned *)(t->lane_bias + j * LANES);
    if (t->relu)
        EACH (i, rows)
            EACH (j, vectors)
                sum[i][j] = (vector)((mask)sum[i][j] & ~(sum[i][j] < 0)); // NaN stays NaN
    if (whole)
        store_whole(rows, vectors, t, sum);
    else
        store_parts(rows, vectors, t, sum);
}

#if TILE_ROWS == 14
#define EACH_ROWS(X, form)                                                                         \
    X(form, 1)                                                                                     \
    X(form, 2)                                                                                     \
    X(form, 3)                                                                                     \
    X(form, 4)                                                                                     \
    X(form, 5)                                                                                     \
    X(form, 6)                                                                                     \
    X(form, 7)                                                                                     \
    X(form, 8)                                                                                     \
    X(form, 9)                                                                                     \
    X(form, 10)                                                                                    \
    X(form, 11)                                                                                    \
    X(form, 12)                                                                                    \
    X(form, 13)                                                                                    \
    X(form, 14)
#else
#define EACH_ROWS(X, form) X(form, 1) X(form, 2) X(form, 3) X(form, 4) X(form, 5) X(form, 6)
#endif

#define TILES(form, rows)                                                                          \
    static void tile_##form##_##rows##_1(const struct bough__c_tile *t)                            \
    {                                                                                              \
        tile(form, rows, 1, t);                                                                    \
    }                                                                                              \
    static void tile_##form##_##rows##_2(const struct bough__c_tile *t)                            \
    {                                                                                              \
        tile(form, rows, 2, t);                                                                    \
    }
#define NAMES(form, rows) {tile_##form##_##rows##_1, tile_##form##_##rows##_2},
EACH_ROWS(TILES, C_PACKED)
EACH_ROWS(TILES, C_ROWS)
#if MASKS
EACH_ROWS(TILES, C_WINDOWS)
#undef TILES
#define TILES(form, rows)                                                                          \
    static void tile_##form##_##rows##_1(const struct bough__c_tile *t)                            \
    {                                                                                              \
        dots(rows, 1, t);                                                                          \
    }                                                                                              \
    static void tile_##form##_##rows##_2(const struct bough__c_tile *t)                            \
    {                                                                                              \
        dots(rows, 2, t);                                                                          \
    }
EACH_ROWS(TILES, C_DOTS)
#endif

static bough__c_tile_fn *const tiles[C_FORMS * TILE_ROWS][2] = {
    EACH_ROWS(NAMES, C_PACKED) EACH_ROWS(NAMES, C_ROWS)
#if MASKS
        EACH_ROWS(NAMES, C_WINDOWS) EACH_ROWS(NAMES, C_DOTS)
#endif
};

// ---- Packing lanes that follow one another ----

struct chunk {
    int64_t from; // of the first lane
    int lane;
};

// Cuts the lanes into chunks that are contiguous and no longer than `longest`.
static int find_chunks(struct chunk *chunk, const int64_t *lane, int width, int longest)
{
    int count = 0;
    for (int l = 0; l < width; l++) {
        int new = l == 0 || lane[l] != lane[l - 1] + 1 || l - chunk[count - 1].lane == longest;
        if (new)
            chunk[count++] = (struct chunk){lane[l], l};
    }
    return count;
}

INLINE void move(float *to, const float *from, int floats)
{
    if (floats == 16)
        *(float16 *)to = *(const float16 *)from;
    else if (floats == 8)
        *(float8 *)to = *(const float8 *)from;
    else
        *(float4 *)to = *(const float4 *)from;
}

// A chunk is moved as a whole vector: what it writes too much is written again by the next chunk,
// or by the next row.
INLINE void pack_chunks(float *out, int width, int floats, const float *data,
                        const struct chunk *chunk, int chunks, const struct bough__c_steps *s)
{
    struct chunk own[C_MAX_LANES];
    memcpy(own, chunk, (size_t)chunks * sizeof *chunk);
    for (int64_t k = 0; k < s->count; k++, out += width) {
        const float *from = data + s->step[k];
        EACH (i, chunks)
            move(out + own[i].lane, from + own[i].from, floats);
    }
}

INLINE void pack_by_chunks(float *out, int width, int floats, const float *data,
                           const struct chunk *chunk, int chunks, const struct bough__c_steps *s)
{
    switch (chunks) {
    case 1:
        pack_chunks(out, width, floats, data, chunk, 1, s);
        break;
    case 2:
        pack_chunks(out, width, floats, data, chunk, 2, s);
        break;
    case 3:
        pack_chunks(out, width, floats, data, chunk, 3, s);
        break;
    case 4:
        pack_chunks(out, width, floats, data, chunk, 4, s);
        break;
    default:
        pack_chunks(out, width, floats, data, chunk, chunks, s);
    }
}

// ---- Packing steps that follow one another: transposing ----

INLINE float4 four(const float *from)
{
    return *(const float4 *)from;
}

// Four steps of 4 lanes.
INLINE void transpose4(float *out, int width, const float *data, const int64_t *lane)
{
    float4 x[4];
    EACH (i, 4)
        x[i] = four(data + lane[i]);
    float4 a = SHUFFLE(x[0], x[1], 0, 4, 1, 5), b = SHUFFLE(x[0], x[1], 2, 6, 3, 7);
    float4 c = SHUFFLE(x[2], x[3], 0, 4, 1, 5), d = SHUFFLE(x[2], x[3], 2, 6, 3, 7);
    *(float4 *)out = SHUFFLE(a, c, 0, 1, 4, 5);
    *(float4 *)(out + width) = SHUFFLE(a, c, 2, 3, 6, 7);
    *(float4 *)(out + 2 * width) = SHUFFLE(b, d, 0, 1, 4, 5);
    *(float4 *)(out + 3 * width) = SHUFFLE(b, d, 2, 3, 6, 7);
}

#if LANES >= 8
// Of 8 lanes: x[i] holds lanes i and 4 + i, so that two transposes are done at once.
INLINE void transpose8(float *out, int width, const float *data, const int64_t *lane)
{
    float8 x[4];
#define JOIN8(p, q) SHUFFLE(p, q, 0, 1, 2, 3, 4, 5, 6, 7)
    EACH (i, 4)
        x[i] = JOIN8(four(data + lane[i]), four(data + lane[4 + i]));
#define LOW(p, q)  SHUFFLE(p, q, 0, 8, 1, 9, 4, 12, 5, 13)
#define HIGH(p, q) SHUFFLE(p, q, 2, 10, 3, 11, 6, 14, 7, 15)
#define EVEN(p, q) SHUFFLE(p, q, 0, 1, 8, 9, 4, 5, 12, 13)
#define ODD(p, q)  SHUFFLE(p, q, 2, 3, 10, 11, 6, 7, 14, 15)
    float8 a = LOW(x[0], x[1]), b = HIGH(x[0], x[1]), c = LOW(x[2], x[3]), d = HIGH(x[2], x[3]);
    *(float8 *)out = EVEN(a, c);
    *(float8 *)(out + width) = ODD(a, c);
    *(float8 *)(out + 2 * width) = EVEN(b, d);
    *(float8 *)(out + 3 * width) = ODD(b, d);
#undef LOW
#undef HIGH
#undef EVEN
#undef ODD
}
#endif

#if LANES >= 16
// Of 16 lanes: four transposes at once.
INLINE void transpose16(float *out, int width, const float *data, const int64_t *lane)
{
    float16 x[4];
    EACH (i, 4)
        x[i] = SHUFFLE(JOIN8(four(data + lane[i]), four(data + lane[4 + i])),
                       JOIN8(four(data + lane[8 + i]), four(data + lane[12 + i])), //
                       0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
#define LOW(p, q)  SHUFFLE(p, q, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
#define HIGH(p, q) SHUFFLE(p, q, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)
#define EVEN(p, q) SHUFFLE(p, q, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29)
#define ODD(p, q)  SHUFFLE(p, q, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31)
    float16 a = LOW(x[0], x[1]), b = HIGH(x[0], x[1]), c = LOW(x[2], x[3]), d = HIGH(x[2], x[3]);
    *(float16 *)out = EVEN(a, c);
    *(float16 *)(out + width) = ODD(a, c);
    *(float16 *)(out + 2 * width) = EVEN(b, d);
    *(float16 *)(out + 3 * width) = ODD(b, d);
#undef LOW
#undef HIGH
#undef EVEN
#undef ODD
}
#endif

// A short group writes rows too many; the next group writes them again.
INLINE void pack_by_groups(float *out, int width, int lanes, const float *data, const int64_t *lane,
                           const struct bough__c_steps *s)
{
    for (int64_t g = 0; g < s->groups; g++) {
        int64_t k = s->group[g];
        for (int l = 0; l < width; l += lanes) {
            float *to = out + k * width + l;
            const float *from = data + s->step[k];
#if LANES >= 16
            if (lanes == 16) {
                transpose16(to, width, from, lane + l);
                continue;
            }
#endif
#if LANES >= 8
            transpose8(to, width, from, lane + l);
#else
            transpose4(to, width, from, lane + l);
#endif
        }
    }
}

// `width` is a constant in each call, so that all loops over it unfold.
INLINE void pack_width(float *out, int width, const float *data, const int64_t *lane,
                       const struct bough__c_steps *s)
{
    const int longest = width < 16 ? width : 16, lanes = LANES < width ? LANES : width;
    struct chunk chunk[C_MAX_LANES];
    int chunks = find_chunks(chunk, lane, width, longest);
    // About the cycles of each way.
    if (2 * chunks * s->count <= width * s->groups)
        pack_by_chunks(out, width, longest, data, chunk, chunks, s);
    else
        pack_by_groups(out, width, lanes, data, lane, s);
}

static void pack(float *out, int width, const float *data, const int64_t *lane,
                 const struct bough__c_steps *s)
{
    if (width == 2 * LANES)
        pack_width(out, 2 * LANES, data, lane, s);
    else if (width == LANES)
        pack_width(out, LANES, data, lane, s);
    else
        pack_width(out, PANEL_ROWS, data, lane, s);
}

// ---- Padding an image ----

#if MASKS
static void pad(float *out, int64_t rows, int64_t before, int64_t count, int64_t after,
                const float *data, int64_t stride)
{
    const int64_t width = before + count + after;
    for (; rows > 0; rows--, data += stride, out += width) {
        __builtin_prefetch(data + 1024); // of the next channels
        for (int64_t at = 0; at < width; at += 16) {
            const int64_t first = before > at ? before - at : 0, end = before + count - at;
            const __mmask16 mask =
                (__mmask16)(first < 16 && end > first
                                ? (0xffffu << first) & ((1u << (end < 16 ? end : 16)) - 1)
                                : 0);
            _mm512_storeu_ps(out + at, _mm512_maskz_loadu_ps(mask, data - before + at));
        }
    }
}
#else
INLINE void zeros(float *out, int64_t count)
{
    for (int64_t i = 0; i < count; i += 16)
        *(float16 *)(out + i) = (float16){0};
}

static void pad(float *out, int64_t rows, int64_t before, int64_t count, int64_t after,
                const float *data, int64_t stride)
{
    for (; rows > 0; rows--, data += stride) {
        zeros(out, before);
        out += before;
        for (int64_t i = 0; i < count; i += 16)
            *(float16 *)(out + i) = *(const float16 *)(data + i);
        out += count;
        zeros(out, after);
        out += after;
    }
}
#endif

static int supported(void)
{
    return ISA_SUPPORTED;
}

const struct bough__c_isa ISA = {supported, TILE_ROWS, PANEL_ROWS, LANES, MASKS, tiles, pack, pad};
