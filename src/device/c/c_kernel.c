// Kernels: the C twin over ranges of items or rows.
#include "base/error.h"
#include "device/c/c_device.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

struct kernel_launch {
    struct bough__c_launch base;
    bough__kernel_fn *fn;
    void *arg[BOUGH_MAX_ARGS];
    int64_t count;
    int64_t grain; // ranges begin at multiples of it, so that threads share no cache line
    int parallel;
    _Alignas(16) unsigned char params[BOUGH_MAX_PARAMS];
};

static void run(const struct bough__c_launch *launch)
{
    const struct kernel_launch *l = (const struct kernel_launch *)launch;
    if (!l->parallel) {
        l->fn(l->arg, l->params, 0, l->count);
        return;
    }
#pragma omp parallel
    {
        int64_t threads = omp_get_num_threads(), thread = omp_get_thread_num();
        int64_t grains = (l->count + l->grain - 1) / l->grain;
        int64_t begin = grains * thread / threads * l->grain;
        int64_t end = grains * (thread + 1) / threads * l->grain;
        if (end > l->count)
            end = l->count;
        if (begin < end)
            l->fn(l->arg, l->params, begin, end);
    }
}

static void destroy(struct bough__c_launch *launch)
{
    free(launch);
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
    l->parallel = (call->work ? call->work : call->count) >= C_PARALLEL_WORK;
    *launch = &l->base.base;
    return BOUGH_OK;
}
