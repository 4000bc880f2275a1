// The front: which device is opened, what is checked, buffers, kernels, the self-test.
#include "device/affine_kernel.h"
#include "device/device.h"
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// ---- Opening ----

static char logged[4096];

static void keep_log(void *user, enum bough_log_level level, const char *line)
{
    (void)user;
    (void)level;
    size_t used = strlen(logged);
    snprintf(logged + used, sizeof logged - used, "%s\n", line);
}

static struct bough_device *open_c(void)
{
    struct bough_device *device;
    assert_ok(bough_device_open(&device, "c"));
    return device;
}

static void the_list_begins_with_c(void **state)
{
    (void)state;
    struct bough_device_info *list;
    size_t count;
    char note[512] = "unset";
    assert_ok(bough_device_list_create(&list, &count, note, sizeof note));
    assert_true(count >= 1);
    assert_string_equal(list[0].id, "c");
    assert_string_equal(list[0].refused, "");
    assert_int_equal(list[0].type, BOUGH_DEVICE_C);
    assert_true(list[0].memory > 0 && list[0].max_buffer > 0 && list[0].compute_units > 0);
    assert_true(list[0].name[0] && list[0].driver[0] && list[0].version[0]);
    if (count == 1)
        assert_string_not_equal(note, ""); // says what to install
    for (size_t i = 1; i < count; i++)
        assert_non_null(strchr(list[i].id, ':'));
    bough_device_list_destroy(&list);
    assert_null(list);
    bough_device_list_destroy(&list);
    bough_device_list_destroy(NULL);
}

static void every_listed_device_opens_by_its_number(void **state)
{
    (void)state;
    struct bough_device_info *list;
    size_t count;
    assert_ok(bough_device_list_create(&list, &count, NULL, 0));
    for (size_t i = 0; i < count; i++) {
        struct bough_device *device;
        if (list[i].refused[0]) {
            assert_fails(bough_device_open(&device, list[i].id), BOUGH_DEVICE, list[i].refused);
            assert_null(device);
            continue;
        }
        assert_ok(bough_device_open(&device, list[i].id));
        assert_string_equal(bough_device_info(device)->id, list[i].id);
        assert_string_equal(bough_device_info(device)->name, list[i].name);
        bough_device_close(&device);
        assert_null(device);
    }
    bough_device_list_destroy(&list);
    bough_device_close(NULL);
}

static void opening_says_what_and_why(void **state)
{
    (void)state;
    struct bough_device *device;
    bough_set_log(keep_log, NULL);
    logged[0] = '\0';
    assert_ok(bough_device_open(&device, "C"));
    assert_non_null(strstr(logged, "device c: "));
    assert_non_null(strstr(logged, "asked for"));
    bough_device_close(&device);

    setenv("BOUGH_DEVICE", "c", 1);
    logged[0] = '\0';
    assert_ok(bough_device_open(&device, NULL));
    assert_non_null(strstr(logged, "BOUGH_DEVICE is c"));
    bough_device_close(&device);

    unsetenv("BOUGH_DEVICE");
    logged[0] = '\0';
    assert_ok(bough_device_open(&device, NULL));
    assert_non_null(strstr(logged, ": auto: "));
    bough_device_close(&device);
    bough_set_log(NULL, NULL);
}

static void a_named_device_never_falls_back(void **state)
{
    (void)state;
    struct bough_device *device = (struct bough_device *)&logged;
    assert_fails(bough_device_open(&device, "no such device"), BOUGH_DEVICE,
                 "\"no such device\": none fits; there are c (");
    assert_null(device);
    assert_fails(bough_device_open(&device, "98:76"), BOUGH_DEVICE, "98:76");
    assert_fails(bough_device_open(&device, "1:"), BOUGH_DEVICE, "none fits");
    setenv("BOUGH_DEVICE", "98:76", 1);
    assert_fails(bough_device_open(&device, NULL), BOUGH_DEVICE, "98:76");
    unsetenv("BOUGH_DEVICE");
}

// What a program of this test says that opens `auto` with these variables set.
static void auto_says(const char *variables, const char *wanted)
{
    char self[512], command[2048], output[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(length > 0);
    self[length] = '\0';
    snprintf(command, sizeof command, "%s '%s' auto", variables, self);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    output[fread(output, 1, sizeof output - 1, pipe)] = '\0';
    assert_int_equal(pclose(pipe), 0);
    if (!strstr(output, "device c: ") || !strstr(output, wanted))
        fail_msg("%s: said \"%s\", wanted \"%s\"", variables, output, wanted);
}

static int open_auto(void)
{
    struct bough_device *device;
    bough_set_log(keep_log, NULL);
    enum bough_status status = bough_device_open(&device, "auto");
    printf("%s", status == BOUGH_OK ? logged : bough_last_error());
    bough_device_close(&device);
    return status;
}

static void without_opencl_auto_takes_c_and_says_why(void **state)
{
    (void)state;
    const char *module = TEST_BINARY_DIR "/lib/bough/libbough_opencl.so";
    auto_says("BOUGH_OPENCL_MODULE=/nowhere/module.so", "/nowhere/module.so is missing");
    auto_says("BOUGH_OPENCL_MODULE=/proc/self/exe", "auto: no OpenCL: ");
    auto_says("BOUGH_OPENCL_MODULE=" TEST_BINARY_DIR "/lib/libbough.so", "no module of bough");
    if (access(module, R_OK) == 0)
        auto_says("OCL_ICD_VENDORS=/nowhere/", "auto: ");
    else
        printf("skipped: %s is not built\n", module);
}

// ---- Buffers ----

static void bytes_travel(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t i = 0; i < count; i++) {
        enum { SIZE = 1000 };
        unsigned char in[SIZE], out[SIZE];
        struct bough__buffer *a, *b;
        for (int j = 0; j < SIZE; j++)
            in[j] = (unsigned char)(j * 7 + 1);
        assert_ok(bough__buffer_create(&a, device[i], SIZE));
        assert_ok(bough__buffer_create(&b, device[i], SIZE));
        assert_ok(bough__write(bough__whole(a), in, SIZE));
        assert_ok(bough__fill_zero(bough__whole(b), SIZE));
        assert_ok(bough__copy(bough__span_at(bough__whole(b), 40),
                              bough__span_at(bough__whole(a), 100), 400));
        assert_ok(bough__copy(bough__span_at(bough__whole(a), 500), bough__whole(a), 500));
        assert_ok(bough__fill_zero(bough__span_at(bough__whole(a), 8), 12));
        assert_ok(bough__finish(device[i]));
        assert_ok(bough__read(bough__whole(b), out, SIZE));
        for (int j = 0; j < SIZE; j++)
            assert_int_equal(out[j], j >= 40 && j < 440 ? in[j + 60] : 0);
        assert_ok(bough__read(bough__span_at(bough__whole(a), 4), out, SIZE - 4));
        for (int j = 4; j < SIZE; j++)
            assert_int_equal(out[j - 4], j >= 8 && j < 20 ? 0 : in[j % 500]);
        bough__buffer_destroy(&a);
        bough__buffer_destroy(&b);
        assert_null(b);
        bough__buffer_destroy(&b);
        bough__buffer_destroy(NULL);
    }
}

static void buffer_mistakes(void **state)
{
    (void)state;
    struct bough_device *device = open_c(), *other = open_c();
    struct bough__buffer *a, *b, *none;
    char data[64] = {0};
    assert_ok(bough__buffer_create(&a, device, 64));
    assert_ok(bough__buffer_create(&b, other, 0));
    assert_int_equal(b->size, 1);
    assert_fails(bough__buffer_create(&none, NULL, 1), BOUGH_INVALID, "no device");
    assert_fails(bough__buffer_create(&none, device, SIZE_MAX), BOUGH_DEVICE, "the largest is");
    assert_null(none);
    assert_fails(bough__write(bough__whole(NULL), data, 1), BOUGH_INVALID, "no buffer");
    assert_fails(bough__write(bough__span_at(bough__whole(a), 60), data, 5), BOUGH_INVALID,
                 "5 bytes at 60 in a buffer of 64");
    assert_fails(bough__read(bough__span_at(bough__whole(a), SIZE_MAX), data, 2), BOUGH_INVALID,
                 "read");
    assert_fails(bough__fill_zero(bough__span_at(bough__whole(a), 1), SIZE_MAX), BOUGH_INVALID,
                 "fill");
    assert_fails(bough__copy(bough__whole(a), bough__span_at(bough__whole(a), 4), 5), BOUGH_INVALID,
                 "overlap");
    assert_fails(bough__copy(bough__whole(a), bough__whole(b), 1), BOUGH_INVALID, "copy");
    assert_ok(bough__copy(bough__whole(a), bough__span_at(bough__whole(a), 4), 4));
    assert_ok(bough__write(bough__span_at(bough__whole(a), 64), data, 0));
    bough__buffer_destroy(&a);
    bough__buffer_destroy(&b);
    bough_device_close(&device);
    bough_device_close(&other);
}

// ---- Kernels ----

// y = 3 x + 1, then y = 2 y - 1, over `count` items.
static void run_twice(struct bough_device *device, enum bough__grid grid, int64_t count)
{
    struct bough__kernel kernel = kernel_affine;
    kernel.grid = grid;
    size_t bytes = (size_t)(count + 1) * sizeof(float);
    float *data = malloc(bytes);
    assert_non_null(data);
    for (int64_t i = 0; i <= count; i++)
        data[i] = (float)(i % 1000);
    struct bough__buffer *x, *y;
    assert_ok(bough__buffer_create(&x, device, bytes));
    assert_ok(bough__buffer_create(&y, device, bytes));
    assert_ok(bough__write(bough__whole(x), data, bytes));
    assert_ok(bough__write(bough__whole(y), data, bytes));
    struct affine params = {3, 1};
    struct bough__launch *launch[2];
    struct bough__kernel_call call = {.kernel = &kernel,
                                      .arg = {bough__whole(x), bough__whole(NULL), bough__whole(y)},
                                      .params = &params,
                                      .count = count};
    assert_ok(bough__launch_kernel(&launch[0], device, &call));
    params = (struct affine){2, -1}; // the first launch keeps its own
    call.arg[0].buffer = y;
    assert_ok(bough__launch_kernel(&launch[1], device, &call));
    assert_ok(bough__run(device, launch, 2));
    assert_ok(bough__read(bough__whole(y), data, bytes));
    for (int64_t i = 0; i <= count; i++)
        assert_true(data[i] == (i < count ? 6 * (float)(i % 1000) + 1 : (float)(i % 1000)));
    bough__launch_destroy(&launch[0]);
    bough__launch_destroy(&launch[1]);
    assert_null(launch[1]);
    bough__buffer_destroy(&x);
    bough__buffer_destroy(&y);
    free(data);
}

static void plain_c_runs_ranges(void **state)
{
    (void)state;
    static const int64_t counts[] = {0, 1, 3, 63, 64, 65, 1000, 32767, 32768, 100003};
    struct bough_device *device = open_c();
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        run_twice(device, BOUGH_GRID_ITEMS, counts[i]);
        run_twice(device, BOUGH_GRID_ROWS, counts[i]);
    }
    bough_device_close(&device);
}

static void kernel_mistakes(void **state)
{
    (void)state;
    struct bough_device *device = open_c(), *other = open_c();
    struct bough__buffer *buffer;
    struct bough__launch *launch, *missing = NULL;
    assert_ok(bough__buffer_create(&buffer, device, 64));
    struct affine params = {1, 0};
    struct bough__kernel_call call = {
        .kernel = &kernel_affine,
        .arg = {bough__whole(buffer), bough__whole(NULL), bough__whole(buffer)},
        .count = 1};
    assert_fails(bough__launch_kernel(&launch, device, &call), BOUGH_INVALID, "no parameters");
    call.params = &params;
    assert_fails(bough__launch_kernel(&launch, other, &call), BOUGH_INVALID, "affine, argument 0");
    call.count = -1;
    assert_fails(bough__launch_kernel(&launch, device, &call), BOUGH_INVALID, "count -1");
    call.count = 1;
    call.arg[2].offset = 65;
    assert_fails(bough__launch_kernel(&launch, device, &call), BOUGH_INVALID, "argument 2: at 65");
    call.arg[2].offset = 0;
    call.arg[2].stride = 33;
    call.stack = 3;
    assert_fails(bough__launch_kernel(&launch, device, &call), BOUGH_INVALID,
                 "argument 2: at 0 and 3 of 33 bytes");
    call.arg[2].stride = SIZE_MAX;
    assert_fails(bough__launch_kernel(&launch, device, &call), BOUGH_INVALID, "argument 2");
    call.arg[2].stride = 0;
    call.stack = -1;
    assert_fails(bough__launch_kernel(&launch, device, &call), BOUGH_INVALID, "stack -1");
    call.stack = 0;
    call.kernel = NULL;
    assert_fails(bough__launch_kernel(&launch, device, &call), BOUGH_INVALID, "no kernel");
    assert_null(launch);
    call.kernel = &kernel_affine;
    assert_ok(bough__launch_kernel(&launch, device, &call));
    assert_fails(bough__run(other, &launch, 1), BOUGH_INVALID, "another device's");
    assert_fails(bough__run(device, &missing, 1), BOUGH_INVALID, "launch 0 of 1 is missing");
    assert_ok(bough__run(device, NULL, 0));
    bough__launch_destroy(&launch);
    bough__buffer_destroy(&buffer);
    bough_device_close(&device);
    bough_device_close(&other);
}

// ---- GEMM ----

// a [4, 6], b [6, 8], c [4, 8] in buffers that just hold them.
static const struct bough__gemm good = {.m = 4,
                                        .n = 8,
                                        .k = 6,
                                        .a = {.row.stride = 6, .col.stride = 1},
                                        .b = {.row.stride = 8, .col.stride = 1},
                                        .c = {.row.stride = 8, .col.stride = 1}};

// Two images [3, 2, 4] under kernels of 1 x 2: 6 rows, 2 * 2 * 3 columns.
static const struct bough__windows windows = {.channels = 3,
                                              .height = 2,
                                              .width = 4,
                                              .kernel_h = 1,
                                              .kernel_w = 2,
                                              .stride_h = 1,
                                              .stride_w = 1,
                                              .dilation_h = 1,
                                              .dilation_w = 1,
                                              .input_dilation_h = 1,
                                              .input_dilation_w = 1,
                                              .out_h = 2,
                                              .out_w = 2,
                                              .image_stride = 24};

static void refused(struct bough_device *device, struct bough__gemm gemm, const char *text)
{
    struct bough__launch *launch;
    assert_fails(bough__launch_gemm(&launch, device, &gemm), BOUGH_INVALID, text);
    assert_null(launch);
}

static void gemm_mistakes(void **state)
{
    (void)state;
    struct bough_device *device = open_c(), *other = open_c();
    struct bough__gemm full = good, g;
    struct bough__launch *launch;
    assert_ok(bough__buffer_create(&full.a.data.buffer, device, 4 * 6 * 4));
    assert_ok(bough__buffer_create(&full.b.data.buffer, device, 6 * 8 * 4));
    assert_ok(bough__buffer_create(&full.c.data.buffer, device, 4 * 8 * 4));
    assert_ok(bough__buffer_create(&full.bias.buffer, device, 4 * 4));
    assert_ok(bough__launch_gemm(&launch, device, &full));
    bough__launch_destroy(&launch);

    refused(NULL, full, "no device");
    refused(other, full, "a buffer of device c, launched on c");
    refused(device, (g = full, g.k = -1, g), "k -1");
    refused(device, (g = full, g.beta = 0.5f, g), "beta is 0 or 1");
    refused(device, (g = full, g.alpha = 1.0f / 0.0f, g), "alpha");
    refused(device, (g = full, g.a.data.buffer = NULL, g), "a is missing");
    refused(device, (g = full, g.k = 7, g), "a reaches 25 floats");
    refused(device, (g = full, g.a.row.stride = 7, g), "a reaches 27 floats");
    refused(device, (g = full, g.b.data.offset = 4, g), "b reaches 48 floats from byte 4");
    refused(device, (g = full, g.b.data.offset = 2, g), "no multiple of 4");
    refused(device, (g = full, g.b.data.offset = SIZE_MAX - 3, g), "b reaches");
    refused(device, (g = full, g.b.col.stride = -1, g), "an axis of b goes backwards");
    refused(device, (g = full, g.b.col.stride = INT64_MAX / 2, g), "b reaches -1");
    refused(device, (g = full, g.c.row = (struct bough__axis){2, 8, 17}, g), "c reaches 33");
    refused(device, (g = full, g.c.row.stride = 0, g), "twice");
    refused(device, (g = full, g.c.kind = BOUGH_WINDOWS, g), "c is not plain");
    refused(device, (g = full, g.batch = 2, g), "twice");
    refused(device, (g = full, g.batch = 2, g.c.batch_stride = 32, g), "c reaches 64");
    refused(device, (g = full, g.a.batch_stride = -1, g), "batches of a go backwards");
    refused(device, (g = full, g.bias_axis = BOUGH_BIAS_PER_COL, g), "bias reaches 8");

    full.b.kind = BOUGH_WINDOWS;
    full.b.windows = windows;
    assert_ok(bough__launch_gemm(&launch, device, &full));
    bough__launch_destroy(&launch);
    refused(device, (g = full, g.b.windows.stride_h = 0, g), "below 1");
    refused(device, (g = full, g.b.windows.input_dilation_w = 0, g), "below 1");
    refused(device, (g = full, g.b.windows.channels = 2, g), "do not make 6 rows");
    refused(device, (g = full, g.b.windows.out_h = 3, g), "8 columns are no multiple of 3 x 2");
    refused(device, (g = full, g.b.windows.image_stride = 25, g), "b reaches 49");
    refused(device, (g = full, g.b.windows.height = INT32_MAX, g), "b reaches");

    bough__buffer_destroy(&full.a.data.buffer);
    bough__buffer_destroy(&full.b.data.buffer);
    bough__buffer_destroy(&full.c.data.buffer);
    bough__buffer_destroy(&full.bias.buffer);
    bough_device_close(&device);
    bough_device_close(&other);
}

// ---- The self-test ----

static void every_device_passes_its_selftest(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t i = 0; i < count; i++) {
        char report[2048];
        assert_ok(bough_device_selftest(device[i], report, sizeof report));
        printf("%s", report);
        assert_non_null(strstr(report, "gemm windows transposed"));
        assert_non_null(strstr(report, "softmax"));
        assert_ok(bough_device_selftest(device[i], report, 10)); // cut, not overrun
        assert_int_equal(strlen(report), 9);
    }
    assert_fails(bough_device_selftest(NULL, NULL, 0), BOUGH_INVALID, "no device");
}

static enum bough_status prepare_wrongly(struct bough__launch **launch, struct bough_device *device,
                                         const struct bough__gemm *gemm)
{
    struct bough__gemm wrong = *gemm;
    wrong.alpha = 1.001f;
    return bough__backends(&(size_t){0}, NULL, 0)[0]->prepare_gemm(launch, device, &wrong);
}

static void a_device_that_answers_wrongly_is_found_out(void **state)
{
    (void)state;
    struct bough_device *device = open_c();
    struct bough__backend wrong = *device->backend;
    wrong.prepare_gemm = prepare_wrongly;
    device->backend = &wrong;
    assert_fails(bough_device_selftest(device, NULL, 0), BOUGH_DEVICE, "gemm NN 1.0e-03");
    bough_device_close(&device);
}

static void each_part_is_solved_once(void **state)
{
    (void)state;
    struct bough_device *device = open_c();
    struct bough__backend wrong = *device->backend;
    const struct bough__counts before = device->counts;
    device->untested = BOUGH_SELFTEST_WINDOWS;
    wrong.prepare_gemm = prepare_wrongly;
    device->backend = &wrong;
    assert_ok(bough__selftest_once(device, BOUGH_SELFTEST_ALL_BUT_WINDOWS)); // as it was opened
    for (int i = 0; i < 2; i++)
        assert_fails(bough__selftest_once(device, BOUGH_SELFTEST_WINDOWS), BOUGH_DEVICE,
                     "answers wrongly; relative errors above 1e-05: gemm windows 1.0e-03");
    device->backend = bough__backends(&(size_t){0}, NULL, 0)[0];
    assert_ok(bough__selftest_once(device, BOUGH_SELFTEST_WINDOWS));
    device->backend = &wrong;
    assert_ok(bough__selftest_once(device, BOUGH_SELFTEST_ALL));
    assert_memory_equal(&device->counts, &before, sizeof before);
    bough_device_close(&device);
    device = open_c();
    assert_int_equal(device->untested, 0);
    bough_device_close(&device);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_begins_with_c),
        cmocka_unit_test(every_listed_device_opens_by_its_number),
        cmocka_unit_test(opening_says_what_and_why),
        cmocka_unit_test(a_named_device_never_falls_back),
        cmocka_unit_test(without_opencl_auto_takes_c_and_says_why),
        cmocka_unit_test(bytes_travel),
        cmocka_unit_test(buffer_mistakes),
        cmocka_unit_test(plain_c_runs_ranges),
        cmocka_unit_test(kernel_mistakes),
        cmocka_unit_test(gemm_mistakes),
        cmocka_unit_test(every_device_passes_its_selftest),
        cmocka_unit_test(a_device_that_answers_wrongly_is_found_out),
        cmocka_unit_test(each_part_is_solved_once),
    };
    if (argc > 1 && strcmp(argv[1], "auto") == 0)
        return open_auto();
    return cmocka_run_group_tests(tests, NULL, test_devices_end);
}
