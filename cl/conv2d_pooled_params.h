// C and OpenCL share this file.
#ifndef BOUGH_CL_CONV2D_POOLED_PARAMS_H
#define BOUGH_CL_CONV2D_POOLED_PARAMS_H

// x [N, C, height, width] to turned [N, rows, columns, C], with the padding's zeros, and
// BOUGH_LANES zeros behind.
struct turn_params {
    int channels, height, width; // of x
    int rows, columns;           // padded
    int padding_h, padding_w;
    int last; // row of all images
};

// dy, index [N, channels, plane]; sums [channels, taps, lanes].
struct pooled_params {
    int batch, channels, plane;
    int width;       // of the rows that an index counts by
    int row, column; // of turned: from one of these to the next of the convolution, in floats
    int tap_row;     // from one of the kernel's rows to the next
    int image;       // from one image to the next
    int taps, lanes; // the kernel's rows, and what is summed of each
    int add;         // sums += instead of =
};

// dweight [O, channels, taps, width] from sums [O, taps, lanes].
struct pooled_end_params {
    int channels, taps, width, lanes;
    int add;
};

enum { BOUGH_LANES = 16 };

// The row of an index below 2^18: no division. `inverse` is 1 / width.
#define POOLED_ROW(index, inverse) ((int)(((float)(index) + 0.5f) * (inverse)))

#endif
