// Kernels: the C twin over ranges of items or rows.
#include "base/error.h"
#include "device/c/c_device.h"

#include <stdlib.h>
#include <string.h>

struct kernel_launch {
    struct bough__c_launch base;
    const struct bough__kernel *kernel;
    void *arg[BOUGH_MAX_ARGS];     // of the stack's first
    size_t stride[BOUGH_MAX_ARGS]; // from one of the stack to the next
    int64_t stack;
    int64_t parts;  // of the stack, whose members are done together
    int64_t count;  // items of each
    int64_t grain;  // ranges begin at multiples of it, so that threads share no cache line
    int64_t ranges; // of each part
    int alone;      // the caller does all
    _Alignas(16) unsigned char params[BOUGH_MAX_PARAMS];
};

static void run_part(const struct kernel_launch *l, int64_t part, int64_t begin, int64_t end)
{
    void *arg[BOUGH_MAX_ARGS];
    const int64_t first = l->stack * part / l->parts;
    const int64_t members = l->stack * (part + 1) / l->parts - first;
    for (int i = 0; i < l->kernel->args; i++)
        arg[i] = l->arg[i] ? (char *)l->arg[i] + (size_t)first * l->stride[i] : NULL;
    if (members > 1)
        l->kernel->run_stack(arg, l->stride, members, l->params, begin, end);
    else
        l->kernel->run(arg, l->params, begin, end);
}

static void run_range(const void *launch, int64_t item, int thread)
{
    (void)thread;
    const struct kernel_launch *l = launch;
    int64_t grains = (l->count + l->grain - 1) / l->grain, range = item % l->ranges;
    int64_t begin = grains * range / l->ranges * l->grain;
    int64_t end = grains * (range + 1) / l->ranges * l->grain;
    run_part(l, item / l->ranges, begin, end < l->count ? end : l->count);
}

static void run(const struct bough__c_launch *launch)
{
    const struct kernel_launch *l = (const struct kernel_launch *)launch;
    if (!l->alone)
        bough__c_pool_run(bough__c_pool_of(launch), run_range, l, l->parts * l->ranges);
    for (int64_t i = 0; l->alone && i < l->parts; i++)
        run_part(l, i, 0, l->count);
}

static void destroy(struct bough__c_launch *launch)
{
    free(launch);
}

// `work` is that of the whole stack.
static void set_ranges(struct kernel_launch *l, int64_t work)
{
    const int64_t threads = bough__c_pool_threads(bough__c_pool_of(&l->base));
    const int64_t most = (4 * threads + l->parts - 1) / l->parts;
    const int64_t grains = (l->count + l->grain - 1) / l->grain;
    l->ranges = work / l->parts / C_RANGE_WORK;
    l->ranges = l->ranges < most ? l->ranges : most;
    l->ranges = l->ranges < grains ? l->ranges : grains;
    l->ranges = l->ranges > 1 ? l->ranges : 1;
    l->alone = work < C_PARALLEL_WORK || threads == 1 || l->parts * l->ranges == 1;
}

enum bough_status bough__c_prepare_kernel(struct bough__launch **launch,
                                          struct bough_device *device,
                                          const struct bough__kernel_call *call)
{
    struct kernel_launch *l = calloc(1, sizeof *l);
    if (!l)
        return bough__no_memory();
    l->base = (struct bough__c_launch){{.device = device}, run, destroy};
    l->kernel = call->kernel;
    for (int i = 0; i < l->kernel->args; i++) {
        l->arg[i] = bough__c_pointer(call->arg[i]);
        l->stride[i] = call->arg[i].stride;
    }
    if (call->kernel->params_size)
        memcpy(l->params, call->params, call->kernel->params_size);
    const int64_t together = l->kernel->run_stack ? l->kernel->together() : 1;
    l->stack = call->stack;
    l->parts = (l->stack + together - 1) / together;
    l->count = call->count;
    l->grain = call->kernel->grid == BOUGH_GRID_ITEMS ? 64 : 1;
    set_ranges(l, (call->work ? call->work : call->count) * l->stack);
    *launch = &l->base.base;
    return BOUGH_OK;
}
