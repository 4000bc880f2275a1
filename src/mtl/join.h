// How the inputs of a task become one.
//
// What a row lacks is zeros behind its stem, and weighs nothing: beside the others, in their sum,
// and in their mixture, whose weights are those of what is there. Its stem has no gradient from
// that row. Of a single input rows that lack it are not told apart: nothing can be said of them.
#ifndef BOUGH_MTL_JOIN_H
#define BOUGH_MTL_JOIN_H

#include "mtl/architecture.h"

// Some inputs of a net: their keys, and what their stems give.
struct bough__inputs {
    const char *const *key;
    struct bough__leaf *leaf; // is worked in
    size_t count;
};

struct bough__joining {
    struct bough__row row;
    int alike; // they are of one shape
    // x of two or more, each with zeros where a row lacks it.
    //   prefix  of what is made of them
    enum bough_status (*build)(struct bough__builder *builder, int32_t *x,
                               const struct bough__inputs *inputs, const char *prefix);
};

extern const struct bough__family bough__joins;

// As `join`, of bough__joins, says; of one itself.
// Errors: INVALID, naming two that do not go together.
enum bough_status bough__join_inputs(struct bough__builder *builder, int32_t *x,
                                     const struct bough__choice *join,
                                     const struct bough__inputs *inputs, const char *prefix);

#endif
