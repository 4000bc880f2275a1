// JSON as jansson reads and writes it, with want of memory told apart from bad input.
#ifndef BOUGH_BASE_JSON_H
#define BOUGH_BASE_JSON_H

#include <bough/status.h>
#include <jansson.h>

// Reads `size` bytes; `flags` are jansson's. Where they are no JSON, `*value` is NULL and `error`
// says why. Errors: INTERNAL if memory ends.
enum bough_status bough__json_read(json_t **value, const char *text, size_t size, size_t flags,
                                   json_error_t *error);

// A string that the caller frees; NULL if memory ends, and for NULL.
char *bough__json_text(const json_t *value, size_t flags);

// null where it is not finite; NULL if memory ends.
json_t *bough__json_number(double value);

#endif
