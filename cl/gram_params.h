// What the kernels of stacked gradients are told, in C and in OpenCL.
#ifndef BOUGH_CL_GRAM_PARAMS_H
#define BOUGH_CL_GRAM_PARAMS_H

struct gram_params {
    int parts, size;  // of the matrix: elements
    int width, pitch; // elements of a row, and from one row of the sum to the next
    int add;          // 1: += instead of =
};

struct stack_params {
    int tasks;
    int stride; // elements from one task's gradient to the next
    int add;
};

#endif
