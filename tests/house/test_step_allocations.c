// The step loop allocates nothing: between two log points of an epoch no memory is asked for, in
// plain C by nobody in the process, on other devices by nothing of ours (a driver may).
#define _GNU_SOURCE // dladdr
#include "support/support.h"
#include "support/training.h"

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
    print_message("%s, %s: %d pairs of log points, %d steps, %ld allocations\n",
                  bough_device_info(device)->id, config->weighting.row->name, seen.pairs,
                  (int)seen.steps, seen.allocations);
    assert_true(seen.pairs >= 6 && seen.steps >= 12);
    assert_int_equal(seen.allocations, 0);
}

// One weighting of every kind.
static void steps_allocate_nothing(void **state)
{
    static const char *const weightings[] = {"weighting=equal", "weighting=uncertainty",
                                             "weighting=mgda", "weighting=graddrop"};
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    const char *data = training_data(test_folder_create());
    for (size_t w = 0; w < sizeof weightings / sizeof *weightings; w++) {
        struct bough_config config = test_config_with(training_text, data, weightings[w], NULL);
        config.train.epochs = 3;
        for (size_t d = 0; d < count; d++)
            steps_allocate(device[d], &config);
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
    };
    return cmocka_run_group_tests(tests, NULL, test_devices_end);
}
