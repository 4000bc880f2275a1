// Sums over the gradients of several tasks.
#ifndef BOUGH_GRAPH_GRAM_H
#define BOUGH_GRAPH_GRAM_H

#include "device/sequence.h"

struct bough__gram {
    int64_t tasks, columns;
    struct bough__span jacobian; // [tasks, columns], its rows `stride` bytes apart
    // Of other tasks, likewise [others, columns]; 0 = of the same.
    int64_t others;
    struct bough__span other;
    // [tasks, others]; with a stride a block of a larger matrix, its rows so many bytes apart.
    struct bough__span gram;
    struct bough__span scratch; // bough__gram_scratch bytes of the larger number of tasks
    int add;                    // 1: += instead of =
};

// gram = J J^T, or J K^T, K the other tasks', in a fixed order.
enum bough_status bough__gram_write(struct bough__sequence *out, const struct bough__gram *gram);
size_t bough__gram_scratch(int64_t tasks, int64_t columns);

struct bough__stack_sum {
    int64_t tasks, elements;
    struct bough__span stack;   // [tasks, elements], one task's `stride` bytes behind the other's
    struct bough__span weights; // [tasks]
    struct bough__span y;       // [elements]
    int add;                    // 1: += instead of =
};

// y = sum_t weights[t] stack[t], in the order of the tasks.
enum bough_status bough__stack_sum_write(struct bough__sequence *out,
                                         const struct bough__stack_sum *sum);

// y [elements] = 0, for each of a stack of `count`.
enum bough_status bough__stack_zero_write(struct bough__sequence *out, struct bough__span y,
                                          int64_t elements, int64_t count);

// y [elements] = x, for each of a stack of `count`.
enum bough_status bough__stack_copy_write(struct bough__sequence *out, struct bough__span y,
                                          struct bough__span x, int64_t elements, int64_t count);

#endif
