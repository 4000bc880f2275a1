// Sums over the tasks' gradients, on every device against the host; and what the Gram matrix of
// many tasks costs.
#include "support/support.h"

#include "cl/random.h"
#include "graph/gram.h"
#include "graph/plan.h"

#include <math.h>
#include <stdlib.h>

// J with rows of `columns` that are `row` apart, and sums as they ought to be.
struct stack {
    int64_t tasks, columns, row;
    float *jacobian, *weights, *gram, *sum;
    struct bough__buffer *memory[5]; // jacobian, weights, gram, scratch, sum
};

static float number_at(int64_t i)
{
    return 2 * random_unit(random_bits(5, 6, (uint32_t)i, 0, 0, 0).v[0]) - 1;
}

static double product(const struct stack *s, int64_t t, int64_t u)
{
    double sum = 0;
    for (int64_t c = 0; c < s->columns; c++)
        sum += (double)s->jacobian[t * s->row + c] * (double)s->jacobian[u * s->row + c];
    return sum;
}

static void stack_init(struct stack *s, int64_t tasks, int64_t columns)
{
    *s = (struct stack){.tasks = tasks, .columns = columns, .row = columns + 3};
    s->jacobian = calloc((size_t)(tasks * s->row), sizeof(float));
    s->weights = calloc((size_t)tasks, sizeof(float));
    s->gram = calloc((size_t)(tasks * tasks), sizeof(float));
    s->sum = calloc((size_t)columns, sizeof(float));
    for (int64_t i = 0; i < tasks * s->row; i++)
        s->jacobian[i] = number_at(i);
    for (int64_t t = 0; t < tasks; t++) {
        s->weights[t] = number_at(-1 - t);
        for (int64_t u = 0; u < tasks; u++)
            s->gram[t * tasks + u] = (float)product(s, t, u);
    }
    for (int64_t c = 0; c < columns; c++) {
        double sum = 0;
        for (int64_t t = 0; t < tasks; t++)
            sum += (double)s->weights[t] * (double)s->jacobian[t * s->row + c];
        s->sum[c] = (float)sum;
    }
}

static void stack_fini(struct stack *s)
{
    free(s->jacobian);
    free(s->weights);
    free(s->gram);
    free(s->sum);
}

static void to_device(struct stack *s, struct bough_device *device)
{
    const size_t bytes[] = {
        (size_t)(s->tasks * s->row) * sizeof(float), (size_t)s->tasks * sizeof(float),
        (size_t)(s->tasks * s->tasks) * sizeof(float), bough__gram_scratch(s->tasks, s->columns),
        (size_t)s->columns * sizeof(float)};
    for (int i = 0; i < 5; i++)
        assert_ok(bough__buffer_create(&s->memory[i], device, bytes[i]));
    assert_ok(bough__write(bough__whole(s->memory[0]), s->jacobian, bytes[0]));
    assert_ok(bough__write(bough__whole(s->memory[1]), s->weights, bytes[1]));
}

static void write_sums(struct stack *s, struct bough__sequence *out, int add)
{
    struct bough__span jacobian = bough__whole(s->memory[0]);
    jacobian.stride = (size_t)s->row * sizeof(float);
    assert_ok(bough__gram_write(out, &(struct bough__gram){.tasks = s->tasks,
                                                           .columns = s->columns,
                                                           .jacobian = jacobian,
                                                           .gram = bough__whole(s->memory[2]),
                                                           .scratch = bough__whole(s->memory[3]),
                                                           .add = add}));
    assert_ok(bough__stack_sum_write(
        out, &(struct bough__stack_sum){.tasks = s->tasks,
                                        .elements = s->columns,
                                        .stack = jacobian,
                                        .weights = bough__whole(s->memory[1]),
                                        .y = bough__whole(s->memory[4]),
                                        .add = add}));
}

// The Gram matrix once more, in blocks: the first tasks, and the last ones, by each other.
static void write_blocks(struct stack *s, struct bough__sequence *out, int64_t first, int add)
{
    const int64_t part[2][2] = {{0, first}, {first, s->tasks - first}};
    struct bough__span jacobian = bough__whole(s->memory[0]);
    jacobian.stride = (size_t)s->row * sizeof(float);
    for (int row = 0; row < 2; row++)
        for (int column = 0; column < 2; column++) {
            struct bough__gram block = {
                .tasks = part[row][1],
                .columns = s->columns,
                .jacobian = bough__span_of_stack(jacobian, part[row][0]),
                .others = part[column][1],
                .other = bough__span_of_stack(jacobian, part[column][0]),
                .gram = bough__span_at(bough__whole(s->memory[2]),
                                       (size_t)(part[row][0] * s->tasks + part[column][0]) *
                                           sizeof(float)),
                .scratch = bough__whole(s->memory[3]),
                .add = add};
            block.gram.stride = (size_t)s->tasks * sizeof(float);
            assert_ok(bough__gram_write(out, &block));
        }
}

// `times` as much as the host's.
static void expect_all(struct bough__buffer *memory, const float *want, int64_t count, float times)
{
    float *got = calloc((size_t)count, sizeof(float)), most = 0, off = 0;
    assert_ok(bough__read(bough__whole(memory), got, (size_t)count * sizeof(float)));
    for (int64_t i = 0; i < count; i++) {
        most = fmaxf(most, times * fabsf(want[i]));
        off = fmaxf(off, fabsf(got[i] - times * want[i]));
    }
    free(got);
    if (!(off <= 1e-5f * most))
        fail_msg("off by %g of %g", (double)off, (double)most);
}

static void check_sums(struct bough_device *device, struct stack *s)
{
    to_device(s, device);
    for (int add = 0; add < 2; add++) {
        struct bough__sequence sequence = {.device = device};
        write_sums(s, &sequence, add);
        assert_ok(bough__sequence_run(&sequence));
        expect_all(s->memory[2], s->gram, s->tasks * s->tasks, 1 + (float)add);
        expect_all(s->memory[4], s->sum, s->columns, 1 + (float)add);
        assert_int_equal(sequence.stack, 0);
        bough__sequence_fini(&sequence);
    }
    for (int add = 0; s->tasks > 1 && add < 2; add++) {
        struct bough__sequence sequence = {.device = device};
        write_blocks(s, &sequence, (s->tasks + 1) / 2, add);
        assert_ok(bough__sequence_run(&sequence));
        expect_all(s->memory[2], s->gram, s->tasks * s->tasks, 1 + (float)add);
        bough__sequence_fini(&sequence);
    }
    for (int i = 0; i < 5; i++)
        bough__buffer_destroy(&s->memory[i]);
}

static void sums_as_on_the_host(void **state)
{
    static const int64_t tasks[] = {1, 2, 3, 8, 33};
    static const int64_t columns[] = {1, 31, 4096, 4097, 8192, 270001};
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t t = 0; t < sizeof tasks / sizeof *tasks; t++)
        for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
            struct stack s;
            if (tasks[t] * columns[c] > 1000000)
                continue;
            stack_init(&s, tasks[t], columns[c]);
            for (size_t d = 0; d < count; d++)
                check_sums(device[d], &s);
            stack_fini(&s);
        }
}

static void a_stack_of_zeros_and_copies(void **state)
{
    enum { STRIDE = 7, COUNT = 3, WIDTH = 5 };
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++) {
        float number[2 * STRIDE * COUNT], got[2 * STRIDE * COUNT];
        struct bough__buffer *memory;
        struct bough__sequence sequence = {.device = device[d]};
        for (int i = 0; i < 2 * STRIDE * COUNT; i++)
            number[i] = number_at(i);
        number[STRIDE * COUNT] = NAN;
        assert_ok(bough__buffer_create(&memory, device[d], sizeof number));
        assert_ok(bough__write(bough__whole(memory), number, sizeof number));
        struct bough__span first = bough__whole(memory);
        first.stride = STRIDE * sizeof(float);
        struct bough__span last = bough__span_of_stack(first, COUNT);
        assert_ok(bough__stack_copy_write(&sequence, first, last, WIDTH, COUNT));
        assert_ok(bough__stack_zero_write(&sequence, last, WIDTH, COUNT - 1));
        assert_ok(bough__sequence_run(&sequence));
        assert_ok(bough__read(bough__whole(memory), got, sizeof got));
        for (int i = 0; i < 2 * STRIDE * COUNT; i++) {
            const int inside = i % STRIDE < WIDTH, row = i / STRIDE;
            const float want = !inside || row == 2 * COUNT - 1 ? number[i]
                               : row < COUNT                   ? number[i + STRIDE * COUNT]
                                                               : 0;
            assert_true(got[i] == want || (isnan(got[i]) && isnan(want)));
        }
        bough__sequence_fini(&sequence);
        bough__buffer_destroy(&memory);
    }
}

// ---- A million shared parameters ----

enum { TASKS = 128, BATCH = 4, WIDTH = 512, LAYERS = 4 };

struct large {
    struct bough__buffer *memory;
    struct bough__graph graph;
    size_t used; // floats of memory
};

static int32_t leaf(struct large *net, struct bough_shape shape, int trained)
{
    const struct bough__tensor value = {bough__whole(net->memory), shape, BOUGH_F32};
    struct bough__span gradient = {0};
    int32_t node;
    if (trained) {
        gradient = bough__span_at(bough__whole(net->memory), net->used * sizeof(float));
        net->used += (size_t)bough_shape_elements(&shape);
    }
    assert_ok(bough__graph_leaf(&net->graph, &node, &value, gradient));
    return node;
}

static int32_t linear(struct large *net, int32_t x, int64_t width)
{
    const int64_t from = bough__graph_shape(&net->graph, x)->dim[1];
    int32_t input[2] = {x, leaf(net, (struct bough_shape){2, {width, from}}, 1)}, node;
    assert_ok(
        bough__graph_op(&net->graph, &node, &bough__op_linear, &(struct bough__attr){0}, input, 2));
    return node;
}

static void the_gram_matrix_of_many_tasks_needs_no_jacobian(void **state)
{
    (void)state;
    size_t count, unshared;
    struct bough_device *device = test_devices(&count)[0];
    struct large net = {0};
    struct bough__plan *plan;
    const size_t shared = (size_t)WIDTH * WIDTH * LAYERS, of_a_head = (size_t)WIDTH;
    assert_true(shared >= 1000000);
    assert_ok(
        bough__buffer_create(&net.memory, device, (shared + TASKS * of_a_head) * sizeof(float)));
    int32_t x = leaf(&net, (struct bough_shape){2, {BATCH, WIDTH}}, 0);
    int32_t target = leaf(&net, (struct bough_shape){2, {BATCH, 1}}, 0), loss;
    for (int layer = 0; layer < LAYERS; layer++)
        x = linear(&net, x, WIDTH);
    for (int32_t t = 0; t < TASKS; t++) {
        int32_t input[2] = {linear(&net, x, 1), target};
        assert_ok(bough__graph_op(&net.graph, &loss, &bough__op_mse, NULL, input, 2));
        bough__graph_root(&net.graph, loss, t, bough__whole(net.memory));
    }
    const struct bough__plan_options options = {.mode = BOUGH_PLAN_GRAM,
                                                .tasks = TASKS,
                                                .shared = bough__whole(net.memory),
                                                .shared_bytes = shared * sizeof(float),
                                                .gram = bough__whole(net.memory),
                                                .weights = bough__whole(net.memory)};
    assert_ok(bough__plan_create(&plan, &net.graph, device, &options));
    print_message("%zu MB\n", bough__plan_bytes(plan, &unshared) >> 20);
    assert_true(bough__plan_bytes(plan, &unshared) < TASKS * shared * sizeof(float) / 3);
    bough__plan_destroy(&plan);
    bough__graph_fini(&net.graph);
    bough__buffer_destroy(&net.memory);
}

// A leaf of several tasks whose gradient is elsewhere would be lost.
static void shared_leaves_stand_together(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *device = test_devices(&count)[0];
    struct large net = {0};
    struct bough__plan *plan;
    int32_t loss;
    assert_ok(bough__buffer_create(&net.memory, device, 4096));
    int32_t x = leaf(&net, (struct bough_shape){2, {BATCH, 3}}, 0);
    int32_t target = leaf(&net, (struct bough_shape){2, {BATCH, 1}}, 0);
    x = linear(&net, linear(&net, x, 3), 3);
    for (int32_t t = 0; t < 2; t++) {
        int32_t input[2] = {linear(&net, x, 1), target};
        assert_ok(bough__graph_op(&net.graph, &loss, &bough__op_mse, NULL, input, 2));
        bough__graph_root(&net.graph, loss, t, bough__whole(net.memory));
    }
    struct bough__plan_options options = {.mode = BOUGH_PLAN_JACOBIAN,
                                          .tasks = 2,
                                          .shared = bough__whole(net.memory),
                                          .shared_bytes = 9 * sizeof(float),
                                          .jacobian = bough__whole(net.memory)};
    assert_int_equal(bough__plan_create(&plan, &net.graph, device, &options), BOUGH_INTERNAL);
    assert_null(plan);
    options.shared_bytes = 18 * sizeof(float);
    assert_ok(bough__plan_create(&plan, &net.graph, device, &options));
    bough__plan_destroy(&plan);
    bough__graph_fini(&net.graph);
    bough__buffer_destroy(&net.memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_as_on_the_host),
        cmocka_unit_test(a_stack_of_zeros_and_copies),
        cmocka_unit_test(the_gram_matrix_of_many_tasks_needs_no_jacobian),
        cmocka_unit_test(shared_leaves_stand_together),
    };
    return cmocka_run_group_tests(tests, NULL, test_devices_end);
}
