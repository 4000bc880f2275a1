// Kernels: the C twin over ranges of items or rows.
#include "base/error.h"
#include "device/c/c_device.h"

#include <stdlib.h>
#include <string.h>

struct kernel_launch {
    struct bough__c_launch base;
    bough__kernel_fn *fn;
    void *arg[BOUGH_MAX_ARGS];
    int64_t count;
    int64_t grain;  // ranges begin at multiples of it, so that threads share no cache line
    int64_t ranges; // 1 = the caller does all
    _Alignas(16) unsigned char params[BOUGH_MAX_PARAMS];
};

static void run_range(const void *launch, int64_t item, int thread)
{
    (void)thread;
    const struct kernel_launch *l = launch;
    int64_t grains = (l->count + l->grain - 1) / l->grain;
    int64_t begin = grains * item / l->ranges * l->grain;
    int64_t end = grains * (item + 1) / l->ranges * l->grain;
    l->fn(l->arg, l->params, begin, end < l->count ? end : l->count);
}

static void run(const struct bough__c_launch *launch)
{
    const struct kernel_launch *l = (const struct kernel_launch *)launch;
    if (l->ranges == 1)
        l->fn(l->arg, l->params, 0, l->count);
    else
        bough__c_pool_run(bough__c_pool_of(launch), run_range, l, l->ranges);
}

static void destroy(struct bough__c_launch *launch)
{
    free(launch);
}

static int64_t ranges_of(const struct kernel_launch *l, int64_t work)
{
    int64_t threads = bough__c_pool_threads(bough__c_pool_of(&l->base));
    if (work < C_PARALLEL_WORK || threads == 1)
        return 1;
    int64_t grains = (l->count + l->grain - 1) / l->grain;
    int64_t ranges = work / C_RANGE_WORK < 4 * threads ? work / C_RANGE_WORK : 4 * threads;
    return ranges < grains ? ranges : grains;
}

enum bough_status bough__c_prepare_kernel(struct bough__launch **launch,
                                          struct bough_device *device,
                                          const struct bough__kernel_call *call)
{
    struct kernel_launch *l = calloc(1, sizeof *l);
    if (!l)
        return bough__no_memory();
    l->base = (struct bough__c_launch){{.device = device}, run, destroy};
    l->fn = call->kernel->run;
    for (int i = 0; i < call->kernel->args; i++)
        l->arg[i] = bough__c_pointer(call->arg[i]);
    if (call->kernel->params_size)
        memcpy(l->params, call->params, call->kernel->params_size);
    l->count = call->count;
    l->grain = call->kernel->grid == BOUGH_GRID_ITEMS ? 64 : 1;
    l->ranges = ranges_of(l, call->work ? call->work : call->count);
    *launch = &l->base.base;
    return BOUGH_OK;
}
