#include "cli_table.h"
#include "info.h"

#include <bough/dataset.h>
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
    return tool_fail(BOUGH_INVALID, "--input '%s': wanted 1 to 7 dimensions, as 1,28,28", text);
}

static enum bough_status parse_shapes(struct bough_shape *shape, const struct tool_list *text,
                                      const struct bough_config *config)
{
    enum bough_status status = BOUGH_OK;
    const size_t inputs = bough_config_inputs(config);
    if (text->count != inputs)
        return tool_fail(BOUGH_INVALID, "--input: %zu shape%s, the config has %zu input%s",
                         text->count, text->count == 1 ? "" : "s", inputs, inputs == 1 ? "" : "s");
    for (size_t i = 0; i < text->count && status == BOUGH_OK; i++)
        status = parse_shape(&shape[i], text->item[i]);
    return status;
}

static enum bough_status shapes_of_data(struct bough_shape *shape,
                                        const struct bough_config *config)
{
    enum bough_status status = BOUGH_OK;
    struct bough_tensor_file *file = NULL;
    for (size_t i = 0; i < bough_config_inputs(config); i++) {
        const struct bough_file_tensor *tensor;
        bough_tensor_file_close(&file);
        TRY(bough_tensor_file_open(&file, bough_config_input_data(config, i)));
        TRY(bough_dataset_field(&tensor, file, "train", bough_config_input_field(config, i)));
        shape[i] = bough_shape_sample(&tensor->shape);
    }
done:
    bough_tensor_file_close(&file);
    if (status == BOUGH_DATA)
        return tool_fail(status, "%s; without the data, --input gives the shape of a sample",
                         bough_last_error());
    return status;
}

// ---- The model ----

// Of several inputs each with its name.
static void list_inputs(struct cli_table *table, const struct bough_config *config,
                        const struct bough_shape *sample)
{
    const size_t inputs = bough_config_inputs(config);
    char text[160];
    for (size_t i = 0; i < inputs; i++) {
        cli_table_cell(table, "%s", inputs > 1 ? bough_config_input_name(config, i) : "");
        cli_table_cell(table, "input");
        cli_table_cell(table, "%s", bough_shape_format(&sample[i], text, sizeof text));
        cli_table_cell(table, "%s", "");
        cli_table_cell(table, "%s", "");
    }
}

static enum bough_status print_model(const struct bough_model_info *info,
                                     const struct bough_config *config,
                                     const struct bough_shape *sample)
{
    char text[160];
    struct cli_table table = {.align = "lllrr"};
    static const char *const title[] = {"block", "layer", "output", "parameters", "FLOPs"};
    for (size_t i = 0; i < 5; i++)
        cli_table_cell(&table, "%s", title[i]);
    list_inputs(&table, config, sample);
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

enum bough_status info_config(const char *path, const struct tool_list *shapes,
                              const struct tool_list *set, int dot)
{
    enum bough_status status;
    struct bough_config *config = NULL;
    struct bough_model_info *info = NULL;
    struct bough_shape *sample = NULL;
    TRY(bough_config_open(&config, path, set ? set->item : NULL, set ? set->count : 0));
    TRY_MEMORY(sample = calloc(bough_config_inputs(config), sizeof *sample));
    TRY(shapes->count ? parse_shapes(sample, shapes, config) : shapes_of_data(sample, config));
    TRY(bough_model_info_create(&info, config, sample));
    if (dot) {
        info_print_dot(info);
        goto done;
    }
    TRY(print_model(info, config, sample));
    putchar('\n');
    TRY(info_print_wiring(info));
    printf("\narchitecture %s, weighting %s\n", bough_config_architecture(config),
           bough_config_weighting(config));
done:
    free(sample);
    bough_model_info_destroy(&info);
    bough_config_close(&config);
    return status;
}

// ---- A run ----

static enum bough_status print_split(const char *title, const struct bough_metrics *metrics)
{
    if (!metrics)
        return BOUGH_OK;
    putchar('\n');
    return cli_print_metrics(title, metrics);
}

static enum bough_status print_result(const char *folder)
{
    enum bough_status status;
    struct bough_run *run;
    TRY(bough_run_load(&run, folder));
    if (!run) {
        printf("\nno result yet: the training is not finished\n");
        return BOUGH_OK;
    }
    const struct bough_result *result = bough_run_result(run);
    printf("\nbest epoch %d of %d, %.0f samples/s on %s\n", (int)result->best_epoch,
           (int)result->epochs, result->samples_per_second, result->device);
    TRY(print_split("validation", result->validation));
    TRY(print_split("test", result->test));
done:
    bough_run_destroy(&run);
    return status;
}

enum bough_status info_run(const char *folder, const struct tool_list *shapes)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/config.yaml", folder);
    enum bough_status status = info_config(path, shapes, NULL, 0);
    if (status != BOUGH_OK)
        return status;
    return print_result(folder);
}
