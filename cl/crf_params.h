// What the kernels of crf are told, in C and in OpenCL.
#ifndef BOUGH_CL_CRF_PARAMS_H
#define BOUGH_CL_CRF_PARAMS_H

// Rows of tags are padded to a multiple of that, with zeros; of more classes the table's places
// are no ints.
enum { CRF_PAD = 16, CRF_MOST_CLASSES = 32736 };

// How far below the best a transition, or an end, counts: all chances of a position then stay
// numbers, relative to their sum.
#define CRF_LEAST -34.0f

struct crf_params {
    int rows, length, classes; // N, L, K
    int padded;                // K
};

// The table of a step, in floats:
//   chance [padded, padded]  e^(transition - its most), from i to j
//   back   [padded, padded]  the same, transposed
//   last   [padded]          e^(end - its most)
//   most   [CRF_PAD]         of the transitions, and of the ends
#define CRF_BACK(p)  ((p).padded * (p).padded)
#define CRF_LAST(p)  (2 * (p).padded * (p).padded)
#define CRF_MOST(p)  (CRF_LAST(p) + (p).padded)
#define CRF_TABLE(p) (CRF_MOST(p) + CRF_PAD)

#endif
