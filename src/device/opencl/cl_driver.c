// The two drivers by which PoCL runs launches. Its usual driver hands each to threads, which costs
// some microseconds a launch whatever it holds; `basic` runs it at once where it is enqueued, on
// one core. Both work on the same memory. Lists of small launches take the second.
#include "device/opencl/opencl.h"

#include "base/error.h"

// Half of it is what one core does in about the time that waking threads costs a launch.
static const double short_flops = 1.5e6;

enum bough_status bough__cl_drivers_open(struct bough__cl_device *device)
{
    cl_int error;
    if (!device->other.id)
        return BOUGH_OK;
    device->other.queue = clCreateCommandQueue(device->context, device->other.id, 0, &error);
    if (!device->other.queue)
        return bough__cl_fail(device, error, "clCreateCommandQueue of PoCL's basic driver");
    return BOUGH_OK;
}

enum bough_status bough__cl_driver_take(struct bough__cl_device *device, int basic)
{
    if (device->basic == basic)
        return BOUGH_OK;
    enum bough_status status = bough__cl_finish(&device->base);
    const struct bough__cl_driver before = {device->id, device->queue, device->profiling};
    device->id = device->other.id;
    device->queue = device->other.queue;
    device->profiling = device->other.profiling;
    device->other = before;
    device->basic = basic;
    return status;
}

enum bough_status bough__cl_expect(struct bough_device *base, double flops)
{
    struct bough__cl_device *device = bough__cl_device(base);
    if (!device->other.id)
        return BOUGH_OK;
    return bough__cl_driver_take(device, flops < short_flops);
}

void bough__cl_drivers_close(struct bough__cl_device *device)
{
    const cl_command_queue queue[] = {device->queue, device->profiling, device->other.queue,
                                      device->other.profiling};
    for (size_t i = 0; i < sizeof queue / sizeof *queue; i++)
        if (queue[i])
            clReleaseCommandQueue(queue[i]);
}
