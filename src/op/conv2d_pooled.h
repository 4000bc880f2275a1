// The gradients of a convolution's input and weight where max pooling stands behind it: of all that
// the convolution put out, only what the pooling took has a gradient.
#ifndef BOUGH_OP_CONV2D_POOLED_H
#define BOUGH_OP_CONV2D_POOLED_H

#include "cl/conv2d_pooled_params.h"
#include "op/op.h"

// Some images of a batch. dx[1] of `conv` is the weight's gradient of all: it is added up from one
// call to the next.
struct bough__conv2d_pooled {
    const struct bough__op_call *conv, *pool;
    struct bough__span work;   // undefined before and behind each call
    struct bough__span weight; // undefined before the first and behind the last call
    struct bough__span sums;   // likewise
    int first, last;           // whether they are the batch's first, and its last
};

// Whether the gradient of the weight, or of the input, can be done so, and is less work than a
// product: one group, enough floats side by side for a vector, and a pooling that takes at most
// every other element. `conv` and `pool` have their shapes, here and below.
int bough__conv2d_pooled_does_weight(const struct bough__op_call *conv,
                                     const struct bough__op_call *pool);
int bough__conv2d_pooled_does_input(const struct bough__op_call *conv,
                                    const struct bough__op_call *pool);

// Bytes of `work` for some images, and of `weight` and of `sums`: 0 where neither is done so.
size_t bough__conv2d_pooled_work(const struct bough__op_call *conv,
                                 const struct bough__op_call *pool, int64_t images);
size_t bough__conv2d_pooled_weights(const struct bough__op_call *conv,
                                    const struct bough__op_call *pool);

// dweight [O, C, KH, KW] = the sum over n and the outputs j of the pooling of
//   dy[n, o, j] * x[n, c, the window's row kh and column kw],
// of the window from which j was taken.
enum bough_status bough__conv2d_pooled_weight(struct bough__sequence *out,
                                              const struct bough__conv2d_pooled *pooled);

// dx [N, C, H, W]: each output j of the pooling gives dy[n, o, j] * weight[o] to the window from
// which it was taken.
enum bough_status bough__conv2d_pooled_input(struct bough__sequence *out,
                                             const struct bough__conv2d_pooled *pooled);

// Between the files conv2d_pooled*.c: how x and dx are turned, so that what an output meets is one
// run of floats, or a few. The channels of an element lie side by side, and the elements of an
// image with its padding; a run is a row of a window. Where that is too short, windows are written
// out, and a run is a window.
struct bough__conv2d_turned {
    int64_t rows, columns; // of an image
    int64_t column, image; // floats
    int64_t taps, lanes;   // runs of a window, and floats of one, rounded up
    int64_t width;         // elements of a run
    int windows;
};

typedef float floats __attribute__((vector_size(4 * BOUGH_LANES)));
typedef float floats_at __attribute__((vector_size(4 * BOUGH_LANES), aligned(4), may_alias));

// The first of some members of a stack: dy, and what it is added to.
struct members {
    const float *dy;
    float *sum;
    int64_t next_dy, next_sum; // floats from one to the next
};

enum { BOUGH_POOLED_TOGETHER = 4 }; // members that are done together

// How many are: as many as the registers hold sums of. 1 without AVX-512.
int64_t bough__pooled_together(void);

// Calls function(members, ...), which is compiled for each number of them.
#define BOUGH_BY_MEMBERS(members, function, ...)                                                   \
    ((members) == 4   ? function(4, __VA_ARGS__)                                                   \
     : (members) == 3 ? function(3, __VA_ARGS__)                                                   \
                      : function(2, __VA_ARGS__))
_Static_assert(BOUGH_POOLED_TOGETHER == 4, "BOUGH_BY_MEMBERS");

struct bough__conv2d_turned bough__conv2d_turned(const struct bough__op_call *conv);
struct pooled_params bough__conv2d_pooled_params(const struct bough__conv2d_pooled *pooled,
                                                 const struct bough__conv2d_turned *turned);
struct turn_params bough__conv2d_turn_params(const struct bough__op_call *conv,
                                             const struct bough__conv2d_turned *turned);

#endif
