// From texts to numbers and dates. (The programs set no locale, so a point is a point.)
#ifndef BOUGH_TEXT_VALUE_H
#define BOUGH_TEXT_VALUE_H

#include <stddef.h>

// Whether all of it is UTF-8 (RFC 3629: no overlong forms, no surrogates).
int text_is_utf8(const char *text, size_t length);

// The whole of a text as a number, rounded to the nearest double; 0 if it is none. Decimal:
// -12.5e-3; a comma may stand for the point where `decimal_comma` is set. No infinity, no NaN.
int text_number(double *value, const char *text, size_t length, int decimal_comma);
// The same, faster, where nine bytes from `text` on may be read.
int text_number_padded(double *value, const char *text, size_t length, int decimal_comma);

// The whole of a text as a date of ISO 8601, in days since 1970; 0 if it is none: 2013-02-28, or
// with a time, 2013-02-28T13:45:06.5, with a space in the place of the T, without the seconds, and
// with Z or +01:00 behind it, which is then taken off. `*has_time` tells which.
int text_date(double *days, int *has_time, const char *text, size_t length);

#endif
