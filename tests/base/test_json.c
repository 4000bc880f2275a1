// JSON that is read behind a string of ours: what it holds and what is said of it stay the same.
#include "base/json.h"
#include "support/support.h"

#include <stdlib.h>
#include <string.h>

static json_t *read(const char *text, json_error_t *error)
{
    json_t *value;
    assert_int_equal(bough__json_read(&value, text, strlen(text), JSON_REJECT_DUPLICATES, error),
                     BOUGH_OK);
    return value;
}

static void test_values_come_back(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{}",
        "[]",
        "[0.69314718055994530941723212145818]",
        "{\"an escaped quote\": \"\\\"]\\\\\", \"a\\\\\": [\"\"]}",
        "{\"a key of more than sixty-four bytes, which is longer than any of the others here\": 1}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_error_t error;
        json_t *value = read(texts[i], &error), *wanted = json_loads(texts[i], 0, NULL);
        assert_true(json_equal(value, wanted));
        json_decref(value);
        json_decref(wanted);
    }
}

static void test_errors_are_those_of_the_text(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",          "{",        "{}]",          "{}, {}",
        "{}, {}, 1", "nonsense", "{\"a\": 1,,}", "[\"\xff\"]",
        "\"text\"",  "[\"end",   "[1\\",         "{\"a\":1,\"a\":2}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_error_t error, wanted;
        assert_null(read(texts[i], &error));
        assert_null(json_loads(texts[i], JSON_REJECT_DUPLICATES, &wanted));
        assert_int_equal(error.position, wanted.position);
        assert_string_equal(error.text, wanted.text);
    }
}

static void test_text(void **state)
{
    (void)state;
    json_t *value = json_pack("{s:i}", "a", 1);
    char *text = bough__json_text(value, JSON_COMPACT);
    assert_string_equal(text, "{\"a\":1}");
    free(text);
    assert_null(bough__json_text(NULL, 0));
    json_decref(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_come_back),
        cmocka_unit_test(test_errors_are_those_of_the_text),
        cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
