#include "base/file.h"
#include "support/support.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *folder;
static char path[4096];

static int setup(void **state)
{
    (void)state;
    folder = test_folder_create();
    unsetenv("BOUGH_CACHE");
    unsetenv("XDG_CACHE_HOME");
    unsetenv("HOME");
    return 0;
}

static void set(const char *variable, const char *below)
{
    char value[512];
    snprintf(value, sizeof value, "%s%s", folder, below);
    setenv(variable, value, 1);
}

static void assert_path(const char *below)
{
    char wanted[512];
    struct stat info;
    snprintf(wanted, sizeof wanted, "%s%s", folder, below);
    assert_ok(bough__cache_folder(path, sizeof path));
    assert_string_equal(path, wanted);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
}

static void the_first_that_is_named_is_made(void **state)
{
    (void)state;
    set("HOME", "");
    assert_path("/.cache/bough");
    set("XDG_CACHE_HOME", "/x/y");
    assert_path("/x/y/bough");
    set("BOUGH_CACHE", "/mine");
    assert_path("/mine");
    assert_path("/mine"); // there already
}

static void none_is_told(void **state)
{
    (void)state;
    const char *none = "none of BOUGH_CACHE, XDG_CACHE_HOME and HOME";
    assert_fails(bough__cache_folder(path, sizeof path), BOUGH_DATA, none);
    setenv("XDG_CACHE_HOME", "relative", 1);
    assert_fails(bough__cache_folder(path, sizeof path), BOUGH_DATA, none);
    set("HOME", "");
    setenv("BOUGH_CACHE", "off", 1);
    assert_fails(bough__cache_folder(path, sizeof path), BOUGH_DATA, "BOUGH_CACHE is off");
}

static void what_cannot_be_made_is_told(void **state)
{
    (void)state;
    char name[512];
    set("HOME", "/file");
    snprintf(name, sizeof name, "%s/file", folder);
    assert_ok(bough__file_write(name, "", 0));
    assert_fails(bough__cache_folder(path, sizeof path), BOUGH_DATA, "file: is not a folder");
    set("BOUGH_CACHE", "/file");
    assert_fails(bough__cache_folder(path, sizeof path), BOUGH_DATA,
                 "/file: is a file, wanted a folder");
    assert_int_equal(strncmp(bough_last_error(), "BOUGH_CACHE is /", 16), 0);
    assert_fails(bough__cache_folder(path, 5), BOUGH_DATA, "too long");
}

static void one_that_others_may_enter_is_refused(void **state)
{
    (void)state;
    set("BOUGH_CACHE", "/mine");
    assert_path("/mine");
    assert_int_equal(chmod(path, 0750), 0);
    assert_fails(bough__cache_folder(path, sizeof path), BOUGH_INVALID, "mode 750");
    assert_int_equal(chmod(path, 0702), 0);
    assert_fails(bough__cache_folder(path, sizeof path), BOUGH_INVALID, "chmod 700");
}

static void another_users_is_refused(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        printf("skipped: only root can give a folder away\n");
        skip();
    }
    set("BOUGH_CACHE", "/mine");
    assert_path("/mine");
    assert_int_equal(chown(path, 1, 1), 0);
    assert_fails(bough__cache_folder(path, sizeof path), BOUGH_INVALID, "belongs to user 1");
}

static void put(const char *name, off_t size, time_t modified)
{
    const struct timespec times[2] = {{modified, 0}, {modified, 0}};
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_ok(bough__file_write(path, "", 0));
    assert_int_equal(truncate(path, size), 0);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static int is_there(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

static void the_oldest_go_first(void **state)
{
    (void)state;
    put("new.bin", 40, 4000);
    put("old.bin", 40, 1000);
    put("killed.bin.part", 40, 2000);
    put("middle.bin", 40, 3000);
    put("ancient.txt", 40, 1);
    bough__folder_trim(folder, ".bin", 160);
    assert_true(is_there("old.bin"));
    bough__folder_trim(folder, ".bin", 100);
    assert_false(is_there("old.bin"));
    assert_false(is_there("killed.bin.part"));
    assert_true(is_there("middle.bin"));
    assert_true(is_there("new.bin"));
    bough__folder_trim(folder, ".bin", 0);
    assert_false(is_there("new.bin"));
    assert_true(is_there("ancient.txt")); // not ours
    bough__folder_trim("/nowhere", ".bin", 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, test_folder_end)
    const struct CMUnitTest tests[] = {
        CASE(the_first_that_is_named_is_made), CASE(none_is_told),
        CASE(what_cannot_be_made_is_told),     CASE(one_that_others_may_enter_is_refused),
        CASE(another_users_is_refused),        CASE(the_oldest_go_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
