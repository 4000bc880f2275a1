// Element types and shapes.
#ifndef BOUGH_TENSOR_H
#define BOUGH_TENSOR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum bough_dtype {
    BOUGH_F32,
    BOUGH_F64,
    BOUGH_U8,
    BOUGH_I8,
    BOUGH_I16,
    BOUGH_I32,
    BOUGH_I64,
    BOUGH_F16,
    BOUGH_BF16,
    BOUGH_BOOL, // a byte, true unless 0
};

// Bytes of one element: 4 for BOUGH_F32.
size_t bough_dtype_size(enum bough_dtype dtype);

// Its name in safetensors: "F32".
const char *bough_dtype_name(enum bough_dtype dtype);

// Whether elements have fractions: F64, F32, F16 and BF16.
int bough_dtype_is_float(enum bough_dtype dtype);

// Element `i` of an array of that type. As an integer, a fraction is cut off; what no int64_t holds
// (NaN too) is INT64_MIN. As a number, integers beyond 2^53 lose digits; all else is exact. A BOOL
// is 0 or 1.
int64_t bough_integer_at(const void *data, enum bough_dtype dtype, int64_t i);
double bough_number_at(const void *data, enum bough_dtype dtype, int64_t i);

enum { BOUGH_MAX_RANK = 8 };

// Row-major, the last index moves fastest; images are [N, C, H, W]. Rank 0 is a single number.
struct bough_shape {
    int32_t rank;
    int64_t dim[BOUGH_MAX_RANK];
};

// Product of the dimensions; 1 for rank 0.
int64_t bough_shape_elements(const struct bough_shape *shape);

// Product of all dimensions but the first: what one sample holds. 1 below rank 2.
int64_t bough_shape_row(const struct bough_shape *shape);

// The shape of one sample, all dimensions but the first; and of so many samples, below the highest
// rank.
struct bough_shape bough_shape_sample(const struct bough_shape *samples);
struct bough_shape bough_shape_samples(const struct bough_shape *sample, int64_t count);

int bough_shape_equal(const struct bough_shape *a, const struct bough_shape *b);

// Writes "[64, 1, 28, 28]" into `text`, cut to `size`. Returns `text`.
const char *bough_shape_format(const struct bough_shape *shape, char *text, size_t size);

#ifdef __cplusplus
}
#endif

#endif
