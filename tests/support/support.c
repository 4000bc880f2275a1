#include "support/support.h"

#include "device/device.h"
#include "device/device_list.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// In the place of the C library's: what a test writes need not outlive the machine, and a disk that
// others wait for takes longer than the training.
int fsync(int fd)
{
    (void)fd;
    return 0;
}

static struct bough_device *devices[32];
static size_t devices_count;
static int warnings;

// Kernels that tests build are kept beside the tests, not in the user's own folder.
__attribute__((constructor)) static void choose_cache(void)
{
    setenv("BOUGH_CACHE", TEST_BINARY_DIR "/cache", 0);
}

static void count_warning(void *user, enum bough_log_level level, const char *line)
{
    (void)user;
    if (level != BOUGH_LOG_WARNING)
        return;
    printf("warning: %s\n", line);
    warnings++;
}

int test_warnings(void)
{
    return warnings;
}

void test_no_opencl(const char *note)
{
    if (!getenv("BOUGH_TEST_OPENCL"))
        return;
    printf("skipped: no OpenCL device: %s\n", note);
    exit(77);
}

static struct {
    char name[32];
    int count;
} ran[8];

void test_gemm_ran(const char *implementation)
{
    size_t i = 0;
    while (i < 7 && ran[i].name[0] && strcmp(ran[i].name, implementation) != 0)
        i++;
    snprintf(ran[i].name, sizeof ran[i].name, "%s", implementation);
    ran[i].count++;
}

int test_gemm_count(const char *implementation)
{
    for (size_t i = 0; i < 8; i++)
        if (strcmp(ran[i].name, implementation) == 0)
            return ran[i].count;
    return 0;
}

void test_forced_gemm_ran(void **state)
{
    (void)state;
    const char *forced = getenv("BOUGH_GEMM");
    if (!forced || devices_count < 2)
        return;
    int all = 0;
    for (size_t i = 0; i < 8; i++)
        all += ran[i].count;
    printf("%d of %d products by %s\n", test_gemm_count(forced), all, forced);
    if (!test_gemm_count(forced))
        fail_msg("BOUGH_GEMM is %s, and none was done by it", forced);
}

// Past the front, which would run the self-test.
static enum bough_status open_untested(struct bough_device **device, const char *id)
{
    struct bough__listing listing;
    enum bough_status status = bough__listing_init(&listing);
    if (status != BOUGH_OK)
        return status;
    for (size_t i = 0; i < listing.count; i++)
        if (strcmp(listing.info[i].id, id) == 0)
            status = listing.backend[i]->open(device, id);
    bough__listing_fini(&listing);
    return status;
}

static enum bough_status open_device(struct bough_device **device, const char *id)
{
    return getenv("BOUGH_TEST_NO_SELFTEST") ? open_untested(device, id)
                                            : bough_device_open(device, id);
}

struct bough_device *const *test_devices(size_t *count)
{
    *count = devices_count;
    if (devices_count)
        return devices;
    bough_set_log(count_warning, NULL);
    struct bough_device_info *list;
    size_t listed;
    char note[512];
    assert_ok(bough_device_list_create(&list, &listed, note, sizeof note));
    for (size_t i = 0; i < listed && devices_count < sizeof devices / sizeof *devices; i++) {
        if (list[i].refused[0]) {
            printf("device %s: skipped: %s\n", list[i].id, list[i].refused);
            continue;
        }
        assert_ok(open_device(&devices[devices_count++], list[i].id));
        printf("device %s: %s\n", list[i].id, list[i].name);
    }
    if (devices_count == 1) {
        test_no_opencl(note);
        printf("device OpenCL: skipped: %s\n", note);
    }
    bough_device_list_destroy(&list);
    *count = devices_count;
    return devices;
}

int test_devices_end(void **state)
{
    (void)state;
    while (devices_count)
        bough_device_close(&devices[--devices_count]);
    return 0;
}

double test_nmse(const float *a, const float *b, size_t count)
{
    double difference = 0, size = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(a[i]) || !isfinite(b[i])) {
            if ((isnan(a[i]) && isnan(b[i])) || a[i] == b[i])
                continue;
            return INFINITY;
        }
        double d = (double)a[i] - (double)b[i];
        difference += d * d;
        size += (double)b[i] * (double)b[i];
    }
    if (size > 0)
        return difference / size;
    return difference > 0 ? INFINITY : 0;
}

void test_assert_ok(enum bough_status status, const char *call, const char *file, int line)
{
    if (status == BOUGH_OK)
        return;
    print_error("%s: status %d: %s\n", call, status, bough_last_error());
    _fail(file, line);
}

void test_assert_fails(enum bough_status got, enum bough_status wanted, const char *text,
                       const char *call, const char *file, int line)
{
    if (got == wanted && strstr(bough_last_error(), text))
        return;
    print_error("%s: status %d with \"%s\"; wanted %d with \"%s\"\n", call, got,
                got == BOUGH_OK ? "" : bough_last_error(), wanted, text);
    _fail(file, line);
}

static char folder[256];

const char *test_folder_create(void)
{
    snprintf(folder, sizeof folder, "%s/test-XXXXXX", TEST_BINARY_DIR);
    if (!mkdtemp(folder))
        fail_msg("cannot create %s", folder);
    return folder;
}

void test_folder_remove(void)
{
    char command[300];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0)
        fail_msg("cannot remove %s", folder);
}

const char *test_folder(void)
{
    return folder;
}

int test_folder_begin(void **state)
{
    (void)state;
    test_folder_create();
    return 0;
}

int test_folder_end(void **state)
{
    (void)state;
    test_folder_remove();
    return 0;
}

json_t *test_golden_open(void **state, const char *path)
{
    char whole[512];
    json_error_t error;
    snprintf(whole, sizeof whole, "%s/tests/%s", TEST_SOURCE_DIR, path);
    json_t *golden = json_load_file(whole, 0, &error);
    if (!golden)
        print_error("%s: line %d: %s\n", whole, error.line, error.text);
    *state = golden;
    return golden;
}

int test_golden_close(void **state)
{
    json_decref(*state);
    return test_devices_end(state);
}

const char *test_data(const char *name)
{
    static char path[1024];
    const char *root = getenv("BOUGH_TEST_DATA");
    snprintf(path, sizeof path, "%s/%s", root ? root : TEST_SOURCE_DIR "/../shared/data", name);
    if (access(path, R_OK) == 0)
        return path;
    printf("skipped: %s is not there\n", path);
    return NULL;
}
