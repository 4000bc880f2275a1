// The padding of sequences [N, L, D]: what stands at and behind a row's length.
#ifndef BOUGH_OP_PADDING_H
#define BOUGH_OP_PADDING_H

#include "op/op.h"

// Positions of row n, of `longest`. Without lengths all of them.
BOUGH_IN_TWIN int64_t row_length(const int32_t *lengths, int64_t n, int64_t longest)
{
    const int64_t told = lengths ? lengths[n] : longest;
    return told < 0 ? 0 : told < longest ? told : longest;
}

// Whether the last input, of number `input` or above, is the lengths of x[0]: I32 [N].
int bough__has_lengths(const struct bough__op_call *call, int input);

// The last input, or absent.
struct bough__span bough__lengths(const struct bough__op_call *call, int input);

// Zeros in the padding of a tensor [N, L, D]. Without lengths there is none.
enum bough_status bough__clear_padding(struct bough__sequence *out, struct bough__span x,
                                       const struct bough_shape *shape, struct bough__span lengths);

#endif
