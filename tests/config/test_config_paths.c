// Where the paths of a config's data sets start from, and when two of them are one.
#include "support/configs.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char text[] = "inputs: {x: {data: a}, y: {data: a}}\n"
                           "tasks: {t: {target: t, loss: l1, head: [linear: 1]}}\n";

static struct bough_config *open_with(const char *const *overrides, size_t count)
{
    struct bough_config *config;
    assert_ok(bough_config_parse(&config, text, test_folder(), overrides, count));
    return config;
}

// What is told of the config as of its first input.
static void an_override_starts_from_here(void **state)
{
    (void)state;
    static const char *const overrides[] = {"inputs.x.data=b", "inputs.y.data=b"};
    char *here = realpath(".", NULL), wanted[4200];
    struct bough_config *config = open_with(overrides, 0);
    snprintf(wanted, sizeof wanted, "%s/a", test_folder());
    assert_string_equal(bough_config_data(config), wanted);
    bough_config_close(&config);
    config = open_with(overrides, 2);
    snprintf(wanted, sizeof wanted, "%s/b", here);
    assert_string_equal(bough_config_data(config), wanted);
    assert_string_equal(bough_config_input_data(config, 0), wanted);
    bough_config_close(&config);
    free(here);
}

static void path_of(char path[600], const char *name)
{
    snprintf(path, 600, "%s/%s", test_folder(), name);
}

static void make_files(void)
{
    char a[600], path[600];
    path_of(a, "a");
    FILE *file = fopen(a, "w");
    assert_non_null(file);
    fclose(file);
    path_of(path, "sub");
    assert_int_equal(mkdir(path, 0777), 0);
    path_of(path, "link");
    assert_int_equal(symlink(a, path), 0);
}

// Called as the first input calls it, also by a saved config when the file is gone.
static void a_file_of_several_spellings_is_one_data_set(void **state)
{
    (void)state;
    static const char *const spelled[] = {"a", "./a", "sub/../a", "link"};
    enum { SPELLED = sizeof spelled / sizeof *spelled };
    struct bough_config *config;
    char path[600], other[600], name[32], override[700], own[700], saved[SPELLED][600];
    make_files();
    path_of(path, "a");
    for (size_t i = 0; i < SPELLED; i++) {
        const char *const overrides[] = {override, own};
        path_of(other, spelled[i]);
        snprintf(override, sizeof override, "inputs.y.data=%s", other);
        snprintf(own, sizeof own, "data=%s", other); // is spelled otherwise, too
        config = open_with(overrides, 2);
        assert_int_equal(config->sets, 1);
        assert_string_equal(bough_config_input_data(config, 1), path);
        snprintf(name, sizeof name, "%zu.yaml", i);
        path_of(saved[i], name);
        assert_ok(bough_config_save(config, saved[i]));
        bough_config_close(&config);
    }
    // What the config did not say is not held against an override.
    static const char *const moved[] = {"inputs.x.data=b", "inputs.y.data=b"};
    config = open_with(NULL, 0);
    assert_ok(bough_config_save(config, saved[0]));
    bough_config_close(&config);
    assert_ok(bough_config_open(&config, saved[0], moved, 2));
    bough_config_close(&config);
    assert_int_equal(unlink(path), 0);
    for (size_t i = 0; i < SPELLED; i++) {
        assert_ok(bough_config_open(&config, saved[i], NULL, 0));
        assert_int_equal(config->sets, 1);
        bough_config_close(&config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_override_starts_from_here),
        cmocka_unit_test(a_file_of_several_spellings_is_one_data_set),
    };
    return cmocka_run_group_tests_name("config paths", tests, test_folder_begin, test_folder_end);
}
