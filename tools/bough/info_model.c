#include "cli_table.h"
#include "info.h"

#include <bough/dataset.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

// ---- The shape of a sample ----

static enum bough_status parse_shape(struct bough_shape *shape, const char *text)
{
    shape->rank = 0;
    for (const char *at = text; shape->rank < BOUGH_MAX_RANK - 1; at++) {
        char *end;
        long long dim = strtoll(at, &end, 10);
        if (end == at || dim < 1 || dim > 16777216 || (*end && *end != ',' && *end != 'x'))
            break;
        shape->dim[shape->rank++] = dim;
        if (!*end)
            return BOUGH_OK;
        at = end;
    }
    return cli_fail(BOUGH_INVALID, "--input '%s': wanted 1 to 7 dimensions, as 1,28,28", text);
}

static enum bough_status shape_of_data(struct bough_shape *shape, const struct bough_config *config)
{
    enum bough_status status;
    struct bough_config resolved;
    struct bough_tensor_file *file = NULL;
    const struct bough_file_tensor *tensor;
    CLI_TRY(bough_config_resolve(&resolved, config));
    CLI_TRY(bough_tensor_file_open(&file, resolved.data));
    CLI_TRY(bough_dataset_field(&tensor, file, "train", resolved.input.field));
    shape->rank = tensor->shape.rank - 1;
    for (int32_t i = 0; i < shape->rank; i++)
        shape->dim[i] = tensor->shape.dim[i + 1];
done:
    bough_tensor_file_close(&file);
    if (status == BOUGH_DATA)
        return cli_fail(status, "%s; without the data, --input gives the shape of a sample",
                        bough_last_error());
    return status;
}

// ---- The model ----

static enum bough_status print_model(const struct bough_model_info *info,
                                     const struct bough_shape *sample)
{
    char text[160];
    struct cli_table table = {.align = "lllrr"};
    static const char *const title[] = {"block", "layer", "output", "parameters", "FLOPs"};
    for (size_t i = 0; i < 5; i++)
        cli_table_cell(&table, "%s", title[i]);
    for (size_t i = 0; i < 5; i++)
        cli_table_cell(&table, "%s",
                       i == 1   ? "input"
                       : i == 2 ? bough_shape_format(sample, text, sizeof text)
                                : "");
    for (size_t i = 0; i < info->count; i++) {
        const struct bough_layer_row *row = &info->row[i];
        cli_table_cell(&table, "%s", row->block);
        cli_table_cell(&table, "%s", row->kind);
        cli_table_cell(&table, "%s", bough_shape_format(&row->shape, text, sizeof text));
        cli_table_cell(&table, "%lld", (long long)row->parameters);
        cli_table_cell(&table, "%lld", (long long)row->flops);
    }
    cli_table_cell(&table, "all");
    cli_table_cell(&table, "%s", "");
    cli_table_cell(&table, "%s", "");
    cli_table_cell(&table, "%lld", (long long)info->parameters);
    cli_table_cell(&table, "%lld", (long long)info->flops);
    return cli_table_end(&table);
}

enum bough_status info_config(const char *path, const char *input, const struct cli_list *set)
{
    enum bough_status status;
    struct bough_config_file *file = NULL;
    struct bough_model_info *info = NULL;
    struct bough_shape sample;
    CLI_TRY(bough_config_file_open(&file, path, set ? set->item : NULL, set ? set->count : 0));
    const struct bough_config *config = bough_config_file_config(file);
    CLI_TRY(input ? parse_shape(&sample, input) : shape_of_data(&sample, config));
    CLI_TRY(bough_model_info_create(&info, config, &sample));
    CLI_TRY(print_model(info, &sample));
done:
    bough_model_info_destroy(&info);
    bough_config_file_close(&file);
    return status;
}

// ---- A run ----

// The scores of a result as rows; what is no number (a confusion matrix) is left out.
static size_t read_scores(struct bough_score *score, json_t *tasks)
{
    const char *task, *metric;
    json_t *metrics, *value;
    size_t count = 0;
    json_object_foreach(tasks, task, metrics)
    {
        json_object_foreach(metrics, metric, value)
        {
            if (json_is_number(value) && score)
                score[count] = (struct bough_score){task, metric, json_number_value(value)};
            count += json_is_number(value);
        }
    }
    return count;
}

static enum bough_status print_split(const char *title, json_t *tasks)
{
    struct bough_scores scores = {.count = read_scores(NULL, tasks)};
    if (!scores.count)
        return BOUGH_OK;
    scores.score = malloc(scores.count * sizeof *scores.score);
    if (!scores.score)
        return cli_no_memory();
    read_scores(scores.score, tasks);
    putchar('\n');
    enum bough_status status = cli_print_scores(title, &scores);
    free(scores.score);
    return status;
}

static enum bough_status print_result(const char *path)
{
    enum bough_status status;
    json_error_t error;
    json_t *result = json_load_file(path, 0, &error);
    if (!result && json_error_code(&error) == json_error_cannot_open_file) {
        printf("\nno result yet: the training is not finished\n");
        return BOUGH_OK;
    }
    if (!result)
        return cli_fail(BOUGH_DATA, "%s:%d: %s", path, error.line, error.text);
    const char *device = json_string_value(json_object_get(result, "device"));
    printf("\nbest epoch %lld of %lld, %.0f samples/s on %s\n",
           (long long)json_integer_value(json_object_get(result, "best_epoch")),
           (long long)json_integer_value(json_object_get(result, "epochs")),
           json_number_value(json_object_get(result, "samples_per_second")), device ? device : "?");
    CLI_TRY(print_split("validation", json_object_get(result, "validation")));
    CLI_TRY(print_split("test", json_object_get(result, "test")));
done:
    json_decref(result);
    return status;
}

enum bough_status info_run(const char *folder, const char *input)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/config.yaml", folder);
    enum bough_status status = info_config(path, input, NULL);
    if (status != BOUGH_OK)
        return status;
    snprintf(path, sizeof path, "%s/result.json", folder);
    return print_result(path);
}
