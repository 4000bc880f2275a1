#include "cli.h"
#include "cli_table.h"

#include <bough/dataset.h>
#include <bough/weighting.h>
#include <math.h>
#include <stdlib.h>

static const char help[] =
    "usage: bough weigh METHOD --gradients FILE [--weights W,W,...]\n"
    "                   [--set option=value]... [--json]\n"
    "\n"
    "Weighs tasks by their gradients, as a training with this weighting does in its\n"
    "first step: each task's weight, the norm of the direction, the cosines between\n"
    "the gradients, and how far the weights are from the solution.\n"
    "\n"
    "FILE is in safetensors, for instance out of PyTorch:\n"
    "  gradients  [T, P], floats: a row for each of T tasks\n"
    "  losses     [T], floats: nan is a task without a label, which takes no part;\n"
    "             a METHOD by the losses wants them; for others each is 1 without them\n"
    "\n"
    "METHOD is a name, or all of a config's `weighting`: '{name: mgda, losses: dwa}'.\n"
    "\n"
    "  -g, --gradients FILE\n"
    "  -w, --weights W,W,...   of the tasks, as `weight` in a config; default 1 each\n"
    "  -s, --set option=value  of the method; `bough help config` lists them\n"
    "      --json              the same as JSON, with all of the direction\n"
    "\n"
    "Example:\n"
    "  bough weigh cagrad --gradients step.safetensors --set c=0.4\n";

struct weigh {
    const char *path;
    size_t tasks;
    int64_t columns;
    float *gradients;    // [T, P]
    double *losses;      // [T]; NULL = the file has none
    float *task_weights; // [T]; NULL = 1 each
    double *gram;        // [T, T], 0 of a task without a label
    float *direction;    // [P]
    struct bough_weighed out;
    enum bough_weighting_needs needs;
    const char *name;
};

// ---- The file ----

static enum bough_status find(const struct bough_file_tensor **tensor,
                              const struct bough_tensor_file *file, const char *name)
{
    *tensor = bough_tensor_file_find(file, name);
    if (!*tensor || bough_dtype_is_float((*tensor)->dtype))
        return BOUGH_OK;
    return tool_fail(BOUGH_DATA, "%s: %s is %s; wanted floats", bough_tensor_file_path(file), name,
                     bough_dtype_name((*tensor)->dtype));
}

static enum bough_status read_losses(struct weigh *w, const struct bough_tensor_file *file)
{
    enum bough_status status;
    const struct bough_file_tensor *tensor;
    char text[160];
    TRY(find(&tensor, file, "losses"));
    if (!tensor)
        return BOUGH_OK;
    if (tensor->shape.rank != 1 || tensor->shape.dim[0] != (int64_t)w->tasks)
        return tool_fail(BOUGH_DATA,
                         "%s: losses is %s; wanted [%zu], one for each row of gradients", w->path,
                         bough_shape_format(&tensor->shape, text, sizeof text), w->tasks);
    TRY_MEMORY(w->losses = calloc(w->tasks, sizeof *w->losses));
    for (size_t t = 0; t < w->tasks; t++) {
        w->losses[t] = bough_number_at(tensor->data, tensor->dtype, (int64_t)t);
        if (isinf(w->losses[t]))
            return tool_fail(BOUGH_DATA, "%s: losses, task %zu: %g; wanted a finite number, or nan",
                             w->path, t, w->losses[t]);
    }
done:
    return status;
}

static int is_labelled(const struct weigh *w, size_t t)
{
    return !w->losses || !isnan(w->losses[t]);
}

static enum bough_status copy_gradients(struct weigh *w, const struct bough_file_tensor *tensor)
{
    for (size_t t = 0; t < w->tasks; t++)
        for (int64_t i = 0; i < w->columns; i++) {
            const int64_t at = (int64_t)t * w->columns + i;
            const double value = bough_number_at(tensor->data, tensor->dtype, at);
            w->gradients[at] = (float)value;
            if (is_labelled(w, t) && !isfinite(w->gradients[at]))
                return tool_fail(BOUGH_DATA,
                                 "%s: gradients, task %zu, column %lld: %g; wanted a finite float",
                                 w->path, t, (long long)i, isnan(value) ? NAN : value);
        }
    return BOUGH_OK;
}

static enum bough_status read_file(struct weigh *w, const struct bough_tensor_file *file)
{
    enum bough_status status;
    const struct bough_file_tensor *tensor;
    char text[160] = "missing";
    TRY(find(&tensor, file, "gradients"));
    if (tensor)
        bough_shape_format(&tensor->shape, text, sizeof text);
    if (!tensor || tensor->shape.rank != 2 || !bough_shape_elements(&tensor->shape))
        return tool_fail(BOUGH_DATA, "%s: gradients is %s; wanted [T, P], a row for each task",
                         w->path, text);
    w->tasks = (size_t)tensor->shape.dim[0];
    w->columns = tensor->shape.dim[1];
    TRY(read_losses(w, file));
    TRY_MEMORY(w->gradients = calloc(w->tasks * (size_t)w->columns, sizeof(float)));
    TRY(copy_gradients(w, tensor));
done:
    return status;
}

// ---- The tasks' weights ----

// The library checks them.
static enum bough_status read_weights(struct weigh *w, const char *text)
{
    enum bough_status status = BOUGH_OK;
    const char *at = text;
    size_t count = 1;
    for (const char *c = text; *c; c++)
        count += *c == ',';
    if (count != w->tasks)
        return tool_fail(BOUGH_INVALID,
                         "--weights '%s': %zu of them; wanted %zu, one for each row of gradients",
                         text, count, w->tasks);
    TRY_MEMORY(w->task_weights = calloc(count, sizeof *w->task_weights));
    for (size_t t = 0; t < count; t++) {
        char *end;
        w->task_weights[t] = strtof(at, &end);
        if (end == at || *end != (t + 1 < count ? ',' : '\0'))
            return tool_fail(BOUGH_INVALID, "--weights '%s': wanted numbers, as 1,2,0.5", text);
        at = end + 1;
    }
done:
    return status;
}

// ---- Weighing ----

static double product(const float *a, const float *b, int64_t count)
{
    double sum = 0;
    for (int64_t i = 0; i < count; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

static void find_gram(struct weigh *w)
{
    const size_t columns = (size_t)w->columns;
    for (size_t a = 0; a < w->tasks; a++)
        for (size_t b = 0; b <= a; b++)
            w->gram[a * w->tasks + b] = w->gram[b * w->tasks + a] =
                is_labelled(w, a) && is_labelled(w, b)
                    ? product(w->gradients + a * columns, w->gradients + b * columns, w->columns)
                    : 0;
}

// NaN of a task without a label, and of its cosines.
static double norm_of(const struct weigh *w, size_t t)
{
    return !is_labelled(w, t) ? NAN : sqrt(w->gram[t * w->tasks + t]);
}

// 0 of a gradient that is 0.
static double cosine_of(const struct weigh *w, size_t a, size_t b)
{
    const double norms = norm_of(w, a) * norm_of(w, b);
    return isnan(norms) ? NAN
           : norms > 0  ? fmax(-1, fmin(1, w->gram[a * w->tasks + b] / norms))
                        : 0;
}

static double length_of(const struct weigh *w)
{
    return sqrt(product(w->direction, w->direction, w->columns));
}

static enum bough_status weigh(struct weigh *w, const char *method, const struct tool_list *set)
{
    enum bough_status status;
    struct bough_weighting *weighting = NULL;
    TRY_MEMORY(w->gram = calloc(w->tasks * w->tasks, sizeof *w->gram));
    TRY_MEMORY(w->out.weights = calloc(w->tasks, sizeof(double)));
    TRY_MEMORY(w->direction = w->out.direction = calloc((size_t)w->columns, sizeof(float)));
    TRY(bough_weighting_open(&weighting, method, w->tasks,
                             &(struct bough_weighting_options){.columns = w->columns,
                                                               .task_weights = w->task_weights,
                                                               .overrides = set->item,
                                                               .overrides_count = set->count}));
    find_gram(w);
    w->name = bough_weighting_name(weighting);
    w->needs = bough_weighting_needs(weighting);
    status =
        bough_weighting_step(weighting, &w->out,
                             &(struct bough_weighting_step){
                                 .losses = w->losses, .gradients = w->gradients, .gram = w->gram});
    if (status == BOUGH_INVALID && !w->losses)
        status = tool_fail(BOUGH_DATA, "%s: no tensor losses: %s", w->path, bough_last_error());
done:
    bough_weighting_close(&weighting);
    return status;
}

// ---- Telling ----

enum { MOST_COSINES = 16 }; // tasks whose cosines a table holds

static void add_title(struct cli_table *table, const struct weigh *w, size_t cosines)
{
    cli_table_cell(table, "task");
    if (w->losses)
        cli_table_cell(table, "loss");
    cli_table_cell(table, "norm");
    cli_table_cell(table, "weight");
    for (size_t t = 0; t < cosines; t++)
        cli_table_cell(table, "cos %zu", t);
}

static void add_number(struct cli_table *table, const char *format, double number)
{
    if (isnan(number))
        cli_table_cell(table, "-");
    else
        cli_table_cell(table, format, number);
}

static void add_task(struct cli_table *table, const struct weigh *w, size_t t, size_t cosines)
{
    cli_table_cell(table, "%zu", t);
    if (w->losses && is_labelled(w, t))
        cli_table_cell(table, "%.6g", w->losses[t]);
    else if (w->losses)
        cli_table_cell(table, "-");
    add_number(table, "%.6g", norm_of(w, t));
    add_number(table, "%.6g", w->out.weights[t]);
    for (size_t s = 0; s < cosines; s++)
        add_number(table, "%.4f", cosine_of(w, t, s));
}

static enum bough_status print_table(const struct weigh *w)
{
    enum bough_status status;
    const size_t cosines = w->tasks <= MOST_COSINES ? w->tasks : 0;
    char align[4 + MOST_COSINES + 1] = "";
    struct cli_table table = {.align = align};
    for (size_t i = 0; i < 3 + (w->losses != NULL) + cosines; i++)
        align[i] = 'r';
    add_title(&table, w, cosines);
    for (size_t t = 0; t < w->tasks; t++)
        add_task(&table, w, t, cosines);
    TRY(cli_table_end(&table));
    printf("\n%s: direction of norm %.6g", w->name, length_of(w));
    if (w->needs == BOUGH_WEIGHTING_NEEDS_GRADIENTS)
        printf(", made of the gradients themselves: no weights are told\n");
    else
        printf(", residual %.1e, %zu iterations\n", w->out.residual, w->out.iterations);
    if (!cosines)
        printf("the cosines of %zu tasks: --json tells them\n", w->tasks);
done:
    return status;
}

// A number, or null where it is none.
static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *numbers(const double *value, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; list && value && i < count; i++)
        if (json_array_append_new(list, number(value[i])) != 0)
            return json_decref(list), NULL;
    return list;
}

static json_t *direction_json(const struct weigh *w)
{
    json_t *list = json_array();
    for (int64_t i = 0; list && i < w->columns; i++)
        if (json_array_append_new(list, number((double)w->direction[i])) != 0)
            return json_decref(list), NULL;
    return list;
}

static json_t *cosines_json(const struct weigh *w, double *line)
{
    json_t *list = json_array();
    for (size_t a = 0; list && a < w->tasks; a++) {
        for (size_t b = 0; b < w->tasks; b++)
            line[b] = cosine_of(w, a, b);
        if (json_array_append_new(list, numbers(line, w->tasks)) != 0)
            return json_decref(list), NULL;
    }
    return list;
}

static enum bough_status print_json(const struct weigh *w)
{
    enum bough_status status = BOUGH_OK;
    double *norm = calloc(w->tasks, sizeof *norm), *line = calloc(w->tasks, sizeof *line);
    json_t *answer = NULL;
    TRY_MEMORY(norm);
    TRY_MEMORY(line);
    for (size_t t = 0; t < w->tasks; t++)
        norm[t] = norm_of(w, t);
    answer = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I}", "weighting", w->name,
                       "losses", w->losses ? numbers(w->losses, w->tasks) : json_null(), "norms",
                       numbers(norm, w->tasks), "weights", numbers(w->out.weights, w->tasks),
                       "direction_norm", number(length_of(w)), "direction", direction_json(w),
                       "cosines", cosines_json(w, line), "residual", number(w->out.residual),
                       "iterations", (json_int_t)w->out.iterations);
    TRY_MEMORY(answer);
    if (json_dumpf(answer, stdout, JSON_COMPACT) == 0)
        putchar('\n');
    else if (!ferror(stdout)) // else main tells it
        status = tool_no_memory();
done:
    json_decref(answer);
    free(norm);
    free(line);
    return status;
}

static enum bough_status run(int argc, char **argv)
{
    enum bough_status status;
    const char *method = NULL, *weights = NULL;
    struct weigh w = {0};
    int json = 0;
    struct bough_tensor_file *file = NULL;
    struct tool_list set = {calloc((size_t)argc, sizeof *set.item), 0};
    const struct tool_option options[] = {{NULL, 0, .value = &method, .min = 1, .max = 1},
                                          {"gradients", 'g', .value = &w.path},
                                          {"weights", 'w', .value = &weights},
                                          {"set", 's', .list = &set},
                                          {"json", 0, .flag = &json}};
    cli_log(CLI_QUIET); // which device it is on tells nobody anything
    TRY_MEMORY(set.item);
    TRY(TOOL_OPTIONS(argc, argv, options));
    if (!w.path) {
        status = tool_fail(BOUGH_INVALID, "--gradients FILE is missing; see bough weigh --help");
        goto done;
    }
    TRY(bough_tensor_file_open(&file, w.path));
    TRY(read_file(&w, file));
    if (weights)
        TRY(read_weights(&w, weights));
    TRY(weigh(&w, method, &set));
    TRY(json ? print_json(&w) : print_table(&w));
done:
    bough_tensor_file_close(&file);
    free(w.gradients);
    free(w.losses);
    free(w.task_weights);
    free(w.gram);
    free(w.direction);
    free(w.out.weights);
    free(set.item);
    return status;
}

const struct tool_command cli_weigh = {"weigh", "weighs tasks by gradients that are in a file",
                                       help, run};
