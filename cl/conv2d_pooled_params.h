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

// x [N, C, height, width] to turned [N, rows, columns, lanes]: the elements of a window of the
// convolution, [kernel_h, kernel_w, C] and zeros behind, side by side.
struct turn_windows_params {
    struct turn_params turn; // rows and columns are those of what the convolution puts out
    int kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w;
    int lanes;
};

// dy, index [N, channels, plane]; sums [channels, taps, lanes].
struct pooled_params {
    int batch, channels, plane;
    int width;       // of the rows that an index counts by
    int row, column; // of turned: from one of these to the next of the convolution, in floats
    int tap_row;     // from one of the kernel's rows to the next
    int image;       // from one image to the next
    int taps, lanes; // the kernel's rows, and what is summed of each
    int windows;     // turned holds whole windows: one tap
    int add;         // sums += instead of =
};

// weight or dweight [O, channels, taps, width], and [O, taps, lanes].
struct pooled_weight_params {
    int channels, taps, width, lanes;
    int add;
};

// dx [N, channels, height, width] of `turn`. What an image works in: dx turned, and behind it
// two ints [elements + 1, capacity] and int [elements + 1]: the outputs of a row. Of `outputs`,
// batch and image are not read, and add is of dx.
struct pooled_input_params {
    struct pooled_params outputs;
    struct turn_params turn;
    int line;                                 // outputs of a row of the pooling
    int elements;                             // of the convolution's rows that its windows cover
    int capacity;                             // outputs that may take the same element, at most
    int pool_rows, pool_stride, pool_padding; // down the columns
    int turned, work;                         // floats of dx turned, and of all
};

enum { BOUGH_LANES = 16 };

// The row of an index below 2^18: no division. `inverse` is 1 / width.
#define POOLED_ROW(index, inverse) ((int)(((float)(index) + 0.5f) * (inverse)))

#endif
