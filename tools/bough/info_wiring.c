// How a model is wired, as a table and for Graphviz.
#include "cli_table.h"
#include "info.h"

// All names of up to four; else the first two, the last, and how many there are.
static void reads_cell(struct cli_table *table, const struct bough_model_info *info,
                       const struct bough_block_row *row)
{
    const size_t count = row->reads_count;
    const char *name[4] = {"", "", "", ""};
    for (size_t i = 0; i < count && i < 4; i++)
        name[i] = info->block[row->reads[i]].name;
    if (count > 4)
        cli_table_cell(table, "%s, %s, ..., %s: %zu", name[0], name[1],
                       info->block[row->reads[count - 1]].name, count);
    else
        cli_table_cell(table, "%s%s%s%s%s%s%s", name[0], count > 1 ? ", " : "", name[1],
                       count > 2 ? ", " : "", name[2], count > 3 ? ", " : "", name[3]);
}

static void tasks_cell(struct cli_table *table, const struct bough_model_info *info,
                       const struct bough_block_row *row)
{
    if (row->tasks_count == info->tasks && info->tasks > 1)
        cli_table_cell(table, "all");
    else if (row->tasks_count > 1)
        cli_table_cell(table, "%s and %zu more", info->task[row->tasks[0]], row->tasks_count - 1);
    else
        cli_table_cell(table, "%s", row->tasks_count ? info->task[row->tasks[0]] : "none");
}

static enum bough_status print_blocks(const struct bough_model_info *info)
{
    struct cli_table table = {.align = "lllrr"};
    static const char *const title[] = {"block", "reads", "feeds", "parameters", "FLOPs"};
    for (size_t i = 0; i < 5; i++)
        cli_table_cell(&table, "%s", title[i]);
    for (size_t b = 0; b < info->blocks; b++) {
        const struct bough_block_row *row = &info->block[b];
        cli_table_cell(&table, "%s", row->name);
        reads_cell(&table, info, row);
        tasks_cell(&table, info, row);
        cli_table_cell(&table, "%lld", (long long)row->parameters);
        cli_table_cell(&table, "%lld", (long long)row->flops);
    }
    return cli_table_end(&table);
}

static enum bough_status print_owners(const struct bough_model_info *info)
{
    struct cli_table table = {.align = "lrr"};
    cli_table_cell(&table, "owner");
    cli_table_cell(&table, "parameters");
    cli_table_cell(&table, "FLOPs");
    for (size_t i = 0; i <= info->tasks; i++) {
        cli_table_cell(&table, "%s", i ? info->task[i - 1] : "shared");
        cli_table_cell(&table, "%lld", (long long)info->owner[i].parameters);
        cli_table_cell(&table, "%lld", (long long)info->owner[i].flops);
    }
    return cli_table_end(&table);
}

enum bough_status info_print_wiring(const struct bough_model_info *info)
{
    enum bough_status status = print_blocks(info);
    if (status != BOUGH_OK)
        return status;
    putchar('\n');
    return print_owners(info);
}

void info_print_dot(const struct bough_model_info *info)
{
    printf("digraph model {\n  rankdir=BT;\n  node [shape=box];\n");
    for (size_t b = 0; b < info->blocks; b++) {
        const struct bough_block_row *row = &info->block[b];
        printf("  b%zu [label=\"%s", b, row->name);
        if (row->parameters || row->flops)
            printf("\\n%lld parameters\\n%lld FLOPs", (long long)row->parameters,
                   (long long)row->flops);
        printf("\"];\n");
    }
    for (size_t b = 0; b < info->blocks; b++)
        for (size_t i = 0; i < info->block[b].reads_count; i++)
            printf("  b%zu -> b%zu;\n", info->block[b].reads[i], b);
    printf("}\n");
}
