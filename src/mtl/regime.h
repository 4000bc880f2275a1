// Regimes: which tasks a training trains when, and whether they share.
#ifndef BOUGH_MTL_REGIME_H
#define BOUGH_MTL_REGIME_H

#include "base/option.h"

#include <stdint.h>

struct bough__regime {
    struct bough__row row;
    int apart;  // each task has a net of its own
    int phases; // one task after the other, each for as many epochs as the config says
    int draws;  // one task a step
    // Of one with phases: whether what tasks share stays as the first phase left it; NULL = no.
    int (*freezes)(const void *options);
};

#define BOUGH_REGIME(name) extern const struct bough__regime bough__regime_##name;
#include "mtl/regime_list.h"
#undef BOUGH_REGIME
extern const struct bough__family bough__regimes;

// Of a choice of bough__regimes.
static inline const struct bough__regime *bough__regime_of(const struct bough__choice *choice)
{
    return (const struct bough__regime *)(const void *)choice->row;
}

// Whether a step trains one task alone.
static inline int bough__trains_one(const struct bough__choice *choice)
{
    return bough__regime_of(choice)->phases || bough__regime_of(choice)->draws;
}

// Whether `freezes` says so.
int bough__regime_freezes(const struct bough__choice *choice);

// Of one that draws: the task of a step.
//   step    of the whole training, from 0
//   labels  [tasks], how many rows of an epoch have one
size_t bough__regime_draw(const struct bough__choice *choice, uint64_t seed, int64_t step,
                          const int64_t *labels, size_t tasks);

#endif
