// What the files of `bough tune` share.
#ifndef BOUGH_CLI_TUNE_H
#define BOUGH_CLI_TUNE_H

#include "cli.h"

#include <bough/tune.h>

struct tune_arguments {
    const char *config; // NULL = the standard list
    const char *device, *export, *import;
    struct tool_list set;
    int child; // it is a child: it times one candidate and prints lines for its parent
};

// All products of a kind, by one candidate.
struct tune_time {
    char kind[128];
    int count;      // products that were done rightly, and not given up
    double seconds; // of all of them
};

// What a candidate did; what it cannot do at all is left out.
struct tune_times {
    struct tune_time *time; // the caller's to free
    size_t count, capacity;
    int products;  // that it was asked for
    char died[64]; // why it did not come to its end; "" if it did
};

// Times the candidate in a process of its own. Errors: INTERNAL if there can be none.
enum bough_status tune_candidate(struct tune_times *times, const struct tune_arguments *a,
                                 const char *device, const char *candidate);

// That process.
enum bough_status tune_child(const struct tune_arguments *a);

#endif
