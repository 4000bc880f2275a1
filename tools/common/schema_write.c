// A table's schema as YAML, by libyaml's emitter.
#include "table_schema.h"

#include "text_value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

// Nodes are the document's numbers. What fails, fails for want of memory.
struct writer {
    yaml_document_t document;
    int has_failed;
};

static int made(struct writer *w, int number)
{
    w->has_failed |= !number;
    return number;
}

static int scalar(struct writer *w, const char *text, yaml_scalar_style_t style)
{
    return made(w, yaml_document_add_scalar(&w->document, NULL, (const yaml_char_t *)text,
                                            (int)strlen(text), style));
}

// A text that could be taken for a number, a switch or nothing is quoted.
static int text(struct writer *w, const char *value)
{
    static const char *const words[] = {"null", "true", "false", "yes", "no", "on",
                                        "off",  "y",    "n",     "Yes", "No", "NULL",
                                        "None", "True", "False", "Y",   "N"};
    int quoted = !*value || strchr("~0123456789.+-", *value) != NULL;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        quoted |= strcmp(value, words[i]) == 0;
    return scalar(w, value, quoted ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_PLAIN_SCALAR_STYLE);
}

static int number(struct writer *w, double value)
{
    char digits[40];
    for (int precision = 6; precision <= 17; precision++) {
        double back;
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (text_number(&back, digits, strlen(digits), 0) && back == value)
            break;
    }
    return scalar(w, digits, YAML_PLAIN_SCALAR_STYLE);
}

static int mapping(struct writer *w, yaml_mapping_style_t style)
{
    return made(w, yaml_document_add_mapping(&w->document, NULL, style));
}

static int list(struct writer *w)
{
    return made(w, yaml_document_add_sequence(&w->document, NULL, YAML_FLOW_SEQUENCE_STYLE));
}

static void put(struct writer *w, int map, const char *key, int value)
{
    const int name = text(w, key);
    if (!w->has_failed)
        made(w, yaml_document_append_mapping_pair(&w->document, map, name, value));
}

static void append(struct writer *w, int sequence, int value)
{
    if (!w->has_failed)
        made(w, yaml_document_append_sequence_item(&w->document, sequence, value));
}

static int words(struct writer *w, const struct table_words *words)
{
    const int sequence = list(w);
    for (size_t i = 0; i < words->count && !w->has_failed; i++)
        append(w, sequence, text(w, words->word[i]));
    return sequence;
}

static int pair(struct writer *w, const double value[2])
{
    const int sequence = list(w);
    append(w, sequence, number(w, value[0]));
    append(w, sequence, number(w, value[1]));
    return sequence;
}

static int part(struct writer *w, const struct table_part *part)
{
    char range[90], from[40] = "", to[40] = "";
    switch (part->rule) {
    case TABLE_REST:
        return text(w, "rest");
    case TABLE_SHARE:
        return number(w, part->to);
    case TABLE_RANGE:
        if (part->from != -HUGE_VAL)
            snprintf(from, sizeof from, "%.17g", part->from);
        if (part->to != HUGE_VAL)
            snprintf(to, sizeof to, "%.17g", part->to);
        snprintf(range, sizeof range, "%s..%s", from, to);
        return scalar(w, range, YAML_PLAIN_SCALAR_STYLE);
    default:
        return words(w, &part->names);
    }
}

static int split(struct writer *w, const struct table_schema *schema)
{
    const int map = mapping(w, YAML_BLOCK_MAPPING_STYLE),
              parts = mapping(w, YAML_FLOW_MAPPING_STYLE);
    if (schema->split_column)
        put(w, map, schema->is_grouped ? "group" : "column", text(w, schema->split_column));
    if (!schema->split_column || schema->is_grouped)
        put(w, map, "seed", number(w, (double)schema->seed));
    for (int i = 0; i < schema->parts; i++)
        put(w, parts, schema->part[i].name, part(w, &schema->part[i]));
    put(w, map, "parts", parts);
    return map;
}

static int column(struct writer *w, const struct table_column *column)
{
    const int map = mapping(w, YAML_FLOW_MAPPING_STYLE);
    if (column->role)
        put(w, map, "role", text(w, table_role_name[column->role]));
    if (column->type)
        put(w, map, "type", text(w, table_type_name[column->type]));
    if (column->has_range)
        put(w, map, "range", pair(w, column->range));
    if (column->has_seen)
        put(w, map, "seen", pair(w, column->seen));
    if (column->minimum)
        put(w, map, "minimum", number(w, (double)column->minimum));
    if (column->missing.count)
        put(w, map, "missing", words(w, &column->missing));
    if (column->has_names)
        put(w, map, "names", words(w, &column->names));
    return map;
}

static void write_document(struct writer *w, const struct table_schema *schema)
{
    const int map = mapping(w, YAML_BLOCK_MAPPING_STYLE);
    put(w, map, "missing", words(w, &schema->missing));
    if (schema->split_column || schema->parts > 1 || schema->part[0].rule != TABLE_REST)
        put(w, map, "split", split(w, schema));
    const int columns = mapping(w, YAML_BLOCK_MAPPING_STYLE);
    for (size_t i = 0; i < schema->columns && !w->has_failed; i++)
        put(w, columns, schema->column[i].name, column(w, &schema->column[i]));
    put(w, map, "columns", columns);
}

static int emit(FILE *to, yaml_document_t *document)
{
    yaml_emitter_t emitter;
    int is_done = 0;
    if (yaml_emitter_initialize(&emitter)) {
        yaml_emitter_set_output_file(&emitter, to);
        yaml_emitter_set_unicode(&emitter, 1);
        yaml_emitter_set_width(&emitter, 100);
        is_done = yaml_emitter_open(&emitter) && yaml_emitter_dump(&emitter, document);
        is_done = is_done && yaml_emitter_close(&emitter);
        yaml_emitter_delete(&emitter);
    } else {
        yaml_document_delete(document);
    }
    return is_done;
}

enum bough_status table_schema_text(char **text, size_t *size, const struct table_schema *schema)
{
    enum bough_status status = BOUGH_OK;
    struct writer w = {0};
    *text = NULL;
    FILE *to = open_memstream(text, size);
    if (!to)
        return tool_no_memory();
    if (!yaml_document_initialize(&w.document, NULL, NULL, NULL, 1, 1)) {
        status = tool_no_memory();
    } else {
        write_document(&w, schema);
        if (w.has_failed)
            yaml_document_delete(&w.document);
        if (w.has_failed || !emit(to, &w.document))
            status = tool_no_memory();
    }
    const int is_cut = ferror(to);
    if ((fclose(to) != 0 || is_cut || !*text) && status == BOUGH_OK)
        status = tool_no_memory();
    if (status != BOUGH_OK) {
        free(*text);
        *text = NULL;
    }
    return status;
}
