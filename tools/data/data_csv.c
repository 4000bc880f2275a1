#include "data_tool.h"
#include "table_convert.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static const char help[] =
    "usage: bough-data csv FILE [--schema FILE] [--delimiter C] -o FILE\n"
    "\n"
    "Makes a data set from a CSV, plain or gzipped, of any size: a line of column names,\n"
    "then a line for each row. Every cell is looked at: a column holds numbers, classes,\n"
    "dates (2013-02-28, 2013-02-28 13:45:06), or text, which is left out. The field `table`\n"
    "holds the inputs; each target is a field of its own; an `id` column becomes `id`. Empty\n"
    "cells, NA, N/A, n/a, nan, null and None are missing.\n"
    "\n"
    "What was decided is printed, and written beside the output as NAME.schema.yaml, which\n"
    "may be edited and given back; an edited one is never written over. A schema of a few\n"
    "lines will do, the rest is found:\n"
    "\n"
    "  split: {column: day, parts: {train: ..20, validation: 21..25, test: rest}}\n"
    "  columns:\n"
    "    outcome: target\n"
    "    delay: {role: target, missing: [\"-999\"], range: [-100, 2000]}\n"
    "    flight: id\n"
    "\n"
    "Roles are input, target, id, split and leave_out; types number, class, date, datetime\n"
    "and text. A split is by a column's numbers (a..b) or names ([a, b]), by shares of the\n"
    "rows (parts: {train: 0.8, test: rest}, seed: 1), or of the groups that `group: COLUMN`\n"
    "names. Of a class, `names` lists all that are known, `minimum` is how many rows of the\n"
    "training split it takes to be known. A number beyond its `range` is an error.\n"
    "\n"
    "  --schema FILE    what the user says of the columns\n"
    "  --delimiter C    a character, or tab; else a comma, or the semicolon or tab that the\n"
    "                   first line has more of. Between semicolons 4,2 is a number\n"
    "  -o, --output FILE\n"
    "\n"
    "Example:\n"
    "  bough-data csv flights.csv.gz --schema flights.yaml -o flights.safetensors\n";

// ---- Telling ----

static void print_number(const struct table_field *field)
{
    printf("%g to %g", field->min, field->max);
    if (field->is_whole && (field->max > 0x1p24 || field->min < -0x1p24))
        printf(", rounded to 24 bits");
}

static void print_dates(const struct table_field *field)
{
    const double days[] = {field->min, field->max};
    for (int i = 0; i < 2; i++) {
        char text[40];
        struct tm date;
        const time_t seconds = (time_t)floor(86400 * days[i]);
        strftime(text, sizeof text, field->type == TABLE_DATE ? "%Y-%m-%d" : "%Y-%m-%d %H:%M",
                 gmtime_r(&seconds, &date));
        printf("%s%s", i ? " to " : "", text);
    }
}

static void print_classes(const struct table_field *field)
{
    enum { SHOWN = 4 };
    const struct table_words *names = &field->column->names;
    printf("%" PRId64 " class%s", field->classes, field->classes == 1 ? "" : "es");
    for (size_t i = 0; i < names->count && i < SHOWN; i++) {
        printf(i ? ", " : ": ");
        tool_print_name(names->word[i], strlen(names->word[i]));
    }
    if (names->count > SHOWN)
        printf(", ...");
}

static void print_values(const struct table_field *field)
{
    const int is_used = field->role == TABLE_INPUT || field->role == TABLE_TARGET;
    if (is_used && field->type == TABLE_CLASS)
        print_classes(field);
    else if (is_used && field->type == TABLE_NUMBER && field->values)
        print_number(field);
    else if (is_used && field->type != TABLE_NUMBER && field->values)
        print_dates(field);
    else if (field->type == TABLE_TEXT && !field->is_fixed)
        printf("too many cells differ");
    else if (is_used || field->missing)
        printf("without a value");
    if (field->missing)
        printf("; %" PRId64 " missing", field->missing);
    if (field->unknown)
        printf("; %" PRId64 " of a class that train lacks, as \"%s\"", field->unknown,
               field->unknown_name);
}

static void print_field(const struct table_field *field)
{
    const char *name = field->column->name;
    printf("  ");
    tool_print_padded(name, strlen(name), 18);
    printf(" %-9s %-8s ", table_role_name[field->role], table_type_name[field->column->type]);
    print_values(field);
    printf("\n");
    if (*field->note)
        printf("    %s\n", field->note);
}

static void print_report(const struct table_report *report, const struct table_request *request,
                         const char *schema)
{
    int targets = 0;
    printf("%s\n", request->path);
    for (int i = 0; i < report->fields; i++) {
        print_field(&report->field[i]);
        targets += report->field[i].role == TABLE_TARGET;
    }
    if (report->left_out)
        printf("  rows of no split, left out: %" PRId64 "\n", report->left_out);
    printf("%s\n", schema);
    if (targets == 0)
        printf(
            "  no target yet: write `role: target` for a column there, and give it to --schema\n");
}

// ---- The schema beside the output ----

// "a/b.safetensors" becomes "a/b.schema.yaml".
static char *schema_path(const char *output)
{
    static const char end[] = ".safetensors", schema[] = ".schema.yaml";
    size_t length = strlen(output);
    const size_t cut = sizeof end - 1;
    char *path = malloc(length + sizeof schema);
    if (length > cut && strcmp(output + length - cut, end) == 0)
        length -= cut;
    if (path) {
        memcpy(path, output, length);
        memcpy(path + length, schema, sizeof schema);
    }
    return path;
}

static int is_same_file(const char *a, const char *b)
{
    struct stat one, other;
    return a && stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

static int holds(const char *path, const char *text)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return 0;
    while (*text && getc(file) == (unsigned char)*text)
        text++;
    const int is_same = !*text && getc(file) == EOF;
    fclose(file);
    return is_same;
}

// The data set tells what was written beside it.
static enum bough_status check_edits(const char *path, const char *output)
{
    struct bough_tensor_file *set = NULL;
    const char *written = NULL;
    struct stat about;
    if (stat(path, &about) != 0 || !S_ISREG(about.st_mode))
        return BOUGH_OK;
    if (bough_tensor_file_open(&set, output) == BOUGH_OK)
        written = bough_tensor_file_metadata(set, "schema");
    const int is_ours = written && holds(path, written);
    bough_tensor_file_close(&set);
    return is_ours ? BOUGH_OK
                   : tool_fail(BOUGH_INVALID,
                               "%s: not as it was written with %s, and would be lost; give it to "
                               "--schema, or remove it",
                               path, output);
}

// ---- The command ----

static enum bough_status read_delimiter(char *separator, const char *text)
{
    *separator = 0;
    if (!text)
        return BOUGH_OK;
    if (strcmp(text, "tab") == 0 || strcmp(text, "\\t") == 0)
        text = "\t";
    if (strlen(text) != 1 || strchr("\"\r\n ", *text) || (*text & 0x80))
        return tool_fail(BOUGH_INVALID,
                         "--delimiter: \"%s\", wanted one character, no quote and no blank, or tab",
                         text);
    *separator = *text;
    return BOUGH_OK;
}

static enum bough_status convert(struct table_request *request, const char *given)
{
    enum bough_status status;
    struct table_report report = {0};
    char *path = schema_path(request->output);
    TRY_MEMORY(path);
    TRY(tool_check_output(path, request->path));
    if (!is_same_file(given, path)) { // what the user gave stays as it is
        TRY(check_edits(path, request->output));
        request->schema_path = path;
    }
    TRY(table_convert(&report, request));
    print_report(&report, request, path);
    TRY(tool_report(request->output));
done:
    free(path);
    table_report_fini(&report);
    return status;
}

static enum bough_status run(int argc, char **argv)
{
    const char *file = NULL, *given = NULL, *delimiter = NULL, *output = NULL;
    const struct tool_option options[] = {
        {NULL, 0, .value = &file, .min = 1, .max = 1},
        {"schema", 0, .value = &given, .max = 1},
        {"delimiter", 0, .value = &delimiter, .max = 1},
        {"output", 'o', .value = &output, .min = 1, .max = 1},
    };
    enum bough_status status;
    struct table_schema schema = {0};
    struct table_request request = {.schema = &schema, .step = tool_step};
    TRY(DATA_OPTIONS(argc, argv, options));
    TRY(tool_check_output(output, file));
    TRY(tool_check_output(output, given));
    TRY(read_delimiter(&request.separator, delimiter));
    TRY(table_schema_init(&schema));
    if (given)
        TRY(table_schema_load(&schema, given));
    request.path = file;
    request.output = output;
    TRY(convert(&request, given));
done:
    table_schema_fini(&schema);
    return status;
}

const struct tool_command tool_csv = {"csv", "from a CSV", help, run};
