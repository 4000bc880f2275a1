// small_product.h includes it for each number of LANES, as lanes.h does lanes_body.h.

#define PASTE_(name, lanes) name##_##lanes
#define PASTE(name, lanes)  PASTE_(name, lanes)
#define OF(name)            PASTE(name, LANES)
#define VECTOR              OF(lanes)
#define AT(pointer)         (*(const VECTOR *)(pointer))

// `rows`, a constant, of c's rows, LANES columns of them: what the vectors of b add up to, each
// times an element of a. `add`: to what stands there.
BOUGH_IN_TWIN void OF(product_tile)(float *c, const float *a, const float *b,
                                    const struct small_product *p, int64_t k, int rows, int add)
{
    VECTOR sum[8];
    for (int r = 0; r < rows; r++)
        sum[r] = add ? AT(c + r * p->c_row) : (VECTOR){0};
    for (int64_t i = 0; i < k; i++) {
        const VECTOR of_b = AT(b + i * p->b_row);
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++)
            sum[r] += a[r * p->a_row + i * p->a_col] * of_b;
    }
    for (int r = 0; r < rows; r++)
        *(VECTOR *)(c + r * p->c_row) = sum[r];
}

// LANES columns of all rows.
BOUGH_IN_TWIN void OF(product_columns)(float *c, const float *a, const float *b,
                                       const struct small_product *p, int64_t k, int add)
{
    int64_t r = 0;
    for (; r + 8 <= p->m; r += 8)
        OF(product_tile)(c + r * p->c_row, a + r * p->a_row, b, p, k, 8, add);
    if (r + 4 <= p->m) {
        OF(product_tile)(c + r * p->c_row, a + r * p->a_row, b, p, k, 4, add);
        r += 4;
    }
    for (; r < p->m; r++)
        OF(product_tile)(c + r * p->c_row, a + r * p->a_row, b, p, k, 1, add);
}

BOUGH_IN_TWIN void OF(small_product)(const struct small_product *p)
{
    for (int64_t i = 0; i < p->n; i += LANES) {
        const int64_t at = OF(begin)(i, p->n);
        OF(product_columns)(p->c + at, p->a, p->b + at, p, p->k, 0);
    }
}

// LANES rows of b are turned at a time, a stretch of each.
BOUGH_IN_TWIN void OF(small_dots)(const struct small_product *p, float factor)
{
    enum { STRETCH = 128 };
    float turned[STRETCH * LANES];
    struct small_product part = *p;
    part.b_row = LANES;
    for (int64_t i = 0; i < p->n; i += LANES) {
        const int64_t at = OF(begin)(i, p->n);
        for (int64_t k = 0; k < p->k; k += STRETCH) {
            const int64_t count = p->k - k < STRETCH ? p->k - k : STRETCH;
            const float *b = p->b + at * p->b_row + k;
            for (int64_t j = 0; j < count; j++)
                for (int l = 0; l < LANES; l++)
                    turned[j * LANES + l] = factor * b[l * p->b_row + j];
            OF(product_columns)(p->c + at, p->a + k * p->a_col, turned, &part, count, k > 0);
        }
    }
}

#undef PASTE_
#undef PASTE
#undef OF
#undef VECTOR
#undef AT
#undef LANES
