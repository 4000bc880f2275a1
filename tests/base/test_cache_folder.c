#include "base/file.h"
#include "support/support.h"

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

static int teardown(void **state)
{
    (void)state;
    test_folder_remove();
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
    assert_fails(bough__cache_folder(path, sizeof path), BOUGH_DATA, "file: Not a directory");
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

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(the_first_that_is_named_is_made), CASE(none_is_told),
        CASE(what_cannot_be_made_is_told),     CASE(one_that_others_may_enter_is_refused),
        CASE(another_users_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
