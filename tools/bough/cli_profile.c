// The table behind `bough train --profile`.
#include "cli.h"
#include "cli_table.h"

#include <stdlib.h>
#include <string.h>

struct sum {
    char name[96], part[24];
    int64_t launches;
    double seconds, flops, bytes;
};

static int slower_first(const void *a, const void *b)
{
    const double x = ((const struct sum *)a)->seconds, y = ((const struct sum *)b)->seconds;
    return (x < y) - (x > y);
}

static void add(struct sum *sum, size_t *count, const struct sum *row)
{
    size_t i = 0;
    while (i < *count && (strcmp(sum[i].name, row->name) || strcmp(sum[i].part, row->part)))
        i++;
    if (i == *count)
        sum[(*count)++] = (struct sum){0};
    memcpy(sum[i].name, row->name, sizeof row->name);
    memcpy(sum[i].part, row->part, sizeof row->part);
    sum[i].launches += row->launches;
    sum[i].seconds += row->seconds;
    sum[i].flops += row->flops;
    sum[i].bytes += row->bytes;
}

// Nothing where there is no rate, or the device's clock is too coarse for the launch.
static void rate_cell(struct cli_table *table, double amount, double seconds)
{
    if (amount > 0 && seconds > 0)
        cli_table_cell(table, "%.1f", 1e-9 * amount / seconds);
    else
        cli_table_cell(table, "%s", "");
}

static enum bough_status print(const char *title, struct sum *sum, size_t count)
{
    struct cli_table table = {.align = "llrrrrrr"};
    const char *head[] = {title, "", "ms", "share", "launches", "us each", "GFLOP/s", "GB/s"};
    double seconds = 0;
    for (size_t i = 0; i < count; i++)
        seconds += sum[i].seconds;
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        cli_table_cell(&table, "%s", head[i]);
    qsort(sum, count, sizeof *sum, slower_first);
    for (size_t i = 0; i < count; i++) {
        cli_table_cell(&table, "%s", sum[i].name);
        cli_table_cell(&table, "%s", sum[i].part);
        cli_table_cell(&table, "%.2f", 1e3 * sum[i].seconds);
        cli_table_cell(&table, "%.1f %%", seconds > 0 ? 100 * sum[i].seconds / seconds : 0);
        cli_table_cell(&table, "%lld", (long long)sum[i].launches);
        cli_table_cell(&table, "%.1f", 1e6 * sum[i].seconds / (double)sum[i].launches);
        rate_cell(&table, sum[i].flops, sum[i].seconds);
        rate_cell(&table, sum[i].bytes, sum[i].seconds);
    }
    return cli_table_end(&table);
}

enum bough_status cli_print_profile(const struct bough_profile_row *row, size_t rows)
{
    enum bough_status status;
    struct sum *sum = calloc(rows + 1, sizeof *sum);
    if (!sum)
        return tool_no_memory();
    for (int by_kernel = 0; by_kernel < 2; by_kernel++) {
        size_t count = 0;
        for (size_t i = 0; i < rows; i++) {
            const struct bough_profile_row *r = &row[i];
            struct sum one = {{0}, {0}, r->launches, r->seconds, r->flops, r->bytes};
            snprintf(one.name, sizeof one.name, "%s", by_kernel ? r->kernel : r->op);
            snprintf(one.part, sizeof one.part, "%s", by_kernel ? r->implementation : r->stage);
            add(sum, &count, &one);
        }
        TRY(print(by_kernel ? "kernel" : "op", sum, count));
        putchar('\n');
    }
done:
    free(sum);
    return status;
}
