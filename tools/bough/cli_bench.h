// What the files of `bough bench` share.
#ifndef BOUGH_CLI_BENCH_H
#define BOUGH_CLI_BENCH_H

#include "cli.h"

#include <bough/bench.h>

struct bench_arguments {
    const char *device, *kernels, *first;
    struct tool_list set;
    double seconds;
    int json, no_first_step;
    const char *argument[64]; // behind the kind of bench
    size_t arguments;
};

// "device" and "ceiling" of a JSON answer. NULL without memory.
json_t *bench_head(const struct bough_device *device, const struct bough_ceiling *ceiling);

// Prints the answer, and takes it. Errors: INTERNAL for NULL; DATA if it cannot be written.
enum bough_status bench_print_json(json_t *answer);

enum bough_status bench_step(const struct bench_arguments *a);

// The seconds from the start of a process to the end of its first training step: with empty caches
// of kernels, and with what the first one left there. Medians of three where they are short.
enum bough_status bench_first_steps(double seconds[2], const struct bench_arguments *a);

// The process that bench_first_steps starts: prints the moment at which the step had ended.
enum bough_status bench_first_step(const struct bench_arguments *a);

#endif
