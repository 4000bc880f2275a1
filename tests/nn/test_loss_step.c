// A step's losses in one launch against the losses' own ops and the account of account.h: the same
// means, gradients, account and stored scores, on every device.
#include "nn/loss_step.h"

#include "cl/account.h"
#include "cl/random.h"
#include "cl/step.h"
#include "graph/plan.h"
#include "nn/account.h"
#include "nn/loss.h"
#include "support/configs.h"

#include <math.h>
#include <string.h>

enum { TASKS = 7, N = 65, MOST = 37, FIRST = 30, ROOM = FIRST + N - 20, STEPS = 2 };

static const struct {
    const char *text;
    int64_t width;
    int weighted; // has class weights
    int labelled; // 0: nothing is
} tasks[TASKS] = {
    {"cross_entropy", 10, 0, 1},
    {"{name: cross_entropy, label_smoothing: 0.125}", MOST, 1, 1},
    {"mse", 5, 0, 1},
    {"{name: huber, delta: 0.5}", 1, 0, 1},
    {"binary_cross_entropy", 17, 0, 1},
    {"l1", 3, 0, 1},
    {"cross_entropy", 2, 0, 0},
};

static struct bough__choice losses[TASKS];

static int read_losses(void **state)
{
    (void)state;
    for (int t = 0; t < TASKS; t++)
        losses[t] = test_loss(tasks[t].text);
    return 0;
}

struct result {
    float loss[TASKS][2], dx[TASKS][N * MOST], all[TASKS][ROOM * MOST];
    struct loss_account account[TASKS];
    size_t launches;
};

struct run {
    struct bough_device *device;
    struct bough__graph graph;
    struct bough__plan *plan;
    struct bough__sequence sequence;
    struct bough__buffer *memory;
    size_t used;
    struct bough__span x[TASKS], dx[TASKS], all[TASKS], loss, factor, account, step;
    int32_t node[TASKS];
};

static struct bough__span take(struct run *run, size_t bytes, const void *data)
{
    struct bough__span span = bough__span_at(bough__whole(run->memory), run->used);
    run->used += (bytes + 63) / 64 * 64;
    if (data)
        assert_ok(bough__write(span, data, bytes));
    else
        assert_ok(bough__fill_zero(span, bytes));
    return span;
}

// -30 to 30: some exponents are far below the largest.
static float number_at(int task, int64_t i)
{
    return 60 * random_unit(random_bits((unsigned)task, 5, (unsigned)i, 0, 0, 0).v[0]) - 30;
}

static struct bough__span take_target(struct run *run, int t)
{
    union {
        float number[N * MOST];
        int32_t label[N];
    } target;
    const int classes = losses[t].row == &bough__loss_cross_entropy.row;
    const int bits = losses[t].row == &bough__loss_binary_cross_entropy.row;
    for (int64_t i = 0; classes && i < N; i++)
        target.label[i] = i % 5 && tasks[t].labelled ? (int32_t)(i * 7 % tasks[t].width) : -1;
    for (int64_t i = 0; !classes && i < N * tasks[t].width; i++)
        target.number[i] = i % 7 == 0 ? NAN : bits ? (float)(i % 2) : number_at(t + TASKS, i);
    return take(run, (size_t)(classes ? N : N * tasks[t].width) * 4, &target);
}

static void record(struct run *run, int t, int at_once)
{
    const struct bough__loss_kind *kind = bough__loss_of(&losses[t]);
    const int classes = kind->target == BOUGH_TARGET_CLASS;
    float number[N * MOST], weight[MOST];
    int32_t x, target, weights = -1;
    for (int64_t i = 0; i < N * tasks[t].width; i++)
        number[i] = number_at(t, i);
    for (int i = 0; i < MOST; i++)
        weight[i] = (float)(1 + i % 4) / 2;
    size_t bytes = (size_t)(N * tasks[t].width) * 4;
    run->x[t] = take(run, bytes, number);
    run->dx[t] = take(run, bytes, number);
    run->all[t] = take(run, (size_t)(ROOM * tasks[t].width) * 4, NULL);
    struct bough__tensor scores = {run->x[t], {2, {N, tasks[t].width}}, BOUGH_F32};
    struct bough__tensor wanted = {take_target(run, t),
                                   {classes ? 1 : 2, {N, tasks[t].width}},
                                   classes ? BOUGH_I32 : BOUGH_F32};
    assert_ok(bough__graph_leaf(&run->graph, &x, &scores, run->dx[t]));
    assert_ok(bough__graph_leaf(&run->graph, &target, &wanted, (struct bough__span){0}));
    if (tasks[t].weighted) {
        struct bough__tensor w = {take(run, sizeof weight, weight), {1, {MOST}}, BOUGH_F32};
        assert_ok(bough__graph_leaf(&run->graph, &weights, &w, (struct bough__span){0}));
    }
    assert_ok(bough__loss_build(
        &run->graph, &run->node[t], &losses[t],
        &(struct bough__loss_inputs){.scores = x, .target = target, .class_weights = weights}));
    bough__graph_output_at(&run->graph, run->node[t], bough__span_at(run->loss, (size_t)t * 8));
    bough__graph_root(&run->graph, run->node[t], (int32_t)t,
                      bough__span_at(run->factor, (size_t)t * 4));
    if (at_once)
        bough__graph_external(&run->graph, run->node[t]);
}

static void write_at_once(struct run *run)
{
    struct bough__loss_task task[TASKS];
    const struct bough__loss_step shared = {run->step, run->loss, run->factor, run->account};
    for (int t = 0; t < TASKS; t++) {
        struct bough__op_call call = bough__plan_call(run->plan, run->node[t]);
        assert_true(bough__loss_step_suits(&call.x[0].shape));
        task[t] = (struct bough__loss_task){bough__loss_of(&losses[t])->op,
                                            call.attr,
                                            call.x[0],
                                            call.x[1].span,
                                            call.x[2].span,
                                            call.dx[0].span,
                                            run->all[t],
                                            ROOM};
    }
    assert_ok(bough__loss_step_write(&run->sequence, &shared, task, TASKS));
}

static void write_apart(struct run *run)
{
    assert_ok(bough__account_losses(&run->sequence, run->account, run->loss, run->step, TASKS));
    for (int t = 0; t < TASKS; t++)
        assert_ok(bough__account_rows(&run->sequence, run->all[t], run->x[t], run->step, N,
                                      tasks[t].width, tasks[t].width, ROOM));
}

static void run_tasks(struct result *result, struct bough_device *device, int at_once)
{
    static const float factor[TASKS] = {0.75f, 2, 1, 3, 0.5f, 1, 1};
    struct run run = {.device = device, .sequence = {.device = device}};
    const struct step_state step = {.step = 9, .first = FIRST};
    memset(result, 0, sizeof *result);
    assert_ok(bough__buffer_create(&run.memory, device, 4 * TASKS * (ROOM + 4 * N) * MOST * 4));
    run.step = take(&run, sizeof step, &step);
    run.factor = take(&run, sizeof factor, factor);
    run.loss = take(&run, TASKS * 8, NULL);
    run.account = take(&run, sizeof result->account, NULL);
    for (int t = 0; t < TASKS; t++)
        record(&run, t, at_once);
    assert_ok(bough__plan_create(&run.plan, &run.graph, device,
                                 &(struct bough__plan_options){.step = run.step}));
    assert_ok(bough__plan_forward(run.plan, &run.sequence));
    if (at_once)
        write_at_once(&run);
    else
        write_apart(&run);
    assert_ok(bough__plan_backward(run.plan, &run.sequence));
    for (int i = 0; i < STEPS; i++)
        assert_ok(bough__sequence_run(&run.sequence));
    result->launches = run.sequence.count;
    assert_ok(bough__read(run.loss, result->loss, sizeof result->loss));
    assert_ok(bough__read(run.account, result->account, sizeof result->account));
    for (int t = 0; t < TASKS; t++) {
        assert_ok(bough__read(run.dx[t], result->dx[t], (size_t)(N * tasks[t].width) * 4));
        assert_ok(bough__read(run.all[t], result->all[t], (size_t)(ROOM * tasks[t].width) * 4));
    }
    bough__sequence_fini(&run.sequence);
    bough__plan_destroy(&run.plan);
    bough__graph_fini(&run.graph);
    bough__buffer_destroy(&run.memory);
}

static void compare(const struct result *got, const struct result *wanted)
{
    assert_int_equal(got->launches, (TASKS + 2) / 3);
    for (int t = 0; t < TASKS; t++) {
        const float mean = wanted->loss[t][0];
        assert_true(fabsf(got->loss[t][0] - mean) <= 1e-6f * fabsf(mean));
        assert_true(got->loss[t][1] == wanted->loss[t][1]);
        assert_true(fabsf(got->account[t].loss - wanted->account[t].loss) <=
                    1e-6f * fabsf(wanted->account[t].loss));
        assert_true(got->account[t].weight == wanted->account[t].weight);
        assert_true((got->account[t].weight > 0) == tasks[t].labelled);
        assert_int_equal(got->account[t].bad_step, 0);
        assert_true(test_nmse(got->dx[t], wanted->dx[t], (size_t)(N * tasks[t].width)) <= 1e-10);
        assert_memory_equal(got->all[t], wanted->all[t], sizeof got->all[t]);
    }
}

static void as_the_ops_do(void **state)
{
    static struct result got, wanted, again;
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    run_tasks(&wanted, device[0], 0);
    for (size_t d = 0; d < count; d++) {
        run_tasks(&got, device[d], 1);
        compare(&got, &wanted);
        run_tasks(&again, device[d], 1);
        assert_memory_equal(&got, &again, sizeof got);
    }
    assert_int_equal(test_warnings(), 0);
}

// A score that is not a number: the loss is none, the step is told, other rows keep their gradient.
static void a_nan_is_told(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    const struct bough__attr attr = {0};
    struct {
        struct step_state step;
        float factor, mean[2], x[4], dx[4];
        int32_t label[2];
        struct loss_account account;
    } memory = {.step = {.step = 7}, .factor = 1, .x = {NAN, 1, 1, 1}, .label = {0, 1}};
    for (size_t d = 0; d < count; d++) {
        struct bough__buffer *buffer;
        struct bough__sequence sequence = {.device = device[d]};
        assert_ok(bough__buffer_create(&buffer, device[d], sizeof memory));
        assert_ok(bough__write(bough__whole(buffer), &memory, sizeof memory));
#define AT(field)                                                                                  \
    (bough__span_at(bough__whole(buffer), (size_t)((char *)&memory.field - (char *)&memory)))
        struct bough__loss_step shared = {AT(step), AT(mean), AT(factor), AT(account)};
        struct bough__loss_task task = {.op = &bough__op_cross_entropy,
                                        .attr = &attr,
                                        .x = {AT(x), {2, {2, 2}}, BOUGH_F32},
                                        .target = AT(label),
                                        .dx = AT(dx)};
        assert_ok(bough__loss_step_write(&sequence, &shared, &task, 1));
        assert_ok(bough__sequence_run(&sequence));
        assert_ok(bough__read(bough__whole(buffer), &memory, sizeof memory));
        assert_true(isnan(memory.mean[0]) && isnan(memory.account.bad_loss));
        assert_int_equal(memory.account.bad_step, 7);
        assert_true(isnan(memory.dx[0]) && fabsf(memory.dx[2] - 0.25f) < 1e-6f);
        bough__sequence_fini(&sequence);
        bough__buffer_destroy(&buffer);
        memset(&memory.account, 0, sizeof memory.account);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_the_ops_do),
        cmocka_unit_test(a_nan_is_told),
    };
    return cmocka_run_group_tests(tests, read_losses, test_devices_end);
}
