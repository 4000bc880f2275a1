// Numbers to compute with: the same on every device and in every run.
#ifndef BOUGH_BENCH_NUMBERS_H
#define BOUGH_BENCH_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

// Fills x [count] uniformly with numbers from `least` to below `most`; another seed, others.
void bough__numbers_fill(float *x, size_t count, uint32_t seed, float least, float most);

#endif
