// The cache of built programs: a second start builds nothing, and nothing that lies in the folder
// is trusted that should not be.
#include "device/opencl/opencl_support.h"

#include <dirent.h>
#include <sha2.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

static char logged[1 << 16];

static void keep_log(void *user, enum bough_log_level level, const char *line)
{
    (void)user;
    size_t used = strlen(logged);
    snprintf(logged + used, sizeof logged - used, "%s%s\n",
             level == BOUGH_LOG_WARNING ? "warning: " : "", line);
}

static void assert_logged(const char *text)
{
    if (!strstr(logged, text))
        fail_msg("\"%s\" was not logged, but:\n%s", text, logged);
}

// ---- One program, built or found ----

static const char *folder;
static char sources[512], cache[512], file[1024];

static int times_logged(const char *text)
{
    int count = 0;
    for (const char *at = logged; (at = strstr(at, text)); at++)
        count++;
    return count;
}

static int warnings(void)
{
    return times_logged("warning: ");
}

static void write_source(const char *name, const char *text)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", sources, name);
    assert_ok(bough__file_write(path, text, strlen(text)));
}

static void do_nothing(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    (void)arg;
    (void)params;
    (void)begin;
    (void)end;
}

static int disk_is_full;
static const char *closing; // the last error as the device is closed
static rlim_t old_limit;

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    old_limit = limit.rlim_cur;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
}

// PoCL needs room on disk to run a kernel, and none when its binary is asked for at the end.
static int fills_disk(const struct bough_device *device, int at_the_end)
{
    return disk_is_full && at_the_end == (strstr(device->info.version, "PoCL") != NULL);
}

// Counts 0, 1, 2... by a kernel, opening and closing the device. 0 if there is none.
static int use_once(void)
{
    const struct bough__kernel kernel = {"count_up", "counting", do_nothing, BOUGH_GRID_ITEMS,
                                         .args = 1};
    struct bough_device *device = opencl_open();
    struct bough__buffer *buffer;
    struct bough__launch *launch;
    int got[5];
    logged[0] = '\0';
    if (!device)
        return 0;
    assert_ok(bough__buffer_create(&buffer, device, sizeof got));
    const struct bough__kernel_call call = {
        .kernel = &kernel, .arg = {bough__whole(buffer)}, .count = 5};
    if (fills_disk(device, 0))
        limit_files(64);
    assert_ok(bough__launch_kernel(&launch, device, &call));
    assert_ok(bough__run(device, &launch, 1));
    assert_ok(bough__read(bough__whole(buffer), got, sizeof got));
    for (int i = 0; i < 5; i++)
        assert_int_equal(got[i], i);
    bough__launch_destroy(&launch);
    bough__buffer_destroy(&buffer);
    if (fills_disk(device, 1))
        limit_files(64);
    if (closing)
        bough__fail(BOUGH_DATA, "%s", closing);
    bough_device_close(&device);
    if (disk_is_full)
        limit_files(old_limit);
    return 1;
}

static void assert_built(void)
{
    if (!use_once())
        skip();
    assert_logged("programs: 0 found, 1 built");
}

static void assert_found(void)
{
    if (!use_once())
        skip();
    assert_logged("programs: 1 found, 0 built");
}

// The path of the only file of the cache; how many there are.
static int find_file(void)
{
    int count = 0;
    DIR *open = opendir(cache);
    assert_non_null(open);
    for (struct dirent *entry; (entry = readdir(open)) != NULL;)
        if (entry->d_name[0] != '.') {
            snprintf(file, sizeof file, "%s/%s", cache, entry->d_name);
            count++;
        }
    closedir(open);
    return count;
}

// Builds it, and returns its bytes, which the caller frees, if it is asked for their number.
static char *build_file(size_t *size)
{
    char *data = NULL;
    assert_built();
    assert_int_equal(find_file(), 1);
    if (size)
        assert_ok(bough__file_read(&data, size, file));
    return data;
}

static int setup(void **state)
{
    (void)state;
    folder = test_folder_create();
    snprintf(sources, sizeof sources, "%s/cl", folder);
    snprintf(cache, sizeof cache, "%s/cache", folder);
    setenv("BOUGH_CACHE", cache, 1);
    setenv("BOUGH_CL_DIR", sources, 1);
    assert_ok(bough__folder_create(sources));
    write_source("counting.cl", "#include \"bough.h\"\n#include \"part.h\"\n"
                                "kernel void count_up(ARG(x), const ulong count)\n"
                                "{ VIEW(int, x); const size_t i = get_global_id(0);\n"
                                "  if (i < count) x[i] = NUMBER; }\n");
    write_source("part.h", "#define NUMBER i\n");
    return 0;
}

// ---- Cases ----

static void a_second_start_builds_nothing(void **state)
{
    (void)state;
    build_file(NULL);
    assert_found();
    assert_logged("found cl/counting.cl in the cache");
    assert_found();
}

static void any_change_of_the_source_is_seen(void **state)
{
    (void)state;
    assert_built();
    write_source("part.h", "#define NUMBER (i + 0)\n"); // a header alone
    assert_built();
    write_source("part.h", "#define NUMBER i\n");
    assert_found();
}

static void the_self_test_builds_nothing_the_second_time(void **state)
{
    (void)state;
    for (int time = 0; time < 2; time++) {
        struct bough_device *device = opencl_open();
        logged[0] = '\0';
        if (!device)
            skip();
        assert_ok(bough_device_selftest(device, NULL, 0));
        bough_device_close(&device);
        if (time == 0)
            assert_logged(" 0 found,");
        else
            assert_logged(" 0 built");
    }
}

// ---- What cannot be trusted ----

// The file is replaced; the next start says why it is not used and builds, the one after finds.
static void assert_rebuilt(const void *data, size_t size, const char *why)
{
    assert_ok(bough__file_write(file, data, size));
    assert_built();
    assert_logged(why);
    assert_found();
}

enum { HEADER = 8 + 4 + 4 + 8 + 32 + 32 };

static void a_damaged_file_is_built_over(void **state)
{
    (void)state;
    // Where a byte is changed, and what is said then.
    static const struct {
        size_t at;
        const char *why;
    } damage[] = {{0, "another kind of file"}, {8, "another version"},  {16, "its length"},
                  {24, "another program"},     {55, "another program"}, {56, "its checksum"},
                  {HEADER, "its checksum"}};
    size_t size;
    char *data = build_file(&size);
    for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
        data[damage[i].at] ^= 1;
        assert_rebuilt(data, size, damage[i].why);
        data[damage[i].at] ^= 1;
    }
    data[size - 1] ^= 1;
    assert_rebuilt(data, size, "its checksum");
    free(data);
}

static void a_truncated_file_is_built_over(void **state)
{
    (void)state;
    size_t size;
    char *data = build_file(&size);
    assert_rebuilt("", 0, "cut short");
    assert_rebuilt(data, HEADER - 1, "cut short");
    assert_rebuilt(data, HEADER, "its length");
    assert_rebuilt(data, size - 1, "its length");
    assert_rebuilt("[something else altogether, and long enough to hold a header, but not ours, "
                   "not in the least, for it is the text of a test]",
                   124, "another kind of file");
    free(data);
}

// All of it is right but the binary itself.
static void what_the_driver_refuses_is_built_over(void **state)
{
    (void)state;
    size_t size;
    char *data = build_file(&size);
    memset(data + HEADER, 'x', size - HEADER);
    SHA2_CTX hash;
    SHA256Init(&hash);
    SHA256Update(&hash, (uint8_t *)data + HEADER, size - HEADER);
    SHA256Final((uint8_t *)data + 56, &hash);
    assert_rebuilt(data, size, "the driver refuses what was kept of cl/counting.cl");
    free(data);
}

static void a_file_of_another_user_is_not_used(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        printf("skipped: only root can give a file away\n");
        skip();
    }
    build_file(NULL);
    assert_int_equal(chown(file, 1, 1), 0);
    assert_built();
    assert_logged("others may have written it");
    assert_found();
}

static void a_folder_open_to_others_is_refused(void **state)
{
    (void)state;
    assert_built();
    assert_int_equal(chmod(cache, 0755), 0);
    assert_built();
    assert_logged("warning: ");
    assert_logged("chmod 700");
}

// ---- Where nothing can be kept ----

static void without_a_folder_it_goes_on(void **state)
{
    (void)state;
    setenv("BOUGH_CACHE", "off", 1);
    assert_built();
    assert_logged("not kept: there is no cache: BOUGH_CACHE is off");
    assert_int_equal(warnings(), 0);
    setenv("BOUGH_CACHE", "/proc/nowhere/bough", 1);
    assert_built();
    assert_logged("cannot create the folder");
    assert_int_equal(warnings(), 1);
    write_source("file", "");
    snprintf(file, sizeof file, "%s/file", sources);
    setenv("BOUGH_CACHE", file, 1);
    assert_built();
    assert_logged("cl/file: is a file, wanted a folder");
    assert_int_equal(warnings(), 1);
    setenv("BOUGH_CACHE", "", 1);
    char *home = getenv("HOME") ? strdup(getenv("HOME")) : NULL;
    char *xdg = getenv("XDG_CACHE_HOME") ? strdup(getenv("XDG_CACHE_HOME")) : NULL;
    unsetenv("HOME");
    unsetenv("XDG_CACHE_HOME");
    int used = use_once();
    if (home)
        setenv("HOME", home, 1);
    if (xdg)
        setenv("XDG_CACHE_HOME", xdg, 1);
    free(home);
    free(xdg);
    if (!used)
        skip();
    assert_logged("none of BOUGH_CACHE, XDG_CACHE_HOME and HOME");
    assert_null(strstr(logged, "warning"));
}

// The reason why nothing is kept does not take the place of what went wrong before.
static void the_last_error_stays(void **state)
{
    (void)state;
    setenv("BOUGH_CACHE", "/proc/nowhere/bough", 1);
    closing = "what went wrong before";
    const int used = use_once();
    closing = NULL;
    if (!used)
        skip();
    assert_logged("cannot create the folder");
    assert_string_equal(bough_last_error(), "what went wrong before");
}

static void a_file_that_cannot_be_written_is_told(void **state)
{
    (void)state;
    char part[1100];
    build_file(NULL);
    snprintf(part, sizeof part, "%s.part", file);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(mkdir(part, 0700), 0);
    assert_built();
    assert_logged("cannot write: Is a directory");
    assert_int_equal(rmdir(part), 0);
}

static void a_full_disk_is_told(void **state)
{
    (void)state;
    build_file(NULL);
    assert_int_equal(unlink(file), 0);
    signal(SIGXFSZ, SIG_IGN);
    disk_is_full = 1;
    int used = use_once();
    disk_is_full = 0;
    if (!used)
        skip();
    assert_logged("programs: 0 found, 1 built");
    assert_logged("cannot write: File too large");
    assert_int_equal(warnings(), 1);
    assert_int_equal(find_file(), 0);
}

static void a_full_disk_is_told_once(void **state)
{
    (void)state;
    struct bough_device *device = opencl_open();
    if (!device)
        skip();
    logged[0] = '\0';
    signal(SIGXFSZ, SIG_IGN);
    disk_is_full = 1;
    if (fills_disk(device, 0))
        limit_files(64);
    assert_ok(bough_device_selftest(device, NULL, 0));
    if (fills_disk(device, 1))
        limit_files(64);
    bough_device_close(&device);
    limit_files(old_limit);
    disk_is_full = 0;
    assert_true(times_logged("not all built kernels are kept") > 1);
    assert_int_equal(warnings(), 1);
}

// ---- Size, and many at once ----

static void the_oldest_goes_when_there_is_too_much(void **state)
{
    (void)state;
    char old[600];
    const struct timespec long_ago[2] = {{1000, 0}, {1000, 0}};
    assert_built();
    snprintf(old, sizeof old, "%s/old.bin", cache);
    assert_ok(bough__file_write(old, "", 0));
    assert_int_equal(truncate(old, (off_t)300 << 20), 0); // takes no room
    assert_int_equal(utimensat(0, old, long_ago, 0), 0);
    assert_found();
    assert_int_equal(access(old, F_OK), 0); // nothing was added
    write_source("part.h", "#define NUMBER (i + 0)\n");
    assert_built();
    assert_int_not_equal(access(old, F_OK), 0);
    assert_found();
    write_source("part.h", "#define NUMBER i\n");
    assert_found();
}

static void processes_that_start_at_once_do_no_harm(void **state)
{
    (void)state;
    enum { PROCESSES = 6 };
    char self[512];
    pid_t child[PROCESSES];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(length > 0);
    self[length] = '\0';
    for (int i = 0; i < PROCESSES; i++) {
        child[i] = fork();
        assert_true(child[i] >= 0);
        if (child[i] == 0) {
            execl(self, self, "once", (char *)NULL);
            _exit(1);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int code;
        assert_int_equal(waitpid(child[i], &code, 0), child[i]);
        assert_int_equal(code, 0);
    }
    assert_found();
    assert_int_equal(find_file(), 1);
    assert_null(strstr(file, ".part"));
}

int main(int argc, char **argv)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, test_folder_end)
    const struct CMUnitTest tests[] = {
        CASE(a_second_start_builds_nothing),
        CASE(any_change_of_the_source_is_seen),
        CASE(the_self_test_builds_nothing_the_second_time),
        CASE(a_damaged_file_is_built_over),
        CASE(a_truncated_file_is_built_over),
        CASE(what_the_driver_refuses_is_built_over),
        CASE(a_file_of_another_user_is_not_used),
        CASE(a_folder_open_to_others_is_refused),
        CASE(without_a_folder_it_goes_on),
        CASE(the_last_error_stays),
        CASE(a_file_that_cannot_be_written_is_told),
        CASE(a_full_disk_is_told),
        CASE(a_full_disk_is_told_once),
        CASE(the_oldest_goes_when_there_is_too_much),
        CASE(processes_that_start_at_once_do_no_harm),
    };
    bough_set_log(keep_log, NULL);
    if (argc > 1 && strcmp(argv[1], "once") == 0)
        return use_once() && strstr(logged, "warning") ? 1 : 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
