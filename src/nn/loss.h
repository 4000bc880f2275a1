// The losses a task can have.
#ifndef BOUGH_NN_LOSS_H
#define BOUGH_NN_LOSS_H

#include "base/option.h"
#include "cl/loss_list.h"
#include "nn/layer.h"

// What a loss compares the scores [N, K, ...] with. Positions (or numbers) without a label weigh
// nothing.
enum bough__target_kind {
    BOUGH_TARGET_CLASS,  // I32 [N, ...], 0..K-1; -1 = none
    BOUGH_TARGET_BINARY, // F32 [N, K, ...] of 0 and 1; NaN = none
    BOUGH_TARGET_NUMBER, // F32 [N, K, ...]; NaN = none
};

// What a loss learns itself, in nodes: inputs of its op, behind scores and target.
struct bough__loss_params {
    int32_t node[3];
    int count; // 0 of most
};

struct bough__loss_kind {
    struct bough__row row;
    const struct bough__op *op;
    enum bough__target_kind target;
    const char *metric; // what a task is measured by unless told
    int of_sequences;   // it reads scores [N, L, K] and the lengths of their rows
    // Declares what it learns, with the scores' node. NULL = it learns nothing
    enum bough_status (*declare)(struct bough__builder *builder, struct bough__loss_params *params,
                                 int32_t scores);
    // Sets what the op takes of the options. NULL = nothing
    void (*set)(struct bough__attr *attr, const void *options);
};

#define BOUGH_LOSS(name, target, metric, help, options)                                            \
    extern const struct bough__loss_kind bough__loss_##name;
BOUGH_LOSSES(BOUGH_LOSS)
#undef BOUGH_LOSS
extern const struct bough__family bough__losses;

// Of a choice of bough__losses.
static inline const struct bough__loss_kind *bough__loss_of(const struct bough__choice *loss)
{
    return (const struct bough__loss_kind *)(const void *)loss->row;
}

// One weight per class; NULL, and 0 of them, where none are given.
const float *bough__loss_class_weights(const struct bough__choice *loss, size_t *count);

// Declares, or binds, what a loss learns, called `<task>.<name>`.
// Errors: INVALID, naming the task, where it cannot read such scores.
enum bough_status bough__loss_declare(struct bough__builder *builder,
                                      struct bough__loss_params *params,
                                      const struct bough__choice *loss, int32_t scores,
                                      const char *task);

// What a loss reads, in nodes.
struct bough__loss_inputs {
    int32_t scores, target;
    int32_t class_weights; // a leaf [K], or -1
    struct bough__loss_params params;
};

// Records the loss: `*node` is [2], the mean and the weight that it is the mean over.
enum bough_status bough__loss_build(struct bough__graph *graph, int32_t *node,
                                    const struct bough__choice *loss,
                                    const struct bough__loss_inputs *inputs);

// Whether a loss is a linear chain over tags (op crf), whose predictions are its likeliest tags;
// `*bio` (may be NULL): of those that BIO allows.
int bough__loss_is_chain(const struct bough__choice *loss, int *bio);

#endif
