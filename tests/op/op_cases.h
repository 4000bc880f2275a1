// Op cases: a row names an op and what it is given, and the harness runs it
//   on every device: guard words around every span, each device against plain C, golden values;
//   the backward pass with every gradient wanted, with each alone, added (ops that say so) and in
//   place (ops that say so); what an op's flags deny it to read is overwritten before;
//   the backward pass of a stack of gradients against as many single ones;
//   on plain C: finite differences of every input that has a gradient.
//
// A family of ops is a file test_op_<family>.c: a table of rows and a main. With BOUGH_TEST_TINY
// set, only small shapes run, without guard words and without the slow parts: for oclgrind.
#ifndef BOUGH_TEST_OP_CASES_H
#define BOUGH_TEST_OP_CASES_H

#include "op/op.h"

// How an input's values are made; they depend on the position alone.
enum op_fill {
    FILL_NONE,     // the input is absent
    FILL_UNIFORM,  // in [-2, 2)
    FILL_APART,    // in [-2, 2), at least 1/16 from any multiple of 1/4: clear of kinks
    FILL_DISTINCT, // any two at least 1/16 apart
    FILL_POSITIVE, // in [0.5, 2)
    FILL_ZERO,
    FILL_TARGETS,    // multiples of 1/4 in [-2, 2], every fifth or so NaN
    FILL_BITS,       // 0 or 1, every fifth or so NaN
    FILL_MISSING,    // NaN
    FILL_LABELS,     // I32: a class of x[0]'s second dimension, every fifth or so -1
    FILL_UNLABELLED, // I32: -1
    FILL_TAGS,       // I32: a class of x[0]'s last dimension, every fiftieth or so -1
    FILL_BYTES,      // U8: any
    FILL_IDS,        // I32: -2 to 8
    FILL_TABLE,      // whole numbers of -1 to 7, every fifth or so NaN
    FILL_LENGTHS,    // I32: 0 to x[0]'s second dimension; the first is that, then 0, then 1
};

// A dimension that takes each of 1, 3, 17, 31, 32, 33, 63, 64, 65, and 0 too where it is the batch
// (the first dimension of x[0]).
enum { SWEEP = -1 };

struct op_input {
    struct bough_shape shape;
    enum op_fill fill;
};

// A shape, and an input: INPUT(FILL_UNIFORM, SWEEP, 3, 8, 8).
#define SHAPE(...)                                                                                 \
    {                                                                                              \
        (int32_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)),                             \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define INPUT(fill_, ...)                                                                          \
    {                                                                                              \
        .shape = SHAPE(__VA_ARGS__), .fill = (fill_)                                               \
    }

struct op_case {
    const char *op;
    struct op_input x[BOUGH_MAX_INPUTS];
    struct bough__attr attr;
    struct bough_shape y; // what the shape rule must give; rank 0 = not checked
    const char *golden;   // "linear/relu": row `relu` of golden/linear.json
    const char *fails;    // the shape rule must refuse, with this in its message
    double nmse;          // against plain C; 0 = 1e-7, and say why it is more
    double slope;         // finite differences: error over the largest slope; 0 = 5e-3
    unsigned updates;     // bit i: the forward pass changes input i
    int loss;             // 1: y is [mean, weight], dy one factor of the mean
};

// Runs every row as a cmocka test. Returns main's result.
int op_cases_run(const char *family, const struct op_case *cases, size_t count);

#define OP_CASES_MAIN(family, cases)                                                               \
    int main(void)                                                                                 \
    {                                                                                              \
        return op_cases_run((family), (cases), sizeof(cases) / sizeof *(cases));                   \
    }

#endif
