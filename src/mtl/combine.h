// What weightings share that go by the sizes of the tasks' gradients and find their weights on the
// device: d = sum of weights[t] x_t, x the gradients or what is kept of them.
#ifndef BOUGH_MTL_COMBINE_H
#define BOUGH_MTL_COMBINE_H

#include "cl/combine_params.h"
#include "mtl/weighting.h"

struct bough__combine {
    // A group of it sums a part of a task's columns. Its arguments: jacobian [T, P], kept [T, P],
    // losses, factor, and written: the parts' sums.
    const struct bough__kernel *parts;
    // One item of it finds the weights [T]. Its arguments: losses, factor, numbers [T, 2], sums
    // [T], weights.
    const struct bough__kernel *weigh;
    int keeps;        // a kept [T, P]
    float beta, rate; // what the kernels are told
};

// What lies in the state: kept and numbers go from step to step, the others do not.
struct bough__combined {
    struct bough__span kept, numbers, sums, weights, parts;
    struct bough__span rest; // behind it
};

// In floats.
size_t bough__combine_state(const struct bough__combine *combine, size_t tasks, int64_t columns);
struct bough__combined bough__combined_of(const struct bough__combine *combine,
                                          const struct bough__weigh *weigh);

// Writes the launches up to the weights, and the sum by them.
enum bough_status bough__combine_weights(struct bough__sequence *out,
                                         const struct bough__combine *combine,
                                         const struct bough__weigh *weigh);
enum bough_status bough__combine_sum(struct bough__sequence *out, const struct bough__weigh *weigh,
                                     struct bough__span stack, struct bough__span weights);

// The sums of the gradients' squares.
extern const struct bough__kernel bough__kernel_square_parts;

// In a C twin: the columns of a part.
BOUGH_IN_TWIN int64_t part_begin(const struct part_params *p, int64_t part)
{
    return part % p->parts * p->width;
}

BOUGH_IN_TWIN int64_t part_end(const struct part_params *p, int64_t part)
{
    const int64_t end = part_begin(p, part) + p->width;
    return end < p->columns ? end : p->columns;
}

#endif
