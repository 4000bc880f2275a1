// A file of kernels: it trains as the compiler does, with the compiler switched off, and says what
// it lacks.
#include "device/opencl/opencl_support.h"

#include "base/file.h"
#include "support/training.h"

#include <jansson.h>
#include <sha2.h>
#include <stdlib.h>
#include <unistd.h>

enum { CHECKSUM_AT = 56, BODY_AT = 88, EPOCHS = 3, TASKS = 3, ENDS = 50 };

static const char *folder;
static char id[16], data[512], path[512], changed[512];
static char *whole; // the file's bytes
static size_t whole_size;

// ---- Training ----

static double loss[EPOCHS][TASKS];

static void keep_losses(void *user, const struct bough_event *event)
{
    (void)user;
    if (event->kind == BOUGH_EVENT_EPOCH && event->epoch <= EPOCHS)
        memcpy(loss[event->epoch - 1], event->loss, sizeof loss[0]);
}

static void train(struct bough_device *device)
{
    struct bough_run *run;
    struct bough_config config = training_config(data, "adam");
    struct bough_train_options options = {.device = device, .observe = keep_losses};
    config.train.epochs = EPOCHS;
    memset(loss, 0, sizeof loss);
    assert_ok(bough_train(&run, &config, &options));
    bough_run_destroy(&run);
    assert_true(loss[0][0] > 0 && loss[EPOCHS - 1][TASKS - 1] > 0);
}

// ---- The file ----

static int setup(void **state)
{
    (void)state;
    struct bough_device *device = opencl_open();
    char report[16384];
    folder = test_folder_create();
    if (!device)
        return 0;
    snprintf(id, sizeof id, "%s", bough_device_info(device)->id);
    snprintf(data, sizeof data, "%s", training_data(folder));
    snprintf(path, sizeof path, "%s/all.kernels", folder);
    snprintf(changed, sizeof changed, "%s/changed.kernels", folder);
    assert_ok(bough_device_save_kernels(device, path, report, sizeof report));
    bough_device_close(&device);
    assert_non_null(strstr(report, "gemm"));
    assert_null(strstr(report, "left out"));
    assert_ok(bough__file_read(&whole, &whole_size, path));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(whole);
    test_folder_remove();
    return 0;
}

static int lock_compiler(void **state)
{
    (void)state;
    setenv("BOUGH_COMPILER", "off", 1);
    setenv("BOUGH_CACHE", "off", 1);
    return 0;
}

static int unlock_compiler(void **state)
{
    (void)state;
    unsetenv("BOUGH_COMPILER");
    unsetenv("BOUGH_KERNELS");
    setenv("BOUGH_CACHE", TEST_BINARY_DIR "/cache", 1);
    return 0;
}

static enum bough_status open_with(struct bough_device **device, const char *file)
{
    if (!id[0])
        skip();
    setenv("BOUGH_KERNELS", file, 1);
    return bough_device_open(device, id);
}

// ---- It works ----

static void it_trains_as_the_compiler_does(void **state)
{
    (void)state;
    struct bough_device *device;
    double compiled[EPOCHS][TASKS];
    if (!id[0])
        skip();
    unlock_compiler(NULL);
    assert_ok(bough_device_open(&device, id));
    train(device);
    bough_device_close(&device);
    memcpy(compiled, loss, sizeof loss);
    lock_compiler(NULL);
    assert_ok(open_with(&device, path));
    train(device);
    bough_device_close(&device);
    assert_memory_equal(loss, compiled, sizeof loss);
}

static void without_it_nothing_is_built(void **state)
{
    (void)state;
    const struct bough__kernel kernel = {"activation_fwd", "activation", NULL, BOUGH_GRID_ITEMS,
                                         .args = 2};
    struct bough__buffer *buffer;
    struct bough__launch *launch;
    struct bough_device *device = opencl_open();
    if (!device)
        skip();
    assert_ok(bough__buffer_create(&buffer, device, 4));
    const struct bough__kernel_call call = {
        .kernel = &kernel, .arg = {bough__whole(buffer), bough__whole(buffer)}, .count = 1};
    assert_ok(bough__launch_kernel(&launch, device, &call)); // in plain C
    assert_non_null(strstr(bough_last_error(), "BOUGH_COMPILER is off"));
    bough__launch_destroy(&launch);
    bough__buffer_destroy(&buffer);
    bough_device_close(&device);
}

// Before anything is built: with the compiler switched off, all would be left out.
static void a_path_that_cannot_be_written_is_refused_first(void **state)
{
    (void)state;
    char report[256];
    struct bough_device *device = opencl_open();
    if (!device)
        skip();
    assert_fails(bough_device_save_kernels(device, "/proc/nowhere/a", report, sizeof report),
                 BOUGH_DATA, "/proc/nowhere/a: cannot write");
    assert_string_equal(report, "");
    bough_device_close(&device);
}

static void a_compiler_is_off_or_not(void **state)
{
    (void)state;
    struct bough_device *device = NULL;
    if (!id[0])
        skip();
    setenv("BOUGH_COMPILER", "on", 1);
    enum bough_status status = bough_device_open(&device, id);
    lock_compiler(NULL);
    assert_fails(status, BOUGH_INVALID, "BOUGH_COMPILER is \"on\", wanted off or none");
    setenv("BOUGH_SHAPE", "x", 1);
    status = bough_device_open(&device, id);
    unsetenv("BOUGH_SHAPE");
    assert_fails(status, BOUGH_INVALID, "BOUGH_SHAPE is \"x\", wanted gpu or none");
}

// ---- Where memory ends ----

static int taken, taken_at_most; // the allocation of that number fails

static void *take_memory(size_t size)
{
    return ++taken == taken_at_most ? NULL : malloc(size);
}

// The status of a save during which one allocation of jansson's fails; none for 0.
static enum bough_status save_without(int allocation, struct bough_device *device)
{
    char report[16384] = "";
    taken = 0;
    taken_at_most = allocation;
    json_set_alloc_funcs(take_memory, free);
    enum bough_status status = bough_device_save_kernels(device, changed, report, sizeof report);
    json_set_alloc_funcs(malloc, free);
    return status;
}

static void without_memory_nothing_is_written(void **state)
{
    (void)state;
    unlock_compiler(NULL);
    struct bough_device *device = opencl_open();
    if (!device)
        skip();
    assert_ok(save_without(0, device));
    const int all = taken;
    // One row of the file is like another; all else is at its ends.
    for (int i = 1; i <= all; i += i < ENDS || i >= all - ENDS ? 1 : 7) {
        remove(changed);
        assert_fails(save_without(i, device), BOUGH_INTERNAL, "out of memory");
        assert_int_not_equal(access(changed, F_OK), 0);
    }
    bough_device_close(&device);
}

// ---- What is wrong with it ----

static json_t *manifest(size_t *end)
{
    uint64_t length;
    memcpy(&length, whole + BODY_AT, sizeof length);
    *end = BODY_AT + sizeof length + (size_t)length;
    json_t *read = json_loadb(whole + BODY_AT + sizeof length, (size_t)length, 0, NULL);
    assert_non_null(read);
    return read;
}

// The same file with another manifest, which it takes; sound but for that.
static void write_changed(json_t *other, size_t end)
{
    char *text = json_dumps(other, JSON_COMPACT);
    const uint64_t length = strlen(text);
    const size_t rest = whole_size - end, size = sizeof length + (size_t)length + rest;
    uint64_t told = size;
    char *all = malloc(BODY_AT + size);
    SHA2_CTX hash;
    memcpy(all, whole, BODY_AT);
    memcpy(all + 16, &told, sizeof told);
    memcpy(all + BODY_AT, &length, sizeof length);
    memcpy(all + BODY_AT + sizeof length, text, (size_t)length);
    memcpy(all + BODY_AT + sizeof length + length, whole + end, rest);
    SHA256Init(&hash);
    SHA256Update(&hash, (uint8_t *)all + BODY_AT, size);
    SHA256Final((uint8_t *)all + CHECKSUM_AT, &hash);
    assert_ok(bough__file_write(changed, all, BODY_AT + size));
    free(all);
    free(text);
    json_decref(other);
}

static void another_device_or_driver_is_told(void **state)
{
    (void)state;
    static const char *const what[] = {"device", "driver", "version", "platform", "options"};
    struct bough_device *device;
    if (!id[0])
        skip();
    for (size_t i = 0; i < sizeof what / sizeof *what; i++) {
        size_t end;
        char told[64];
        json_t *other = manifest(&end);
        json_object_set_new(other, what[i], json_string("of elsewhere"));
        write_changed(other, end);
        snprintf(told, sizeof told, "its kernels are for %s \"of elsewhere\"", what[i]);
        assert_fails(open_with(&device, changed), BOUGH_DEVICE, told);
    }
}

static size_t place_of(json_t *programs, const char *source)
{
    size_t i;
    json_t *row;
    json_array_foreach(programs, i, row)
    {
        if (strcmp(json_string_value(json_object_get(row, "source")), source) == 0)
            return i;
    }
    fail_msg("no %s in the manifest", source);
    return 0;
}

// Opens without the self-test, and wants activation_fwd.
static void assert_relu_fails(enum bough_status status, const char *why)
{
    const struct bough__kernel kernel = {"activation_fwd", "activation", NULL, BOUGH_GRID_ITEMS,
                                         .args = 2};
    struct bough__buffer *buffer;
    struct bough__launch *launch;
    setenv("BOUGH_KERNELS", changed, 1);
    struct bough_device *device = opencl_open();
    assert_non_null(device);
    assert_ok(bough__buffer_create(&buffer, device, 4));
    const struct bough__kernel_call call = {
        .kernel = &kernel, .arg = {bough__whole(buffer), bough__whole(buffer)}, .count = 1};
    assert_fails(bough__launch_kernel(&launch, device, &call), status, why);
    bough__buffer_destroy(&buffer);
    bough_device_close(&device);
}

static void a_program_that_is_missing_is_told(void **state)
{
    (void)state;
    size_t end;
    if (!id[0])
        skip();
    json_t *other = manifest(&end), *programs = json_object_get(other, "programs");
    json_array_remove(programs, place_of(programs, "activation"));
    write_changed(other, end);
    assert_relu_fails(BOUGH_DEVICE, "changed.kernels: it has no cl/activation.cl");
}

static void a_program_of_another_version_is_told(void **state)
{
    (void)state;
    size_t end;
    if (!id[0])
        skip();
    json_t *other = manifest(&end), *programs = json_object_get(other, "programs");
    json_t *row = json_array_get(programs, place_of(programs, "activation"));
    json_object_set_new(row, "key", json_string("0123"));
    write_changed(other, end);
    assert_relu_fails(BOUGH_DEVICE, "its cl/activation.cl was built by another version");
}

static void a_place_outside_of_the_file_is_told(void **state)
{
    (void)state;
    static const json_int_t places[][2] = {{-1, 1}, {0, -1}, {INT64_MAX, 1}, {0, INT64_MAX}};
    for (size_t i = 0; i < sizeof places / sizeof *places && id[0]; i++) {
        size_t end;
        json_t *other = manifest(&end), *programs = json_object_get(other, "programs");
        json_t *row = json_array_get(programs, place_of(programs, "activation"));
        json_object_set_new(row, "offset", json_integer(places[i][0]));
        json_object_set_new(row, "size", json_integer(places[i][1]));
        write_changed(other, end);
        assert_relu_fails(BOUGH_DEVICE, "outside of the file");
    }
}

static void damage_is_told(void **state)
{
    (void)state;
    struct bough_device *device;
    if (!id[0])
        skip();
    assert_fails(open_with(&device, "/nowhere.kernels"), BOUGH_DATA, "/nowhere.kernels: cannot");
    assert_ok(bough__file_write(changed, whole, whole_size - 1));
    assert_fails(open_with(&device, changed), BOUGH_DATA, "its length is not what it tells");
    whole[whole_size / 2] ^= 1;
    assert_ok(bough__file_write(changed, whole, whole_size));
    whole[whole_size / 2] ^= 1;
    assert_fails(open_with(&device, changed), BOUGH_DATA, "its checksum is wrong");
    assert_ok(bough__file_write(changed, data, sizeof data));
    assert_fails(open_with(&device, changed), BOUGH_DATA, "another kind of file");
    static const size_t ends[] = {0,  1,           8,           12,      16,
                                  24, CHECKSUM_AT, BODY_AT - 1, BODY_AT, BODY_AT + 8};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        assert_ok(bough__file_write(changed, whole, ends[i]));
        assert_fails(open_with(&device, changed), BOUGH_DATA,
                     ends[i] < BODY_AT ? "it is cut short" : "its length is not what it tells");
    }
    for (size_t at = 0; at < BODY_AT + 9; at++) { // every byte that is not of a program
        whole[at] ^= 1;
        assert_ok(bough__file_write(changed, whole, whole_size));
        whole[at] ^= 1;
        assert_fails(open_with(&device, changed), BOUGH_DATA, "changed.kernels: it");
    }
}

static void plain_c_builds_none(void **state)
{
    (void)state;
    struct bough_device *device;
    assert_ok(bough_device_open(&device, "c"));
    assert_fails(bough_device_save_kernels(device, "x", NULL, 0), BOUGH_INVALID, "builds no kern");
    bough_device_close(&device);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, lock_compiler, unlock_compiler)
    const struct CMUnitTest tests[] = {
        CASE(it_trains_as_the_compiler_does),
        CASE(without_it_nothing_is_built),
        CASE(without_memory_nothing_is_written),
        CASE(another_device_or_driver_is_told),
        CASE(a_program_that_is_missing_is_told),
        CASE(a_program_of_another_version_is_told),
        CASE(a_place_outside_of_the_file_is_told),
        CASE(damage_is_told),
        CASE(plain_c_builds_none),
        CASE(a_path_that_cannot_be_written_is_refused_first),
        CASE(a_compiler_is_off_or_not),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
