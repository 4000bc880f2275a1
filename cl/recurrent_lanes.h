// Vectors of LANES units in the kernels of lstm and gru, and what is done with them: C and OpenCL
// share this file and recurrent_body.h. A CPU has them in registers; on a GPU, where LANES are the
// items of a group, each item has one float of them. Vectors are handed on by address, as in
// op/lanes_body.h. C includes both files once for each LANES.

#ifdef __OPENCL_VERSION__
#define OF(name) name
#define BODY     static inline __attribute__((always_inline))
#if BOUGH_GROUP > 1
#define TILE               BODY
#define VECTOR             float
#define LANE_OF(pointer)   ((pointer)[get_local_id(0)])
#define LANES_AT(pointer)  LANE_OF(pointer)
#define TO_BITS(x)         as_uint(x)
#define OF_BITS(x)         as_float(x)
#define CHOOSE(when, a, b) ((when) ? (a) : (b))
#define STEP_DONE          barrier(CLK_GLOBAL_MEM_FENCE)
#elif BOUGH_VECTOR >= 16
typedef float16 __attribute__((aligned(4))) lanes;
#define VECTOR     float16
#define TO_BITS(x) as_uint16(x)
#define OF_BITS(x) as_float16(x)
#else
typedef float8 __attribute__((aligned(4))) lanes;
#define VECTOR     float8
#define TO_BITS(x) as_uint8(x)
#define OF_BITS(x) as_float8(x)
#endif
#if BOUGH_GROUP == 1
#define TILE               ONCE
#define LANES_AT(pointer)  (*(global lanes *)(pointer))
#define OWN(pointer)       (*(lanes *)(pointer))
#define CHOOSE(when, a, b) select((b), (a), (when))
#define STEP_DONE
#define LOAD(pointer) load_lanes(pointer)

// A function that hands a float16 on makes clang 14 take registers of 512 bits for its caller.
static inline VECTOR load_lanes(global const float *from)
{
    return LANES_AT(from);
}
#else
#define LOAD(pointer) LANES_AT(pointer)
#endif
#define ALL(value) ((VECTOR)(value))
#else
#define PASTE_(name, lanes) name##_##lanes
#define PASTE(name, lanes)  PASTE_(name, lanes)
#define OF(name)            PASTE(name, LANES)
#define BODY                BOUGH_IN_TWIN
#define TILE                BODY
typedef float OF(lanes) __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef int32_t OF(whole) __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef uint32_t OF(bits) __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
#define VECTOR              OF(lanes)
#define LANES_AT(pointer)   (*(OF(lanes) *)(uintptr_t)(pointer))
#define OWN(pointer)        LANES_AT(pointer)
#define LOAD(pointer)       LANES_AT(pointer)
#define TO_BITS(x)          ((OF(bits))(x))
#define OF_BITS(x)          ((OF(lanes))(x))
#define CHOOSE(when, a, b)  ((VECTOR)(((when) & (OF(whole))(a)) | (~(when) & (OF(whole))(b))))
#define ALL(value)          ((const VECTOR){0} + (value))
#define STEP_DONE
#endif

// `left` elements of the row begin at x; those behind them are 0, and not stored.
BODY void OF(take)(VECTOR *v, GLOBAL const float *x, int left)
{
#if defined __OPENCL_VERSION__ && BOUGH_GROUP > 1
    *v = (int)get_local_id(0) < left ? LANE_OF(x) : 0.0f;
#else
    if (left >= LANES) {
        *v = LOAD(x);
        return;
    }
    float some[LANES];
    for (int i = 0; i < LANES; i++)
        some[i] = i < left ? x[i] : 0.0f;
    *v = OWN(some);
#endif
}

BODY void OF(put)(GLOBAL float *x, const VECTOR *v, int left)
{
#if defined __OPENCL_VERSION__ && BOUGH_GROUP > 1
    if ((int)get_local_id(0) < left)
        LANE_OF(x) = *v;
#else
    if (left >= LANES) {
        LANES_AT(x) = *v;
        return;
    }
    float some[LANES]; // a copy, so that *v may be a register
    OWN(some) = *v;
    for (int i = 0; i < left; i++)
        x[i] = some[i];
#endif
}

BODY void OF(put_zeros)(GLOBAL float *x, int count)
{
    const VECTOR zeros = ALL(0.0f);
    for (int i = 0; i < count; i += LANES)
        OF(put)(x + i, &zeros, count - i);
}

// e^x, x in [-20, 20] or a NaN: as quick_exp, with its power of 2 in one step.
BODY void OF(narrow_exp)(VECTOR *x)
{
    const float rounder = 12582912.0f;
    const VECTOR n = *x * 1.44269504f + rounder, whole = n - rounder;
    const VECTOR r = (*x - whole * 0.693359375f) + whole * 2.12194440e-4f;
    VECTOR p = r * 1.38146128e-3f + 8.36871006e-3f;
    p = p * r + 4.1668389e-2f;
    p = p * r + 0.166665211f;
    p = p * r + 0.49999994f;
    p = p * r * r + r + 1.0f;
    *x = OF_BITS(TO_BITS(p) + (TO_BITS(n) << 23));
}

// 1 + e^-x, of x to 20 either way: what the sigmoid divides 1 by, which is 0 or 1 to 2e-9 there.
BODY void OF(sigmoid_divisor)(VECTOR *x)
{
    VECTOR c = CHOOSE(*x > 20.0f, ALL(-20.0f), -*x);
    c = CHOOSE(c > 20.0f, ALL(20.0f), c);
    OF(narrow_exp)(&c);
    *x = c + 1.0f;
}

// 1 + e^2|x|, of |x| to 10, where tanh is 1.
BODY void OF(tanh_divisor)(VECTOR *divisor, const VECTOR *x)
{
    const VECTOR size = OF_BITS(TO_BITS(*x) & 0x7fffffffu);
    VECTOR c = CHOOSE(size > 10.0f, ALL(20.0f), size + size);
    OF(narrow_exp)(&c);
    *divisor = c + 1.0f;
}

// As quick_tanh, where 1 / tanh_divisor is known.
BODY void OF(tanh_from)(VECTOR *y, const VECTOR *x, const VECTOR *inverse)
{
    const VECTOR v = *x * *x, size = OF_BITS(TO_BITS(*x) & 0x7fffffffu);
    VECTOR p = v * -5.71704516e-3f + 2.0650588e-2f;
    p = p * v - 5.37434965e-2f;
    p = p * v + 0.133314908f;
    p = p * v - 0.333332837f;
    const VECTOR far = 1.0f - (*inverse + *inverse);
    const VECTOR signed_far = OF_BITS(TO_BITS(far) | (TO_BITS(*x) & 0x80000000u));
    *y = CHOOSE(size < 0.625f, *x + *x * v * p, signed_far);
}

// to[lane] = value, an expression of `unit`, of the units from `first` on; 0 from `end` on.
#if defined __OPENCL_VERSION__ && BOUGH_GROUP > 1
#define PACK_LANES(to, first, end, value)                                                          \
    {                                                                                              \
        const int unit = (first) + (int)get_local_id(0);                                           \
        LANE_OF(to) = unit < (end) ? (value) : 0.0f;                                               \
    }
#else
#define PACK_LANES(to, first, end, value)                                                          \
    for (int unit = (first); unit < (first) + LANES; unit++)                                       \
        (to)[unit - (first)] = unit < (end) ? (value) : 0.0f;
#endif
