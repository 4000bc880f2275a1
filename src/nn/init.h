// Starting values of parameters, drawn on the host: the same numbers whatever the device.
#ifndef BOUGH_NN_INIT_H
#define BOUGH_NN_INIT_H

#include <bough/config.h>
#include <stdint.h>

// What a tensor's draws depend on.
struct bough__init_source {
    uint64_t seed;
    uint32_t tensor; // its number in the model
    // Inputs that one output sums (C / groups * KH * KW), and outputs that one input goes to
    // (O * KH * KW, as PyTorch counts).
    int64_t fan_in, fan_out;
};

// Fills `value` [count].
//   kaiming_uniform   +- sqrt(6 / fan_in)
//   kaiming_normal    of deviation sqrt(2 / fan_in)
//   xavier_uniform    +- sqrt(6 / (fan_in + fan_out))
//   xavier_normal     of deviation sqrt(2 / (fan_in + fan_out))
//   normal            of deviation init->std, 0 standing for 0.01
//   zeros, ones
//   NULL              +- 1 / sqrt(fan_in): PyTorch's default for linear and conv2d, weights and
//                     biases
// A fan of 0 gives zeros. Errors: INVALID for an unknown name, with the known ones.
enum bough_status bough__init_fill(float *value, int64_t count, const struct bough_init *init,
                                   const struct bough__init_source *source);

// Whether there is an initialiser of that name.
int bough__init_known(const char *name);

// The names of all, in order; NULL behind the last.
const char *bough__init_name(size_t index);

#endif
