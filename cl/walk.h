// A group's way over one channel of [N, C, plane].
#ifndef BOUGH_CL_WALK_H
#define BOUGH_CL_WALK_H

// It goes by stretches of a plane: as many items as a plane has, on as many planes at once as there
// are items for.
struct walk {
    int first_n, first_i, step_n, step_i;
};

// Field by field: Mesa 22.3 copies only the first field of a structure of constants.
static inline struct walk walk_of(int plane)
{
    struct walk walk;
#if BOUGH_GROUP == 1
    walk.first_n = walk.first_i = 0;
    walk.step_n = walk.step_i = 1;
#else
    const int id = get_local_id(0), wide = plane < BOUGH_GROUP ? plane : BOUGH_GROUP;
    const int deep = BOUGH_GROUP / wide;
    walk.first_n = id / wide < deep ? id / wide : INT_MAX;
    walk.first_i = id % wide;
    walk.step_n = deep;
    walk.step_i = wide;
#endif
    return walk;
}

// A loop over the elements that are this item's; `walk` is walk_of(plane).
#define EACH_PLACE(at, c, batch, channels, plane)                                                  \
    for (int n_ = walk.first_n; n_ < (batch); n_ += walk.step_n)                                   \
        APART                                                                                      \
    for (size_t start_ = ((size_t)n_ * (channels) + (c)) * (plane), at = start_ + walk.first_i;    \
         at < start_ + (plane); at += walk.step_i)

#endif
