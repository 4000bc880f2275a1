#include "csv_reader.h"

#include "text_value.h"

#include <csv.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { CHUNK_BYTES = 1 << 16, SHORT_BYTES = 16 };

struct row {
    int64_t line;
    size_t first; // cell
};

// Why there are no rows behind those of the chunk.
enum failure {
    NONE,
    UNREADABLE,
    ZERO_BYTE,
    NO_UTF8,
    STRAY,
    UNCLOSED,
    TOO_LONG,
    TOO_MANY,
    NO_MEMORY
};

// What a chunk of the file gives: rows that are whole, and behind them the cells of one that is
// not.
struct csv_stream {
    gzFile file;
    struct csv_parser parser;
    char *text; // of the cells
    size_t used, capacity;
    struct csv_cell *cell;
    size_t cells, cells_room;
    struct row *row;
    size_t rows, rows_room, next;
    size_t begun;                      // first cell of the row that is not whole
    size_t begun_at;                   // where its text begins
    int64_t line;                      // of it
    int after_return;                  // a CR ended the last row, so an LF belongs to it
    int is_started, is_ended, is_wide; // wide: bytes beyond ASCII have been seen
    enum failure failure;
    char stray; // what is where it may not be
    int stray_in_quotes;
    int64_t size; // of the file
    char chunk[CHUNK_BYTES];
};

// ---- What libcsv calls ----

static void take_cell(void *text, size_t length, void *user)
{
    struct csv_stream *s = user;
    char *to = s->text + s->used;
    if (s->failure)
        return;
    if (s->is_wide && !text_is_utf8(text, length)) {
        s->failure = NO_UTF8;
        return;
    }
    if (length <= SHORT_BYTES && s->parser.entry_size >= SHORT_BYTES)
        memcpy(to, text, SHORT_BYTES); // without a call
    else
        memcpy(to, text, length);
    to[length] = 0;
    s->used += length + 1;
    s->cell[s->cells++] = (struct csv_cell){to, length};
}

static int64_t breaks_between(const char *from, const char *to)
{
    int64_t count = 0;
    while ((from = memchr(from, '\n', (size_t)(to - from)))) {
        from++;
        count++;
    }
    return count;
}

static void take_row(int end, void *user)
{
    struct csv_stream *s = user;
    if (s->failure)
        return;
    if (s->cells > s->begun) {
        s->row[s->rows++] = (struct row){s->line, s->begun};
        s->line += breaks_between(s->text + s->begun_at, s->text + s->used);
        s->begun = s->cells;
        s->begun_at = s->used;
        s->after_return = 0;
    }
    s->line += (end == '\n' && !s->after_return) || end == '\r';
    s->after_return = end == '\r';
}

// ---- Chunks ----

static enum bough_status make_room(void **array, size_t *room, size_t wanted, size_t element)
{
    if (*room >= wanted)
        return BOUGH_OK;
    void *larger = realloc(*array, (wanted + wanted / 2) * element);
    if (!larger)
        return tool_no_memory();
    *array = larger;
    *room = wanted + wanted / 2;
    return BOUGH_OK;
}

// Takes the row that is not whole to the beginning, and makes room for all that so many bytes can
// give.
static enum bough_status begin_chunk(struct csv_stream *s, size_t size)
{
    enum bough_status status;
    const size_t cells = s->cells - s->begun, bytes = s->used - s->begun_at;
    const size_t cell_bytes = s->parser.entry_pos;
    if (cells) {
        memmove(s->cell, s->cell + s->begun, cells * sizeof *s->cell);
        memmove(s->text, s->text + s->begun_at, bytes);
    }
    s->cells = cells;
    s->used = bytes;
    s->begun = s->begun_at = s->rows = s->next = 0;
    TRY(make_room((void **)&s->text, &s->capacity, bytes + cell_bytes + 2 * size + SHORT_BYTES + 2,
                  1));
    TRY(make_room((void **)&s->cell, &s->cells_room, cells + size + 2, sizeof *s->cell));
    TRY(make_room((void **)&s->row, &s->rows_room, size + 2, sizeof *s->row));
    char *to = s->text;
    for (size_t i = 0; i < cells; i++) {
        s->cell[i].text = to;
        to += s->cell[i].length + 1;
    }
done:
    return status;
}

static char found_separator(const char *text, const char *end)
{
    static const char known[] = ",;\t";
    int count[3] = {0}, quoted = 0;
    for (; text < end && (quoted || (*text != '\r' && *text != '\n')); text++) {
        const char *found = memchr(known, *text, sizeof known - 1);
        quoted ^= *text == '"';
        if (found && !quoted)
            count[found - known]++;
    }
    const int best = count[1] > count[0] ? 1 : 0;
    return known[count[2] > count[best] ? 2 : best];
}

// Passes what may stand before the first line. Returns where that begins.
static const char *start(struct csv_reader *csv, const char *text, const char *end)
{
    char separator = 0;
    if (end - text >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3;
    if (end - text >= 6 && memcmp(text, "sep=", 4) == 0 && memchr(",;\t|", text[4], 4) &&
        memchr("\r\n", text[5], 2)) { // a line of Excel's
        separator = text[4];
        text += 5;
    }
    if (!separator)
        separator = found_separator(text, end);
    if (!csv->separator)
        csv->separator = separator;
    csv_set_delim(&csv->stream->parser, (unsigned char)csv->separator);
    csv->stream->is_started = 1;
    return text;
}

static void parse(struct csv_stream *s, const char *text, size_t size)
{
    const size_t done = csv_parse(&s->parser, text, size, take_cell, take_row, s);
    if (done == size || s->failure)
        return;
    s->failure = csv_error(&s->parser) == CSV_EPARSE ? STRAY : NO_MEMORY;
    s->stray = text[done];
    s->stray_in_quotes = s->parser.quoted;
}

static void end(struct csv_stream *s)
{
    s->is_ended = 1;
    if (csv_fini(&s->parser, take_cell, take_row, s) != 0 && !s->failure)
        s->failure = csv_error(&s->parser) == CSV_EPARSE ? UNCLOSED : NO_MEMORY;
}

static int has_wide(const char *text, size_t size)
{
    unsigned char all = 0;
    for (size_t i = 0; i < size; i++)
        all |= (unsigned char)text[i];
    return all >= 0x80;
}

static enum bough_status read_chunk(struct csv_reader *csv)
{
    struct csv_stream *s = csv->stream;
    enum bough_status status;
    const int got = gzread(s->file, s->chunk, CHUNK_BYTES);
    const size_t size = got > 0 ? (size_t)got : 0;
    const char *text = s->chunk, *behind = text + size;
    TRY(begin_chunk(s, size));
    if (!s->is_started)
        text = start(csv, text, behind);
    const char *zero = memchr(text, 0, (size_t)(behind - text));
    const char *stop = zero ? zero : behind;
    s->is_wide |= has_wide(text, (size_t)(stop - text));
    parse(s, text, (size_t)(stop - text));
    if (!s->failure && zero)
        s->failure = ZERO_BYTE;
    if (!s->failure && got < CHUNK_BYTES) {
        int code;
        gzerror(s->file, &code);
        if (got < 0 || code != Z_OK)
            s->failure = code == Z_MEM_ERROR ? NO_MEMORY : UNREADABLE;
        else
            end(s);
    }
    if (!s->failure && s->used - s->begun_at + s->parser.entry_pos > CSV_ROW_BYTES_MAX)
        s->failure = TOO_LONG;
    if (!s->failure && s->cells - s->begun > CSV_CELLS_MAX)
        s->failure = TOO_MANY;
done:
    return status;
}

// ---- Failing ----

static const char *unreadable(gzFile file)
{
    int code;
    const char *text = gzerror(file, &code), *colon = strstr(text, ": ");
    return code == Z_ERRNO ? strerror(errno) : colon ? colon + 2 : text;
}

static enum bough_status fail(const struct csv_reader *csv)
{
    const struct csv_stream *s = csv->stream;
    char what[160];
    switch (s->failure) {
    case NO_MEMORY:
        return tool_no_memory();
    case UNREADABLE:
        snprintf(what, sizeof what, "cannot read: %s", unreadable(s->file));
        break;
    case ZERO_BYTE:
        snprintf(what, sizeof what,
                 "a zero byte, wanted text; from a spreadsheet, save it as CSV in UTF-8");
        break;
    case NO_UTF8:
        snprintf(what, sizeof what, "no UTF-8 text, wanted a file in UTF-8");
        break;
    case STRAY:
        if (s->stray_in_quotes)
            snprintf(what, sizeof what,
                     "\"%c\" behind a closing quote, wanted a %s or the line's end", s->stray,
                     csv_separator_name(csv->separator));
        else
            snprintf(what, sizeof what,
                     "a quote within a cell without quotes, wanted \"a \"\"quoted\"\" word\"");
        break;
    case UNCLOSED:
        snprintf(what, sizeof what, "a quote that is never closed");
        break;
    case TOO_MANY:
        snprintf(what, sizeof what, "more than %d columns", CSV_CELLS_MAX);
        break;
    default:
        snprintf(what, sizeof what,
                 "a row of more than %d MiB, wanted a shorter one; is a quote not closed?",
                 CSV_ROW_BYTES_MAX >> 20);
    }
    return tool_fail(BOUGH_DATA, "%s: line %" PRId64 ", column %zu: %s", csv->path, s->line,
                     s->cells - s->begun + 1, what);
}

const char *csv_separator_name(char separator)
{
    static char name[] = "\"?\"";
    name[1] = separator;
    return separator == '\t' ? "tab" : name;
}

// ---- Rows ----

static enum bough_status open_stream(struct csv_stream *s, const char *path)
{
    struct stat about;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return tool_refused(path, "cannot open");
    s->size = fstat(fd, &about) == 0 && S_ISREG(about.st_mode) ? about.st_size : 0;
    s->file = gzdopen(fd, "rb");
    if (!s->file) {
        close(fd);
        return tool_no_memory();
    }
    gzbuffer(s->file, CHUNK_BYTES / 2); // a chunk of a plain file then goes to its place at once
    return BOUGH_OK;
}

enum bough_status csv_reader_open(struct csv_reader *csv, const char *path, char separator)
{
    enum bough_status status;
    *csv = (struct csv_reader){.path = path, .separator = separator};
    struct csv_stream *s = csv->stream = calloc(1, sizeof *s);
    TRY_MEMORY(s);
    s->line = 1;
    csv_init(&s->parser, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL);
    csv_set_blk_size(&s->parser, CHUNK_BYTES);
    TRY(open_stream(s, path));
    TRY(read_chunk(csv));
done:
    if (status != BOUGH_OK)
        csv_reader_close(csv);
    return status;
}

enum bough_status csv_reader_next(struct csv_reader *csv)
{
    enum bough_status status = BOUGH_OK;
    struct csv_stream *s = csv->stream;
    csv->cells = 0;
    while (s->next == s->rows) {
        if (s->failure)
            return fail(csv);
        if (s->is_ended)
            return BOUGH_OK;
        TRY(read_chunk(csv));
    }
    const struct row *row = &s->row[s->next++];
    csv->line = row->line;
    csv->cell = s->cell + row->first;
    csv->cells = (int)((s->next < s->rows ? s->row[s->next].first : s->begun) - row->first);
done:
    return status;
}

enum bough_status csv_reader_check(const struct csv_reader *csv, int header)
{
    if (csv->cells == header)
        return BOUGH_OK;
    return tool_fail(
        BOUGH_DATA,
        "%s: line %" PRId64 ", column %d: %d cell%s in the row, wanted %d as in the header; the "
        "separator is %s",
        csv->path, csv->line, (csv->cells < header ? csv->cells : header) + 1, csv->cells,
        csv->cells == 1 ? "" : "s", header, csv_separator_name(csv->separator));
}

void csv_reader_place(const struct csv_reader *csv, int64_t *done, int64_t *total)
{
    *done = gzoffset(csv->stream->file);
    *total = csv->stream->size;
}

void csv_reader_close(struct csv_reader *csv)
{
    struct csv_stream *s = csv->stream;
    if (!s)
        return;
    if (s->file)
        gzclose(s->file);
    csv_free(&s->parser);
    free(s->text);
    free(s->cell);
    free(s->row);
    free(s);
    csv->stream = NULL;
}
