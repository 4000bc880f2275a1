#include "op/op_cases.h"

#include "op/op_setup.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const way_names[] = {
    "",         " (one gradient)", " (added)",      " (in place)",
    " (stack)", " (tight stack)",  " (added stack)"};

// ---- Comparing ----

static double limit(const struct op_setup *setup)
{
    return setup->row->nmse > 0 ? setup->row->nmse : 1e-7;
}

static void compare(const struct op_setup *setup, const struct bough_device *device,
                    const char *way, const char *what, int input, const float *got,
                    const float *wanted, int64_t count, double most)
{
    const double nmse = test_nmse(got, wanted, (size_t)count);
    if (nmse <= most)
        return;
    int64_t at = 0;
    while (at < count - 1 && fabsf(got[at] - wanted[at]) <= 1e-3f * fabsf(wanted[at]))
        at++;
    fail_msg("%s on %s%s: %s[%d]: NMSE %g, at most %g; element %d is %g, wanted %g", setup->name,
             device->info.id, way, what, input, nmse, most, (int)at, (double)got[at],
             (double)wanted[at]);
}

static int64_t elements(const struct op_setup *setup, int input)
{
    return bough_shape_elements(&setup->call.x[input].shape);
}

// Inputs that the forward pass does not update are bit for bit what they were.
static void compare_after(const struct op_setup *setup, const struct bough_device *device,
                          const struct op_result *got, const struct op_result *wanted)
{
    for (int i = 0; i < setup->call.inputs; i++) {
        if (!got->after[i])
            continue;
        if (setup->row->updates >> i & 1)
            compare(setup, device, "", "updated x", i, got->after[i], wanted->after[i],
                    elements(setup, i), limit(setup));
        else if (memcmp(got->after[i], setup->x[i], op_tensor_size(&setup->call.x[i])) != 0)
            fail_msg("%s on %s: input %d was changed", setup->name, device->info.id, i);
    }
}

static void compare_gradients(const struct op_setup *setup, const struct bough_device *device,
                              enum op_way way, const struct op_result *got,
                              const struct op_result *wanted)
{
    for (int i = 0; i < setup->call.inputs; i++) {
        for (int64_t j = 0;
             got->dx[i] && (way == OP_ADD || way == OP_STACK_ADD) && j < elements(setup, i); j++)
            got->dx[i][j] -= OP_BEFORE;
        if (got->dx[i])
            compare(setup, device, way_names[way], "dx", i, got->dx[i], wanted->dx[i],
                    elements(setup, i), limit(setup));
    }
}

static void compare_results(const struct op_setup *setup, const struct bough_device *device,
                            enum op_way way, const struct op_result *got,
                            const struct op_result *wanted)
{
    const int64_t count = bough_shape_elements(&setup->call.y.shape);
    compare(setup, device, way_names[way], "y", 0, got->y, wanted->y, count, limit(setup));
    compare_gradients(setup, device, way, got, wanted);
    compare_after(setup, device, got, wanted);
}

// The golden values come from double precision.
static void compare_golden(const struct op_setup *setup, const struct bough_device *device,
                           const struct op_result *got)
{
    const double most = fmax(1e-10, setup->row->nmse);
    if (setup->golden_y)
        compare(setup, device, " (golden)", "y", 0, got->y, setup->golden_y,
                bough_shape_elements(&setup->call.y.shape), most);
    for (int i = 0; i < setup->call.inputs; i++) {
        if (setup->golden_dx[i])
            compare(setup, device, " (golden)", "dx", i, got->dx[i], setup->golden_dx[i],
                    elements(setup, i), most);
        if (setup->golden_after[i])
            compare(setup, device, " (golden)", "updated x", i, got->after[i],
                    setup->golden_after[i], elements(setup, i), most);
    }
}

// A stack against single passes.
static void compare_stack(const struct op_setup *setup, const struct bough_device *device,
                          enum op_way way, const struct op_result *got,
                          const struct op_result *wanted)
{
    struct op_result one = {0};
    for (int s = 0; s < op_stacked(way); s++) {
        for (int i = 0; i < setup->call.inputs; i++)
            one.dx[i] = got->dx[i] ? got->dx[i] + s * elements(setup, i) : NULL;
        compare_gradients(setup, device, way, &one, &wanted[s]);
    }
}

// ---- Running ----

static void run_way(struct op_setup *setup, struct bough_device *device, enum op_way way, int input,
                    const struct op_result *wanted)
{
    struct op_result got;
    op_run(&got, setup, device, way, input);
    compare_results(setup, device, way, &got, wanted);
}

static void run_stack(struct op_setup *setup, struct bough_device *device, enum op_way way,
                      const struct op_result *wanted)
{
    struct op_result got;
    op_run(&got, setup, device, way, 0);
    compare_stack(setup, device, way, &got, wanted);
}

// `wanted` is one of each gradient of the stack, and the first is that of all else.
static void run_device(struct op_setup *setup, struct bough_device *device,
                       const struct op_result *wanted)
{
    struct op_result got;
    int gradients = 0;
    op_run(&got, setup, device, OP_ALL, 0);
    compare_results(setup, device, OP_ALL, &got, wanted);
    compare_golden(setup, device, &got);
    for (int i = 0; i < setup->call.inputs; i++)
        gradients += op_has_gradient(setup, i);
    for (int i = 0; gradients > 1 && !op_tiny() && i < setup->call.inputs; i++)
        if (op_has_gradient(setup, i))
            run_way(setup, device, OP_ONE, i, &got);
    if (setup->op->flags & BOUGH__OP_ACCUMULATES)
        run_way(setup, device, OP_ADD, 0, &got);
    if (setup->op->flags & BOUGH__OP_IN_PLACE)
        run_way(setup, device, OP_IN_PLACE, 0, &got);
    run_stack(setup, device, OP_STACK, wanted);
    if (!op_tiny())
        run_stack(setup, device, OP_STACK_TIGHT, wanted);
    if (setup->op->flags & BOUGH__OP_ACCUMULATES)
        run_stack(setup, device, OP_STACK_ADD, wanted);
    if (test_warnings())
        fail_msg("%s on %s: the library warns", setup->name, device->info.id);
}

static void run_singles(struct op_result *result, struct op_setup *setup,
                        struct bough_device *device)
{
    for (int s = op_stacked(OP_STACK) - 1; s >= 0; s--) {
        setup->dy = setup->stack_dy[s];
        op_run(&result[s], setup, device, OP_ALL, 0);
    }
}

static void run_size(const struct op_case *row, int64_t size)
{
    struct op_setup setup;
    if (op_setup_init(&setup, row, size)) {
        size_t count;
        struct bough_device *const *devices = test_devices(&count);
        struct op_result c[OP_STACKED];
        run_singles(c, &setup, devices[0]);
        for (size_t i = 0; i < count; i++)
            run_device(&setup, devices[i], c);
        if (!op_tiny() && !row->golden)
            op_check_slopes(&setup, devices[0], &c[0]);
    }
    op_setup_fini(&setup);
}

static int is_swept(const struct op_case *row)
{
    for (int i = 0; i < BOUGH_MAX_INPUTS; i++)
        for (int j = 0; j < row->x[i].shape.rank; j++)
            if (row->x[i].shape.dim[j] == SWEEP)
                return 1;
    return 0;
}

static int is_large(const struct op_case *row)
{
    for (int i = 0; i < BOUGH_MAX_INPUTS; i++)
        if (row->x[i].fill != FILL_NONE && llabs(bough_shape_elements(&row->x[i].shape)) > 1000)
            return 1;
    return 0;
}

static void run_row(void **state)
{
    static const int64_t sizes[] = {1, 3, 17, 31, 32, 33, 63, 64, 65};
    const struct op_case *row = *state;
    const size_t count = op_tiny() ? 2 : sizeof sizes / sizeof *sizes;
    if (op_tiny() && is_large(row))
        skip();
    if (!is_swept(row)) {
        run_size(row, 0);
        return;
    }
    if (row->x[0].shape.dim[0] == SWEEP)
        run_size(row, 0);
    for (size_t i = 0; i < count; i++)
        run_size(row, sizes[i]);
}

static int end(void **state)
{
    op_run_end();
    return test_devices_end(state);
}

// "linear [SWEEP, 7] [5, 7] [5]"
static void name_row(char *name, size_t size, const struct op_case *row)
{
    snprintf(name, size, "%s", row->op);
    for (int i = 0; i < BOUGH_MAX_INPUTS; i++) {
        char shape[64];
        if (row->x[i].fill != FILL_NONE)
            snprintf(name + strlen(name), size - strlen(name), " %s",
                     bough_shape_format(&row->x[i].shape, shape, sizeof shape));
    }
    if (row->golden || row->fails)
        snprintf(name + strlen(name), size - strlen(name), " %s",
                 row->golden ? row->golden : "refused");
}

int op_cases_run(const char *family, const struct op_case *cases, size_t count)
{
    enum { NAME = 160 };
    struct CMUnitTest *tests = calloc(count, sizeof *tests);
    char *names = calloc(count, NAME);
    int failed = 1;
    if (tests && names) {
        for (size_t i = 0; i < count; i++) {
            name_row(names + i * NAME, NAME, &cases[i]);
            tests[i] = (struct CMUnitTest){.name = names + i * NAME,
                                           .test_func = run_row,
                                           .initial_state = (void *)(uintptr_t)&cases[i]};
        }
        failed = _cmocka_run_group_tests(family, tests, count, NULL, end);
    }
    free(tests);
    free(names);
    return failed;
}
