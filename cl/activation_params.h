// The activations. C and OpenCL share this file.
#ifndef BOUGH_CL_ACTIVATION_PARAMS_H
#define BOUGH_CL_ACTIVATION_PARAMS_H

enum bough__activation {
    BOUGH_LINEAR,
    BOUGH_RELU,
    BOUGH_LEAKY_RELU,
    BOUGH_SIGMOID,
    BOUGH_TANH,
    BOUGH_GELU,
};

struct activation {
    int kind;    // enum bough__activation
    float slope; // leaky_relu: below 0, at least 0, so that y tells x's sign
};

#endif
