#include "graph/place.h"

#include <stdlib.h>

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

static int overlap(const struct bough__area *a, const struct bough__area *b)
{
    return a->offset < b->offset + aligned(b->bytes) && b->offset < a->offset + aligned(a->bytes);
}

// The lowest offset for `area` beside those placed before it. Candidates are 0 and the ends of the
// areas alive with it; each collision moves the candidate up, so this ends.
static void place_one(struct bough__area *area, struct bough__area *const *placed, size_t count)
{
    area->offset = 0;
    for (size_t i = 0; i < count; i++) {
        const struct bough__area *other = placed[i];
        if (alive_together(area, other) && overlap(area, other)) {
            area->offset = other->offset + aligned(other->bytes);
            i = (size_t)-1; // look at all of them again
        }
    }
}

enum bough_status bough__place_areas(struct bough__area *area, size_t count, size_t *bytes)
{
    *bytes = 0;
    struct bough__area **order = malloc((count ? count : 1) * sizeof(struct bough__area *));
    if (!order)
        return bough__no_memory();
    for (size_t i = 0; i < count; i++)
        order[i] = &area[i];
    qsort(order, count, sizeof *order, larger_first);
    for (size_t i = 0; i < count; i++) {
        place_one(order[i], order, i);
        size_t end = order[i]->offset + aligned(order[i]->bytes);
        if (end > *bytes)
            *bytes = end;
    }
    free(order);
    return BOUGH_OK;
}
