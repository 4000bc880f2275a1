// A model's parameters: flat blocks on a device, tensors as views of them.
//
// The parameters that tasks share are one block [P], each task's own another, and what batch_norm
// remembers a last one. The blocks stand one after the other in one buffer, so that an optimizer
// step is one launch; a checkpoint is one write a block.
#ifndef BOUGH_NN_PARAMS_H
#define BOUGH_NN_PARAMS_H

#include "base/arena.h"
#include "nn/optimizer.h"

#include <bough/tensor.h>

// Where the rows of an embedding stand before training.
struct bough__param_file {
    const char *path;   // safetensors, or lines of words and numbers; NULL = nowhere
    const char *tensor; // of safetensors; NULL = the only one
    int32_t input;      // whose words they are
};

struct bough__param {
    const char *name; // "trunk.0.weight", "left.2.bias"
    struct bough_shape shape;
    int statistics;               // without gradient: what batch_norm remembers
    int frozen;                   // is not trained now: without gradient and update
    int ahead;                    // is of what an input goes through before any task's net: those
                                  // are declared first of their block
    int32_t group;                // of the config's, that it is trained by; -1 = none
    const unsigned char *reached; // [tasks] 1 = by the scores of that task; NULL = by all
    int32_t node;                 // of the graph that declared it, or was bound last
    int32_t block;
    int64_t offset;            // elements into the block
    struct bough__choice init; // of bough__inits; the options are borrowed
    int64_t fan_in, fan_out;
    struct bough__param_file from;
    const float *start; // its values before training, in the parameters' arena; NULL = drawn
};

struct bough__param_block {
    const char *name;
    int64_t size; // elements
    int trained;  // 0: statistics, without gradient and slots
    struct bough__span value, gradient;
    struct bough__span slot[BOUGH_MAX_SLOTS]; // of the optimizer
};

struct bough__params {
    struct bough__arena arena;
    struct bough__param *param;
    int32_t count, capacity;
    struct bough__param_block *block;
    int32_t blocks;
    // Of all blocks: `elements` values, of which the first `trained` have a gradient and slots,
    // with zeros between the blocks.
    struct bough__buffer *value, *gradient;
    struct bough__buffer *slot[BOUGH_MAX_SLOTS];
    struct bough__buffer *first; // int64_t [blocks]: where each begins behind those that are
                                 // `ahead`, in elements
    int64_t elements, trained;
};

// Makes room for the blocks: one for each name, and "statistics" behind them.
enum bough_status bough__params_init(struct bough__params *params, const char *const *names,
                                     int32_t count);
void bough__params_fini(struct bough__params *params);

// Adds a tensor that has no block yet. Its name is copied.
// Errors: INVALID if there is one of that name, which the name of a task must have made.
enum bough_status bough__params_add(struct bough__params *params, const struct bough__param *param);

// The one of that name, which was added; or NULL.
const struct bough__param *bough__params_find(const struct bough__params *params, const char *name);

// Gives every tensor its block, and its place behind those that were added before: block 0 holds
// what tasks share (and what none reaches), block t + 1 what task t alone reaches.
//   owner  of each node of the graph that declared them (bough__graph_owners)
void bough__params_place(struct bough__params *params, const int32_t *owner);

// Buffers for values, gradients (zero) and `slots` optimizer slots (zero), on `device`.
enum bough_status bough__params_allocate(struct bough__params *params, struct bough_device *device,
                                         int slots);

// Sets the optimizer's slots to zero, as before the first step.
enum bough_status bough__params_forget(const struct bough__params *params);

// Draws every tensor that has no start from the seed and writes the blocks.
enum bough_status bough__params_start(const struct bough__params *params, uint64_t seed);

// Trained elements that stand together, counted from the first block's, and are trained alike.
struct bough__param_range {
    int64_t first, count;
    int32_t group; // as of a param
};

// Those of the blocks [first, end) that are not frozen, as few ranges as can be.
//   task   the only one that they are reached by; -1 = any
//   range  [params->count + 1]
size_t bough__params_ranges(const struct bough__params *params, int32_t first, int32_t end,
                            int32_t task, struct bough__param_range *range);

// Trained elements in all, placed or not.
int64_t bough__params_trained(const struct bough__params *params);

#endif
