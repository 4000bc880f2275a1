// An op with buffers of its own, to be timed apart from any net.
#ifndef BOUGH_BENCH_OP_CALL_H
#define BOUGH_BENCH_OP_CALL_H

#include "op/op.h"

enum { BOUGH_CALL_BUFFERS = 2 * BOUGH_MAX_INPUTS + 5 };

struct bough__call {
    struct bough__op_call call;
    struct bough__op_need need;
    struct bough__attr attr;
    struct bough__sequence forward, backward;
    struct bough__buffer *buffer[BOUGH_CALL_BUFFERS];
    int buffers;
};

struct bough__call_setup {
    const struct bough__op *op;
    struct bough__attr attr;
    int inputs;
    struct bough_shape x[BOUGH_MAX_INPUTS]; // rank 0 = absent
    unsigned integers;                      // bit i: input i holds classes, I32
    unsigned no_dx;                         // bit i: its gradient is not wanted
};

// Makes buffers, fills them with numbers, and prepares both passes. Sizes beyond the limits of the
// op or of the device are refused before any is made.
// Errors: INVALID, DEVICE; after one, too, it is ended by bough__call_fini.
enum bough_status bough__call_init(struct bough__call *call, struct bough_device *device,
                                   const struct bough__call_setup *setup);
void bough__call_fini(struct bough__call *call);

#endif
