// Batches out of a data set that lives on the device: rows picked by an order.
#ifndef BOUGH_DATA_GATHER_H
#define BOUGH_DATA_GATHER_H

#include "device/sequence.h"

#include <bough/tensor.h>

// Another column of the same rows, of four-byte elements that are taken as they are.
struct bough__gather_copy {
    struct bough__span source; // [M, stride]
    int64_t width, stride;     // as of the gather
    struct bough__span x;      // [rows, width]
};

struct bough__gather {
    struct bough__span source; // [M, stride]
    enum bough_dtype dtype;    // of the source: U8, F32 or I32
    int64_t rows, width;       // of the batch
    int64_t stride;            // of the source, whose rows may be longer; 0 = width
    struct bough__span order;  // I32, each 0..M-1; absent: source row n is row n of the batch
    struct bough__span step;   // struct step_state (cl/step.h): row n is order[first + n]
    // F32 [channels]: x = source * scale + shift, of F32. Wanted for U8; absent for I32 and where
    // F32 is copied as it is (targets, whose NaN stays).
    struct bough__span scale, shift;
    int64_t channels;     // width is a multiple of it; 0 stands for 1
    struct bough__span x; // [rows, width], F32 or I32
    // F32 [rows], of the batch: rows of x where it is 0 become zeros, also of what is not finite.
    // May be what a copy brings; absent: none do.
    struct bough__span present;
    const struct bough__gather_copy *copy;
    int copies;
};

// Writes the launch that fills a batch, and more where it has above five copies. Errors: INVALID.
enum bough_status bough__gather_write(struct bough__sequence *out,
                                      const struct bough__gather *gather);

// Computes scale and shift [channels] such that x is ((U8 ? source / 255 : source) - mean) / std.
//   mean, std  one, or one per channel: `given` of them; NULL = 0, and 1
void bough__gather_normalize(float *scale, float *shift, size_t channels, enum bough_dtype dtype,
                             const float *mean, const float *std, size_t given);

#endif
