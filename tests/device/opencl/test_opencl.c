// The OpenCL backend beside its answers: what is said where it is missing, what happens where a
// kernel is, and memory in motion.
#include "device/opencl/opencl_support.h"

#include "base/file.h"

#include <stdlib.h>
#include <unistd.h>

static char logged[1 << 16];

static void keep_log(void *user, enum bough_log_level level, const char *line)
{
    (void)user;
    (void)level;
    size_t used = strlen(logged);
    snprintf(logged + used, sizeof logged - used, "%s\n", line);
}

static int times_logged(const char *text)
{
    int times = 0;
    for (const char *at = logged; (at = strstr(at, text)) != NULL; at++)
        times++;
    return times;
}

// ---- Where there is no OpenCL: asked of a process of its own, for a loader looks but once ----

static int print_list(void)
{
    struct bough_device_info *list;
    size_t count;
    char note[512];
    if (bough_device_list_create(&list, &count, note, sizeof note) != BOUGH_OK)
        return 1;
    for (size_t i = 0; i < count; i++)
        printf("%s;", list[i].id);
    printf(" %s\n", note);
    bough_device_list_destroy(&list);
    return 0;
}

static void list_says(const char *variables, const char *folder, const char *wanted)
{
    char self[512], command[2048], output[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(length > 0);
    self[length] = '\0';
    snprintf(command, sizeof command, "%s%s '%s' list", variables, folder, self);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    output[fread(output, 1, sizeof output - 1, pipe)] = '\0';
    assert_int_equal(pclose(pipe), 0);
    if (strncmp(output, "c; ", 3) != 0 || !strstr(output, wanted))
        fail_msg("%s%s: said \"%s\", wanted \"%s\"", variables, folder, output, wanted);
}

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void what_is_missing_is_told(void **state)
{
    (void)state;
    const char *folder = test_folder_create();
    list_says("BOUGH_OPENCL_MODULE=", "/nowhere.so", "/nowhere.so is missing");
    if (access(TEST_BINARY_DIR "/lib/bough/libbough_opencl.so", R_OK) == 0) {
        list_says("OCL_ICD_VENDORS=", folder, "install pocl-opencl-icd");
        write_file(folder, "libOpenCL.so.1", "");
        list_says("LD_LIBRARY_PATH=", folder, "install ocl-icd-libopencl1");
    }
    test_folder_remove();
}

// ---- Kernels ----

static void twin(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const float *x = arg[0];
    float *y = arg[1];
    for (int64_t i = begin; i < end; i++)
        y[i] = *(const float *)params * x[i] + (arg[2] ? 1 : 0);
}

// y = 2 x by a kernel of the family "scaled", whose third argument is absent.
static void scale(struct bough_device *device, const char *name)
{
    enum { COUNT = 65 };
    const float factor = 2;
    float x[COUNT], y[COUNT];
    struct bough__kernel kernel = {
        name, "scaled", twin, BOUGH_GRID_ITEMS, .args = 3, .params_size = sizeof factor};
    struct bough__buffer *buffer;
    struct bough__launch *launch[2];
    for (int i = 0; i < COUNT; i++)
        x[i] = (float)i - 7;
    assert_ok(bough__buffer_create(&buffer, device, 2 * sizeof x));
    assert_ok(bough__write(bough__whole(buffer), x, sizeof x));
    struct bough__kernel_call call = {.kernel = &kernel,
                                      .arg = {bough__whole(buffer),
                                              bough__span_at(bough__whole(buffer), sizeof x),
                                              bough__whole(NULL)},
                                      .params = &factor,
                                      .count = COUNT};
    assert_ok(bough__launch_kernel(&launch[0], device, &call));
    assert_ok(bough__launch_kernel(&launch[1], device, &call));
    assert_ok(bough__run(device, launch, 2));
    assert_ok(bough__read(bough__span_at(bough__whole(buffer), sizeof x), y, sizeof y));
    for (int i = 0; i < COUNT; i++)
        assert_true(y[i] == 2 * x[i]);
    bough__launch_destroy(&launch[0]);
    bough__launch_destroy(&launch[1]);
    bough__buffer_destroy(&buffer);
}

static void close_device(struct bough_device **device, const char *folder)
{
    bough_device_close(device);
    unsetenv("BOUGH_CL_DIR");
    if (folder)
        test_folder_remove();
}

static const char *open_with(struct bough_device **device, const char *source)
{
    const char *folder = test_folder_create();
    write_file(folder, "scaled.cl", source);
    assert_int_equal(setenv("BOUGH_CL_DIR", folder, 1), 0);
    logged[0] = '\0';
    *device = opencl_open();
    if (*device)
        return folder;
    close_device(device, folder);
    skip();
    return NULL;
}

#define SCALED                                                                                     \
    "kernel void scaled(ARG(x), ARG(y), ARG(z), const ulong count, const struct scale p)\n"        \
    "{ VIEW(const float, x); VIEW(float, y); VIEW(float, z); const size_t i = get_global_id(0);\n" \
    "  if (i < count) y[i] = p.factor * x[i] + (z ? 1 : 0); }\n"

static void a_kernel_of_a_folder_runs(void **state)
{
    (void)state;
    struct bough_device *device;
    const char *folder = open_with(
        &device, "#include \"bough.h\"\n#include \"nested.h\"\n#include \"scale.h\"\n" SCALED);
    write_file(folder, "nested.h", "#include \"scale.h\"\n");
    write_file(folder, "scale.h",
               "struct scale { float factor; };\n"); // once, or it does not build
    scale(device, "scaled");
    assert_int_equal(times_logged("plain C"), 0);
    close_device(&device, folder);
}

static void a_kernel_that_does_not_build_runs_in_c(void **state)
{
    (void)state;
    struct bough_device *device;
    const char *folder =
        open_with(&device, "#include \"bough.h\"\nkernel void scaled(wrong_type x) {}\n");
    scale(device, "scaled");
    assert_int_equal(times_logged("scaled runs in plain C: cl/scaled.cl does not build"), 1);
    assert_int_equal(times_logged("-cl-std=CL1.2"), 1); // the options, and the compiler's log
    assert_true(times_logged("wrong_type") >= 1);
    assert_true(times_logged(bough_device_info(device)->name) >= 1);
    close_device(&device, folder);
}

static void a_kernel_that_is_missing_runs_in_c(void **state)
{
    (void)state;
    struct bough_device *device;
    const char *folder = open_with(&device, "#include \"bough.h\"\nkernel void other(ARG(x)) {}\n");
    scale(device, "scaled");
    assert_int_equal(times_logged("scaled runs in plain C"), 1);
    assert_int_equal(times_logged("CL_INVALID_KERNEL_NAME"), 1);
    close_device(&device, folder);
}

static void a_header_that_is_missing_is_named(void **state)
{
    (void)state;
    struct bough_device *device;
    const char *folder = open_with(&device, "#include \"nowhere.h\"\n");
    scale(device, "scaled");
    assert_int_equal(times_logged("there is no cl/nowhere.h"), 1);
    close_device(&device, folder);
}

static void a_gemm_that_does_not_build_leaves_it_to_the_next(void **state)
{
    (void)state;
    struct bough_device *device;
    const char *folder = open_with(&device, "");
    char products[512];
    snprintf(products, sizeof products, "%s/gemm", folder);
    assert_ok(bough__folder_create(products));
    write_file(folder, "gemm/windows.cl", "wrong\n");
    write_file(folder, "gemm/direct.cl", "wrong\n");
    write_file(folder, "gemm/cpu.cl", "wrong\n");
    write_file(folder, "gemm/tile.cl", "wrong\n");
    assert_ok(bough_device_selftest(device, NULL, 0));
    // The first one of a CPU device, or of another: once, though four products wanted it.
    assert_int_equal(times_logged("GEMM direct is not used: cl/gemm/direct.cl does not build") +
                         times_logged("GEMM tile is not used: cl/gemm/tile.cl does not build"),
                     1);
    close_device(&device, folder);
}

// ---- Memory ----

static void writes_may_reuse_their_memory(void **state)
{
    (void)state;
    enum { COUNT = 100, LARGE = 3 << 20 };
    struct bough_device *device = opencl_open();
    struct bough__buffer *buffer;
    if (!device)
        skip();
    int *got = malloc(LARGE);
    assert_non_null(got);
    assert_ok(bough__buffer_create(&buffer, device, LARGE));
    for (int i = 0; i < COUNT; i++) // more than there are slots
        assert_ok(
            bough__write(bough__span_at(bough__whole(buffer), (size_t)i * sizeof i), &i, sizeof i));
    assert_ok(bough__read(bough__whole(buffer), got, COUNT * sizeof *got));
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(got[i], i);
    memset(got, 7, LARGE); // more than a slot takes
    assert_ok(bough__write(bough__whole(buffer), got, LARGE));
    memset(got, 0, LARGE);
    assert_ok(bough__fill_zero(bough__span_at(bough__whole(buffer), 5), 6));
    assert_ok(bough__read(bough__whole(buffer), got, LARGE));
    for (int i = 0; i < LARGE; i++)
        assert_int_equal(((char *)got)[i], i >= 5 && i < 11 ? 0 : 7);
    free(got);
    bough__buffer_destroy(&buffer);
    bough_device_close(&device);
}

static void a_buffer_that_is_too_large_is_told_with_both_sizes(void **state)
{
    (void)state;
    struct bough_device *device = opencl_open();
    struct bough__buffer *buffer;
    char largest[32];
    if (!device)
        skip();
    const uint64_t most = bough_device_info(device)->max_buffer;
    snprintf(largest, sizeof largest, "%llu", (unsigned long long)most);
    assert_fails(device->backend->buffer_create(&buffer, device, (size_t)most + 1), BOUGH_DEVICE,
                 largest);
    bough_device_close(&device);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_missing_is_told),
        cmocka_unit_test(a_kernel_of_a_folder_runs),
        cmocka_unit_test(a_kernel_that_does_not_build_runs_in_c),
        cmocka_unit_test(a_kernel_that_is_missing_runs_in_c),
        cmocka_unit_test(a_header_that_is_missing_is_named),
        cmocka_unit_test(a_gemm_that_does_not_build_leaves_it_to_the_next),
        cmocka_unit_test(writes_may_reuse_their_memory),
        cmocka_unit_test(a_buffer_that_is_too_large_is_told_with_both_sizes),
    };
    if (argc > 1 && strcmp(argv[1], "list") == 0)
        return print_list();
    bough_set_log(keep_log, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
