#include "base/json.h"

#include "base/error.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// An upper bound of the bytes of a string or a number.
static size_t longest_token(const char *text, size_t size)
{
    size_t longest = 0, begin = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\\')
            i++;
        else if (text[i] == '"')
            begin = i;
        if (i - begin > longest)
            longest = i - begin;
    }
    return longest + 2;
}

// `["xx...", <text>]`. jansson gathers each token in a buffer, and where that cannot grow it loses
// a byte: it then reads past the end of a string, or stops at an assertion. Behind a string that is
// longer than any of its own, the text lets nothing grow. The string's length is a power of two,
// so that the byte at which jansson doubles its buffer is never the last of the string.
static char *put_behind_a_string(size_t *whole, const char *text, size_t size)
{
    const size_t longest = longest_token(text, size);
    size_t length = 64;
    while (length < longest)
        length *= 2;
    *whole = length + size + 5;
    char *made = malloc(*whole);
    if (!made)
        return NULL;
    memset(made, 'x', length + 2);
    memcpy(made, "[\"", 2);
    memcpy(made + length + 2, "\",", 2);
    memcpy(made + length + 4, text, size);
    made[*whole - 1] = ']';
    return made;
}

enum bough_status bough__json_read(json_t **value, const char *text, size_t size, size_t flags,
                                   json_error_t *error)
{
    enum bough_status status = BOUGH_OK;
    size_t whole;
    json_t *list = NULL;
    *value = NULL;
    char *wrapped = put_behind_a_string(&whole, text, size);
    BOUGH_TRY_MEMORY(wrapped);
    errno = 0; // jansson does not say of every failure that it was for memory
    list = json_loadb(wrapped, whole, flags, error);
    if (errno == ENOMEM)
        BOUGH_TRY_MEMORY(NULL);
    json_t *read = json_array_size(list) == 2 ? json_array_get(list, 1) : NULL;
    if (json_is_object(read) || json_is_array(read))
        *value = json_incref(read);
    else // for what it says of the text as it is
        *value = json_loadb(text, size, flags, error);
done:
    json_decref(list);
    free(wrapped);
    return status;
}

// Not by json_dumps, which passes over a key when memory ends there.
char *bough__json_text(const json_t *value, size_t flags)
{
    const size_t size = value ? json_dumpb(value, NULL, 0, flags) : 0;
    char *text = size ? malloc(size + 1) : NULL;
    if (text && json_dumpb(value, text, size, flags) != size) {
        free(text);
        return NULL;
    }
    if (text)
        text[size] = '\0';
    return text;
}

json_t *bough__json_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}
