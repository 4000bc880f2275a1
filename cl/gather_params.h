// C and OpenCL share this file.
#ifndef BOUGH_CL_GATHER_PARAMS_H
#define BOUGH_CL_GATHER_PARAMS_H

// What becomes of the first column: bytes or floats by scale and shift, or four bytes as they are.
// The other columns are taken as they are.
enum { GATHER_BYTES, GATHER_FLOATS, GATHER_WORDS };

enum { GATHER_COLUMNS = 6 };

struct gather_params {
    int kind;
    int plane;    // elements of a channel of the first column
    int prefetch; // rows that are asked for before they are read, in plain C
    int width[GATHER_COLUMNS];
    int stride[GATHER_COLUMNS]; // elements from row to row of the source, at least width
};

struct blank_params {
    int width;
};

#endif
