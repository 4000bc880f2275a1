#include "bough.h"

#include "lengths.h"
#include "positions_params.h"

#define EACH_OWN(i, count)                                                                         \
    APART                                                                                          \
    for (int i = get_local_id(0); i < (count); i += BOUGH_GROUP)

// A group is a row of the batch; y may be x.
ROW_KERNEL void add_positions_fwd(ARG(x), ARG(place), ARG(lengths), ARG(saved), ARG(y),
                                  const ulong groups, const struct positions_params p)
{
    VIEW(const float, x);
    VIEW(const float, place);
    VIEW(const int, lengths);
    VIEW(int, saved);
    VIEW(float, y);
    const size_t n = get_group_id(0), first = n * p.length * p.width;
    const int length = row_length(HAS(lengths), lengths, n, p.length), count = length * p.width;
    if (get_local_id(0) == 0)
        saved[n] = length;
    EACH_OWN (i, p.length * p.width)
        y[first + i] = i < count ? x[first + i] + place[i] : 0.0f;
}

// dx may be dy.
ROW_KERNEL void add_positions_dx(ARG(saved), ARG(dy), ARG(dx), const ulong groups,
                                 const struct positions_params p)
{
    VIEW(const int, saved);
    VIEW(const float, dy);
    VIEW(float, dx);
    const size_t n = get_group_id(0), first = n * p.length * p.width;
    const int count = saved[n] * p.width;
    EACH_OWN (i, p.length * p.width)
        dx[first + i] = i < count ? dy[first + i] : 0.0f;
}

// A group is a place.
ROW_KERNEL void add_positions_dplace(ARG(saved), ARG(dy), ARG(dplace), const ulong groups,
                                     const struct positions_params p)
{
    VIEW(const int, saved);
    VIEW(const float, dy);
    VIEW(float, dplace);
    const size_t l = get_group_id(0);
    dplace += l * p.width;
    EACH_OWN (i, p.width)
        dplace[i] = 0.0f;
    for (int n = 0; n < p.batch; n++) {
        const size_t at = ((size_t)n * p.length + l) * p.width;
        EACH_OWN (i, (int)l < saved[n] ? p.width : 0)
            dplace[i] += dy[at + i];
    }
}
