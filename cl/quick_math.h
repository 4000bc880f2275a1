// Functions for inner loops, without branches and calls, so that compilers make vectors of them; C
// (behind op/quick_math.h) and OpenCL share them, and so agree. Every NaN gives a NaN. The
// polynomials are minimax fits; the relative errors told are the largest that
// tests/op/test_quick_math.c allows.
#ifndef BOUGH_CL_QUICK_MATH_H
#define BOUGH_CL_QUICK_MATH_H

#ifdef __OPENCL_VERSION__
#define QUICK         static inline
#define fabsf         fabs
#define copysignf     copysign
#define uint32_t      uint
#define int32_t       int
#define quick_of_bits as_float
#define quick_to_bits as_uint
#else
#define QUICK BOUGH_IN_TWIN

union quick_bits {
    float value;
    uint32_t bits;
};

QUICK float quick_of_bits(uint32_t bits)
{
    const union quick_bits u = {.bits = bits};
    return u.value;
}

QUICK uint32_t quick_to_bits(float value)
{
    const union quick_bits u = {.value = value};
    return u.bits;
}
#endif

// e^x to 2e-7, down to the smallest numbers and up to infinity.
QUICK float quick_exp(float x)
{
    // Added to a small number, it rounds it to a whole one in its last bits.
    const float rounder = 12582912.0f;
    const float c = x < -104.0f ? -104.0f : x > 89.0f ? 89.0f : x;
    const float n = c * 1.44269504f + rounder, whole = n - rounder;
    const float r = (c - whole * 0.693359375f) + whole * 2.12194440e-4f; // ln 2 in two parts
    float p = 1.38146128e-3f;
    p = p * r + 8.36871006e-3f;
    p = p * r + 4.1668389e-2f;
    p = p * r + 0.166665211f;
    p = p * r + 0.49999994f;
    p = p * r * r + r + 1.0f;
    // Times 2^n in two steps, as 2^n alone may be no number.
    const uint32_t power = quick_to_bits(n) - quick_to_bits(rounder);
    const uint32_t part = (uint32_t)((int32_t)power >> 1);
    return p * quick_of_bits((part + 127) << 23) * quick_of_bits((power - part + 127) << 23);
}

// The logarithm of (1 + s) / (1 - s), s to 1/3.
QUICK float quick_log_ratio(float s)
{
    const float v = s * s;
    float p = 0.243083209f;
    p = p * v + 0.214258522f;
    p = p * v + 0.286170363f;
    p = p * v + 0.399988741f;
    p = p * v + 0.666666746f;
    return 2.0f * s + s * v * p;
}

// The logarithm of a normal positive number or infinity, to 2e-7 or, near 1, to 2e-7 absolute.
QUICK float quick_log(float x)
{
    const uint32_t least = 0x3f3504f3; // the root of 1/2
    const int32_t n = (int32_t)(quick_to_bits(x) - least) >> 23;
    const float m = quick_of_bits(quick_to_bits(x) - ((uint32_t)n << 23)), whole = (float)n;
    const float log =
        whole * 0.693359375f + (quick_log_ratio((m - 1.0f) / (m + 1.0f)) - whole * 2.12194440e-4f);
    return x < INFINITY ? log : x;
}

// The logarithm of 1 + x, x in [0, 1], to 3e-7.
QUICK float quick_log1p(float x)
{
    return quick_log_ratio(x / (2.0f + x));
}

// To 4e-7.
QUICK float quick_tanh(float x)
{
    const float v = x * x, size = fabsf(x);
    float p = -5.71704516e-3f;
    p = p * v + 2.0650588e-2f;
    p = p * v - 5.37434965e-2f;
    p = p * v + 0.133314908f;
    p = p * v - 0.333332837f;
    const float far = 1.0f - 2.0f / (quick_exp(2.0f * size) + 1.0f);
    return size < 0.625f ? x + x * v * p : copysignf(far, x);
}

// What a standard normal number has of probability below x, and its density there.
struct quick_normal {
    float below, density;
};

// Both to 6e-7 from -13 to 13, the left tail too.
QUICK struct quick_normal quick_normal(float x)
{
    const float size = fabsf(x) > 20.0f ? 20.0f : fabsf(x);
    // e^(-x^2 / 2): `high` squares exactly, and what the rest adds is small.
    const float high = quick_of_bits(quick_to_bits(size) & 0xfffff000u);
    const float rest = (high - size) * (high + size) * 0.5f;
    const float more = 1.0f + rest * (1.0f + rest * (0.5f + rest * 0.166666667f));
    const float bell = quick_exp(high * high * -0.5f) * more;
    const float t = 1.0f / (1.0f + 0.353553391f * size);
    float p = -5.91933057e-2f;
    p = p * t + 0.285182714f;
    p = p * t - 0.48846066f;
    p = p * t + 0.279512346f;
    p = p * t - 2.76232846e-2f;
    p = p * t + 0.20310986f;
    p = p * t + 0.242996633f;
    p = p * t + 0.282390058f;
    p = p * t + 0.282085568f;
    const float tail = 0.5f * t * p * bell;
    const struct quick_normal normal = {x < 0.0f ? tail : 1.0f - tail, 0.398942280f * bell};
    return normal;
}

#endif
