#include <bough/tensor.h>

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    size_t size;
} dtypes[] = {
    [BOUGH_F32] = {"F32", 4},   [BOUGH_F64] = {"F64", 8}, [BOUGH_U8] = {"U8", 1},
    [BOUGH_I8] = {"I8", 1},     [BOUGH_I16] = {"I16", 2}, [BOUGH_I32] = {"I32", 4},
    [BOUGH_I64] = {"I64", 8},   [BOUGH_F16] = {"F16", 2}, [BOUGH_BF16] = {"BF16", 2},
    [BOUGH_BOOL] = {"BOOL", 1},
};

size_t bough_dtype_size(enum bough_dtype dtype)
{
    return dtypes[dtype].size;
}

const char *bough_dtype_name(enum bough_dtype dtype)
{
    return dtypes[dtype].name;
}

int bough_dtype_is_float(enum bough_dtype dtype)
{
    return dtype == BOUGH_F32 || dtype == BOUGH_F64 || dtype == BOUGH_F16 || dtype == BOUGH_BF16;
}

static double float_of(uint32_t bits)
{
    float number;
    memcpy(&number, &bits, sizeof number);
    return (double)number;
}

// IEEE 754's binary16: 1 bit sign, 5 bits exponent, 10 bits fraction.
static double half_of(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    const uint32_t exponent = half >> 10 & 31, fraction = half & 1023;
    if (exponent == 0) // zero and subnormal: units of 2^-24
        return (sign ? -0x1p-24 : 0x1p-24) * fraction;
    return float_of(sign | (exponent == 31 ? 255 : exponent + 112) << 23 | fraction << 13);
}

static int64_t cut(double number)
{
    return number >= -9.2e18 && number <= 9.2e18 ? (int64_t)number : INT64_MIN;
}

int64_t bough_integer_at(const void *data, enum bough_dtype dtype, int64_t i)
{
    switch (dtype) {
    case BOUGH_U8:
        return ((const uint8_t *)data)[i];
    case BOUGH_BOOL:
        return ((const uint8_t *)data)[i] != 0;
    case BOUGH_I8:
        return ((const int8_t *)data)[i];
    case BOUGH_I16:
        return ((const int16_t *)data)[i];
    case BOUGH_I32:
        return ((const int32_t *)data)[i];
    case BOUGH_I64:
        return ((const int64_t *)data)[i];
    default:
        return cut(bough_number_at(data, dtype, i));
    }
}

double bough_number_at(const void *data, enum bough_dtype dtype, int64_t i)
{
    switch (dtype) {
    case BOUGH_F32:
        return (double)((const float *)data)[i];
    case BOUGH_F64:
        return ((const double *)data)[i];
    case BOUGH_F16:
        return half_of(((const uint16_t *)data)[i]);
    case BOUGH_BF16: // the upper half of an F32
        return float_of((uint32_t)((const uint16_t *)data)[i] << 16);
    default:
        return (double)bough_integer_at(data, dtype, i);
    }
}

int64_t bough_shape_elements(const struct bough_shape *shape)
{
    int64_t elements = 1;
    for (int32_t i = 0; i < shape->rank; i++)
        elements *= shape->dim[i];
    return elements;
}

int64_t bough_shape_row(const struct bough_shape *shape)
{
    int64_t elements = 1;
    for (int32_t i = 1; i < shape->rank; i++)
        elements *= shape->dim[i];
    return elements;
}

struct bough_shape bough_shape_sample(const struct bough_shape *samples)
{
    struct bough_shape sample = {.rank = samples->rank > 0 ? samples->rank - 1 : 0};
    for (int32_t i = 0; i < sample.rank; i++)
        sample.dim[i] = samples->dim[i + 1];
    return sample;
}

struct bough_shape bough_shape_samples(const struct bough_shape *sample, int64_t count)
{
    assert(sample->rank >= 0 && sample->rank < BOUGH_MAX_RANK);
    struct bough_shape samples = {.rank = sample->rank + 1, .dim = {count}};
    for (int32_t i = 0; i < sample->rank; i++)
        samples.dim[i + 1] = sample->dim[i];
    return samples;
}

int bough_shape_equal(const struct bough_shape *a, const struct bough_shape *b)
{
    if (a->rank != b->rank)
        return 0;
    for (int32_t i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i])
            return 0;
    return 1;
}

const char *bough_shape_format(const struct bough_shape *shape, char *text, size_t size)
{
    assert(size > 0);
    size_t used = (size_t)snprintf(text, size, "[");
    for (int32_t i = 0; i < shape->rank && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%lld", i ? ", " : "",
                                 (long long)shape->dim[i]);
    if (used < size)
        snprintf(text + used, size - used, "]");
    return text;
}
