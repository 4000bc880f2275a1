// The result that a training left in its run folder, read back.
#include "support/support.h"

#include "base/file.h"

#include <bough/train.h>
#include <string.h>

static void write_result(const char *text)
{
    char path[400];
    snprintf(path, sizeof path, "%s/result.json", test_folder());
    assert_ok(bough__file_write(path, text, strlen(text)));
}

static void test_none_yet(void **state)
{
    (void)state;
    struct bough_run *run;
    assert_ok(bough_run_load(&run, test_folder()));
    assert_null(run);
}

static void test_numbers_come_back(void **state)
{
    (void)state;
    struct bough_run *run;
    write_result("{\"device\": \"c: x\", \"epochs\": 3, \"best_epoch\": 2,"
                 " \"samples_per_second\": 1.5, \"validation\": {},"
                 " \"test\": {\"a\": {\"accuracy\": 0.25, \"f1\": null, \"confusion\": [[1]]},"
                 " \"b\": {\"loss\": 2}}}");
    assert_ok(bough_run_load(&run, test_folder()));
    const struct bough_result *result = bough_run_result(run);
    assert_string_equal(result->device, "c: x");
    assert_int_equal(result->epochs, 3);
    assert_int_equal(result->best_epoch, 2);
    assert_float_equal(result->samples_per_second, 1.5, 0);
    assert_null(result->validation);
    assert_int_equal(result->test->count, 2);
    assert_float_equal(bough_metrics_find(result->test, "a", "accuracy"), 0.25, 0);
    assert_float_equal(bough_metrics_find(result->test, "b", "loss"), 2, 0);
    bough_run_destroy(&run);
}

static void test_damage_is_told(void **state)
{
    (void)state;
    struct bough_run *run;
    write_result("{\"device\":\n1,,}");
    assert_fails(bough_run_load(&run, test_folder()), BOUGH_DATA, "result.json:2:");
    assert_null(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_none_yet, test_folder_begin, test_folder_end),
        cmocka_unit_test_setup_teardown(test_numbers_come_back, test_folder_begin, test_folder_end),
        cmocka_unit_test_setup_teardown(test_damage_is_told, test_folder_begin, test_folder_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
