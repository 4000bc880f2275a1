#include "csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum bough_status read_stream(struct csv *csv, FILE *stream)
{
    size_t size = 0, capacity = 0;
    for (size_t got = 1; got > 0; size += got) {
        if (capacity - size < BUFSIZ + 1) {
            capacity = 2 * capacity + BUFSIZ + 1;
            char *larger = realloc(csv->text, capacity);
            if (!larger)
                return tool_no_memory();
            csv->text = larger;
        }
        got = fread(csv->text + size, 1, BUFSIZ, stream);
    }
    if (ferror(stream))
        return tool_refused(csv->path, "cannot read");
    const char *zero = memchr(csv->text, 0, size);
    if (zero)
        return tool_fail(BOUGH_DATA,
                         "%s: byte %td: a zero byte, wanted text; from a spreadsheet, save it as "
                         "CSV in UTF-8",
                         csv->path, zero - csv->text);
    csv->text[size] = 0;
    return BOUGH_OK;
}

static void find_separator(struct csv *csv)
{
    if (strncmp(csv->at, "sep=", 4) == 0 && csv->at[4] && strchr(",;\t|", csv->at[4]) &&
        strchr("\r\n", csv->at[5])) {
        csv->separator = csv->at[4]; // a line of Excel's
        csv->at += 5;
        return;
    }
    static const char known[] = ",;\t";
    int count[3] = {0}, quoted = 0;
    for (const char *c = csv->at; *c && (quoted || !strchr("\r\n", *c)); c++) {
        const char *found = strchr(known, *c);
        quoted ^= *c == '"';
        if (found && !quoted)
            count[found - known]++;
    }
    const int best = count[1] > count[0] ? 1 : 0;
    csv->separator = known[count[2] > count[best] ? 2 : best];
}

enum bough_status csv_open(struct csv *csv, const char *path)
{
    *csv = (struct csv){.path = path, .next_line = 1};
    FILE *stream = fopen(path, "rb");
    if (!stream)
        return tool_refused(path, "cannot open");
    enum bough_status status = read_stream(csv, stream);
    fclose(stream);
    if (status != BOUGH_OK) {
        csv_close(csv);
        return status;
    }
    csv->at = csv->text;
    if (strncmp(csv->at, "\xef\xbb\xbf", 3) == 0) // the mark that some programs put before UTF-8
        csv->at += 3;
    find_separator(csv);
    return BOUGH_OK;
}

static void skip_blanks(struct csv *csv)
{
    while (*csv->at == ' ' || (*csv->at == '\t' && csv->separator != '\t'))
        csv->at++;
}

static int at_end(const struct csv *csv)
{
    return *csv->at == csv->separator || !*csv->at || *csv->at == '\r' || *csv->at == '\n';
}

// Unquotes the field at `at` in place; `at` goes to what ends it. Returns the end of its text.
static enum bough_status read_quoted(struct csv *csv, char **end)
{
    char *to = csv->at++;
    for (; *csv->at; csv->at++) {
        if (*csv->at == '"' && *++csv->at != '"') { // at the closing quote
            *end = to;
            skip_blanks(csv);
            if (at_end(csv))
                return BOUGH_OK;
            return tool_fail(BOUGH_DATA,
                             "%s: line %lld: \"%c\" behind a closing quote, wanted a \"%c\" or the "
                             "line's end",
                             csv->path, (long long)csv->line, *csv->at, csv->separator);
        }
        csv->next_line += *csv->at == '\n';
        *to++ = *csv->at;
    }
    return tool_fail(BOUGH_DATA, "%s: line %lld: a quote that is never closed", csv->path,
                     (long long)csv->line);
}

static char *read_plain(struct csv *csv)
{
    char *begin = csv->at, *end;
    while (!at_end(csv))
        csv->at++;
    for (end = csv->at; end > begin && (end[-1] == ' ' || end[-1] == '\t'); end--)
        ;
    return end;
}

// Reads a field and cuts it off; `*separator` is what followed it.
static enum bough_status read_field(struct csv *csv, char *separator)
{
    enum bough_status status = BOUGH_OK;
    char *end = csv->at;
    if (csv->columns == CSV_COLUMNS_MAX)
        return tool_fail(BOUGH_DATA, "%s: line %lld: more than %d columns", csv->path,
                         (long long)csv->line, CSV_COLUMNS_MAX);
    skip_blanks(csv);
    csv->field[csv->columns] = csv->at;
    if (*csv->at == '"')
        TRY(read_quoted(csv, &end));
    else
        end = read_plain(csv);
    *separator = *csv->at;
    *end = 0;
    if (*separator == '\r' && csv->at[1] == '\n')
        csv->at++;
    csv->at += *separator != 0;
    if (!tool_is_utf8(csv->field[csv->columns++]))
        return tool_fail(BOUGH_DATA,
                         "%s: line %lld, column %d: no UTF-8 text, wanted a file in UTF-8",
                         csv->path, (long long)csv->line, csv->columns);
done:
    return status;
}

enum bough_status csv_next(struct csv *csv)
{
    enum bough_status status = BOUGH_OK;
    char separator;
    do {
        csv->line = csv->next_line;
        csv->columns = 0;
        do
            TRY(read_field(csv, &separator));
        while (separator == csv->separator);
        csv->next_line++;
        if (csv->columns > 1 || *csv->field[0])
            return BOUGH_OK;
    } while (separator != 0);
    csv->columns = 0;
done:
    return status;
}

void csv_close(struct csv *csv)
{
    free(csv->text);
    csv->text = NULL;
}
