#include "text_value.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// ---- UTF-8 ----

int text_is_utf8(const char *text, size_t length)
{
    const unsigned char *c = (const unsigned char *)text, *end = c + length;
    while (c < end) {
        const unsigned char lead = *c++;
        const int more = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
        const unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
        const unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
        if ((lead >= 0x80 && lead < 0xc2) || lead > 0xf4 || end - c < more)
            return 0;
        for (int i = 0; i < more; i++, c++)
            if (*c < (i ? 0x80 : low) || *c > (i ? 0xbf : high))
                return 0;
    }
    return 1;
}

// ---- Numbers ----

enum { LONGEST = 128, EXACT_POWER = 22 };

struct decimal {
    uint64_t digits;
    int exponent, is_cut; // cut: there are digits beyond those
};

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// `step` -1 behind the point.
static const char *read_digits(struct decimal *d, const char *c, const char *end, int step)
{
    for (; c < end && is_digit(*c); c++) {
        if (d->digits < UINT64_C(100000000000000000)) {
            d->digits = 10 * d->digits + (uint64_t)(*c - '0');
            d->exponent += step;
        } else {
            d->is_cut = 1;
        }
    }
    return c;
}

static const char *read_exponent(struct decimal *d, const char *c, const char *end)
{
    int value = 0, sign = 1;
    c++;
    if (c < end && (*c == '+' || *c == '-'))
        sign = *c++ == '-' ? -1 : 1;
    if (c == end || !is_digit(*c))
        return NULL;
    for (; c < end && is_digit(*c); c++)
        value = value < 10000 ? 10 * value + *c - '0' : value;
    d->exponent += sign * value;
    return c;
}

static double by_library(const char *text, size_t length)
{
    char copy[LONGEST], *comma;
    memcpy(copy, text, length);
    copy[length] = 0;
    comma = strchr(copy, ',');
    if (comma)
        *comma = '.';
    return strtod(copy, NULL);
}

// Up to 10^22 powers of ten are doubles, so that one operation rounds once.
static const double power[EXACT_POWER + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                              1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                              1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

int text_number(double *value, const char *text, size_t length, int decimal_comma)
{
    const char *c = text, *end = text + length;
    struct decimal d = {0};
    const int is_negative = c < end && *c == '-';
    c += c < end && (*c == '-' || *c == '+');
    const char *whole = c;
    c = read_digits(&d, c, end, 0);
    size_t digits = (size_t)(c - whole);
    if (c < end && (*c == '.' || (*c == ',' && decimal_comma))) {
        const char *part = ++c;
        c = read_digits(&d, c, end, -1);
        digits += (size_t)(c - part);
    }
    if (digits == 0)
        return 0;
    if (c < end && (*c == 'e' || *c == 'E'))
        c = read_exponent(&d, c, end);
    if (c != end || length >= LONGEST)
        return 0;
    if (d.is_cut || d.digits >> 53 || d.exponent > EXACT_POWER || d.exponent < -EXACT_POWER) {
        *value = by_library(text, length);
        return 1;
    }
    const double number = d.exponent < 0 ? (double)d.digits / power[-d.exponent]
                                         : (double)d.digits * power[d.exponent];
    *value = is_negative ? -number : number;
    return 1;
}

// Eight bytes at once, as Lemire's simdjson does: the last of them is the last digit, and each step
// joins neighbours, to two digits, to four, to eight. 0 if one is no digit.
static int eight_digits(uint64_t *digits, uint64_t bytes)
{
    const uint64_t high = 0xf0f0f0f0f0f0f0f0u, zeros = 0x3030303030303030u;
    if ((bytes & high) != zeros || ((bytes + 0x0606060606060606u) & high) != zeros)
        return 0;
    bytes = (bytes & 0x0f0f0f0f0f0f0f0fu) * 2561 >> 8;
    bytes = (bytes & 0x00ff00ff00ff00ffu) * 6553601 >> 16;
    *digits = (bytes & 0x0000ffff0000ffffu) * 42949672960001u >> 32;
    return 1;
}

// A number of at most eight characters behind its sign, without an exponent.
static int short_number(double *value, const char *text, size_t length)
{
    const uint64_t ones = 0x0101010101010101u;
    const int is_negative = *text == '-';
    const size_t count = length - (size_t)is_negative;
    uint64_t bytes, digits;
    if (count - 1 > 7) // 0 too
        return 0;
    memcpy(&bytes, text + is_negative, sizeof bytes);
    bytes <<= 64 - 8 * count;
    bytes |= count < 8 ? 0x3030303030303030u >> 8 * count : 0;
    const uint64_t other = bytes ^ ones * '.', point = (other - ones) & ~other & ones << 7;
    int behind = 0;
    if (point) {
        const int at = __builtin_ctzll(point) - 7; // the bits before the first point
        const uint64_t before = bytes & ((UINT64_C(1) << at) - 1);
        behind = 7 - at / 8;
        bytes = (bytes ^ before) >> at >> 8 << 8 << at; // without the point
        bytes |= before << 8 | '0';
        if (count == 1)
            return 0;
    }
    if (!eight_digits(&digits, bytes))
        return 0;
    const double number = (double)digits / power[behind];
    *value = is_negative ? -number : number;
    return 1;
}

int text_number_padded(double *value, const char *text, size_t length, int decimal_comma)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (short_number(value, text, length))
        return 1;
#endif
    return text_number(value, text, length, decimal_comma);
}

// ---- Dates ----

struct cursor {
    const char *at, *end;
};

// A number of so many digits, from `min` to `max`; 0 if there is none.
static int take(struct cursor *c, int digits, int min, int max, int *value)
{
    *value = 0;
    if (c->end - c->at < digits)
        return 0;
    for (int i = 0; i < digits; i++, c->at++) {
        if (!is_digit(*c->at))
            return 0;
        *value = 10 * *value + *c->at - '0';
    }
    return *value >= min && *value <= max;
}

static int take_sign(struct cursor *c, char sign)
{
    if (c->at == c->end || *c->at != sign)
        return 0;
    c->at++;
    return 1;
}

// Days since 1970-01-01 in the Gregorian calendar, by eras of 400 years that begin in March.
static int days_of(int year, int month, int day)
{
    const int y = year - (month <= 2), era = y / 400, of_era = y - era * 400;
    const int of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int take_zone(struct cursor *c, double *seconds)
{
    int hours, minutes = 0;
    if (c->at == c->end || take_sign(c, 'Z'))
        return c->at == c->end;
    const int sign = *c->at == '-' ? -1 : *c->at == '+' ? 1 : 0;
    c->at++;
    if (!sign || !take(c, 2, 0, 23, &hours))
        return 0;
    take_sign(c, ':');
    if (c->at < c->end && !take(c, 2, 0, 59, &minutes))
        return 0;
    *seconds -= sign * (3600 * hours + 60 * minutes);
    return c->at == c->end;
}

static int take_time(struct cursor *c, double *seconds)
{
    int hour, minute, second = 0;
    if (!take(c, 2, 0, 23, &hour) || !take_sign(c, ':') || !take(c, 2, 0, 59, &minute))
        return 0;
    if (take_sign(c, ':') && !take(c, 2, 0, 60, &second))
        return 0;
    *seconds = 3600 * hour + 60 * minute + second;
    if (take_sign(c, '.')) {
        double scale = 0.1;
        if (c->at == c->end || !is_digit(*c->at))
            return 0;
        for (; c->at < c->end && is_digit(*c->at); c->at++, scale /= 10)
            *seconds += scale * (*c->at - '0');
    }
    return take_zone(c, seconds);
}

int text_date(double *days, int *has_time, const char *text, size_t length)
{
    static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct cursor c = {text, text + length};
    int year, month, day;
    double seconds = 0;
    if (!take(&c, 4, 1, 9999, &year) || !take_sign(&c, '-') || !take(&c, 2, 1, 12, &month) ||
        !take_sign(&c, '-') || !take(&c, 2, 1, 31, &day) ||
        day > month_days[month - 1] + (month == 2 && is_leap(year)))
        return 0;
    *has_time = c.at < c.end;
    if (*has_time && !take_sign(&c, 'T') && !take_sign(&c, ' '))
        return 0;
    if (*has_time && !take_time(&c, &seconds))
        return 0;
    *days = days_of(year, month, day) + seconds / 86400;
    return 1;
}
