// Timing launches by the device's own clock, on a queue of its own: a queue that keeps times is
// slower on some drivers.
#include "device/opencl/opencl.h"

#include "base/clock.h"
#include "base/error.h"

#include <stdlib.h>

// The first and the last thing that a launch enqueued; NULL where the host's clock was taken.
struct span {
    cl_event first, last;
};

static enum bough_status make_queue(struct bough__cl_device *device)
{
    cl_int error;
    if (device->profiling)
        return BOUGH_OK;
    device->profiling =
        clCreateCommandQueue(device->context, device->id, CL_QUEUE_PROFILING_ENABLE, &error);
    return device->profiling
               ? BOUGH_OK
               : bough__cl_fail(device, error, "clCreateCommandQueue, with profiling");
}

// Timed launches go through `queue`, like all others.
static void swap_queues(struct bough__cl_device *device)
{
    cl_command_queue queue = device->queue;
    device->queue = device->profiling;
    device->profiling = queue;
}

static enum bough_status take_driver(struct bough__cl_device *device, int basic)
{
    if (device->basic == basic)
        return BOUGH_OK;
    enum bough_status status = bough__cl_finish(&device->base);
    swap_queues(device);
    if (status == BOUGH_OK)
        status = bough__cl_driver_take(device, basic);
    if (status == BOUGH_OK)
        status = make_queue(device);
    swap_queues(device);
    return status;
}

static int is_plain(const struct bough__cl_launch *launch)
{
    for (size_t s = 0; s < launch->steps; s++)
        if (launch->step[s].call)
            return 0;
    return 1;
}

static enum bough_status enqueue(struct bough__cl_device *device, struct bough__cl_launch *launch,
                                 struct span *span)
{
    for (size_t s = 0; s < launch->steps; s++) {
        const struct bough__cl_step *step = &launch->step[s];
        cl_event event = NULL;
        cl_int error = clEnqueueNDRangeKernel(device->queue, step->kernel, step->dims, NULL,
                                              step->global, step->local, 0, NULL, &event);
        if (error != CL_SUCCESS)
            return bough__cl_fail(device, error, "running %s, timed", step->name);
        if (!span->first) {
            span->first = event;
            continue;
        }
        if (span->last)
            clReleaseEvent(span->last);
        span->last = event;
    }
    return BOUGH_OK;
}

// What enqueues by itself, or runs on the host, gives no event.
static enum bough_status run_by_clock(struct bough__cl_device *device, struct bough__launch *launch,
                                      struct bough__timing *timing)
{
    enum bough_status status;
    BOUGH_TRY(bough__cl_finish(&device->base));
    timing->start = bough__clock();
    BOUGH_TRY(bough__cl_run(&device->base, &launch, 1));
    BOUGH_TRY(bough__cl_finish(&device->base));
    timing->end = bough__clock();
done:
    return status;
}

static cl_ulong time_of(cl_event event, cl_profiling_info what)
{
    cl_ulong time = 0;
    clGetEventProfilingInfo(event, what, sizeof time, &time, NULL);
    return time;
}

static cl_ulong end_of(const struct span *span)
{
    return time_of(span->last ? span->last : span->first, CL_PROFILING_COMMAND_END);
}

// The end of the last event is taken for `now`, the moment at which the queue was found empty.
static void read_times(const struct span *span, size_t count, double now,
                       struct bough__timing *timing)
{
    cl_ulong latest = 0;
    for (size_t i = 0; i < count; i++)
        if (span[i].first)
            latest = end_of(&span[i]);
    for (size_t i = 0; i < count; i++) {
        if (!span[i].first)
            continue;
        cl_ulong start = time_of(span[i].first, CL_PROFILING_COMMAND_START);
        timing[i].start = now - 1e-9 * (double)(latest - start);
        timing[i].end = now - 1e-9 * (double)(latest - end_of(&span[i]));
    }
}

static enum bough_status run(struct bough__cl_device *device, struct bough__launch *const *launch,
                             size_t count, struct bough__timing *timing, struct span *span)
{
    enum bough_status status;
    for (size_t i = 0; i < count; i++) {
        struct bough__cl_launch *one = (struct bough__cl_launch *)launch[i];
        timing[i] = (struct bough__timing){0};
        BOUGH_TRY(take_driver(device, one->basic));
        BOUGH_TRY(bough__cl_launch_begin(device, one));
        if (is_plain(one))
            BOUGH_TRY(enqueue(device, one, &span[i]));
        else
            BOUGH_TRY(run_by_clock(device, launch[i], &timing[i]));
    }
    BOUGH_TRY(bough__cl_finish(&device->base));
    read_times(span, count, bough__clock(), timing);
done:
    return status;
}

enum bough_status bough__cl_run_timed(struct bough_device *base,
                                      struct bough__launch *const *launch, size_t count,
                                      struct bough__timing *timing)
{
    enum bough_status status;
    struct bough__cl_device *device = bough__cl_device(base);
    struct span *span = calloc(count, sizeof *span);
    BOUGH_TRY_MEMORY(span);
    BOUGH_TRY(make_queue(device));
    BOUGH_TRY(bough__cl_finish(base));
    swap_queues(device);
    status = run(device, launch, count, timing, span);
    swap_queues(device);
done:
    for (size_t i = 0; span && i < count; i++) {
        if (span[i].first)
            clReleaseEvent(span[i].first);
        if (span[i].last)
            clReleaseEvent(span[i].last);
    }
    free(span);
    return status;
}
