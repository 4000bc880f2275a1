// Positions of row n of a sequence, of `longest`. Without lengths all of them.
#ifndef BOUGH_CL_LENGTHS_H
#define BOUGH_CL_LENGTHS_H

static inline int row_length(bool told, global const int *lengths, size_t n, int longest)
{
    return told ? clamp(lengths[n], 0, longest) : longest;
}

#endif
