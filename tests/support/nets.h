// A graph with its memory, its plan and its passes, for tests of what a plan computes.
#ifndef BOUGH_TEST_NETS_H
#define BOUGH_TEST_NETS_H

#include "graph/plan.h"
#include "support/support.h"

struct test_net {
    struct bough__graph graph;
    struct bough__buffer *memory;
    struct bough__plan *plan;
    struct bough__sequence forward, backward;
};

// Nothing is recorded yet, and the memory is not set.
void test_net_open(struct test_net *net, struct bough_device *device, size_t bytes);
// One of zeros, too.
void test_net_close(struct test_net *net);

// From a byte of its memory on.
struct bough__span test_net_at(const struct test_net *net, size_t offset);

// Plans what is recorded, and prepares all passes of that mode.
void test_net_plan(struct test_net *net, const struct bough__plan_options *options);
void test_net_run(struct test_net *net);

// Fails if a number is further off than 1e-5 of the largest that is wanted.
void test_close_to(const char *what, const float *got, const float *want, size_t count);

#endif
