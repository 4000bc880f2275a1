// Timing every launch of a device: sums for tables, and the first launches one by one for a trace.
#ifndef BOUGH_DEVICE_PROFILE_H
#define BOUGH_DEVICE_PROFILE_H

#include "device/device.h"

// Launches of one name, implementation and label, summed up.
struct bough__profile_row {
    struct bough__label label;
    const char *name, *implementation;
    int64_t launches;
    double seconds, flops, bytes;
};

struct bough__trace_event {
    int32_t row;
    int32_t list; // how many lists of launches had run before its own
    int64_t size[4];
    struct bough__timing timing;
};

enum { BOUGH_TRACE_EVENTS = 10000 };

struct bough__profile {
    struct bough__profile_row *row;
    size_t rows, row_capacity;
    struct bough__trace_event *event; // the first BOUGH_TRACE_EVENTS launches
    size_t events;
    int32_t lists;                // that ran
    struct bough__timing *timing; // of the list that ran last
    size_t timing_capacity;
};

// From now on every launch is timed, until bough__profile_end or the closing of the device. Labels
// and names must outlive the profile. Errors: INTERNAL out of memory.
enum bough_status bough__profile_begin(struct bough_device *device);
void bough__profile_end(struct bough_device *device); // does nothing where none was begun

// What bough__run does while a profile is wanted.
enum bough_status bough__profile_run(struct bough_device *device,
                                     struct bough__launch *const *launch, size_t count);

#endif
