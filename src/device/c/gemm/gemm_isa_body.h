// The inner loops of the fast GEMM, in vectors of LANES floats. Included once by each file that
// defines LANES, TILE_ROWS, PANEL_ROWS, ISA, ISA_NAME and ISA_SUPPORTED.
#include "device/c/gemm/gemm_isa.h"

#if LANES == 16
#include <immintrin.h>
#endif

#define MASKS (LANES == 16)

typedef float vector __attribute__((vector_size(4 * LANES), may_alias));
typedef float vector_unaligned __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef int32_t mask __attribute__((vector_size(4 * LANES), may_alias));
typedef int32_t mask_unaligned __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef int32_t mask4 __attribute__((vector_size(16), may_alias));
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

#include "device/c/gemm/gemm_isa_pack.h"

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

// Masked lanes reach 15 floats behind the last lane at most: whatever `split` is, one of the lanes
// is at c + 16 * j or further.
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
#include "device/c/gemm/gemm_isa_sums.h"
#else
#define all_sums NULL
#endif

static bough__c_tile_fn *const tiles[C_FORMS * TILE_ROWS][2] = {EACH_ROWS(NAMES, C_PACKED)
                                                                    EACH_ROWS(NAMES, C_ROWS)
#if MASKS
                                                                        EACH_ROWS(NAMES, C_WINDOWS)
#endif
};

static int supported(void)
{
    return ISA_SUPPORTED;
}

const struct bough__c_isa ISA = {ISA_NAME, supported, TILE_ROWS, PANEL_ROWS, LANES,
                                 MASKS,    tiles,     all_sums,  pack,       pad};
