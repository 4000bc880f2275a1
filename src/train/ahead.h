// A step of a weighting that looks ahead: where the parameters would be after a plain step by its
// weights, the other batch is seen from there, and they are put back. Of a weighting with steps:
// where they would be after those, the own batch's losses are seen from there, they are put back,
// and the other batch is seen from where they were.
#ifndef BOUGH_TRAIN_AHEAD_H
#define BOUGH_TRAIN_AHEAD_H

#include "train/weigh.h"

// What is set aside meanwhile, on the device.
struct bough__ahead {
    struct bough__weigh_data *weigh; // NULL = no weighting looks ahead
    struct bough__buffer *values;    // of all parameters, and what batch_norm remembers
    // Gradients of what is a single task's, of the own batch, and of what came behind it: of a
    // plain step, then of the other batch.
    struct bough__buffer *heads;
    struct bough__buffer *losses;  // [T, 2], of the own batch
    struct bough__buffer *weights; // [T], of the plain step
    struct bough__buffer *parts;   // of the heads' products
    float *host;                   // [T], where the weights are written from
};

// Takes a zero-initialised one; it stays so where the weighting does not look ahead.
enum bough_status bough__ahead_init(struct bough__ahead *ahead, struct bough__arena *arena,
                                    struct bough__weigh_data *weigh);
void bough__ahead_fini(struct bough__ahead *ahead);

// On the host: reads which tasks are labelled, and writes the weights of the plain step.
enum bough_status bough__ahead_weights(const struct bough__ahead *ahead);

// Each adds launches at the end of `out`.
//   keep_heads  sets the heads' gradients aside, of `batch` 0, the own one, or 1
//   go          sets losses and values aside
//   descend     takes the plain step at the rate of `state`, by the gradients of `batch`
//   there       keeps the losses that are found there
//   meet        adds the heads' part to the products of the batches
//   back        puts losses and values back
//   heads       makes the heads' gradients of those set aside, by the weights that were found
enum bough_status bough__ahead_keep_heads(const struct bough__ahead *ahead,
                                          struct bough__sequence *out, size_t batch);
enum bough_status bough__ahead_go(const struct bough__ahead *ahead, struct bough__sequence *out);
enum bough_status bough__ahead_descend(const struct bough__ahead *ahead,
                                       struct bough__sequence *out, struct bough__span state,
                                       size_t batch);
enum bough_status bough__ahead_there(const struct bough__ahead *ahead, struct bough__sequence *out);
enum bough_status bough__ahead_meet(const struct bough__ahead *ahead, struct bough__sequence *out);
enum bough_status bough__ahead_back(const struct bough__ahead *ahead, struct bough__sequence *out);
enum bough_status bough__ahead_heads(const struct bough__ahead *ahead, struct bough__sequence *out);

#endif
