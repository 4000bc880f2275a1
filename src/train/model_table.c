#include "train/model_file.h"

#include "base/error.h"

#include <bough/model.h>

#include <stdlib.h>
#include <string.h>

struct bough_model_table {
    struct bough__arena arena;
    const char *schema;
    const char **column; // [columns]
    size_t columns;
};

static enum bough_status take_schema(struct bough_model_table *table,
                                     const struct bough_tensor_file *file,
                                     const struct bough_config *config,
                                     const struct bough__input *input)
{
    char key[128];
    const char *full = config->sets > 1
                           ? bough__arena_format(&table->arena, "%s/schema",
                                                 bough__input_key(input, key, sizeof key))
                           : "schema";
    if (!full)
        return bough__no_memory();
    const char *text = bough_tensor_file_metadata(file, full);
    if (text && table->schema && strcmp(text, table->schema) != 0)
        return bough__fail(BOUGH_INVALID,
                           "%s: its inputs are of several tables; wanted a data set, as "
                           "bough-data csv makes",
                           bough_tensor_file_path(file));
    if (!text)
        return BOUGH_OK;
    table->schema = bough__arena_string(&table->arena, text);
    return table->schema ? BOUGH_OK : bough__no_memory();
}

static enum bough_status take_input(struct bough_model_table *table,
                                    const struct bough_tensor_file *file,
                                    const struct bough_config *config,
                                    const struct bough__input *input)
{
    enum bough_status status = BOUGH_OK;
    if (!input->columns)
        return BOUGH_OK;
    BOUGH_TRY(take_schema(table, file, config, input));
    for (size_t c = 0; c < input->columns_count; c++) {
        const char *name = bough__arena_string(&table->arena, input->columns[c]);
        BOUGH_TRY_MEMORY(name);
        table->column[table->columns++] = name;
    }
done:
    return status;
}

static enum bough_status take_all(struct bough_model_table *table,
                                  const struct bough_tensor_file *file,
                                  const struct bough_config *config)
{
    enum bough_status status = BOUGH_OK;
    size_t most = 1;
    for (size_t i = 0; i < config->inputs_count; i++)
        most += config->inputs[i].columns_count;
    BOUGH_TRY_MEMORY(table->column = BOUGH_NEW(&table->arena, const char *, most));
    for (size_t i = 0; i < config->inputs_count; i++)
        BOUGH_TRY(take_input(table, file, config, &config->inputs[i]));
    if (!table->schema)
        status = bough__fail(BOUGH_INVALID,
                             "%s: it has no schema of a CSV, as it was not trained on a data set "
                             "of bough-data csv; wanted one, or a data set to predict",
                             bough_tensor_file_path(file));
done:
    return status;
}

enum bough_status bough_model_table_open(struct bough_model_table **table, const char *path)
{
    enum bough_status status;
    struct bough_tensor_file *file = NULL;
    struct bough_config *config = NULL;
    struct bough_model_table *made = calloc(1, sizeof *made);
    *table = NULL;
    BOUGH_TRY_MEMORY(made);
    BOUGH_TRY(bough__model_file_open(&file, path));
    BOUGH_TRY(bough__model_file_config(&config, file));
    BOUGH_TRY(take_all(made, file, config));
    *table = made;
    made = NULL;
done:
    bough_config_close(&config);
    bough_tensor_file_close(&file);
    bough_model_table_close(&made);
    return status;
}

void bough_model_table_close(struct bough_model_table **table)
{
    if (!*table)
        return;
    bough__arena_fini(&(*table)->arena);
    free(*table);
    *table = NULL;
}

const char *bough_model_table_schema(const struct bough_model_table *table)
{
    return table->schema;
}

int bough_model_table_reads(const struct bough_model_table *table, const char *column)
{
    const size_t length = strlen(column);
    for (size_t c = 0; c < table->columns; c++)
        if (strncmp(table->column[c], column, length) == 0 &&
            (!table->column[c][length] || table->column[c][length] == '.'))
            return 1;
    return 0;
}
