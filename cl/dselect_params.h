// C and OpenCL share this file.
#ifndef BOUGH_CL_DSELECT_PARAMS_H
#define BOUGH_CL_DSELECT_PARAMS_H

// z [selectors, bits], y [selectors, experts].
struct dselect_params {
    int experts, bits;
    float gamma;
};

// Of selectors as above.
struct dselect_penalty_params {
    int selectors, experts;
    float entropy;
    int reach; // 1: of experts that are no power of two
    int add;   // 1: += instead of =; of the backward kernel
};

#define DSELECT_EPS 1e-6f

// S(t): from 0 at -gamma / 2 to 1 at gamma / 2; and its slope.
static inline float smooth_step(float t, float gamma)
{
    const float u = t / gamma;
    return u <= -0.5f ? 0.0f : u >= 0.5f ? 1.0f : (1.5f - 2.0f * u * u) * u + 0.5f;
}

static inline float smooth_step_slope(float t, float gamma)
{
    const float u = t / gamma;
    return u <= -0.5f || u >= 0.5f ? 0.0f : (1.5f - 6.0f * u * u) / gamma;
}

// The first of the bits is the highest.
static inline int dselect_bit(const struct dselect_params p, int expert, int bit)
{
    return expert >> (p.bits - 1 - bit) & 1;
}

static inline float dselect_factor(const struct dselect_params p, float z, int expert, int bit)
{
    const float s = smooth_step(z, p.gamma);
    return dselect_bit(p, expert, bit) ? s : 1.0f - s;
}

#endif
