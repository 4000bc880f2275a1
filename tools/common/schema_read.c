// A table's schema from YAML: libyaml's events, taken as they come.
#include "name_table.h"
#include "table_schema.h"
#include "text_value.h"

#include <bough/name.h>

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { FILE_LIMIT = 1 << 26 };

struct reader {
    yaml_parser_t parser;
    yaml_event_t event; // the one in hand
    struct table_schema *schema;
};

static enum bough_status wrong(const struct reader *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static enum bough_status wrong(const struct reader *r, const char *format, ...)
{
    char text[600];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return tool_fail(BOUGH_INVALID, "%s:%zu: %s", r->schema->path, r->event.start_mark.line + 1,
                     text);
}

// ---- Events ----

static enum bough_status next(struct reader *r)
{
    yaml_event_delete(&r->event);
    if (yaml_parser_parse(&r->parser, &r->event))
        return BOUGH_OK;
    r->event = (yaml_event_t){0};
    if (r->parser.error == YAML_MEMORY_ERROR || !r->parser.problem)
        return tool_no_memory();
    return tool_fail(BOUGH_INVALID, "%s:%zu:%zu: %s", r->schema->path,
                     r->parser.problem_mark.line + 1, r->parser.problem_mark.column + 1,
                     r->parser.problem);
}

static const char *text_of(const struct reader *r)
{
    return (const char *)r->event.data.scalar.value;
}

static size_t length_of(const struct reader *r)
{
    return r->event.data.scalar.length;
}

static int is_scalar(const struct reader *r)
{
    return r->event.type == YAML_SCALAR_EVENT &&
           !memchr(r->event.data.scalar.value, 0, r->event.data.scalar.length);
}

static enum bough_status add_key(const struct reader *r, const char *what, struct name_table *keys,
                                 const char *key)
{
    const uint32_t count = keys->count;
    if (name_table_add(keys, key, strlen(key), 0) < 0)
        return tool_no_memory();
    return keys->count > count ? BOUGH_OK : wrong(r, "%s: \"%.80s\" stands twice", what, key);
}

typedef enum bough_status take_entry(struct reader *r, const char *key, void *user);

// Goes through a mapping, whose keys differ. `take` finds the value in hand, and leaves its last
// event there.
static enum bough_status each_entry(struct reader *r, const char *what, take_entry *take,
                                    void *user)
{
    enum bough_status status;
    char *key = NULL;
    struct name_table keys = {0};
    if (r->event.type != YAML_MAPPING_START_EVENT)
        return wrong(r, "%s: wanted a mapping", what);
    for (;;) {
        TRY(next(r));
        if (r->event.type == YAML_MAPPING_END_EVENT)
            break;
        if (!is_scalar(r))
            TRY(wrong(r, "%s: wanted a name and a colon", what));
        free(key);
        key = strdup(text_of(r));
        TRY_MEMORY(key);
        TRY(add_key(r, what, &keys, key));
        TRY(next(r));
        TRY(take(r, key, user));
    }
done:
    name_table_fini(&keys);
    free(key);
    return status;
}

typedef enum bough_status take_item(struct reader *r, const char *what, void *user);

// Goes through a list of scalars; one by itself is a list of one.
static enum bough_status each_item(struct reader *r, const char *what, take_item *take, void *user)
{
    enum bough_status status;
    if (is_scalar(r))
        return take(r, what, user);
    if (r->event.type != YAML_SEQUENCE_START_EVENT)
        return wrong(r, "%s: wanted a list", what);
    for (;;) {
        TRY(next(r));
        if (r->event.type == YAML_SEQUENCE_END_EVENT)
            break;
        if (!is_scalar(r))
            TRY(wrong(r, "%s: wanted a list of texts", what));
        TRY(take(r, what, user));
    }
done:
    return status;
}

static enum bough_status unknown_key(const struct reader *r, const char *key,
                                     const char *const *known)
{
    char list[200] = "";
    const char *nearest = bough_name_nearest(key, known);
    for (; *known; known++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", *list ? ", " : "",
                 *known);
    return wrong(r, "\"%.80s\" is not known, wanted one of %s%s%s%s", key, list,
                 nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
}

// ---- Values ----

static enum bough_status take_word(struct reader *r, const char *what, void *user)
{
    (void)what;
    return table_words_add(r->schema, user, text_of(r), length_of(r)) ? BOUGH_OK : tool_no_memory();
}

static enum bough_status read_words(struct reader *r, const char *what, struct table_words *words)
{
    words->count = 0;
    return each_item(r, what, take_word, words);
}

static enum bough_status read_text(struct reader *r, const char *what, const char **text)
{
    if (!is_scalar(r))
        return wrong(r, "%s: wanted a text", what);
    *text = text_keep(&r->schema->pool, text_of(r), length_of(r));
    return *text ? BOUGH_OK : tool_no_memory();
}

static enum bough_status read_whole(struct reader *r, const char *what, int64_t *number)
{
    double value;
    if (!is_scalar(r) || !text_number(&value, text_of(r), length_of(r), 0) || value < 0 ||
        value > 0x1p53 || value != floor(value))
        return wrong(r, "%s: wanted a whole number from 0", what);
    *number = (int64_t)value;
    return BOUGH_OK;
}

struct pair {
    double *value;
    int count;
};

static enum bough_status take_number(struct reader *r, const char *what, void *user)
{
    struct pair *pair = user;
    double value;
    if (pair->count == 2 || !text_number(&value, text_of(r), length_of(r), 0))
        return wrong(r, "%s: \"%.40s\", wanted two numbers [min, max]", what, text_of(r));
    pair->value[pair->count++] = value;
    return BOUGH_OK;
}

static enum bough_status read_pair(struct reader *r, const char *what, double value[2], int *has)
{
    struct pair pair = {value, 0};
    enum bough_status status;
    TRY(each_item(r, what, take_number, &pair));
    if (pair.count != 2 || !(value[0] <= value[1]))
        status = wrong(r, "%s: wanted two numbers [min, max]", what);
    *has = 1;
done:
    return status;
}

// ---- Splits ----

// "a..b", "..b" or "a..". A text that is none of these is a name.
static int read_range(struct table_part *part, const char *text, size_t length)
{
    const char *dots = strstr(text, "..");
    part->from = -HUGE_VAL;
    part->to = HUGE_VAL;
    if (!dots || length == 2)
        return 0;
    const char *behind = dots + 2;
    return (dots == text || text_number(&part->from, text, (size_t)(dots - text), 0)) &&
           (!*behind || text_number(&part->to, behind, strlen(behind), 0));
}

static enum bough_status read_part(struct reader *r, const char *name, void *user)
{
    struct table_schema *schema = r->schema;
    enum bough_status status = BOUGH_OK;
    (void)user;
    if (!*name || strchr(name, '/'))
        return wrong(r, "\"%.80s\" is no name of a split: wanted one without /", name);
    if (schema->parts == TABLE_PARTS_MAX)
        return wrong(r, "more than %d splits", TABLE_PARTS_MAX);
    struct table_part *part = &schema->part[schema->parts];
    *part = (struct table_part){.name = text_keep(&schema->pool, name, strlen(name))};
    TRY_MEMORY(part->name);
    schema->parts++;
    if (is_scalar(r) && strcmp(text_of(r), "rest") == 0)
        return BOUGH_OK;
    if (is_scalar(r) && read_range(part, text_of(r), length_of(r))) {
        part->rule = TABLE_RANGE;
        return BOUGH_OK;
    }
    part->rule = TABLE_NAMES;
    TRY(read_words(r, "parts", &part->names));
done:
    return status;
}

static enum bough_status read_split_key(struct reader *r, const char *key, void *user)
{
    static const char *const known[] = {"column", "group", "seed", "parts", NULL};
    struct table_schema *schema = r->schema;
    enum bough_status status = BOUGH_OK;
    int64_t seed;
    (void)user;
    if (strcmp(key, "column") == 0 || strcmp(key, "group") == 0) {
        if (schema->split_column)
            return wrong(r, "%s: there is one already, wanted `column` or `group`", key);
        schema->is_grouped = *key == 'g';
        return read_text(r, key, &schema->split_column);
    }
    if (strcmp(key, "seed") == 0) {
        TRY(read_whole(r, key, &seed));
        schema->seed = (uint64_t)seed;
        return BOUGH_OK;
    }
    if (strcmp(key, "parts") != 0)
        return unknown_key(r, key, known);
    TRY(each_entry(r, "parts", read_part, NULL));
done:
    return status;
}

// Without a column, or by groups, the parts are shares.
static enum bough_status take_shares(struct reader *r)
{
    struct table_schema *schema = r->schema;
    const int are_shares = !schema->split_column || schema->is_grouped;
    int rests = 0;
    double sum = 0;
    for (int i = 0; i < schema->parts; i++) {
        struct table_part *part = &schema->part[i];
        rests += part->rule == TABLE_REST;
        if (!are_shares || part->rule == TABLE_REST)
            continue;
        part->from = 0;
        if (part->rule != TABLE_NAMES || part->names.count != 1 ||
            !text_number(&part->to, part->names.word[0], strlen(part->names.word[0]), 0) ||
            !(part->to > 0 && part->to <= 1))
            return wrong(r,
                         "split \"%s\": wanted a share of the rows, above 0 and at most 1, or "
                         "`rest`; or say `column: NAME`",
                         part->name);
        part->rule = TABLE_SHARE;
        sum += part->to;
    }
    if (rests > 1)
        return wrong(r, "`rest` stands %d times, wanted one split that takes it", rests);
    if (sum > 1 + 1e-9)
        return wrong(r, "shares of %g in all, wanted at most 1", sum);
    return schema->parts ? BOUGH_OK : wrong(r, "split: wanted `parts: {train: ..., test: ...}`");
}

static enum bough_status read_split(struct reader *r)
{
    enum bough_status status;
    r->schema->parts = 0;
    TRY(each_entry(r, "split", read_split_key, NULL));
    TRY(take_shares(r));
done:
    return status;
}

// ---- Columns ----

// 0 for a text that is none.
static int word_of(const struct reader *r, const char *const *names, int count)
{
    for (int i = 1; i < count && is_scalar(r); i++)
        if (strcmp(text_of(r), names[i]) == 0)
            return i;
    return 0;
}

static enum bough_status not_a_word(const struct reader *r, const char *key,
                                    const char *const *names, int count)
{
    char list[120] = "";
    for (int i = 1; i < count; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i > 1 ? ", " : "",
                 names[i]);
    return wrong(r, "%s: %.80s, wanted one of %s", key, is_scalar(r) ? text_of(r) : "no text",
                 list);
}

static enum bough_status read_column_key(struct reader *r, const char *key, void *user)
{
    static const char *const known[] = {"role",    "type",  "range",   "seen",
                                        "minimum", "names", "missing", NULL};
    struct table_column *column = user;
    if (strcmp(key, "role") == 0) {
        column->role = (enum table_role)word_of(r, table_role_name, TABLE_ROLES);
        return column->role ? BOUGH_OK : not_a_word(r, key, table_role_name, TABLE_ROLES);
    }
    if (strcmp(key, "type") == 0) {
        column->type = (enum table_type)word_of(r, table_type_name, TABLE_TYPES);
        return column->type ? BOUGH_OK : not_a_word(r, key, table_type_name, TABLE_TYPES);
    }
    if (strcmp(key, "range") == 0)
        return read_pair(r, key, column->range, &column->has_range);
    if (strcmp(key, "seen") == 0)
        return read_pair(r, key, column->seen, &column->has_seen);
    if (strcmp(key, "minimum") == 0)
        return read_whole(r, key, &column->minimum);
    if (strcmp(key, "missing") == 0)
        return read_words(r, key, &column->missing);
    if (strcmp(key, "names") != 0)
        return unknown_key(r, key, known);
    column->has_names = 1;
    return read_words(r, key, &column->names);
}

static enum bough_status read_column(struct reader *r, const char *name, void *user)
{
    enum bough_status status = BOUGH_OK;
    (void)user;
    struct table_column *column = table_schema_add(r->schema, name);
    TRY_MEMORY(column);
    column->line = (int)r->event.start_mark.line + 1;
    if (is_scalar(r)) {
        column->role = (enum table_role)word_of(r, table_role_name, TABLE_ROLES);
        column->type = (enum table_type)word_of(r, table_type_name, TABLE_TYPES);
        if (!column->role && !column->type)
            return wrong(r,
                         "column \"%.80s\": \"%.80s\", wanted a role (input, target, id, split, "
                         "leave_out), a type (number, class, date, datetime, text) or a mapping",
                         name, text_of(r));
        return BOUGH_OK;
    }
    TRY(each_entry(r, name, read_column_key, column));
    if (column->has_names && column->type == TABLE_UNSAID)
        column->type = TABLE_CLASS;
    if (column->has_range && column->type == TABLE_UNSAID)
        column->type = TABLE_NUMBER;
done:
    return status;
}

static enum bough_status read_key(struct reader *r, const char *key, void *user)
{
    static const char *const known[] = {"missing", "split", "columns", NULL};
    (void)user;
    if (strcmp(key, "missing") == 0)
        return read_words(r, key, &r->schema->missing);
    if (strcmp(key, "split") == 0)
        return read_split(r);
    if (strcmp(key, "columns") == 0)
        return each_entry(r, key, read_column, NULL);
    return unknown_key(r, key, known);
}

static enum bough_status read_document(struct reader *r)
{
    enum bough_status status;
    TRY(next(r)); // the stream's start
    TRY(next(r));
    if (r->event.type == YAML_STREAM_END_EVENT)
        return BOUGH_OK;
    TRY(next(r));
    if (r->event.type == YAML_SCALAR_EVENT && length_of(r) == 0)
        return BOUGH_OK;
    TRY(each_entry(r, "schema", read_key, NULL));
    TRY(next(r)); // the document's end
    TRY(next(r));
    if (r->event.type != YAML_STREAM_END_EVENT)
        status = wrong(r, "a second document; wanted one");
done:
    return status;
}

enum bough_status table_schema_parse(struct table_schema *schema, const char *path,
                                     const char *text, size_t size)
{
    struct reader r = {.schema = schema};
    schema->path = path;
    if (!yaml_parser_initialize(&r.parser))
        return tool_no_memory();
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, size);
    enum bough_status status = read_document(&r);
    yaml_event_delete(&r.event);
    yaml_parser_delete(&r.parser);
    return status;
}

static enum bough_status read_file(char **text, size_t *size, FILE *file, const char *path)
{
    *text = malloc(FILE_LIMIT + 1);
    if (!*text)
        return tool_no_memory();
    *size = fread(*text, 1, FILE_LIMIT + 1, file);
    if (ferror(file))
        return tool_refused(path, "cannot read");
    if (*size > FILE_LIMIT)
        return tool_fail(BOUGH_INVALID, "%s: more than %d bytes, wanted a schema", path,
                         FILE_LIMIT);
    return BOUGH_OK;
}

enum bough_status table_schema_load(struct table_schema *schema, const char *path)
{
    enum bough_status status;
    char *text = NULL;
    size_t size = 0;
    FILE *file = fopen(path, "rb");
    if (!file)
        return tool_refused(path, "cannot open");
    TRY(read_file(&text, &size, file, path));
    TRY(table_schema_parse(schema, path, text, size));
done:
    fclose(file);
    free(text);
    return status;
}
