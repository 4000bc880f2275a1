// The tags that a linear chain (op crf) takes for the likeliest.
#ifndef BOUGH_NN_VITERBI_H
#define BOUGH_NN_VITERBI_H

#include <bough/status.h>
#include <stdint.h>

// On the host. What is -INFINITY never comes, as long as there is something else.
struct bough__chain {
    int64_t tags;                     // K
    float *transitions, *start, *end; // [K, K] from row to column, [K], [K]
};

// best [length] of the scores [length, K]; of equals the first. Errors: INTERNAL out of memory.
enum bough_status bough__viterbi(int32_t *best, const struct bough__chain *chain,
                                 const float *score, int64_t length);

#endif
