#include "bench/timer.h"

#include "base/clock.h"
#include "base/error.h"

#include <stdlib.h>

enum { MOST_GROUPS = 1000, LEAST_GROUPS = 5 };

static const double group_seconds = 1e-3;

static enum bough_status time_group(double *seconds, const struct bough__timed *timed, int calls)
{
    enum bough_status status = BOUGH_OK;
    double start = bough__clock();
    for (int i = 0; i < calls; i++)
        BOUGH_TRY(timed->call(timed->user));
    BOUGH_TRY(bough__finish(timed->device));
    *seconds = (bough__clock() - start) / calls;
done:
    return status;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

enum bough_status bough__time(struct bough__times *times, const struct bough__timed *timed)
{
    enum bough_status status;
    double group[MOST_GROUPS], once;
    int groups = 0;
    BOUGH_TRY(time_group(&once, timed, 1));
    BOUGH_TRY(time_group(&once, timed, 1));
    int calls = once < group_seconds ? (int)(group_seconds / once) + 1 : 1;
    double end = bough__clock() + timed->seconds;
    while (groups < LEAST_GROUPS || (groups < MOST_GROUPS && bough__clock() < end))
        BOUGH_TRY(time_group(&group[groups++], timed, calls));
    qsort(group, (size_t)groups, sizeof *group, compare);
    *times = (struct bough__times){.median = group[groups / 2], .best = group[0]};
done:
    return status;
}

struct list {
    struct bough_device *device;
    struct bough__launch *const *launch;
    size_t count;
};

static enum bough_status run_list(void *user)
{
    const struct list *list = user;
    return bough__run(list->device, list->launch, list->count);
}

enum bough_status bough__time_launches(struct bough__times *times, struct bough_device *device,
                                       struct bough__launch *const *launch, size_t count,
                                       double seconds)
{
    struct list list = {device, launch, count};
    return bough__time(times, &(struct bough__timed){device, run_list, &list, seconds});
}
