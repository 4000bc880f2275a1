#include "cli.h"
#include "cli_table.h"

#include <math.h>
#include <string.h>

enum { MOST_METRICS = 32 };

// The metrics of all tasks, each once, in the order in which they come.
static size_t metrics_of(const char **metric, const struct bough_metrics *metrics)
{
    size_t count = 0;
    for (size_t i = 0; i < metrics->count && count < MOST_METRICS; i++) {
        size_t known = 0;
        while (known < count && strcmp(metric[known], metrics->value[i].metric) != 0)
            known++;
        if (known == count)
            metric[count++] = metrics->value[i].metric;
    }
    return count;
}

static const struct bough_metric_value *find(const struct bough_metrics *metrics, const char *task,
                                             const char *metric)
{
    for (size_t i = 0; i < metrics->count; i++)
        if (strcmp(metrics->value[i].task, task) == 0 &&
            strcmp(metrics->value[i].metric, metric) == 0)
            return &metrics->value[i];
    return NULL;
}

static void print_row(struct cli_table *table, const struct bough_metrics *metrics,
                      const char *task, const char *const *metric, size_t columns)
{
    cli_table_cell(table, "%s", task);
    for (size_t m = 0; m < columns; m++) {
        const struct bough_metric_value *found = find(metrics, task, metric[m]);
        if (!found)
            cli_table_cell(table, "%s", "");
        else if (fabs(found->value) < 10000)
            cli_table_cell(table, "%.4f", found->value);
        else
            cli_table_cell(table, "%.5g", found->value);
    }
}

// Of all tasks that measure it together.
static void print_joint(struct cli_table *table, const struct bough_metrics *metrics,
                        const char *const *metric, size_t columns)
{
    cli_table_cell(table, "all");
    for (size_t m = 0; m < columns; m++)
        if (strcmp(metric[m], "exact_match") == 0)
            cli_table_cell(table, "%.4f", metrics->exact_match);
        else
            cli_table_cell(table, "%s", "");
}

static void print_class(struct cli_table *table, const struct bough_confusion *confusion,
                        int64_t class)
{
    if (confusion->names)
        cli_table_cell(table, "%s", confusion->names[class]);
    else
        cli_table_cell(table, "%lld", (long long)class);
}

static enum bough_status print_confusion(const struct bough_confusion *confusion)
{
    char align[66] = "l";
    struct cli_table table = {.align = align};
    if (confusion->classes > 20) {
        printf("\n%s: %lld classes; their confusion is in result.json\n", confusion->task,
               (long long)confusion->classes);
        return BOUGH_OK;
    }
    printf("\n%s: rows are labels, columns predictions\n", confusion->task);
    cli_table_cell(&table, "%s", "");
    for (int64_t c = 0; c < confusion->classes; c++) {
        align[c + 1] = 'r';
        print_class(&table, confusion, c);
    }
    for (int64_t r = 0; r < confusion->classes; r++) {
        print_class(&table, confusion, r);
        for (int64_t c = 0; c < confusion->classes; c++)
            cli_table_cell(&table, "%lld", (long long)confusion->count[r * confusion->classes + c]);
    }
    return cli_table_end(&table);
}

enum bough_status cli_print_metrics(const char *title, const struct bough_metrics *metrics)
{
    const char *metric[MOST_METRICS];
    char align[MOST_METRICS + 2] = "l";
    struct cli_table table = {.align = align};
    size_t columns = metrics_of(metric, metrics);
    memset(align + 1, 'r', columns);
    cli_table_cell(&table, "%s", title);
    for (size_t m = 0; m < columns; m++)
        cli_table_cell(&table, "%s", metric[m]);
    for (size_t i = 0; i < metrics->count; i++)
        if (i == 0 || strcmp(metrics->value[i].task, metrics->value[i - 1].task) != 0)
            print_row(&table, metrics, metrics->value[i].task, metric, columns);
    if (!isnan(metrics->exact_match))
        print_joint(&table, metrics, metric, columns);
    enum bough_status status = cli_table_end(&table);
    for (size_t i = 0; i < metrics->confusion_count && status == BOUGH_OK; i++)
        status = print_confusion(&metrics->confusion[i]);
    return status;
}
