// Numbers and dates of a cell.
#include "tools/data_support.h"

#include "text_value.h"

// By both ways, which must agree. What stands behind a text is not read.
static int read_number(double *value, const char *text, int decimal_comma)
{
    char padded[80];
    double other = 0;
    const size_t length = strlen(text);
    memset(padded, '5', sizeof padded);
    memcpy(padded, text, length);
    const int is_number = text_number(value, text, length, decimal_comma);
    assert_int_equal(text_number_padded(&other, padded, length, decimal_comma), is_number);
    if (is_number)
        assert_true(other == *value && signbit(other) == signbit(*value));
    return is_number;
}

static void numbers_are_read_to_the_last_bit(void **state)
{
    (void)state;
    unsigned int seed = 1;
    for (int i = 0; i < 200000; i++) {
        char text[64];
        double value, wanted;
        union {
            uint64_t bits;
            double value;
        } any = {0};
        for (int k = 0; k < 5; k++)
            any.bits = any.bits << 15 ^ (uint64_t)(seed = seed * 1103515245 + 12345) >> 8;
        if (!isfinite(any.value))
            continue;
        snprintf(text, sizeof text, i % 2 ? "%.*g" : "%.*f", (int)(seed >> 16) % (i % 3 ? 18 : 4),
                 i % 2 ? any.value : fmod(any.value, 1e6));
        wanted = strtod(text, NULL);
        if (!read_number(&value, text, 0) || value != wanted)
            fail_msg("%s: %.17g, wanted %.17g", text, value, wanted);
    }
}

static void numbers_have_one_form(void **state)
{
    (void)state;
    static const char *const good[] = {
        "0",        "-0",        "+5",        "5.",       ".5",
        "1e5",      "1E+05",     "-1.5e-3",   "00012",    "123456789012345678901234567890",
        "12345678", "-12345678", "1234.5678", ".1234567", "-1234567."};
    static const char *const bad[] = {"",         "-",        ".",   "e5", "1e",       "1e+",
                                      "0x10",     "inf",      "nan", "1 ", " 1",       "1,5",
                                      "1.2.3",    "1_0",      "--1", "1f", "1234567x", "x2345678",
                                      "1:345678", "1/345678", "-.",  "+",  "-+1",      "1..2"};
    double value;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(read_number(&value, good[i], 0));
        assert_true(value == strtod(good[i], NULL));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(read_number(&value, bad[i], 0));
    assert_true(read_number(&value, "-1,5", 1) && value == -1.5);
    assert_true(read_number(&value, "123456789,123456789123", 1));
    assert_true(value == 123456789.123456789123);
}

static void dates_are_days_since_1970(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double days;
        int has_time;
    } good[] = {{"1970-01-01", 0, 0},
                {"1969-12-31", -1, 0},
                {"2000-02-29", 11016, 0},
                {"2013-01-01 12:00", 15706.5, 1},
                {"2013-01-01T06:00:00", 15706.25, 1},
                {"2013-01-01T06:00:00.000Z", 15706.25, 1},
                {"2013-01-01T06:00+06:00", 15706, 1},
                {"2013-01-01T06:00-0600", 15706.5, 1},
                {"0001-01-01", -719162, 0},
                {"9999-12-31", 2932896, 0}};
    static const char *const bad[] = {"2013-02-29",
                                      "1900-02-29",
                                      "2013-13-01",
                                      "2013-1-1",
                                      "2013-01-00",
                                      "2013-01-01T",
                                      "2013-01-01 24:00",
                                      "2013-01-01 12:60",
                                      "2013-01-01 12",
                                      "2013-01-01 12:00:00.",
                                      "20130101",
                                      "2013/01/01",
                                      "2013-01-01 12:00x",
                                      "2013-01-01 12:00+",
                                      ""};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        double days = 0;
        int has_time = 0;
        assert_true(text_date(&days, &has_time, good[i].text, strlen(good[i].text)));
        assert_true(days == good[i].days && has_time == good[i].has_time);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        double days;
        int has_time;
        if (text_date(&days, &has_time, bad[i], strlen(bad[i])))
            fail_msg("%s is taken for a date", bad[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_read_to_the_last_bit),
        cmocka_unit_test(numbers_have_one_form),
        cmocka_unit_test(dates_are_days_since_1970),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
