#include "base/file.h"
#include "support/support.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char path[400], part[420];

static int setup(void **state)
{
    (void)state;
    const char *folder = test_folder_create();
    snprintf(path, sizeof path, "%s/file", folder);
    snprintf(part, sizeof part, "%s.part", path);
    return 0;
}

static void assert_holds(const char *name, const char *wanted)
{
    char *data;
    size_t size;
    assert_ok(bough__file_read(&data, &size, name));
    assert_int_equal(size, strlen(wanted));
    assert_string_equal(data, wanted);
    free(data);
}

static void written_whole(void **state)
{
    (void)state;
    assert_ok(bough__file_write(path, "old", 3));
    assert_ok(bough__file_write(path, "newer", 5));
    assert_holds(path, "newer");
    assert_int_not_equal(access(part, F_OK), 0);
    assert_ok(bough__file_write(path, NULL, 0));
    assert_holds(path, "");
}

static void a_large_file_reads_back(void **state)
{
    (void)state;
    const size_t size = 1000003;
    char *data = malloc(size), *again;
    for (size_t i = 0; i < size; i++)
        data[i] = (char)(i * 7 + i / 251);
    assert_ok(bough__file_write(path, data, size));
    size_t got;
    assert_ok(bough__file_read(&again, &got, path));
    assert_int_equal(got, size);
    assert_memory_equal(again, data, size);
    struct bough__mapping mapping;
    assert_ok(bough__file_map(&mapping, path));
    assert_int_equal(mapping.size, size);
    assert_memory_equal(mapping.data, data, size);
    bough__file_unmap(&mapping);
    assert_null(mapping.data);
    free(again);
    free(data);
}

static void abandoned_leaves_the_old(void **state)
{
    (void)state;
    struct bough__draft *draft;
    assert_ok(bough__file_write(path, "old", 3));
    assert_ok(bough__draft_create(&draft, path));
    assert_ok(bough__draft_write(draft, "half", 4));
    bough__draft_destroy(&draft);
    bough__draft_destroy(&draft);
    assert_holds(path, "old");
    assert_int_not_equal(access(part, F_OK), 0);
}

static void a_killed_writers_part_is_taken_over(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        struct bough__draft *draft;
        if (bough__draft_create(&draft, path) == BOUGH_OK)
            bough__draft_write(draft, path, sizeof path);
        raise(SIGKILL);
    }
    waitpid(child, NULL, 0);
    assert_int_equal(access(part, F_OK), 0);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_ok(bough__file_write(path, "x", 1));
    assert_holds(path, "x");
    assert_int_not_equal(access(part, F_OK), 0);
}

static void two_writers_are_refused(void **state)
{
    (void)state;
    struct bough__draft *first, *second;
    assert_ok(bough__draft_create(&first, path));
    assert_fails(bough__draft_create(&second, path), BOUGH_DATA, "another process is writing it");
    assert_null(second);
    assert_ok(bough__draft_write(first, "1", 1));
    assert_ok(bough__draft_commit(first));
    bough__draft_destroy(&first);
    assert_holds(path, "1");
}

static void only_regular_files_are_replaced(void **state)
{
    (void)state;
    assert_fails(bough__file_write("/dev/null", "x", 1), BOUGH_DATA, "no regular file");
    assert_fails(bough__file_write("/", "x", 1), BOUGH_DATA, "no regular file");
    struct bough__mapping mapping;
    assert_fails(bough__file_map(&mapping, "/dev/null"), BOUGH_DATA, "no regular file");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_fails(bough__file_map(&mapping, path), BOUGH_DATA, "no regular file");
    assert_fails(bough__file_write(path, "x", 1), BOUGH_DATA, "no regular file");
}

static void a_link_stays_a_link(void **state)
{
    (void)state;
    char target[420], name[420];
    struct stat info;
    snprintf(target, sizeof target, "%s.target", path);
    snprintf(name, sizeof name, "%s.link", path);
    assert_ok(bough__file_write(target, "old", 3));
    assert_int_equal(symlink(target, name), 0);
    assert_ok(bough__file_write(name, "new", 3));
    assert_int_equal(lstat(name, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_holds(target, "new");
}

static void refusals_tell_the_path(void **state)
{
    (void)state;
    char *data;
    size_t size;
    char deep[440];
    snprintf(deep, sizeof deep, "%s/no/file", path);
    assert_fails(bough__file_read(&data, &size, deep), BOUGH_DATA, "/no/file: cannot open");
    assert_fails(bough__file_write(deep, "x", 1), BOUGH_DATA, "/no/file: cannot write: No such");
}

static void folders_are_made_with_their_parents(void **state)
{
    (void)state;
    char deep[440], inside[460];
    snprintf(deep, sizeof deep, "%s.a/b//c", path);
    assert_ok(bough__folder_create(deep));
    assert_ok(bough__folder_create(deep));
    snprintf(inside, sizeof inside, "%s/file", deep);
    assert_ok(bough__file_write(inside, "x", 1));
    assert_fails(bough__folder_create(inside), BOUGH_DATA, "file: is not a folder");
    snprintf(inside, sizeof inside, "%s/file/d", deep);
    assert_fails(bough__folder_create(inside), BOUGH_DATA, "file: is not a folder");
    assert_fails(bough__folder_create(""), BOUGH_DATA, "cannot create the folder");
}

static void a_full_disk_leaves_nothing(void **state)
{
    (void)state;
    struct rlimit limit, old;
    char bytes[5000] = {0};
    assert_ok(bough__file_write(path, "old", 3));
    getrlimit(RLIMIT_FSIZE, &old);
    limit = old;
    limit.rlim_cur = 4096;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    enum bough_status status = bough__file_write(path, bytes, sizeof bytes);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_fails(status, BOUGH_DATA, "file: cannot write: File too large");
    assert_holds(path, "old");
    assert_int_not_equal(access(part, F_OK), 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, test_folder_end)
    const struct CMUnitTest tests[] = {
        CASE(written_whole),
        CASE(a_large_file_reads_back),
        CASE(abandoned_leaves_the_old),
        CASE(a_killed_writers_part_is_taken_over),
        CASE(two_writers_are_refused),
        CASE(only_regular_files_are_replaced),
        CASE(a_link_stays_a_link),
        CASE(refusals_tell_the_path),
        CASE(folders_are_made_with_their_parents),
        CASE(a_full_disk_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
