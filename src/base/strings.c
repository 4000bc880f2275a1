#include "base/strings.h"

#include "base/error.h"

#include <bough/name.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_WORD = 64 };

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

// The optimal string alignment distance, by rows; three of them stand at a time.
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][LONGEST_WORD + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    size_t length_a = strlen(a), length_b = strlen(b);
    for (size_t j = 0; j <= length_b; j++)
        row[j] = j;
    for (size_t i = 1; i <= length_a; i++) {
        size_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
        row[0] = i;
        for (size_t j = 1; j <= length_b; j++) {
            row[j] = smallest(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = smallest(row[j], before[j - 2] + 1, row[j]);
        }
    }
    return row[length_b];
}

const char *bough_name_nearest(const char *word, const char *const *names)
{
    const char *nearest = NULL;
    size_t length = strlen(word);
    size_t best = (length < 3 ? 1 : length / 3) + 1; // what is still near enough lies below
    if (length > LONGEST_WORD)
        return NULL;
    for (; *names; names++) {
        if (strlen(*names) > LONGEST_WORD)
            continue;
        size_t far = distance(word, *names);
        if (far < best && far < length) {
            best = far;
            nearest = *names;
        }
    }
    return nearest;
}

const char *bough__variable(const char *name)
{
    const char *value = getenv(name);
    return value && value[0] ? value : NULL;
}

enum bough_status bough__variable_says(int *says, const char *name, const char *word)
{
    const char *value = bough__variable(name);
    *says = value && strcmp(value, word) == 0;
    if (value && !*says)
        return bough__fail(BOUGH_INVALID, "%s is \"%s\", wanted %s or none", name, value, word);
    return BOUGH_OK;
}

char *bough__append(char *text, size_t size, const char *format, ...)
{
    size_t used = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + used, size - used, format, args);
    va_end(args);
    return text;
}

size_t bough__utf8_bytes(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const size_t bytes = at[0] < 0x80         ? 1
                         : at[0] >> 5 == 0x06 ? 2
                         : at[0] >> 4 == 0x0e ? 3
                         : at[0] >> 3 == 0x1e ? 4
                                              : 0;
    if (bytes < 2)
        return bytes;
    uint32_t code = at[0] & (0x7fu >> bytes);
    for (size_t i = 1; i < bytes; i++) {
        if (at[i] >> 6 != 2) // the end of the text, too
            return 0;
        code = code << 6 | (at[i] & 0x3fu);
    }
    const int surrogate = code >> 11 == 0x1b;
    return surrogate || code < least[bytes] || code > 0x10ffff ? 0 : bytes;
}

int bough__is_utf8(const char *text)
{
    size_t bytes = 1;
    while (*text && bytes) {
        bytes = bough__utf8_bytes(text);
        text += bytes;
    }
    return bytes != 0;
}

char *bough__make_utf8(char *text)
{
    for (char *at = text; *at;) {
        const size_t bytes = bough__utf8_bytes(at);
        if (!bytes)
            *at = '?';
        at += bytes ? bytes : 1;
    }
    return text;
}

// Digits with an optional sign; what strtoll would skip or take beside them is refused.
static int is_whole(const char *text)
{
    text += *text == '-' || *text == '+';
    return *text && strspn(text, "0123456789") == strlen(text);
}

int bough__parse_int(const char *text, int64_t *value)
{
    errno = 0;
    long long number = strtoll(text, NULL, 10);
    *value = number;
    return is_whole(text) && errno == 0;
}

int bough__parse_uint(const char *text, uint64_t *value)
{
    errno = 0;
    unsigned long long number = strtoull(text, NULL, 10);
    *value = number;
    return is_whole(text) && *text != '-' && errno == 0;
}

// Exchanges the decimal point that the locale wants and the one that files have.
static void exchange(char *text, char from, char to)
{
    char *point = strchr(text, from);
    if (point)
        *point = to;
}

static int parse_special(const char *text, double *value)
{
    int negative = *text == '-';
    text += *text == '-' || *text == '+';
    if (strcmp(text, ".inf") == 0)
        *value = negative ? -INFINITY : INFINITY;
    else if (strcmp(text, ".nan") == 0)
        *value = NAN;
    else
        return 0;
    return 1;
}

int bough__parse_float(const char *text, double *value)
{
    char copy[128];
    if (parse_special(text, value))
        return 1;
    size_t length = strlen(text);
    if (length == 0 || length >= sizeof copy || strspn(text, "+-.0123456789eE") != length)
        return 0;
    memcpy(copy, text, length + 1);
    exchange(copy, '.', *localeconv()->decimal_point);
    char *end;
    *value = strtod(copy, &end);
    return *end == '\0';
}

const char *bough__format_float(float value, char *text, size_t size)
{
    if (!isfinite(value)) {
        snprintf(text, size, "%s", isnan(value) ? ".nan" : value > 0 ? ".inf" : "-.inf");
        return text;
    }
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, size, "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value)
            break;
    }
    exchange(text, *localeconv()->decimal_point, '.');
    return text;
}
