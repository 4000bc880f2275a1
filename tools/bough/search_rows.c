// What came out of a search: a row for each trial, in files and as a table.
#include "cli_table.h"
#include "search.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// ---- Numbers ----

static const struct bough_metrics *held_out(const struct search *search, size_t trial, size_t fold)
{
    static const struct bough_metrics nothing = {.exact_match = NAN};
    const struct bough_run *run = search->training[trial * search->folds + fold].run;
    const struct bough_metrics *told = bough_run_result(run)->validation;
    return told ? told : &nothing;
}

static struct search_number number_of(const double *value, size_t count)
{
    struct search_number number = {0, NAN};
    double squares = 0;
    for (size_t i = 0; i < count; i++)
        number.mean += value[i] / (double)count;
    for (size_t i = 0; i < count; i++)
        squares += (value[i] - number.mean) * (value[i] - number.mean);
    if (count > 1)
        number.spread = sqrt(squares / (double)(count - 1));
    return number;
}

static const char *diverged(const struct search *search, size_t trial)
{
    const char *message = NULL;
    for (size_t f = 0; f < search->folds && !message; f++)
        message = search->training[trial * search->folds + f].diverged;
    return message;
}

// `value` is [folds]; `reference` the trial that all are compared with.
static enum bough_status fill_row(struct search_row *row, const struct search *search,
                                  size_t reference, double *value)
{
    enum bough_status status = BOUGH_OK;
    const struct bough_config *config = search->config;
    for (size_t f = 0; f < search->folds; f++)
        TRY(bough_metrics_score(&value[f], held_out(search, row->trial, f), config,
                                held_out(search, reference, f)));
    row->score = number_of(value, search->folds);
    for (size_t t = 0; t < bough_config_tasks(config); t++) {
        for (size_t f = 0; f < search->folds; f++)
            value[f] =
                bough_metrics_find(held_out(search, row->trial, f), bough_config_task(config, t),
                                   bough_config_monitor(config, t));
        row->task[t] = number_of(value, search->folds);
    }
done:
    return status;
}

// ---- Rows ----

// Those without a number stand behind those with one, and those that diverged behind these.
static int compare(const void *left, const void *right)
{
    const struct search_row *a = left, *b = right;
    const int a_last = a->diverged ? 2 : isnan(a->score.mean),
              b_last = b->diverged ? 2 : isnan(b->score.mean);
    if (a_last != b_last)
        return a_last - b_last;
    if (!a_last && a->score.mean != b->score.mean)
        return a->score.mean > b->score.mean ? -1 : 1;
    return a->trial < b->trial ? -1 : 1;
}

enum bough_status search_rows_create(struct search_row **rows, const struct search *search)
{
    enum bough_status status = BOUGH_OK;
    const size_t trials = search->space.trials, tasks = bough_config_tasks(search->config);
    size_t reference = 0;
    double *value = calloc(search->folds, sizeof *value);
    struct search_row *row = calloc(trials, sizeof *row);
    *rows = row;
    TRY_MEMORY(value);
    TRY_MEMORY(row);
    while (reference < trials && diverged(search, reference))
        reference++;
    for (size_t i = 0; i < trials; i++) {
        row[i].trial = i;
        row[i].diverged = diverged(search, i);
        TRY_MEMORY(row[i].task = calloc(tasks, sizeof *row[i].task));
        if (!row[i].diverged)
            TRY(fill_row(&row[i], search, reference, value));
    }
    qsort(row, trials, sizeof *row, compare);
done:
    free(value);
    return status;
}

void search_rows_destroy(struct search_row **rows, size_t trials)
{
    for (size_t i = 0; *rows && i < trials; i++)
        free((*rows)[i].task);
    free(*rows);
    *rows = NULL;
}

// ---- The table ----

static void print_value(struct cli_table *table, double value)
{
    if (isnan(value))
        cli_table_cell(table, "%s", "");
    else
        cli_table_cell(table, fabs(value) < 10000 ? "%.4f" : "%.5g", value);
}

static void print_number(struct cli_table *table, const struct search_number *number, size_t folds)
{
    print_value(table, number->mean);
    if (folds > 1)
        print_value(table, number->spread);
}

static void print_head(struct cli_table *table, char *align, const struct search *search,
                       size_t tasks)
{
    const struct search_space *space = &search->space;
    const struct bough_config *config = search->config;
    cli_table_cell(table, "trial");
    *align++ = 'r';
    for (size_t i = 0; i < space->axes; i++) {
        const char *key = space->axis[i].override[0];
        cli_table_cell(table, "%.*s", (int)strcspn(key, "="), key);
        *align++ = 'l';
    }
    for (size_t t = 0; t <= tasks; t++) {
        if (t)
            cli_table_cell(table, "%s.%s", bough_config_task(config, t - 1),
                           bough_config_monitor(config, t - 1));
        else
            cli_table_cell(table, "score");
        *align++ = 'r';
        if (search->folds > 1) {
            cli_table_cell(table, "spread");
            *align++ = 'r';
        }
    }
}

static void print_row(struct cli_table *table, const struct search_row *row,
                      const struct search *search, size_t tasks)
{
    const char *override[SEARCH_MOST_KEYS];
    search_space_trial(override, &search->space, row->trial);
    cli_table_cell(table, "%zu", row->trial + 1);
    for (size_t i = 0; i < search->space.axes; i++)
        cli_table_cell(table, "%s", strchr(override[i], '=') + 1);
    if (!row->diverged)
        print_number(table, &row->score, search->folds);
    for (size_t i = 0; row->diverged && i < (search->folds > 1 ? 2 : 1); i++)
        cli_table_cell(table, "%s", i ? "" : "diverged");
    for (size_t t = 0; t < tasks; t++) {
        const struct search_number nothing = {NAN, NAN};
        print_number(table, row->diverged ? &nothing : &row->task[t], search->folds);
    }
}

enum bough_status search_print(const struct search_row *rows, const struct search *search)
{
    char align[CLI_TABLE_MOST_COLUMNS + 1] = "";
    struct cli_table table = {.align = align};
    const size_t each = search->folds > 1 ? 2 : 1, all = bough_config_tasks(search->config);
    const size_t room = (CLI_TABLE_MOST_COLUMNS - 1 - search->space.axes) / each - 1;
    const size_t tasks = all < room ? all : room;
    print_head(&table, align, search, tasks);
    for (size_t i = 0; i < search->space.trials; i++)
        print_row(&table, &rows[i], search, tasks);
    return cli_table_end(&table);
}

// ---- Files ----

static void put_text(FILE *out, const char *text)
{
    if (!text[strcspn(text, ",\"\r\n")]) {
        fputs(text, out);
        return;
    }
    putc('"', out);
    for (; *text; text++)
        fprintf(out, *text == '"' ? "\"%c" : "%c", *text);
    putc('"', out);
}

static void put_number(FILE *out, const struct search_row *row, const struct search_number *number)
{
    if (row->diverged || isnan(number->mean))
        fputs(",,", out);
    else if (isnan(number->spread))
        fprintf(out, ",%.9g,", number->mean);
    else
        fprintf(out, ",%.9g,%.9g", number->mean, number->spread);
}

struct result {
    const struct search_row *rows;
    const struct search *search;
};

static enum bough_status put_csv(FILE *out, const char *path, const void *user)
{
    const struct result *result = user;
    const struct search_row *rows = result->rows;
    const struct search *search = result->search;
    (void)path;
    const struct search_space *space = &search->space;
    const struct bough_config *config = search->config;
    const char *override[SEARCH_MOST_KEYS];
    char key[300];
    fputs("trial", out);
    for (size_t i = 0; i < space->axes; i++) {
        const char *text = space->axis[i].override[0];
        snprintf(key, sizeof key, "%.*s", (int)strcspn(text, "="), text);
        putc(',', out);
        put_text(out, key);
    }
    fputs(",score,score spread", out);
    for (size_t t = 0; t < bough_config_tasks(config); t++)
        for (int spread = 0; spread < 2; spread++)
            fprintf(out, ",%s.%s%s", bough_config_task(config, t), bough_config_monitor(config, t),
                    spread ? " spread" : "");
    putc('\n', out);
    for (const struct search_row *row = rows; row < rows + space->trials; row++) {
        search_space_trial(override, space, row->trial);
        fprintf(out, "%zu", row->trial + 1);
        for (size_t i = 0; i < space->axes; i++) {
            putc(',', out);
            put_text(out, strchr(override[i], '=') + 1);
        }
        put_number(out, row, &row->score);
        for (size_t t = 0; t < bough_config_tasks(config); t++)
            put_number(out, row, &row->task[t]);
        putc('\n', out);
    }
    return BOUGH_OK;
}

static json_t *json_of(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

// {"mean": 0.8, "spread": 0.1}
static json_t *number_json(const struct search_number *number)
{
    return json_pack("{s:o, s:o}", "mean", json_of(number->mean), "spread",
                     json_of(number->spread));
}

// {"left": {"metric": "accuracy", "mean": 0.8, "spread": 0.1}}
static json_t *tasks_json(const struct search_row *row, const struct bough_config *config)
{
    json_t *tasks = json_object();
    int lost = !tasks;
    for (size_t t = 0; t < bough_config_tasks(config) && !lost; t++) {
        json_t *task = number_json(&row->task[t]);
        lost = json_object_set_new(task, "metric", cli_json_text(bough_config_monitor(config, t)));
        lost |= json_object_set_new(tasks, bough_config_task(config, t), task);
    }
    if (!lost)
        return tasks;
    json_decref(tasks);
    return NULL;
}

static json_t *row_json(const struct search_row *row, const struct search *search)
{
    const struct search_training *training = search->training + row->trial * search->folds;
    const char *override[SEARCH_MOST_KEYS];
    json_t *values = json_object(), *runs = json_array();
    int lost = !values || !runs;
    search_space_trial(override, &search->space, row->trial);
    for (size_t i = 0; i < search->space.axes && !lost; i++) {
        char key[300];
        snprintf(key, sizeof key, "%.*s", (int)strcspn(override[i], "="), override[i]);
        lost = json_object_set_new(values, key, cli_json_text(strchr(override[i], '=') + 1));
    }
    for (size_t f = 0; f < search->folds && !lost; f++)
        if (*training[f].name)
            lost = json_array_append_new(runs, json_string(training[f].name));
    json_t *object = json_pack("{s:I, s:o, s:o}", "trial", (json_int_t)row->trial + 1, "values",
                               values, "runs", runs);
    if (row->diverged)
        lost |= json_object_set_new(object, "diverged", cli_json_text(row->diverged));
    else
        lost |= json_object_set_new(object, "score", number_json(&row->score)) |
                json_object_set_new(object, "tasks", tasks_json(row, search->config));
    if (!lost)
        return object;
    json_decref(object);
    return NULL;
}

static enum bough_status put_json(FILE *out, const char *path, const void *user)
{
    (void)path;
    if (json_dumpf(user, out, JSON_INDENT(2)) != 0 && !ferror(out))
        return tool_no_memory();
    putc('\n', out);
    return BOUGH_OK;
}

enum bough_status search_write_json(json_t *object, const char *dir, const char *name)
{
    char path[PATH_MAX];
    if (!object)
        return tool_no_memory();
    snprintf(path, sizeof path, "%s/%s", dir, name);
    const enum bough_status status = tool_file_write(path, put_json, object);
    json_decref(object);
    return status;
}

enum bough_status search_write(const struct search_row *rows, const struct search *search)
{
    enum bough_status status;
    char path[PATH_MAX];
    json_t *trials = json_array();
    int lost = !trials;
    for (size_t i = 0; i < search->space.trials && !lost; i++)
        lost = json_array_append_new(trials, row_json(&rows[i], search));
    json_t *object = json_pack("{s:o, s:I, s:o}", "criterion",
                               cli_json_text(bough_config_criterion(search->config)), "folds",
                               (json_int_t)search->folds, "trials", trials);
    if (lost && object) {
        json_decref(object);
        object = NULL;
    }
    TRY(search_write_json(object, search->dir, "search.json"));
    snprintf(path, sizeof path, "%s/search.csv", search->dir);
    TRY(tool_file_write(path, put_csv, &(struct result){rows, search}));
done:
    return status;
}
