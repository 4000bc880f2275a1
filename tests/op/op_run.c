#include "op/op_setup.h"

#include "cl/random.h"
#include "cl/step.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GUARD = 64 };                     // bytes at either end
static const uint32_t junk = 0x7fdeadbe; // a NaN

// One span in a buffer of its own, or a stack of them.
struct block {
    struct bough__buffer *buffer;
    size_t size; // of one
    size_t count, stride;
};

// A setup on a device.
struct placed {
    struct bough_device *device;
    struct op_setup *setup;
    struct bough__op_call call;
    struct block x[BOUGH_MAX_INPUTS], dx[BOUGH_MAX_INPUTS], y, dy, saved, scratch, step;
    struct bough__sequence forward, backward;
};

static size_t guard(void)
{
    return op_tiny() ? 0 : GUARD;
}

static int is_stack(enum op_way way)
{
    return way >= OP_STACK;
}

static int is_added(enum op_way way)
{
    return way == OP_ADD || way == OP_STACK_ADD;
}

static size_t block_at(const struct block *block, size_t index)
{
    return guard() + index * block->stride;
}

// From the first to the end of the last.
static size_t block_extent(const struct block *block)
{
    return (block->count - 1) * block->stride + block->size;
}

static struct bough__span block_span(const struct block *block)
{
    if (!block->buffer)
        return (struct bough__span){0};
    return (struct bough__span){
        .buffer = block->buffer, .offset = guard(), .stride = block->count > 1 ? block->stride : 0};
}

static void *junk_create(size_t size)
{
    const size_t words = size / 4 + 1;
    uint32_t *data = malloc(4 * words);
    assert_non_null(data);
    for (size_t i = 0; i < words; i++)
        data[i] = junk;
    return data;
}

static void fill_junk(struct bough__buffer *buffer, size_t offset, size_t size)
{
    void *data = junk_create(size);
    if (size)
        assert_ok(bough__write(bough__span_at(bough__whole(buffer), offset), data, size));
    free(data);
}

// With junk all over it, but for tiny runs: there, what nobody has written stays so.
static struct bough__span block_create_stack(struct block *block, struct bough_device *device,
                                             size_t size, enum op_way way)
{
    block->size = size;
    block->count = is_stack(way) ? op_stacked(way) : 1;
    block->stride = size + (way == OP_STACK ? guard() : 0);
    const size_t all = block_extent(block) + 2 * guard();
    assert_ok(bough__buffer_create(&block->buffer, device, all));
    if (!op_tiny())
        fill_junk(block->buffer, 0, all);
    return block_span(block);
}

static struct bough__span block_create(struct block *block, struct bough_device *device,
                                       size_t size)
{
    return block_create_stack(block, device, size, OP_ALL);
}

// In one write: oclgrind takes what an earlier one wrote into a buffer for uninitialised.
static void block_write_stack(const struct block *block, const void *const *data)
{
    char *all = junk_create(block_extent(block));
    for (size_t i = 0; block->size && i < block->count; i++)
        memcpy(all + i * block->stride, data[i], block->size);
    if (block->size)
        assert_ok(bough__write(block_span(block), all, block_extent(block)));
    free(all);
}

static void block_write(const struct block *block, const void *data)
{
    if (block->size)
        assert_ok(bough__write(block_span(block), data, block->size));
}

// One after the other.
static void *block_read(const struct placed *placed, const struct block *block)
{
    char *data = bough__arena_alloc(&placed->setup->arena, block->count * block->size);
    assert_non_null(data);
    for (size_t i = 0; block->size && i < block->count; i++)
        assert_ok(bough__read(bough__span_at(bough__whole(block->buffer), block_at(block, i)),
                              data + i * block->size, block->size));
    return data;
}

static void block_overwrite(const struct block *block)
{
    if (block->buffer)
        fill_junk(block->buffer, guard(), block_extent(block));
}

static void check_guard(const struct placed *placed, const struct block *block, size_t at,
                        const char *where, const char *what)
{
    uint32_t words[GUARD / 4];
    assert_ok(bough__read(bough__span_at(bough__whole(block->buffer), at), words, GUARD));
    for (size_t i = 0; i < GUARD / 4; i++)
        if (words[i] != junk)
            fail_msg("%s on %s: written %s %s, at word %d", placed->setup->name,
                     placed->device->info.id, where, what, (int)i);
}

static void block_check(const struct placed *placed, const struct block *block, const char *what)
{
    if (!block->buffer || !guard())
        return;
    check_guard(placed, block, 0, "before", what);
    for (size_t i = 0; block->stride > block->size && i + 1 < block->count; i++)
        check_guard(placed, block, block_at(block, i) + block->size, "between", what);
    check_guard(placed, block, GUARD + block_extent(block), "behind", what);
}

// ---- Placing ----

static void place_forward(struct placed *placed, enum op_way way)
{
    const struct op_setup *setup = placed->setup;
    struct bough__op_call *call = &placed->call;
    for (int i = 0; i < call->inputs; i++)
        if (setup->x[i])
            call->x[i].span =
                block_create(&placed->x[i], placed->device, op_tensor_size(&call->x[i]));
    if (way == OP_IN_PLACE)
        call->y.span = call->x[0].span;
    else
        call->y.span = block_create(&placed->y, placed->device, op_tensor_size(&call->y));
    if (setup->need.saved)
        call->saved = block_create(&placed->saved, placed->device, setup->need.saved);
    if (setup->need.scratch)
        call->scratch =
            block_create_stack(&placed->scratch, placed->device, setup->need.scratch, way);
    call->step = block_create(&placed->step, placed->device, sizeof(struct step_state));
    assert_ok(bough__op_write(&placed->forward, setup->op, BOUGH_FORWARD, call, &setup->need));
}

static void place_backward(struct placed *placed, enum op_way way, int input)
{
    struct bough__op_call *call = &placed->call;
    call->dy.shape = (struct bough_shape){1, {placed->setup->dy_elements}};
    if (!placed->setup->row->loss)
        call->dy.shape = call->y.shape;
    call->dy.span = block_create_stack(&placed->dy, placed->device, op_tensor_size(&call->dy), way);
    call->stack = is_stack(way) ? op_stacked(way) : 0;
    for (int i = 0; i < call->inputs; i++) {
        if (!op_has_gradient(placed->setup, i) || (way == OP_ONE && i != input))
            continue;
        call->dx[i].shape = call->x[i].shape;
        if (way == OP_IN_PLACE && i == 0)
            call->dx[i].span = call->dy.span;
        else
            call->dx[i].span = block_create_stack(&placed->dx[i], placed->device,
                                                  op_tensor_size(&call->dx[i]), way);
        call->add_dx[i] = is_added(way);
    }
    assert_ok(bough__op_write(&placed->backward, placed->setup->op, BOUGH_BACKWARD, call,
                              &placed->setup->need));
}

static void place(struct placed *placed, struct op_setup *setup, struct bough_device *device,
                  enum op_way way, int input)
{
    *placed = (struct placed){.device = device, .setup = setup, .call = setup->call};
    placed->forward.device = placed->backward.device = device;
    place_forward(placed, way);
    place_backward(placed, way, input);
}

// Buffers of tiny runs end with the program: oclgrind takes a new buffer for the one that lay
// there before, smaller perhaps, and then calls uninitialised what is not.
static struct bough__buffer **kept;
static size_t kept_count;

static void block_destroy(struct block *block)
{
    if (op_tiny() && block->buffer) {
        struct bough__buffer **grown = realloc(kept, (kept_count + 1) * sizeof *kept);
        assert_non_null(grown);
        kept = grown;
        kept[kept_count++] = block->buffer;
        block->buffer = NULL;
    }
    bough__buffer_destroy(&block->buffer);
}

void op_run_end(void)
{
    while (kept_count)
        bough__buffer_destroy(&kept[--kept_count]);
    free(kept);
    kept = NULL;
}

static void unplace(struct placed *placed)
{
    bough__sequence_fini(&placed->forward);
    bough__sequence_fini(&placed->backward);
    for (int i = 0; i < BOUGH_MAX_INPUTS; i++) {
        block_destroy(&placed->x[i]);
        block_destroy(&placed->dx[i]);
    }
    block_destroy(&placed->y);
    block_destroy(&placed->dy);
    block_destroy(&placed->saved);
    block_destroy(&placed->scratch);
    block_destroy(&placed->step);
}

// ---- Running ----

static const struct block *y_block(const struct placed *placed)
{
    return placed->y.buffer ? &placed->y : &placed->x[0];
}

static void run_forward(const struct placed *placed)
{
    const struct step_state step = {.seed = {7, 11}, .step = 3, .epoch = 4.5f, .epochs = 30};
    for (int i = 0; i < placed->call.inputs; i++)
        if (placed->x[i].buffer)
            block_write(&placed->x[i], placed->setup->x[i]);
    block_write(&placed->step, &step);
    assert_ok(bough__sequence_run(&placed->forward));
    assert_ok(bough__finish(placed->device));
}

// What the op's flags say the backward pass does not read.
static void overwrite_unread(const struct placed *placed)
{
    const unsigned flags = placed->setup->op->flags;
    const int shared = placed->y.buffer == NULL;
    for (int i = 0; i < placed->call.inputs; i++)
        if (!(flags & BOUGH__OP_BACKWARD_READS_X) && !(shared && i == 0))
            block_overwrite(&placed->x[i]);
    if (!bough__op_reads_y(placed->setup->op, placed->call.attr))
        block_overwrite(y_block(placed));
    block_overwrite(&placed->scratch);
}

static void write_before(const struct block *block)
{
    const size_t count = block->size / sizeof(float);
    float *before = malloc(block->size + 1);
    assert_non_null(before);
    for (size_t i = 0; i < count; i++)
        before[i] = OP_BEFORE;
    const void *all[OP_STACKED];
    for (int s = 0; s < OP_STACKED; s++)
        all[s] = before;
    block_write_stack(block, all);
    free(before);
}

static void run_backward(const struct placed *placed, enum op_way way)
{
    const void *dy[OP_STACKED] = {placed->setup->dy};
    for (size_t s = 1; s < placed->dy.count; s++)
        dy[s] = placed->setup->stack_dy[s];
    block_write_stack(&placed->dy, dy);
    for (int i = 0; is_added(way) && i < placed->call.inputs; i++)
        if (placed->dx[i].buffer)
            write_before(&placed->dx[i]);
    assert_ok(bough__sequence_run(&placed->backward));
    assert_ok(bough__finish(placed->device));
}

static void check_guards(const struct placed *placed)
{
    for (int i = 0; i < placed->call.inputs; i++) {
        block_check(placed, &placed->x[i], "x");
        block_check(placed, &placed->dx[i], "dx");
    }
    block_check(placed, &placed->y, "y");
    block_check(placed, &placed->dy, "dy");
    block_check(placed, &placed->saved, "saved");
    block_check(placed, &placed->scratch, "scratch");
    block_check(placed, &placed->step, "step");
}

static void read_backward(struct op_result *result, const struct placed *placed)
{
    for (int i = 0; i < placed->call.inputs; i++) {
        if (placed->dx[i].buffer)
            result->dx[i] = block_read(placed, &placed->dx[i]);
        else if (placed->call.dx[i].span.buffer)
            result->dx[i] = block_read(placed, &placed->dy);
    }
}

void op_run(struct op_result *result, struct op_setup *setup, struct bough_device *device,
            enum op_way way, int input)
{
    struct placed placed;
    *result = (struct op_result){0};
    place(&placed, setup, device, way, input);
    run_forward(&placed);
    result->y = block_read(&placed, y_block(&placed));
    for (int i = 0; i < setup->call.inputs; i++)
        if (placed.x[i].buffer && way != OP_IN_PLACE)
            result->after[i] = block_read(&placed, &placed.x[i]);
    overwrite_unread(&placed);
    run_backward(&placed, way);
    read_backward(result, &placed);
    check_guards(&placed);
    unplace(&placed);
}

// ---- Finite differences ----

enum { PICKS = 24 };

// The sum of y[j] * dy[j]; `size` receives the sum of their absolute values.
static double projection(const struct placed *placed, double *size)
{
    const struct op_setup *setup = placed->setup;
    run_forward(placed);
    float *y = malloc(placed->y.size + 1);
    assert_non_null(y);
    if (placed->y.size)
        assert_ok(bough__read(block_span(&placed->y), y, placed->y.size));
    double sum = 0;
    *size = 0;
    for (int64_t j = 0; j < setup->dy_elements; j++) {
        sum += (double)y[j] * (double)setup->dy[j];
        *size += fabs((double)y[j] * (double)setup->dy[j]);
    }
    free(y);
    return sum;
}

static void check_slope(const struct placed *placed, int input, int64_t at, double got,
                        double largest)
{
    float *x = (float *)placed->setup->x[input] + at;
    const float middle = *x, high = middle + 1.0f / 64, low = middle - 1.0f / 64;
    double size;
    *x = high;
    double slope = projection(placed, &size);
    *x = low;
    slope = (slope - projection(placed, &size)) / ((double)high - (double)low);
    *x = middle;
    const double share = placed->setup->row->slope > 0 ? placed->setup->row->slope : 5e-3;
    const double rounding = 1.2e-7 * size * 64;
    if (!(fabs(slope - got) <= share * largest + rounding))
        fail_msg("%s: dx[%d] at %d is %g, finite differences give %g, the largest is %g",
                 placed->setup->name, input, (int)at, got, slope, largest);
}

static void check_slopes_of(const struct placed *placed, int input, const float *dx)
{
    const int64_t count = bough_shape_elements(&placed->call.x[input].shape);
    const int64_t picks = count < PICKS ? count : PICKS;
    double largest = 0;
    for (int64_t i = 0; i < count; i++)
        largest = fmax(largest, fabs((double)dx[i]));
    for (int64_t pick = 0; pick < picks; pick++) {
        const struct random4 bits = random_bits(5, 5, (unsigned)pick, 0, 0, 0);
        const int64_t at = count > PICKS ? (int64_t)(bits.v[0] % (unsigned)count) : pick;
        check_slope(placed, input, at, (double)dx[at], largest);
    }
}

void op_check_slopes(struct op_setup *setup, struct bough_device *device,
                     const struct op_result *result)
{
    struct placed placed;
    place(&placed, setup, device, OP_ALL, 0);
    for (int i = 0; i < setup->call.inputs; i++)
        if (op_has_gradient(setup, i))
            check_slopes_of(&placed, i, result->dx[i]);
    unplace(&placed);
}
