#include "graph/place.h"

#include <stdlib.h>
#include <string.h>

static size_t aligned(size_t bytes)
{
    return (bytes + BOUGH_AREA_ALIGNMENT - 1) / BOUGH_AREA_ALIGNMENT * BOUGH_AREA_ALIGNMENT;
}

static int larger_first(const void *a, const void *b)
{
    const struct bough__area *x = *(struct bough__area *const *)a;
    const struct bough__area *y = *(struct bough__area *const *)b;
    if (x->bytes != y->bytes)
        return x->bytes > y->bytes ? -1 : 1;
    return x < y ? -1 : x > y; // qsort is not stable, and a plan must be the same each time
}

static int alive_together(const struct bough__area *a, const struct bough__area *b)
{
    return a->first <= b->last && b->first <= a->last;
}

// The lowest offset for `area` beside those of `placed`, which lie there by their offsets. Returns
// its place among them.
static size_t place_one(struct bough__area *area, struct bough__area *const *placed, size_t count)
{
    area->offset = 0;
    for (size_t i = 0; i < count; i++) {
        const struct bough__area *other = placed[i];
        const size_t end = other->offset + aligned(other->bytes);
        if (other->offset >= area->offset + aligned(area->bytes))
            break;
        if (end > area->offset && alive_together(area, other))
            area->offset = end;
    }
    size_t at = count;
    while (at > 0 && placed[at - 1]->offset > area->offset)
        at--;
    return at;
}

enum bough_status bough__place_areas(struct bough__area *area, size_t count, size_t *bytes)
{
    *bytes = 0;
    struct bough__area **order = malloc((2 * count + 1) * sizeof(struct bough__area *));
    if (!order)
        return bough__no_memory();
    struct bough__area **placed = order + count;
    for (size_t i = 0; i < count; i++)
        order[i] = &area[i];
    qsort(order, count, sizeof *order, larger_first);
    for (size_t i = 0; i < count; i++) {
        const size_t at = place_one(order[i], placed, i);
        memmove(placed + at + 1, placed + at, (i - at) * sizeof *placed);
        placed[at] = order[i];
        size_t end = order[i]->offset + aligned(order[i]->bytes);
        if (end > *bytes)
            *bytes = end;
    }
    free(order);
    return BOUGH_OK;
}
