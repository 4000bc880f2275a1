// Text that must be UTF-8, and variables of the environment.
#include "support/support.h"

#include "base/strings.h"

#include <stdlib.h>
#include <string.h>

static void assert_made(const char *text, const char *wanted)
{
    char copy[64];
    assert_true(strlen(text) < sizeof copy);
    strcpy(copy, text);
    assert_string_equal(bough__make_utf8(copy), wanted);
}

static void utf8_stays(void **state)
{
    (void)state;
    static const char *const text[] = {
        "",
        "plain\ttext\x7f",
        "\xc2\x80 \xdf\xbf",                           // U+0080, U+07FF
        "\xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80",      // U+0800, and around the surrogates
        "\xef\xbf\xbf",                                // U+FFFF
        "\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf processor", // U+10000, U+10FFFF
    };
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        assert_made(text[i], text[i]);
}

static void what_is_none_becomes_question_marks(void **state)
{
    (void)state;
    static const char *const text[][2] = {
        {"\x80 alone", "? alone"},
        {"Radeon\xae", "Radeon?"}, // Latin-1
        {"cut \xe2\x84", "cut ??"},
        {"cut \xe2\x84 here", "cut ?? here"},
        {"\xc3(", "?("},
        {"\xc0\xaf \xc1\xbf", "?? ??"}, // longer than they need be
        {"\xe0\x9f\xbf \xf0\x8f\xbf\xbf", "??? ????"},
        {"\xed\xa0\x80 \xed\xbf\xbf", "??? ???"}, // surrogates
        {"\xf4\x90\x80\x80 \xf8 \xff", "???? ? ?"},
    };
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        assert_made(text[i][0], text[i][1]);
}

static void an_empty_variable_is_none(void **state)
{
    (void)state;
    unsetenv("BOUGH_ANY");
    assert_null(bough__variable("BOUGH_ANY"));
    setenv("BOUGH_ANY", "", 1);
    assert_null(bough__variable("BOUGH_ANY"));
    setenv("BOUGH_ANY", " ", 1);
    assert_string_equal(bough__variable("BOUGH_ANY"), " ");
    unsetenv("BOUGH_ANY");
}

static void a_variable_of_one_word_takes_no_other(void **state)
{
    (void)state;
    int says = 1;
    assert_ok(bough__variable_says(&says, "BOUGH_ANY", "off"));
    assert_int_equal(says, 0);
    setenv("BOUGH_ANY", "", 1);
    assert_ok(bough__variable_says(&says, "BOUGH_ANY", "off"));
    assert_int_equal(says, 0);
    setenv("BOUGH_ANY", "off", 1);
    assert_ok(bough__variable_says(&says, "BOUGH_ANY", "off"));
    assert_int_equal(says, 1);
    setenv("BOUGH_ANY", "OFF", 1);
    assert_fails(bough__variable_says(&says, "BOUGH_ANY", "off"), BOUGH_INVALID,
                 "BOUGH_ANY is \"OFF\", wanted off or none");
    unsetenv("BOUGH_ANY");
}

static void a_name_is_near_by_a_third_of_its_letters(void **state)
{
    (void)state;
    static const char *const names[] = {"stch", "nash", "famo", "cross_entropy", NULL};
    static const char *const words[][2] = {
        {"nosuch", NULL},
        {"hcts", NULL},
        {"stsh", "stch"},
        {"fmao", "famo"},
        {"f", NULL},
        {"famous", "famo"},
        {"crosentropi", "cross_entropy"},
        {"zzzz", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const char *nearest = bough_name_nearest(words[i][0], names);
        if (words[i][1])
            assert_string_equal(nearest ? nearest : "none", words[i][1]);
        else
            assert_null(nearest);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_stays),
        cmocka_unit_test(what_is_none_becomes_question_marks),
        cmocka_unit_test(an_empty_variable_is_none),
        cmocka_unit_test(a_variable_of_one_word_takes_no_other),
        cmocka_unit_test(a_name_is_near_by_a_third_of_its_letters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
