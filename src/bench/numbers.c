#include "bench/numbers.h"

#include "cl/random.h"

void bough__numbers_fill(float *x, size_t count, uint32_t seed, float least, float most)
{
    for (size_t i = 0; i < count; i += 4) {
        const struct random4 bits =
            random_bits(seed, 0, (uint32_t)(i / 4), (uint32_t)(i / 4 >> 32), 0, 0);
        for (size_t j = i; j < i + 4 && j < count; j++)
            x[j] = least + (most - least) * random_unit(bits.v[j - i]);
    }
}
