// The step loop allocates nothing: between two log points of an epoch no memory is asked for, in
// plain C by nobody in the process, on other devices by nothing of ours (a driver may).
#define _GNU_SOURCE // dladdr
#include "support/support.h"
#include "support/training.h"
#include "train/runner.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// ---- Counting, in place of the C library's functions ----

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static atomic_int counting, ours_only;
static atomic_long allocations;

static int is_ours(const void *caller)
{
    Dl_info info;
    return dladdr(caller, &info) && info.dli_fname && strstr(info.dli_fname, "libbough");
}

static void count(const void *caller)
{
    if (counting && (!ours_only || is_ours(caller)))
        allocations++;
}

void *malloc(size_t size)
{
    count(__builtin_return_address(0));
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size)
{
    count(__builtin_return_address(0));
    return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size)
{
    count(__builtin_return_address(0));
    return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    count(__builtin_return_address(0));
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    count(__builtin_return_address(0));
    *memory = __libc_memalign(alignment, size);
    return *memory ? 0 : ENOMEM;
}

// Log points come by the clock: this one goes on by a tenth of a second whenever it is read.
int clock_gettime(clockid_t id, struct timespec *time)
{
    static atomic_long ticks;
    (void)id;
    const long tick = ++ticks;
    *time = (struct timespec){tick / 10, tick % 10 * 100000000};
    return 0;
}

// ---- The test ----

struct seen {
    int log_points, pairs;
    int64_t steps; // between log points of the same epoch
    long allocations;
    int32_t epoch;
    int64_t step;
};

static void observe(void *user, const struct bough_event *event)
{
    struct seen *seen = user;
    counting = 0;
    if (event->kind != BOUGH_EVENT_STEP) {
        seen->epoch = 0;
        return;
    }
    if (seen->epoch == event->epoch) {
        seen->pairs++;
        seen->steps += event->step - seen->step;
        seen->allocations += allocations;
    }
    seen->epoch = event->epoch;
    seen->step = event->step;
    allocations = 0;
    counting = 1;
}

static void steps_allocate(struct bough_device *device, const struct bough_config *config)
{
    struct seen seen = {0};
    struct bough_run *run;
    struct bough_train_options options = {.device = device, .observe = observe, .user = &seen};
    ours_only = bough_device_info(device)->type != BOUGH_DEVICE_C;
    assert_ok(bough_train(&run, config, &options));
    bough_run_destroy(&run);
    print_message("%s, %s, %s, %s: %d pairs of log points, %d steps, %ld allocations\n",
                  bough_device_info(device)->id, config->architecture.row->name,
                  config->weighting.choice.row->name, config->train.regime.row->name, seen.pairs,
                  (int)seen.steps, seen.allocations);
    assert_true(seen.pairs >= 6 && seen.steps >= 12);
    assert_int_equal(seen.allocations, 0);
}

// Weightings of every kind, architectures, and regimes.
static const char *const kinds[][2] = {
    {"weighting=equal"},
    {"weighting=uncertainty"},
    {"weighting=dwa"},
    {"weighting=famo"},
    {"weighting=mgda"},
    {"weighting=graddrop"},
    {"weighting=equal", "architecture={name: mmoe, experts: 3}"},
    {"weighting=mgda", "architecture={name: mmoe, experts: 3}"},
    {"weighting=equal", "train.regime=independent"},
    {"weighting=equal", "train.regime=alternating"},
};

static void steps_allocate_nothing(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    const char *data = training_data(test_folder_create());
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        struct bough_config config =
            test_config_with(training_text, data, kinds[k][0], kinds[k][1], NULL);
        config.train.epochs = 3;
        for (size_t d = 0; d < count; d++)
            steps_allocate(device[d], &config);
    }
    test_folder_remove();
}

static void run(struct bough__runner *runner, int64_t index)
{
    struct step_state state = {.seed = {5}};
    bough__optimizer_set_step(&state, &runner->data.model->config->optimizer, (uint32_t)index + 1,
                              0.01f);
    assert_ok(bough__runner_step(runner, index, &state));
}

// Such a Jacobian would be kept in a training.
static void gram_steps_allocate(struct bough_device *device, const struct bough_config *config)
{
    struct bough_tensor_file *file;
    struct bough_shape sample[1];
    struct bough__model *model;
    struct bough__split split = {0};
    struct bough__runner *runner;
    assert_ok(bough_tensor_file_open(&file, config->data));
    const struct bough__data_set data = {file, config, 0};
    assert_ok(bough__sample_shapes(sample, &data, "train"));
    assert_ok(bough__model_create(&model, config, sample, device, NULL));
    model->jacobian = BOUGH_JACOBIAN_NOT_KEPT;
    assert_ok(bough__split_init(&split, &data, "train", model, BOUGH_WITH_LABELS, 0));
    assert_ok(
        bough__runner_create_one(&runner, model, &split, NULL, split.table.rows, BOUGH_TRAINING));
    assert_null(runner->data.weigh.jacobian);
    assert_ok(bough__runner_begin(runner));
    run(runner, 0);
    ours_only = bough_device_info(device)->type != BOUGH_DEVICE_C;
    allocations = 0;
    counting = 1;
    for (int64_t i = 1; i < runner->steps; i++)
        run(runner, i);
    counting = 0;
    print_message("%s, layer by layer: %d steps, %ld allocations\n", bough_device_info(device)->id,
                  (int)runner->steps - 1, allocations);
    assert_true(runner->steps > 12);
    assert_int_equal(allocations, 0);
    bough__runner_destroy(&runner);
    bough__split_fini(&split);
    bough__model_destroy(&model);
    bough_tensor_file_close(&file);
}

static void steps_without_a_jacobian_allocate_nothing(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    const char *data = training_data(test_folder_create());
    for (int mmoe = 0; mmoe < 2; mmoe++) {
        const struct bough_config config = test_config_with(training_text, data, "weighting=mgda",
                                                            mmoe ? kinds[5][1] : NULL, NULL);
        for (size_t d = 0; d < count; d++)
            gram_steps_allocate(device[d], &config);
    }
    test_folder_remove();
}

// That the counter counts, and tells ours from others.
static void allocations_are_counted(void **state)
{
    (void)state;
    struct bough_device_info *list;
    size_t devices;
    allocations = 0;
    counting = ours_only = 1;
    const enum bough_status status = bough_device_list_create(&list, &devices, NULL, 0);
    const long ours = allocations;
    ours_only = 0;
    void *volatile memory = malloc(1);
    free(memory);
    counting = 0;
    assert_ok(status);
    assert_true(ours > 0);
    assert_true(allocations > ours);
    bough_device_list_destroy(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_are_counted),
        cmocka_unit_test(steps_allocate_nothing),
        cmocka_unit_test(steps_without_a_jacobian_allocate_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, test_devices_end);
}
