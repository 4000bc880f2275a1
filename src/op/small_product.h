// Products of matrices that lie in the caches, in C twins. A file that includes it may fuse
// products and sums: see CMakeLists.txt.
#ifndef BOUGH_OP_SMALL_PRODUCT_H
#define BOUGH_OP_SMALL_PRODUCT_H

#include "op/lanes.h"

// c [m, n] = a [m, k] times b, rows of c `c_row` floats apart, element (r, i) of a at r * a_row + i
// * a_col. Elements of a row of b, and of c, stand side by side.
struct small_product {
    float *c;
    const float *a, *b;
    int64_t c_row, a_row, a_col, b_row;
    int64_t m, n, k;
};

#define LANES 16
#include "op/small_product_body.h"
#define LANES 8
#include "op/small_product_body.h"
#define LANES 4
#include "op/small_product_body.h"
#define LANES 1
#include "op/small_product_body.h"

// b [k, n].
BOUGH_IN_TWIN void small_product(const struct small_product *p)
{
    BOUGH_BY_LANES(p->n, small_product, p);
}

// `factor` times a times the transpose of b [n, k].
BOUGH_IN_TWIN void small_dots(const struct small_product *p, float factor)
{
    BOUGH_BY_LANES(p->n, small_dots, p, factor);
}

#endif
