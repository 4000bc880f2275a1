// Counter-based random numbers, the same bits in C and OpenCL, which share this file.
// Philox4x32-10: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
#ifndef BOUGH_CL_RANDOM_H
#define BOUGH_CL_RANDOM_H

// A loop around a draw is vectorised only where the draw is no call, and its rounds no loop.
#if defined __OPENCL_VERSION__ && BOUGH_GROUP == 1
#define BOUGH_DRAW static inline __attribute__((always_inline))
#else
#define BOUGH_DRAW static inline
#endif
#ifdef __OPENCL_VERSION__
#define BOUGH_MUL_HI(a, b) ((uint)(((ulong)(a) * (b)) >> 32))
#define BOUGH_UNROLL       _Pragma("unroll")
#else
#define BOUGH_UNROLL       _Pragma("GCC unroll 10")
#define BOUGH_MUL_HI(a, b) ((unsigned int)(((unsigned long long)(a) * (b)) >> 32))
#endif

struct random4 {
    unsigned int v[4];
};

// Four numbers of 32 bits for a key and a counter.
BOUGH_DRAW struct random4 random_bits(unsigned int key0, unsigned int key1, unsigned int c0,
                                      unsigned int c1, unsigned int c2, unsigned int c3)
{
    BOUGH_UNROLL
    for (int round = 0; round < 10; round++) {
        const unsigned int high0 = BOUGH_MUL_HI(0xD2511F53u, c0);
        const unsigned int low0 = 0xD2511F53u * c0;
        const unsigned int high1 = BOUGH_MUL_HI(0xCD9E8D57u, c2);
        const unsigned int low1 = 0xCD9E8D57u * c2;
        c0 = high1 ^ c1 ^ key0;
        c1 = low1;
        c2 = high0 ^ c3 ^ key1;
        c3 = low0;
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
    struct random4 result = {{c0, c1, c2, c3}};
    return result;
}

// Uniform in [0, 1), a multiple of 2^-24: exact in float, so devices agree on every comparison.
static inline float random_unit(unsigned int bits)
{
    return (float)(bits >> 8) * (1.0f / 16777216.0f);
}

#endif
