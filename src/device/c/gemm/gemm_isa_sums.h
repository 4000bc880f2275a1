// The micro-kernel of C_SUMS: vectors along k, whose lanes are added at the end. A part of
// gemm_isa_body.h, which defines the vectors; for vectors of 16.

typedef vector grid[C_SUMS_SIDE][C_SUMS_SIDE];

INLINE vector load_lanes(const float *from, int64_t lanes)
{
    if (lanes == 16)
        return *(const vector_unaligned *)from;
    return (vector)_mm512_maskz_loadu_ps((__mmask16)((1u << lanes) - 1), from);
}

INLINE void sum_stretches(int rows, int cols, int64_t lanes, const struct bough__c_tile *t,
                          const struct bough__c_stretch *s, const struct bough__c_stretch *end,
                          grid sum)
{
    const float *row[C_SUMS_SIDE], *col[C_SUMS_SIDE];
    EACH (i, rows)
        row[i] = t->a + t->row[i];
    EACH (j, cols)
        col[j] = t->b + j * t->b_step;
    for (; s < end; s++) {
        const int64_t a = s->a, b = s->b;
        vector y[C_SUMS_SIDE];
        EACH (j, cols)
            y[j] = load_lanes(col[j] + b, lanes);
        EACH (i, rows) {
            const vector x = load_lanes(row[i] + a, lanes);
            EACH (j, cols)
                sum[i][j] += x * y[j];
        }
    }
}

// The sums of the lanes of each.
INLINE float4 sums_of_four(vector p, vector q, vector r, vector s)
{
#define LOW(p, q)   SHUFFLE(p, q, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
#define HIGH(p, q)  SHUFFLE(p, q, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)
#define FIRST(p, q) SHUFFLE(p, q, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29)
#define LAST(p, q)  SHUFFLE(p, q, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31)
    const vector two = LOW(p, q) + HIGH(p, q), more = LOW(r, s) + HIGH(r, s);
    const vector four = FIRST(two, more) + LAST(two, more);
#undef LOW
#undef HIGH
#undef FIRST
#undef LAST
    const float8 half = SHUFFLE(four, four, 0, 1, 2, 3, 4, 5, 6, 7) +
                        SHUFFLE(four, four, 8, 9, 10, 11, 12, 13, 14, 15);
    return SHUFFLE(half, half, 0, 1, 2, 3) + SHUFFLE(half, half, 4, 5, 6, 7);
}

INLINE float4 load_four(const float *from, int count)
{
    return (float4)_mm_maskz_loadu_ps((__mmask8)((1 << count) - 1), from);
}

INLINE float4 relu4(float4 x)
{
    return (float4)((mask4)x & ~(x < 0)); // NaN stays NaN
}

// The first four columns of each row.
INLINE void store_rows(int rows, int cols, const struct bough__c_tile *t, grid sum)
{
    float4 row[C_SUMS_SIDE];
    EACH (i, rows)
        row[i] = sums_of_four(sum[i][0], sum[i][cols > 1 ? 1 : 0], sum[i][cols > 2 ? 2 : 0],
                              sum[i][cols > 3 ? 3 : 0]);
    if (t->add)
        EACH (i, rows)
            row[i] += load_four(t->c + i * t->ldc, cols);
    if (t->row_bias)
        EACH (i, rows)
            row[i] += t->row_bias[i];
    if (t->lane_bias)
        EACH (i, rows)
            row[i] += load_four(t->lane_bias, cols);
    if (t->relu)
        EACH (i, rows)
            row[i] = relu4(row[i]);
    EACH (i, rows)
        _mm_mask_storeu_ps(t->c + i * t->ldc, (__mmask8)((1 << cols) - 1), (__m128)row[i]);
}

// Rows first..first+rows-1 of the fifth column, at most four.
INLINE void store_fifth(int first, int rows, const struct bough__c_tile *t, grid sum)
{
    float *c = t->c + first * t->ldc + 4;
    const int64_t ldc = t->ldc;
    float4 x = sums_of_four(sum[first][4], sum[first + (rows > 1 ? 1 : 0)][4],
                            sum[first + (rows > 2 ? 2 : 0)][4], sum[first + (rows > 3 ? 3 : 0)][4]);
    if (t->add)
        EACH (i, rows)
            x[i] += c[i * ldc];
    if (t->row_bias)
        x += load_four(t->row_bias + first, rows);
    if (t->lane_bias)
        x += t->lane_bias[4];
    if (t->relu)
        x = relu4(x);
    EACH (i, rows)
        c[i * ldc] = x[i];
}

INLINE void sums_tile(int rows, int cols, const struct bough__c_tile *t)
{
    grid sum;
    EACH (i, rows)
        EACH (j, cols)
            sum[i][j] = (vector){0};
    const struct bough__c_stretch *rest = t->stretch + t->full;
    sum_stretches(rows, cols, 16, t, t->stretch, rest, sum);
    if (t->rest)
        sum_stretches(rows, cols, t->rest, t, rest, rest + (t->k - 16 * t->full) / t->rest, sum);
    store_rows(rows, cols < 4 ? cols : 4, t, sum);
    if (cols < 5)
        return;
    store_fifth(0, rows < 4 ? rows : 4, t, sum);
    if (rows == 5)
        store_fifth(4, 1, t, sum);
}

#define SUMS(rows, cols)                                                                           \
    static void sums_##rows##_##cols(const struct bough__c_tile *t)                                \
    {                                                                                              \
        sums_tile(rows, cols, t);                                                                  \
    }
#define EACH_SUMS(X, rows) X(rows, 1) X(rows, 2) X(rows, 3) X(rows, 4) X(rows, 5)
EACH_SUMS(SUMS, 1)
EACH_SUMS(SUMS, 2)
EACH_SUMS(SUMS, 3)
EACH_SUMS(SUMS, 4)
EACH_SUMS(SUMS, 5)
#define SUMS_NAME(rows, cols) sums_##rows##_##cols,
static bough__c_tile_fn *const all_sums[C_SUMS_SIDE][C_SUMS_SIDE] = {
    {EACH_SUMS(SUMS_NAME, 1)}, {EACH_SUMS(SUMS_NAME, 2)}, {EACH_SUMS(SUMS_NAME, 3)},
    {EACH_SUMS(SUMS_NAME, 4)}, {EACH_SUMS(SUMS_NAME, 5)},
};
