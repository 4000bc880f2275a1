// Kernels: the C twin over ranges of items or rows.
#include "base/error.h"
#include "device/c/c_device.h"

#include <stdlib.h>
#include <string.h>

struct kernel_launch {
    struct bough__c_launch base;
    bough__kernel_fn *fn;
    bough__stack_fn *stack_fn; // NULL = `fn` for each of the stack
    char *arg[BOUGH_MAX_ARGS];
    size_t stride[BOUGH_MAX_ARGS]; // from one of a stack to the next
    int args;
    int64_t members, stack; // of the call's stack; how many are done apart: all, or 1 by `stack_fn`
    int64_t count;          // items of each
    int64_t grain;          // ranges begin at multiples of it, so that threads share no cache line
    int64_t ranges;         // of each that is done apart
    int alone;              // the caller does all
    _Alignas(16) unsigned char params[BOUGH_MAX_PARAMS];
};

// Of number `index` of the stack, or of all of it.
static void run_part(const struct kernel_launch *l, int64_t index, int64_t begin, int64_t end)
{
    void *arg[BOUGH_MAX_ARGS];
    if (l->stack < l->members) {
        l->stack_fn((void *const *)l->arg, l->stride, l->members, l->params, begin, end);
        return;
    }
    for (int i = 0; i < l->args; i++)
        arg[i] = l->arg[i] ? l->arg[i] + (size_t)index * l->stride[i] : NULL;
    l->fn(arg, l->params, begin, end);
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
        bough__c_pool_run(bough__c_pool_of(launch), run_range, l, l->stack * l->ranges);
    for (int64_t i = 0; l->alone && i < l->stack; i++)
        run_part(l, i, 0, l->count);
}

static void destroy(struct bough__c_launch *launch)
{
    free(launch);
}

static void set_ranges(struct kernel_launch *l, int64_t work)
{
    const int64_t threads = bough__c_pool_threads(bough__c_pool_of(&l->base));
    const int64_t most = (4 * threads + l->stack - 1) / l->stack;
    const int64_t grains = (l->count + l->grain - 1) / l->grain;
    l->ranges = work / C_RANGE_WORK < most ? work / C_RANGE_WORK : most;
    l->ranges = l->ranges < grains ? l->ranges : grains;
    l->ranges = l->ranges > 1 ? l->ranges : 1;
    l->alone = work * l->stack < C_PARALLEL_WORK || threads == 1 || l->stack * l->ranges == 1;
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
    l->stack_fn = call->kernel->run_stack;
    l->args = call->kernel->args;
    for (int i = 0; i < l->args; i++) {
        l->arg[i] = bough__c_pointer(call->arg[i]);
        l->stride[i] = call->arg[i].stride;
    }
    if (call->kernel->params_size)
        memcpy(l->params, call->params, call->kernel->params_size);
    l->members = call->stack;
    l->stack = l->stack_fn ? 1 : call->stack;
    l->count = call->count;
    l->grain = call->kernel->grid == BOUGH_GRID_ITEMS ? 64 : 1;
    set_ranges(l, (call->work ? call->work : call->count) * (l->members / l->stack));
    *launch = &l->base.base;
    return BOUGH_OK;
}
