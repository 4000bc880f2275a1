#include "mtl/order.h"

#include "cl/random.h"

#include <stdlib.h>

// Apart from dropout and graddrop, which count with 0 and 1 there.
#define STREAM 2

static int by_key(const void *a, const void *b)
{
    const struct bough__ordered *one = a, *other = b;
    if (one->key != other->key)
        return one->key < other->key ? -1 : 1;
    return one->place < other->place ? -1 : one->place > other->place;
}

void bough__order_others(struct bough__ordered *order, const struct bough__solve *solve, size_t i)
{
    const struct bough__moment *moment = &solve->moment;
    size_t count = 0;
    for (size_t j = 0; j < solve->n; j++) {
        if (j == i)
            continue;
        const struct random4 draw =
            random_bits(moment->seed[0], moment->seed[1], (uint32_t)solve->task[i], STREAM,
                        (uint32_t)solve->task[j], moment->step);
        order[count++] = (struct bough__ordered){.key = draw.v[0], .place = (uint32_t)j};
    }
    qsort(order, count, sizeof *order, by_key);
}
