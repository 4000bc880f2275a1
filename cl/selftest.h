// C and OpenCL share this file.
#ifndef BOUGH_CL_SELFTEST_H
#define BOUGH_CL_SELFTEST_H

struct selftest_params {
    int cols;
};

struct selftest_walk_params {
    int batch, channels, plane;
};

// More turns than any 16 bits count: Mesa's llvmpipe ends the loops of a kernel after 65535.
enum { SELFTEST_TURNS = 70000 };

#endif
