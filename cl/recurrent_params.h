// What the kernels of lstm and gru are told, in C and in OpenCL.
#ifndef BOUGH_CL_RECURRENT_PARAMS_H
#define BOUGH_CL_RECURRENT_PARAMS_H

#define LSTM_GATES 4
#define GRU_GATES  3

// What the forward pass saves of each position and unit; what it was before the position is last.
#define LSTM_SAVES 7 // i, f, g, o, the cell before, the tanh of the cell, h before
#define GRU_SAVES  5 // r, z, n, what r is multiplied by, h before

#define RECURRENT_MOST_ROWS 32  // of a block
#define RECURRENT_STATES    6   // rows of units that a row of a block has in scratch
#define RECURRENT_WIDE      128 // which every LANES of a twin, twice, divides

// gx [batch, length, directions, gates, units], y [batch, length, directions, units],
// saved [directions, batch, length, saves, units].
struct recurrent_params {
    int batch, length, units, directions;
    int gates, saves;
    int rows, blocks; // rows of a block, and blocks of a direction
};

// Of one pass: weight_hh [directions, gates, units, units].
struct recurrent_pack_params {
    int units, directions, gates;
    int backward;
};

#endif
