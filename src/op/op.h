// An op: a shape rule, a forward and a backward pass, composed of kernels and GEMMs. It knows no
// device, no graph and no layer: it writes launches into a sequence.
#ifndef BOUGH_OP_OP_H
#define BOUGH_OP_OP_H

#include "device/sequence.h"

#include <bough/tensor.h>

// A tensor in a buffer. `span.buffer` is NULL where it is absent.
struct bough__tensor {
    struct bough__span span;
    struct bough_shape shape;
    enum bough_dtype dtype; // F32, I32 or U8
};

// Of the pooling that conv2d_max_pool2d has behind its convolution.
struct bough__pool_attr {
    int32_t kernel[2], stride[2], padding[2];
    enum bough__activation activation;
};

// table: which columns it takes, of what kinds. The lists are borrowed.
struct bough__table_attr {
    const int32_t *classes; // [C] ids of a column; 0 = it is of numbers
    const int32_t *masked;  // [C] 1 = of numbers, of which some are missing
    int32_t first, end;     // columns
};

// What ops are told beside their inputs; each op's header comment says what it reads.
// Zero is not a default here: layers fill in every field that their op reads.
struct bough__attr {
    int32_t kernel[2], stride[2], padding[2], dilation[2]; // height, width
    int32_t groups;
    int32_t axis;
    int32_t kind;    // pool_over_time: enum pool_over_time
    float value;     // slope, factor, probability, delta: one number
    float smoothing; // of labels: losses of classes
    float eps, momentum;
    float temperature; // softmax_kl: of both sides
    float width[8];    // mmd: of its kernels
    int32_t widths;
    struct bough_shape shape;          // reshape: of one sample of the output
    enum bough__activation activation; // fused: see bough__op_flags
    float slope;                       // its, if it is a leaky_relu
    struct bough__pool_attr pool;
    int32_t images;     // conv2d_max_pool2d: at a time
    int32_t vocabulary; // one_hot: how many ids
    int32_t padding_id; // embedding, one_hot: 1 = id 0 gives zeros
    struct bough__table_attr table;
    uint32_t stream;  // random numbers: which of the graph's streams
    int32_t training; // batch_norm: 1 = statistics of the batch, and update them
};

enum { BOUGH_MAX_INPUTS = 16 };

// What an op needs for its inputs' shapes.
struct bough__op_need {
    struct bough_shape y;
    enum bough_dtype y_dtype;
    size_t saved;   // bytes that the forward pass leaves for the backward pass
    size_t scratch; // bytes that either pass uses and leaves undefined
};

struct bough__op_call {
    const struct bough__attr *attr;
    int inputs;
    struct bough__tensor x[BOUGH_MAX_INPUTS];
    struct bough__tensor y;
    struct bough__span saved, scratch;
    struct bough__span step; // struct step_state (cl/step.h)

    // The backward pass writes dx[i], shaped as x[i], where it is wanted (its buffer is not NULL).
    // It may overwrite dy.
    struct bough__tensor dy;
    struct bough__tensor dx[BOUGH_MAX_INPUTS];
    // dx[i] += instead of =. Set only for ops whose row says `accumulates`.
    int add_dx[BOUGH_MAX_INPUTS];
    // A backward pass for so many gradients at once, each in a place of its own as the strides of
    // dy, dx and scratch say; x, y and saved are theirs in common. 0 stands for 1, or for what the
    // op that this one is a part of has.
    int64_t stack;
};

enum bough__op_flags {
    BOUGH__OP_BACKWARD_READS_X = 1, // all inputs, in the backward pass
    BOUGH__OP_BACKWARD_READS_Y = 2,
    BOUGH__OP_ACCUMULATES = 4, // its backward pass honours add_dx
    BOUGH__OP_VIEW = 8,        // y is x[0] in another shape: no forward, no backward
    BOUGH__OP_IN_PLACE = 16,   // element-wise: y may share x[0]'s memory, dx[0] dy's
    // Applies attr.activation, any but gelu; its backward pass then reads y.
    BOUGH__OP_FUSES_ACTIVATION = 32,
    // Applies a relu or leaky_relu; its backward pass reads no y.
    BOUGH__OP_FUSES_RELU = 128,
    // Applies a relu, which is the same before it and behind it; its backward pass reads no y.
    BOUGH__OP_COMMUTES_WITH_RELU = 64,
    BOUGH__OP_WINDOWS = 256,       // its products read windows over images
    BOUGH__OP_ENDS_SEQUENCE = 512, // its output has no positions of its inputs
};

struct bough__op {
    const char *name;
    int inputs_min, inputs_max;
    unsigned flags;
    unsigned no_gradient;              // bit i: input i has none (labels, running statistics)
    enum bough__activation activation; // what it is itself; else LINEAR
    // Errors: INVALID with the shapes. Call it through bough__op_shape.
    enum bough_status (*shape)(struct bough__op_need *need, const struct bough__op_call *call);
    enum bough_status (*forward)(struct bough__sequence *out, const struct bough__op_call *call);
    enum bough_status (*backward)(struct bough__sequence *out, const struct bough__op_call *call);
};

// Whether its backward pass reads y.
static inline int bough__op_reads_y(const struct bough__op *op, const struct bough__attr *attr)
{
    return (op->flags & BOUGH__OP_BACKWARD_READS_Y) ||
           ((op->flags & BOUGH__OP_FUSES_ACTIVATION) && attr->activation != BOUGH_LINEAR);
}

// What `op` needs for the inputs' shapes and types in `call`, and for its attributes. Spans are not
// looked at: an absent input in the middle has rank 0.
// Errors: INVALID, with the op's name, if the inputs are too few, too many, larger than 2^31 - 1
// elements, or do not fit each other.
enum bough_status bough__op_shape(struct bough__op_need *need, const struct bough__op *op,
                                  const struct bough__op_call *call);

enum bough__op_pass { BOUGH_FORWARD, BOUGH_BACKWARD };

// Writes one of the op's passes. Its launches' labels tell the op, and their bytes are those of the
// tensors in `call`.
//   need  what bough__op_shape said
enum bough_status bough__op_write(struct bough__sequence *out, const struct bough__op *op,
                                  enum bough__op_pass pass, const struct bough__op_call *call,
                                  const struct bough__op_need *need);

// NULL if there is none of that name.
const struct bough__op *bough__op_find(const char *name);
const struct bough__op *const *bough__op_all(size_t *count);

#define BOUGH_OP(name) extern const struct bough__op bough__op_##name;
#include "op/op_list.h"
#undef BOUGH_OP

// Launches `kernel` over `count` items or rows; the spans stand in the kernel's argument order.
//   BOUGH_KERNEL(out, &add_fwd, count, work, NULL, a, b, y)
#define BOUGH_KERNEL(out, kernel_, count_, work_, params_, ...)                                    \
    bough__sequence_kernel((out), &(struct bough__kernel_call){.kernel = (kernel_),                \
                                                               .count = (count_),                  \
                                                               .work = (work_),                    \
                                                               .params = (params_),                \
                                                               .arg = {__VA_ARGS__}})

#endif
