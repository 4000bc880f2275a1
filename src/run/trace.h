// What was timed during a training: rows for a table, and trace.json for Perfetto.
#ifndef BOUGH_RUN_TRACE_H
#define BOUGH_RUN_TRACE_H

#include "run/run.h"

// Copies the device's profile into the result. Errors: INTERNAL.
enum bough_status bough__profile_result(struct bough_run *run, const struct bough_device *device);

// Writes <run_dir>/trace.json in Chrome's trace event format: a slice for each list of launches,
// within it one for each op and within that one for each launch; as many launches as the profile
// kept. Errors: DATA, INTERNAL.
enum bough_status bough__trace_write(const char *run_dir, const struct bough_device *device);

#endif
