#include "text_lines.h"

#include "text_value.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FIRST_BYTES = 1 << 16, LINES_A_STEP = 1024 };

enum bough_status text_lines_fail(const struct text_lines *lines, const char *at,
                                  const char *format, ...)
{
    char text[1024];
    long long column = 1;
    for (const char *c = lines->line; c < at; c++)
        column += (*c & 0xc0) != 0x80;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return tool_fail(BOUGH_DATA, "%s: line %lld, column %lld: %s", lines->path,
                     (long long)lines->number, column, text);
}

enum bough_status text_lines_place(enum bough_status status, const struct text_lines *lines,
                                   const char *at)
{
    char text[1024];
    if (status != BOUGH_DATA)
        return status;
    snprintf(text, sizeof text, "%s", tool_error());
    return text_lines_fail(lines, at, "%s", text);
}

enum bough_status text_lines_open(struct text_lines *lines, const char *path)
{
    struct stat info;
    *lines = (struct text_lines){
        .path = path, .buffer = malloc(FIRST_BYTES + 1), .capacity = FIRST_BYTES};
    if (!lines->buffer)
        return tool_no_memory();
    lines->stream = gzopen(path, "rb");
    if (!lines->stream)
        return tool_refused(path, "cannot open");
    lines->bytes = stat(path, &info) == 0 ? info.st_size : 0;
    return BOUGH_OK;
}

static enum bough_status check_stream(const struct text_lines *lines)
{
    int code;
    const char *text = gzerror(lines->stream, &code);
    if (code == Z_OK || code == Z_STREAM_END)
        return BOUGH_OK;
    if (code == Z_MEM_ERROR)
        return tool_no_memory();
    if (code == Z_ERRNO)
        return tool_refused(lines->path, "cannot read");
    return tool_fail(BOUGH_DATA, "%s: line %lld: %s, wanted a whole file", lines->path,
                     (long long)lines->number, text);
}

// Reads on behind the lines to come, which go to the buffer's beginning.
static enum bough_status fill(struct text_lines *lines)
{
    if (lines->to - lines->from >= lines->capacity / 2) {
        char *larger = realloc(lines->buffer, 2 * lines->capacity + 1);
        if (!larger)
            return tool_no_memory();
        lines->buffer = larger;
        lines->capacity *= 2;
    }
    lines->to -= lines->from;
    memmove(lines->buffer, lines->buffer + lines->from, lines->to);
    lines->from = 0;
    const int got =
        gzread(lines->stream, lines->buffer + lines->to, (unsigned)(lines->capacity - lines->to));
    if (got <= 0) {
        lines->is_at_end = 1;
        return check_stream(lines);
    }
    lines->to += (size_t)got;
    return BOUGH_OK;
}

// Sets the line, and leaves its end out.
static enum bough_status cut(struct text_lines *lines)
{
    enum bough_status status = BOUGH_OK;
    const char *end;
    while (!(end = memchr(lines->buffer + lines->from, '\n', lines->to - lines->from)) &&
           lines->to - lines->from <= TEXT_LINE_MAX && !lines->is_at_end)
        TRY(fill(lines));
    lines->line = lines->buffer + lines->from;
    lines->length = (end ? (size_t)(end - lines->buffer) : lines->to) - lines->from;
    lines->is_at_end &= lines->from == lines->to;
    lines->from += lines->length + (end != NULL);
    lines->line[lines->length] = 0;
    if (lines->length > TEXT_LINE_MAX)
        return tool_fail(BOUGH_DATA, "%s: line %lld: longer than %d bytes, wanted at most as many",
                         lines->path, (long long)lines->number, TEXT_LINE_MAX);
    if (lines->length > 0 && lines->line[lines->length - 1] == '\r')
        lines->line[--lines->length] = 0;
done:
    return status;
}

// How many bytes are UTF-8, before the first that is not.
static size_t good_length(const char *line)
{
    char one[5] = "";
    size_t used = 0;
    for (size_t size; line[used]; used += size) {
        const unsigned char lead = (unsigned char)line[used];
        size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        strncpy(one, line + used, size);
        one[size] = 0;
        if (!text_is_utf8(one, strlen(one)))
            break;
    }
    return used;
}

static enum bough_status check_text(const struct text_lines *lines)
{
    const char *zero = memchr(lines->line, 0, lines->length);
    if (zero)
        return text_lines_fail(lines, zero, "a zero byte, wanted text");
    if (text_is_utf8(lines->line, lines->length))
        return BOUGH_OK;
    const char *bad = lines->line + good_length(lines->line);
    return text_lines_fail(lines, bad, "byte 0x%02x is no UTF-8, wanted a file in UTF-8",
                           (unsigned)(unsigned char)*bad);
}

enum bough_status text_lines_next(struct text_lines *lines)
{
    enum bough_status status = BOUGH_OK;
    if (lines->number++ % LINES_A_STEP == 0)
        TRY(tool_step(lines->path, gzoffset(lines->stream), lines->bytes));
    TRY(cut(lines));
    if (lines->number == 1 && strncmp(lines->line, "\xef\xbb\xbf", 3) == 0) {
        lines->line += 3;
        lines->length -= 3;
    }
    TRY(check_text(lines));
done:
    return status;
}

void text_lines_close(struct text_lines *lines)
{
    if (lines->stream)
        gzclose(lines->stream);
    free(lines->buffer);
    *lines = (struct text_lines){0};
}
