// Text, and numbers as text, the same in every locale.
#ifndef BOUGH_BASE_STRINGS_H
#define BOUGH_BASE_STRINGS_H

#include <bough/status.h>
#include <stddef.h>
#include <stdint.h>

// Appends, cut to `size`. `text` must be a string already. Returns `text`.
char *bough__append(char *text, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// A variable of the environment; NULL where it is unset or empty. Borrowed from there.
const char *bough__variable(const char *name);

// Whether a variable says `word`, the only one that it takes. Errors: INVALID for any other.
enum bough_status bough__variable_says(int *says, const char *name, const char *word);

// Whether all of it is UTF-8.
int bough__is_utf8(const char *text);

// The bytes of the character of UTF-8 that begins at `text`; 0 if none does, 1 for an ASCII one.
size_t bough__utf8_bytes(const char *text);

// Puts ? in the place of every byte that is no part of UTF-8. Returns `text`.
char *bough__make_utf8(char *text);

// The whole of `text` as a number; 0 if it is none. Decimal; a float also takes .inf and .nan.
int bough__parse_int(const char *text, int64_t *value);
int bough__parse_uint(const char *text, uint64_t *value);
int bough__parse_float(const char *text, double *value);

// The shortest text that reads back to the same float.
const char *bough__format_float(float value, char *text, size_t size);

#endif
