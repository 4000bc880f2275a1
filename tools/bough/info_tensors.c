#include "cli_table.h"
#include "info.h"

#include <bough/dataset.h>
#include <stdio.h>
#include <string.h>

// Class names and the like, one a line, in one line that is cut.
static void print_list(const char *value)
{
    size_t shown = 0;
    for (const char *at = value; *at && shown < 20; shown++) {
        size_t length = strcspn(at, "\n");
        printf("%s %.*s", shown ? "," : "", (int)(length < 200 ? length : 200), at);
        at += length + (at[length] == '\n');
    }
    printf("%s\n", shown == 20 ? ", ..." : "");
}

static void print_lines(const char *value)
{
    printf("\n");
    for (const char *at = value; *at;) {
        size_t length = strcspn(at, "\n");
        printf("  %.*s\n", (int)length, at);
        at += length + (at[length] == '\n');
    }
}

static void print_metadata(const char *key, const char *value)
{
    printf("%s:", key);
    (strcmp(key, "config") == 0 ? print_lines : print_list)(value);
}

enum bough_status info_tensors(const char *path)
{
    enum bough_status status;
    char text[160];
    double elements = 0, bytes = 0;
    struct bough_tensor_file *file = NULL;
    struct cli_table table = {.align = "lllr"};
    TRY(bough_tensor_file_open(&file, path));
    static const char *const title[] = {"tensor", "type", "shape", "bytes"};
    for (size_t i = 0; i < 4; i++)
        cli_table_cell(&table, "%s", title[i]);
    for (size_t i = 0; i < bough_tensor_file_count(file); i++) {
        const struct bough_file_tensor *tensor = bough_tensor_file_at(file, i);
        cli_table_cell(&table, "%s", tensor->name);
        cli_table_cell(&table, "%s", bough_dtype_name(tensor->dtype));
        cli_table_cell(&table, "%s", bough_shape_format(&tensor->shape, text, sizeof text));
        cli_table_cell(&table, "%zu", tensor->bytes);
        elements += (double)bough_shape_elements(&tensor->shape);
        bytes += (double)tensor->bytes;
    }
    TRY(cli_table_end(&table));
    printf("\n%zu tensors, %.0f numbers, %.1f MiB\n", bough_tensor_file_count(file), elements,
           bytes / (1 << 20));
    for (size_t i = 0; i < bough_tensor_file_metadata_count(file); i++) {
        const char *value, *key = bough_tensor_file_metadata_at(file, i, &value);
        print_metadata(key, value);
    }
done:
    bough_tensor_file_close(&file);
    return status;
}
