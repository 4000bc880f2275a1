// Starting values of parameters, drawn on the host: the same numbers whatever the device.
#ifndef BOUGH_NN_INIT_H
#define BOUGH_NN_INIT_H

#include "base/option.h"

#include <stdint.h>

// What a tensor's draws depend on.
struct bough__init_source {
    uint64_t seed;
    uint32_t tensor; // its number in the model
    // Inputs that one output sums (C / groups * KH * KW), and outputs that one input goes to
    // (O * KH * KW, as PyTorch counts).
    int64_t fan_in, fan_out;
};

enum bough__distribution { BOUGH_UNIFORM, BOUGH_NORMAL, BOUGH_CONSTANT };

struct bough__init {
    struct bough__row row;
    enum bough__distribution distribution;
    // The standard deviation, or the constant.
    double (*scale)(const void *options, const struct bough__init_source *source);
};

#define BOUGH_INIT(name) extern const struct bough__init bough__init_##name;
#include "nn/init_list.h"
#undef BOUGH_INIT
extern const struct bough__init bough__init_ones; // for the scales of norms alone: not in the list
extern const struct bough__family bough__inits;

// For gates alone: not in the list.
struct bough__uniform_options {
    float bound;
};
extern const struct bough__init bough__init_uniform;

// Fills `value` [count].
//   choice  of bough__inits; without a row +- 1 / sqrt(fan_in): PyTorch's default for linear and
//           conv2d, weights and biases
// A fan of 0 gives zeros.
void bough__init_fill(float *value, int64_t count, const struct bough__choice *choice,
                      const struct bough__init_source *source);

#endif
