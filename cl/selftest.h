// C and OpenCL share this file.
#ifndef BOUGH_CL_SELFTEST_H
#define BOUGH_CL_SELFTEST_H

struct selftest_params {
    int cols;
};

#endif
