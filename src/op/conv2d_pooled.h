// The gradient of a convolution's weight where max pooling stands behind it: of all that the
// convolution put out, only what the pooling took has a gradient.
#ifndef BOUGH_OP_CONV2D_POOLED_H
#define BOUGH_OP_CONV2D_POOLED_H

#include "op/op.h"

// Whether bough__conv2d_pooled_weight does it: one group, columns side by side, and channels enough
// for a vector. `conv` has its shapes.
int bough__conv2d_pooled_does(const struct bough__op_call *conv);

// Bytes of what it works in, of `images` images at a time.
size_t bough__conv2d_pooled_turned(const struct bough__op_call *conv, int64_t images);
size_t bough__conv2d_pooled_sums(const struct bough__op_call *conv);

// Some images of a batch, whose gradients are added up from one call to the next.
struct bough__conv2d_pooled {
    const struct bough__op_call *conv; // those images; dx[1] is the weight's gradient, of all
    const struct bough__op_call *pool; // dy and saved, of those images
    struct bough__span turned;         // undefined before and behind each call
    struct bough__span sums;           // undefined before the first and behind the last call
    int first, last;                   // whether they are the batch's first, and its last
};

// dweight [O, C, KH, KW] = the sum over n and the outputs j of the pooling of
//   dy[n, o, j] * x[n, c, the window's row kh and column kw],
// of the window from which j was taken.
enum bough_status bough__conv2d_pooled_weight(struct bough__sequence *out,
                                              const struct bough__conv2d_pooled *pooled);

#endif
