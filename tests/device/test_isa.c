// Which instruction set plain C multiplies with, and that BOUGH_ISA forces it; and with which set
// its other loops run, in the library that was loaded.
#define _GNU_SOURCE
#include "device/c/gemm/c_gemm.h"
#include "device/device.h"
#include "support/support.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

static const char *const sets[] = {"avx512", "avx2", "base"};

enum { SETS = 3, SIZE = 40 };

// What multiplies [m, k] by [k, n] on a device that is opened now.
static const char *implementation(int64_t batch)
{
    static char name[32];
    struct bough_device *c;
    struct bough__buffer *buffer;
    struct bough__launch *launch;
    assert_ok(bough_device_open(&c, "c"));
    assert_ok(bough__buffer_create(&buffer, c, 2 * SIZE * SIZE * sizeof(float)));
    const struct bough__matrix x = {.data = bough__whole(buffer),
                                    .row = {.stride = SIZE},
                                    .col = {.stride = 1},
                                    .batch_stride = SIZE * SIZE};
    const struct bough__gemm gemm = {
        .m = SIZE, .n = SIZE, .k = SIZE, .batch = batch, .alpha = 1, .a = x, .b = x, .c = x};
    assert_ok(bough__launch_gemm(&launch, c, &gemm));
    snprintf(name, sizeof name, "%s", launch->implementation);
    bough__launch_destroy(&launch);
    bough__buffer_destroy(&buffer);
    bough_device_close(&c);
    return name;
}

static int has(const char *set)
{
    struct bough_device *c;
    setenv("BOUGH_ISA", set, 1);
    enum bough_status status = bough_device_open(&c, "c");
    if (status == BOUGH_OK)
        bough_device_close(&c);
    else
        assert_fails(status, BOUGH_DEVICE, "BOUGH_ISA");
    return status == BOUGH_OK;
}

static void every_set_of_the_processor_runs_where_it_is_forced(void **state)
{
    (void)state;
    for (int i = 0; i < SETS; i++) {
        if (!has(sets[i])) {
            printf("skipped: instruction set %s: not of this processor\n", sets[i]);
            continue;
        }
        assert_string_equal(implementation(2), sets[i]);
        assert_string_equal(implementation(1), i == 0 ? "small" : sets[i]);
    }
    assert_true(has("base"));
}

static void the_best_one_runs_else(void **state)
{
    (void)state;
    int best = 0;
    while (!has(sets[best]))
        best++;
    unsetenv("BOUGH_ISA");
    assert_string_equal(implementation(2), sets[best]);
    setenv("BOUGH_ISA", "", 1);
    assert_string_equal(implementation(2), sets[best]);
}

static void a_set_that_there_is_not_is_an_error(void **state)
{
    (void)state;
    struct bough_device *c;
    setenv("BOUGH_ISA", "avx1024", 1);
    assert_fails(bough_device_open(&c, "c"), BOUGH_DEVICE,
                 "BOUGH_ISA is \"avx1024\", and this processor has:");
    assert_non_null(strstr(bough_last_error(), " base"));
}

enum { SYMBOLS = 20000 };

struct symbols {
    struct symbol {
        size_t address;
        char letter, name[120];
    } row[SYMBOLS];
    int count;
};

// What nm tells about the library that is loaded.
static void symbols_read(struct symbols *symbols, const Dl_info *library)
{
    char command[1100];
    snprintf(command, sizeof command, "nm '%s'", library->dli_fname);
    FILE *lines = popen(command, "r");
    assert_non_null(lines);
    symbols->count = 0;
    for (char line[1000]; fgets(line, sizeof line, lines);) {
        assert_true(symbols->count < SYMBOLS);
        struct symbol *row = &symbols->row[symbols->count];
        symbols->count += sscanf(line, "%zx %c %119s", &row->address, &row->letter, row->name) == 3;
    }
    pclose(lines);
}

// The library's function that begins there.
static const char *function_at(const struct symbols *symbols, size_t at)
{
    for (int i = 0; i < symbols->count; i++)
        if (symbols->row[i].address == at && strchr("tT", symbols->row[i].letter))
            return symbols->row[i].name;
    fail_msg("no function at %zx", at);
    return NULL;
}

// Whether a kernel's function, which `function` points to, was compiled for the forced set; else it
// was for what every machine has.
static int is_forced(const struct symbols *symbols, const Dl_info *library, const char *row,
                     const void *function, const char *forced)
{
    char *code;
    memcpy(&code, function, sizeof code); // ISO C converts no function to an object
    const char *twin = function_at(symbols, (size_t)(code - (char *)library->dli_fbase));
    const char *set = strstr(twin, ".avx512f") ? "avx512" : strstr(twin, ".avx2") ? "avx2" : "base";
    if (strcmp(set, "base") != 0 && strcmp(set, forced) != 0)
        fail_msg("%s runs %s; wanted %s", row, twin, forced);
    return strcmp(set, forced) == 0;
}

// Every kernel's C twins: the loader has put the clones that it took into the kernel's row.
static void kernels_run_with_no_better_set_than_the_forced_one(void **state)
{
    const char *forced = *state;
    static struct symbols symbols;
    int clones = 0, kernels = 0, stacks = 0;
    Dl_info library;
    const char *(*of_the_library)(void) = bough_last_error;
    void *code;
    memcpy(&code, &of_the_library, sizeof code);
    assert_int_not_equal(dladdr(code, &library), 0);
    symbols_read(&symbols, &library);
    for (int i = 0; i < symbols.count; i++) {
        const struct symbol *row = &symbols.row[i];
        if (row->letter != 'd' || strncmp(row->name, "kernel_", 7) != 0)
            continue;
        const struct bough__kernel *kernel =
            (const void *)((char *)library.dli_fbase + row->address);
        clones += is_forced(&symbols, &library, row->name, &kernel->run, forced);
        kernels++;
        if (!kernel->run_stack)
            continue;
        clones += is_forced(&symbols, &library, row->name, &kernel->run_stack, forced);
        stacks++;
        if ((kernel->together() > 1) != (strcmp(forced, "avx512") == 0))
            fail_msg("%s does %d of a stack together with %s", row->name, (int)kernel->together(),
                     forced);
    }
    printf("%d of %d kernels run with %s\n", clones, kernels, forced);
    assert_true(kernels > 40 && stacks > 0);
#if defined __x86_64__ && defined __OPTIMIZE__ && !defined BOUGH_SANITIZED
    assert_true(clones > 30);
#endif
}

int main(void)
{
    static char forced[16];
    const char *wanted = getenv("BOUGH_ISA");
    for (int i = SETS; i-- > 0 && !wanted;)
        if (has(sets[i]))
            snprintf(forced, sizeof forced, "%s", sets[i]);
    if (wanted)
        snprintf(forced, sizeof forced, "%s", wanted);
    else
        unsetenv("BOUGH_ISA");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_set_of_the_processor_runs_where_it_is_forced),
        cmocka_unit_test(the_best_one_runs_else),
        cmocka_unit_test(a_set_that_there_is_not_is_an_error),
        cmocka_unit_test_prestate(kernels_run_with_no_better_set_than_the_forced_one, forced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
