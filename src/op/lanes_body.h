// The inner loops over rows by vectors of LANES floats; lanes.h includes it for each number.
// Vectors are handed on by address: by value, they have no calling convention on every machine.

#define PASTE_(name, lanes) name##_##lanes
#define PASTE(name, lanes)  PASTE_(name, lanes)
#define OF(name)            PASTE(name, LANES)

typedef float OF(lanes) __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef int32_t OF(whole) __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef uint32_t OF(bits) __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

#define VECTOR             OF(lanes)
#define WHOLE              OF(whole)
#define BITS               OF(bits)
#define AT(pointer)        (*(const VECTOR *)(pointer))
#define ALL(value)         ((const VECTOR){0} + (value))
#define CHOOSE(when, a, b) ((VECTOR)(((when) & (WHOLE)(a)) | (~(when) & (WHOLE)(b))))

// Where the vector at i begins.
BOUGH_IN_TWIN int64_t OF(begin)(int64_t i, int64_t length)
{
    return i + LANES <= length ? i : length - LANES;
}

// The vector at i, which begins at `at`, without what the one before holds too.
BOUGH_IN_TWIN void OF(take_new)(VECTOR *x, int64_t i, int64_t at)
{
    WHOLE place;
    for (int l = 0; l < LANES; l++)
        place[l] = l;
    *x = CHOOSE(place >= (int32_t)(i - at), *x, ALL(0.0f));
}

BOUGH_IN_TWIN float OF(sum)(const VECTOR *x)
{
    float value[LANES];
    memcpy(value, x, sizeof value);
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int l = 0; l < half; l++)
            value[l] += value[l + half];
    return value[0];
}

// As quick_exp, of what is not above 88.
BOUGH_IN_TWIN void OF(exp)(VECTOR *x)
{
    const float rounder = 12582912.0f;
    const VECTOR c = CHOOSE(*x < -104.0f, ALL(-104.0f), *x);
    const VECTOR n = c * 1.44269504f + rounder, whole = n - rounder;
    const VECTOR r = (c - whole * 0.693359375f) + whole * 2.12194440e-4f;
    VECTOR p = r * 1.38146128e-3f + 8.36871006e-3f;
    p = p * r + 4.1668389e-2f;
    p = p * r + 0.166665211f;
    p = p * r + 0.49999994f;
    p = p * r * r + r + 1.0f;
    const BITS power = (BITS)n - 0x4b400000u; // the bits of `rounder`
    const BITS half = (BITS)((WHOLE)power >> 1);
    *x = p * (VECTOR)((half + 127) << 23) * (VECTOR)((power - half + 127) << 23);
}

BOUGH_IN_TWIN float OF(row_most)(const float *x, int64_t length)
{
    VECTOR most = AT(x);
    for (int64_t i = LANES; i < length; i += LANES) {
        const VECTOR value = AT(x + OF(begin)(i, length));
        most = CHOOSE(value > most, value, most);
    }
    float value[LANES];
    memcpy(value, &most, sizeof value);
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int l = 0; l < half; l++)
            value[l] = value[l + half] > value[l] ? value[l + half] : value[l];
    return value[0];
}

BOUGH_IN_TWIN float OF(row_sum_exp)(const float *x, float most, int64_t length)
{
    VECTOR sum = {0};
    for (int64_t i = 0; i < length; i += LANES) {
        const int64_t at = OF(begin)(i, length);
        VECTOR value = AT(x + at) - most;
        OF(exp)(&value);
        OF(take_new)(&value, i, at);
        sum += value;
    }
    return OF(sum)(&sum);
}

BOUGH_IN_TWIN float OF(row_dot)(const float *a, const float *b, int64_t length)
{
    VECTOR sum = {0};
    for (int64_t i = 0; i < length; i += LANES) {
        const int64_t at = OF(begin)(i, length);
        VECTOR value = AT(a + at) * AT(b + at);
        OF(take_new)(&value, i, at);
        sum += value;
    }
    return OF(sum)(&sum);
}

// y = factor * e^(x - most); y may be x: the last vector is read before others write there.
BOUGH_IN_TWIN void OF(row_exp)(float *y, const float *x, float most, float factor, int64_t length)
{
    VECTOR last = AT(x + length - LANES) - most;
    OF(exp)(&last);
    for (int64_t i = 0; i + LANES <= length; i += LANES) {
        VECTOR value = AT(x + i) - most;
        OF(exp)(&value);
        *(VECTOR *)(y + i) = value * factor;
    }
    *(VECTOR *)(y + length - LANES) = last * factor;
}

// y may be x, as of row_exp.
BOUGH_IN_TWIN void OF(row_softmax)(float *y, const float *x, int64_t length)
{
    const float most = OF(row_most)(x, length);
    VECTOR last = AT(x + length - LANES) - most, sum = {0};
    OF(exp)(&last);
    int64_t i = 0;
    for (; i + LANES <= length; i += LANES) {
        VECTOR value = AT(x + i) - most;
        OF(exp)(&value);
        *(VECTOR *)(y + i) = value;
        sum += value;
    }
    if (i < length) {
        VECTOR value = last;
        OF(take_new)(&value, i, length - LANES);
        sum += value;
    }
    const float factor = 1.0f / OF(sum)(&sum);
    for (i = 0; i + LANES <= length; i += LANES)
        *(VECTOR *)(y + i) = AT(y + i) * factor;
    *(VECTOR *)(y + length - LANES) = last * factor;
}

#undef PASTE_
#undef PASTE
#undef OF
#undef VECTOR
#undef WHOLE
#undef BITS
#undef AT
#undef ALL
#undef CHOOSE
#undef LANES
