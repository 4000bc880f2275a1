#include "cli.h"
#include "cli_table.h"

#include <math.h>
#include <string.h>

enum { MOST_METRICS = 32 };

// The metrics of all tasks, each once, in the order in which they come.
static size_t metrics_of(const char **metric, const struct bough_scores *scores)
{
    size_t count = 0;
    for (size_t i = 0; i < scores->count && count < MOST_METRICS; i++) {
        size_t known = 0;
        while (known < count && strcmp(metric[known], scores->score[i].metric) != 0)
            known++;
        if (known == count)
            metric[count++] = scores->score[i].metric;
    }
    return count;
}

static const struct bough_score *find(const struct bough_scores *scores, const char *task,
                                      const char *metric)
{
    for (size_t i = 0; i < scores->count; i++)
        if (strcmp(scores->score[i].task, task) == 0 &&
            strcmp(scores->score[i].metric, metric) == 0)
            return &scores->score[i];
    return NULL;
}

static void print_row(struct cli_table *table, const struct bough_scores *scores, const char *task,
                      const char *const *metric, size_t metrics)
{
    cli_table_cell(table, "%s", task);
    for (size_t m = 0; m < metrics; m++) {
        const struct bough_score *score = find(scores, task, metric[m]);
        if (!score)
            cli_table_cell(table, "%s", "");
        else if (fabs(score->value) < 10000)
            cli_table_cell(table, "%.4f", score->value);
        else
            cli_table_cell(table, "%.5g", score->value);
    }
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

enum bough_status cli_print_scores(const char *title, const struct bough_scores *scores)
{
    const char *metric[MOST_METRICS];
    char align[MOST_METRICS + 2] = "l";
    struct cli_table table = {.align = align};
    size_t metrics = metrics_of(metric, scores);
    memset(align + 1, 'r', metrics);
    cli_table_cell(&table, "%s", title);
    for (size_t m = 0; m < metrics; m++)
        cli_table_cell(&table, "%s", metric[m]);
    for (size_t i = 0; i < scores->count; i++)
        if (i == 0 || strcmp(scores->score[i].task, scores->score[i - 1].task) != 0)
            print_row(&table, scores, scores->score[i].task, metric, metrics);
    enum bough_status status = cli_table_end(&table);
    for (size_t i = 0; i < scores->confusion_count && status == BOUGH_OK; i++)
        status = print_confusion(&scores->confusion[i]);
    return status;
}
