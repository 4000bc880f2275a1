// One op with one set of values, ready to be placed on a device and run. Used by op_cases.c.
#ifndef BOUGH_TEST_OP_SETUP_H
#define BOUGH_TEST_OP_SETUP_H

#include "base/arena.h"
#include "op/op_cases.h"
#include "support/support.h"

// Gradients of a stack, at most.
enum { OP_STACKED = 7 };

// What a case is run with.
struct op_setup {
    const struct op_case *row;
    const struct bough__op *op;
    char name[160];             // for messages
    struct bough__op_call call; // shapes and types, no spans
    struct bough__op_need need;
    int64_t dy_elements;
    void *x[BOUGH_MAX_INPUTS]; // NULL where absent
    float *dy;
    float *stack_dy[OP_STACKED]; // the first is dy
    // Golden results, NULL where the golden file says nothing.
    float *golden_y, *golden_dx[BOUGH_MAX_INPUTS], *golden_after[BOUGH_MAX_INPUTS];
    struct bough__arena arena;
};

// What came out.
struct op_result {
    void *y;                       // floats, unless the op says otherwise
    float *dx[BOUGH_MAX_INPUTS];   // of a stack, one after the other
    void *after[BOUGH_MAX_INPUTS]; // the inputs after the forward pass
};

int op_tiny(void);

// `size` stands for SWEEP. Fails the test if the shape rule refuses or gives another shape.
// Returns 0 where there is nothing to run: the row expected a refusal, or the op is a view.
int op_setup_init(struct op_setup *setup, const struct op_case *row, int64_t size);
void op_setup_fini(struct op_setup *setup);

// Bytes of a tensor.
size_t op_tensor_size(const struct bough__tensor *tensor);
int op_has_gradient(const struct op_setup *setup, int input);

enum op_way {
    OP_ALL,      // every gradient wanted
    OP_ONE,      // only that of `input`
    OP_ADD,      // every gradient added to `before`
    OP_IN_PLACE, // y in x[0], dx[0] in dy
    OP_STACK,    // a stack of gradients, guard words between them
    OP_STACK_TIGHT,
    OP_STACK_ADD, // tight, and every gradient added to `before`
};

// How many a stack has, fewer where shapes are small: what does at most four of them together has
// parts of four, three and two.
static inline int op_stacked(enum op_way way)
{
    if (op_tiny())
        return way == OP_STACK_ADD ? 2 : 3;
    return way == OP_STACK_TIGHT ? 5 : OP_STACKED;
}

// Places the op on the device, runs both passes, reads the results (from the setup's arena) and
// looks at the guard words.
void op_run(struct op_result *result, struct op_setup *setup, struct bough_device *device,
            enum op_way way, int input);

// Before the devices are closed.
void op_run_end(void);

// What OP_ADD adds to, at any position.
#define OP_BEFORE 0.75f

// Finite differences on `device` against the gradients of `result`.
void op_check_slopes(struct op_setup *setup, struct bough_device *device,
                     const struct op_result *result);

#endif
