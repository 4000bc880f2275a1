#include "table_schema.h"

#include <stdlib.h>
#include <string.h>

const char *const table_type_name[TABLE_TYPES] = {"",     "number",   "class",
                                                  "date", "datetime", "text"};
const char *const table_role_name[TABLE_ROLES] = {"",   "input", "target",
                                                  "id", "split", "leave_out"};

// As written: Na or none may be a class.
static const char *const usual[] = {"",    "NA",  "na",   "N/A",  "n/a",  "nan",
                                    "NaN", "NAN", "-nan", "null", "NULL", "None"};

int table_words_add(struct table_schema *schema, struct table_words *words, const char *word,
                    size_t length)
{
    if (words->count == words->room) {
        const size_t room = 2 * words->room + 8;
        const char **larger = realloc(words->word, room * sizeof *larger);
        if (!larger)
            return 0;
        words->word = larger;
        words->room = room;
    }
    words->word[words->count] = text_keep(&schema->pool, word, length);
    return words->word[words->count++] != NULL;
}

int table_words_hold(const struct table_words *words, const char *word, size_t length)
{
    for (size_t i = 0; i < words->count; i++)
        if (strncmp(words->word[i], word, length) == 0 && !words->word[i][length])
            return 1;
    return 0;
}

enum bough_status table_schema_init(struct table_schema *schema)
{
    *schema = (struct table_schema){.parts = 1, .part = {{.name = "train"}}};
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (!table_words_add(schema, &schema->missing, usual[i], strlen(usual[i])))
            return tool_no_memory();
    return BOUGH_OK;
}

void table_schema_fini(struct table_schema *schema)
{
    for (size_t i = 0; i < schema->columns; i++) {
        free(schema->column[i].names.word);
        free(schema->column[i].missing.word);
    }
    for (int i = 0; i < schema->parts; i++)
        free(schema->part[i].names.word);
    free(schema->missing.word);
    free(schema->column);
    text_fini(&schema->pool);
    *schema = (struct table_schema){0};
}

struct table_column *table_schema_find(const struct table_schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->columns; i++)
        if (strcmp(schema->column[i].name, name) == 0)
            return &schema->column[i];
    return NULL;
}

struct table_column *table_schema_add(struct table_schema *schema, const char *name)
{
    if (schema->columns == schema->columns_room) {
        const size_t room = 2 * schema->columns_room + 16;
        struct table_column *larger = realloc(schema->column, room * sizeof *larger);
        if (!larger)
            return NULL;
        schema->column = larger;
        schema->columns_room = room;
    }
    struct table_column *column = &schema->column[schema->columns];
    *column = (struct table_column){.name = text_keep(&schema->pool, name, strlen(name))};
    schema->columns += column->name != NULL;
    return column->name ? column : NULL;
}
