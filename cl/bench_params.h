// What the loop of multiply-adds is told, in C and in OpenCL.
#ifndef BOUGH_CL_BENCH_PARAMS_H
#define BOUGH_CL_BENCH_PARAMS_H

struct bench_params {
    int rounds;
};

#define BENCH_LANES 16 // floats of an item

#endif
