#include "bough.h"

#include "lengths.h"
#include "padding_params.h"

ROW_KERNEL void clear_padding(ARG(lengths), ARG(x), const ulong count,
                              const struct padding_params p)
{
    VIEW(const int, lengths);
    VIEW(float, x);
    const size_t n = get_group_id(0);
    const int from = row_length(true, lengths, n, p.length);
    x += n * p.length * p.width;
    for (int i = from * p.width + (int)get_local_id(0); i < p.length * p.width; i += BOUGH_GROUP)
        x[i] = 0.0f;
}
