// The shortest sum of gradients that each constraint is content with.
#ifndef BOUGH_MTL_ACTIVE_SET_H
#define BOUGH_MTL_ACTIVE_SET_H

#include <stddef.h>

struct bough__active_set {
    size_t n;
    const double *g; // [n, n], symmetric, positive semi-definite
    const double *b; // [n]
    // A row whose share outside the active ones' span is at most this lies in it.
    double dependence;
    void *work; // of bough__active_set_work(n) bytes, on 16

    double *z;       // [n], written, 0 or more
    double residual; // written: largest violation of the conditions at (Gz)_i - b_i, over
                     // |b_i| + (|G|z)_i
    size_t rounds;   // written: rows that were made active
};

// Minimises 0.5 z'Gz - b'z over z >= 0: d = sum z_i g_i is the shortest with g_i.d >= b_i. By
// Goldfarb, Idnani, "A numerically stable dual method for solving strictly convex quadratic
// programs", Mathematical Programming 27, 1983, on products alone.
// Gives 0, and no residual, where no d is: z then is a reason, z >= 0 with Gz = 0 and b'z > 0, but
// for rounding.
int bough__active_set_run(struct bough__active_set *of);
size_t bough__active_set_work(size_t n);

#endif
