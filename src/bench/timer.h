// Timing something that is called many times.
#ifndef BOUGH_BENCH_TIMER_H
#define BOUGH_BENCH_TIMER_H

#include "device/device.h"

struct bough__timed {
    struct bough_device *device;
    enum bough_status (*call)(void *user); // need not be done when it returns
    void *user;
    double seconds; // to spend
};

// Of one call, in seconds.
struct bough__times {
    double median, best;
};

// Calls it twice to warm up, and then in groups of at least a millisecond; the device is waited for
// at the end of a group.
enum bough_status bough__time(struct bough__times *times, const struct bough__timed *timed);

// The same for launches that are run one after the other: one call is all of them.
enum bough_status bough__time_launches(struct bough__times *times, struct bough_device *device,
                                       struct bough__launch *const *launch, size_t count,
                                       double seconds);

#endif
