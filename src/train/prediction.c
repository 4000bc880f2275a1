// Predictions as CSV (RFC 4180).
#include "base/error.h"
#include "base/file.h"
#include "base/strings.h"
#include "data/tensor_file.h"
#include "nn/metric.h"
#include "train/tagging.h"
#include "train/trained.h"

#include <bough/train.h>

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct title {
    const char *name;
    const struct title *next;
};

// Lines on their way to a draft, or to whoever wants them.
struct csv {
    const struct bough_predict_options *options;
    struct bough__draft *draft; // NULL = to options->write
    char *text;
    size_t used, capacity;
    int failed;                 // out of memory
    const struct title *titles; // of the columns so far, the last one first
    const int32_t **tags;       // [T] of a linear chain those of all rows [N, L]; else NULL
    struct bough__arena arena;
};

static void add(struct csv *csv, const char *bytes, size_t size)
{
    if (csv->failed || !size)
        return;
    if (csv->used + size > csv->capacity) {
        size_t capacity = 2 * (csv->used + size) + (1 << 16);
        char *more = realloc(csv->text, capacity);
        csv->failed = !more;
        if (csv->failed)
            return;
        csv->text = more;
        csv->capacity = capacity;
    }
    memcpy(csv->text + csv->used, bytes, size);
    csv->used += size;
}

__attribute__((format(printf, 2, 3))) static void print(struct csv *csv, const char *format, ...)
{
    char text[64];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    add(csv, text, (size_t)size);
}

// A text, in quotes where it has to be.
static void quote(struct csv *csv, const char *text, size_t size)
{
    const char *end = text + size;
    int plain = 1;
    for (const char *at = text; at < end && plain; at++)
        plain = !strchr(",\"\r\n", *at);
    if (plain) {
        add(csv, text, size);
        return;
    }
    add(csv, "\"", 1);
    for (const char *quoted; (quoted = memchr(text, '"', (size_t)(end - text)));
         text = quoted + 1) {
        add(csv, text, (size_t)(quoted - text) + 1);
        add(csv, "\"", 1);
    }
    add(csv, text, (size_t)(end - text));
    add(csv, "\"", 1);
}

static int stands(const struct csv *csv, const char *name)
{
    const struct title *title = csv->titles;
    while (title && strcmp(title->name, name) != 0)
        title = title->next;
    return title != NULL;
}

// A column's name, made another one where it stands already: "id", "id.1".
static void add_title(struct csv *csv, const char *name)
{
    struct title *title = BOUGH_NEW(&csv->arena, struct title, 1);
    const char *full = bough__arena_string(&csv->arena, name);
    for (int i = 1; full && stands(csv, full); i++)
        full = bough__arena_format(&csv->arena, "%s.%d", name, i);
    csv->failed |= !title || !full;
    if (csv->failed)
        return;
    *title = (struct title){full, csv->titles};
    if (csv->titles)
        print(csv, ",");
    csv->titles = title;
    quote(csv, full, strlen(full));
}

static enum bough_status flush(struct csv *csv)
{
    enum bough_status status;
    if (csv->failed)
        return bough__no_memory();
    status = csv->draft ? bough__draft_write(csv->draft, csv->text, csv->used)
                        : csv->options->write(csv->options->user, csv->text, csv->used);
    csv->used = 0;
    return status;
}

// ---- The fields of text ----

struct text_field {
    const char *name;
    int64_t width;
    char *bytes; // [N, width], padded with zeros; owned
    char *text;  // [width + 1], of one row; owned
};

struct texts {
    struct text_field *field;
    size_t count;
};

// Those that the metadata call so: `text/<field>`.
static enum bough_status texts_load(struct texts *texts, const struct bough_tensor_file *file,
                                    const char *split)
{
    enum bough_status status = BOUGH_OK;
    size_t most = bough_tensor_file_metadata_count(file);
    BOUGH_TRY_MEMORY(texts->field = calloc(most + 1, sizeof *texts->field));
    for (size_t i = 0; i < most; i++) {
        const char *value, *key = bough_tensor_file_metadata_at(file, i, &value);
        char name[300];
        if (strncmp(key, "text/", 5) != 0)
            continue;
        snprintf(name, sizeof name, "%s/%s", split, key + 5);
        const struct bough_file_tensor *tensor = bough_tensor_file_find(file, name);
        if (!tensor || tensor->dtype != BOUGH_U8 || tensor->shape.rank != 2)
            continue;
        void *bytes;
        BOUGH_TRY(bough__tensor_load(&bytes, file, tensor));
        struct text_field *field = &texts->field[texts->count++];
        *field = (struct text_field){key + 5, bough_shape_row(&tensor->shape), bytes, NULL};
        BOUGH_TRY_MEMORY(field->text = calloc((size_t)field->width + 1, 1));
    }
done:
    return status;
}

static void texts_free(struct texts *texts)
{
    for (size_t i = 0; i < texts->count; i++) {
        free(texts->field[i].bytes);
        free(texts->field[i].text);
    }
    free(texts->field);
}

// ---- The columns of a task ----

static const char *class_name(const struct bough__model *model, size_t t, int64_t class, char *text,
                              size_t size)
{
    if (model->classes[t].count)
        return model->classes[t].mapped[class];
    snprintf(text, size, "%lld", (long long)class);
    return text;
}

static int64_t classes_of(const struct bough__model *model, size_t t)
{
    return model->loss[t]->target == BOUGH_TARGET_BINARY ? 2 : model->width[t];
}

// "digit", "digit_probability", the latter not of a sequence; with all probabilities
// "digit_probability_cat" and so on.
static void head_class(struct csv *csv, const struct bough__model *model, size_t t,
                       const char *name)
{
    char text[32], full[700];
    add_title(csv, name);
    if (bough__model_is_sequence(model, t))
        return;
    snprintf(full, sizeof full, "%s_probability", name);
    add_title(csv, full);
    for (int64_t c = 0; csv->options->probabilities && c < classes_of(model, t); c++) {
        snprintf(full, sizeof full, "%s_probability_%.300s", name,
                 class_name(model, t, c, text, sizeof text));
        add_title(csv, full);
    }
}

// Of several outputs "sales_0", "sales_1".
static void head_task(struct csv *csv, const struct bough__model *model, size_t t)
{
    int64_t columns = model->loss[t]->target == BOUGH_TARGET_CLASS ? 1 : model->width[t];
    for (int64_t c = 0; c < columns; c++) {
        char name[300];
        snprintf(name, sizeof name, columns > 1 ? "%.200s_%lld" : "%.200s",
                 model->config->tasks[t].name, (long long)c);
        if (model->loss[t]->target != BOUGH_TARGET_NUMBER)
            head_class(csv, model, t, name);
        else
            add_title(csv, name);
    }
}

// The class of the highest probability, that probability, and all of them.
static void row_class(struct csv *csv, const struct bough__model *model, size_t t, const float *p,
                      int64_t classes)
{
    char text[32];
    int64_t best = bough__predicted_class(p, classes);
    const char *name = class_name(model, t, best, text, sizeof text);
    print(csv, ",");
    quote(csv, name, strlen(name));
    print(csv, ",%.6g", (double)p[best]);
    for (int64_t c = 0; csv->options->probabilities && c < classes; c++)
        print(csv, ",%.6g", (double)p[c]);
}

static void row_task(struct csv *csv, const struct bough__model *model, size_t t, float *score)
{
    int64_t width = model->width[t];
    enum bough__target_kind kind = model->loss[t]->target;
    if (kind == BOUGH_TARGET_NUMBER) {
        for (int64_t c = 0; c < width; c++) {
            double value = bough__target_restore(&model->config->tasks[t], (double)score[c], c);
            print(csv, ",%.*g", model->config->tasks[t].std ? 12 : 9, isnan(value) ? NAN : value);
        }
        return;
    }
    bough__probabilities(score, kind, 1, width);
    if (kind == BOUGH_TARGET_CLASS)
        row_class(csv, model, t, score, width);
    for (int64_t c = 0; kind == BOUGH_TARGET_BINARY && c < width; c++)
        row_class(csv, model, t, (float[]){1 - score[c], score[c]}, 2);
}

// What stands at a position of a sequence: a class, or a number.
static const char *position_text(const struct bough__model *model, size_t t, const float *score,
                                 const int32_t *tag, int64_t output, char *text, size_t size)
{
    switch (model->loss[t]->target) {
    case BOUGH_TARGET_CLASS:
        return class_name(model, t, tag ? *tag : bough__predicted_class(score, model->width[t]),
                          text, size);
    case BOUGH_TARGET_BINARY:
        return class_name(model, t, score[output] > 0, text, size);
    default:
        snprintf(text, size, "%.9g",
                 bough__target_restore(&model->config->tasks[t], (double)score[output], output));
        return text;
    }
}

// Of each output a cell of what stands at the positions of a row [length, width], with a blank
// between them.
static void row_sequence(struct csv *csv, const struct bough__model *model, size_t t,
                         const float *score, const int32_t *tags, int64_t length)
{
    const int64_t width = model->width[t];
    const int64_t outputs = model->loss[t]->target == BOUGH_TARGET_CLASS ? 1 : width;
    for (int64_t output = 0; output < outputs; output++) {
        struct csv cell = {0};
        char text[32];
        for (int64_t l = 0; l < length; l++) {
            const char *at = position_text(model, t, score + l * width, tags ? tags + l : NULL,
                                           output, text, sizeof text);
            add(&cell, " ", l > 0);
            add(&cell, at, strlen(at));
        }
        csv->failed |= cell.failed;
        print(csv, ",");
        quote(csv, cell.used ? cell.text : "", cell.used);
        free(cell.text);
    }
}

// Empty cells for a row that cannot be predicted.
static void row_missing(struct csv *csv, const struct bough__model *model, size_t t)
{
    int64_t outputs = model->loss[t]->target == BOUGH_TARGET_CLASS ? 1 : model->width[t], cells = 1;
    if (model->loss[t]->target != BOUGH_TARGET_NUMBER && !bough__model_is_sequence(model, t))
        cells = 2 + (csv->options->probabilities ? classes_of(model, t) : 0);
    for (int64_t i = 0; i < outputs * cells; i++)
        print(csv, ",");
}

// Whether a row is not to be predicted: a number that the task reads is not finite, or it has none
// of the task's inputs.
static int is_missing(const struct bough__split *split, const struct bough__task *task, int64_t row)
{
    int missing = bough__lacks_all(task, split->present, row);
    for (size_t i = 0; split->missing && i < task->reads_count; i++)
        missing |= split->missing[task->reads[i] * split->table.rows + row];
    return missing;
}

// ---- The file ----

static void write_head(struct csv *csv, const struct bough__trained *trained,
                       const struct texts *texts)
{
    const struct bough__model *model = trained->loaded.model;
    add_title(csv, "row");
    for (size_t i = 0; i < texts->count; i++)
        add_title(csv, texts->field[i].name);
    for (size_t t = 0; t < model->config->tasks_count; t++)
        if (bough__evaluation_of(&trained->evaluation, t))
            head_task(csv, model, t);
    print(csv, "\n");
}

// Those of all tasks whose loss is a linear chain.
static enum bough_status predict_tags(struct csv *csv, const struct bough__trained *trained,
                                      float *const *score, int64_t rows)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__model *model = trained->loaded.model;
    const struct bough_config *config = model->config;
    BOUGH_TRY_MEMORY(csv->tags = BOUGH_NEW(&csv->arena, const int32_t *, config->tasks_count));
    for (size_t t = 0; t < config->tasks_count; t++) {
        const struct bough__split *split = &trained->set[bough__task_set(config, t)].split;
        const struct bough__tagged tagged = {split, NULL, rows, score[t]};
        if (score[t] && bough__loss_is_chain(&config->tasks[t].loss, NULL))
            BOUGH_TRY(bough__tagging_predict(&csv->tags[t], &csv->arena, model, t, &tagged));
    }
done:
    return status;
}

static const int32_t *tags_of(const struct csv *csv, const struct bough__split *split,
                              const struct bough__model *model, size_t t, int64_t row)
{
    return csv->tags[t] ? csv->tags[t] + row * bough__split_positions(split, model, t) : NULL;
}

static enum bough_status write_rows(struct csv *csv, const struct bough__trained *trained,
                                    const struct texts *texts, float *const *score, int64_t rows)
{
    enum bough_status status;
    const struct bough__model *model = trained->loaded.model;
    BOUGH_TRY(predict_tags(csv, trained, score, rows));
    write_head(csv, trained, texts);
    for (int64_t n = 0; n < rows; n++) {
        print(csv, "%lld", (long long)n);
        for (size_t i = 0; i < texts->count; i++) {
            const struct text_field *field = &texts->field[i];
            memcpy(field->text, field->bytes + n * field->width, (size_t)field->width);
            print(csv, ",");
            quote(csv, bough__make_utf8(field->text), strlen(field->text));
        }
        for (size_t t = 0; t < model->config->tasks_count; t++) {
            const struct bough__task *task = &model->config->tasks[t];
            const struct bough__split *split =
                &trained->set[bough__task_set(model->config, t)].split;
            float *row = score[t] ? score[t] + n * bough__split_scores(split, model, t) : NULL;
            if (row && is_missing(split, task, n))
                row_missing(csv, model, t);
            else if (row && bough__model_is_sequence(model, t))
                row_sequence(csv, model, t, row, tags_of(csv, split, model, t, n),
                             bough__split_length(split, model, t, n));
            else if (row)
                row_task(csv, model, t, row);
        }
        print(csv, "\n");
        if (csv->used > 1 << 16)
            BOUGH_TRY(flush(csv));
    }
    BOUGH_TRY(flush(csv));
done:
    return status;
}

// The data and the model are read while the CSV is written, and wanted afterwards.
static enum bough_status check_output(const struct bough__trained *trained, const char *out)
{
    const char *const input[] = {bough_tensor_file_path(trained->first->file),
                                 bough_tensor_file_path(trained->loaded.file)};
    for (size_t i = 0; out && i < 2; i++)
        if (bough__file_is_same(input[i], out))
            return bough__fail(BOUGH_INVALID, "%s: is an input; the CSV wants a file of its own",
                               out);
    return BOUGH_OK;
}

// The scores [T] of all tasks that have rows.
static enum bough_status run(struct bough__trained *trained, float **score)
{
    enum bough_status status = BOUGH_OK;
    int64_t *rows = calloc(trained->loaded.config->tasks_count, sizeof *rows);
    BOUGH_TRY_MEMORY(rows);
    for (size_t i = 0; i < trained->evaluation.runners; i++) {
        BOUGH_TRY(bough__runner_run(trained->evaluation.runner[i]));
        BOUGH_TRY(bough__runner_scores(trained->evaluation.runner[i], score, rows));
    }
done:
    free(rows);
    return status;
}

enum bough_status bough_predict(const char *model, const struct bough_predict_options *options)
{
    enum bough_status status;
    struct bough__trained trained = {0};
    const struct bough__trained_rows wanted = {
        .data = options->data,
        .split = options->split,
        .labels = options->allow_missing ? BOUGH_WITH_GAPS : BOUGH_WITHOUT_LABELS,
        .purpose = BOUGH_PREDICTION};
    struct csv csv = {.options = options};
    struct texts texts = {0};
    float **score = NULL;
    size_t tasks = 0;
    BOUGH_TRY(bough__trained_open(&trained, model, options->device));
    if (!options->data)
        BOUGH_TRY(bough__trained_is_one(&trained, "data to predict"));
    BOUGH_TRY(bough__trained_read(&trained, &wanted));
    BOUGH_TRY(bough__model_without_positions(trained.loaded.model, "a row of the CSV"));
    BOUGH_TRY(check_output(&trained, options->out));
    BOUGH_TRY(texts_load(&texts, trained.first->file, trained.first->split_name));
    score = calloc(trained.loaded.config->tasks_count + 1, sizeof(float *));
    BOUGH_TRY_MEMORY(score);
    tasks = trained.loaded.config->tasks_count;
    BOUGH_TRY(run(&trained, score));
    if (options->out)
        BOUGH_TRY(bough__draft_create(&csv.draft, options->out));
    BOUGH_TRY(write_rows(&csv, &trained, &texts, score, trained.first->split.table.rows));
    if (csv.draft)
        BOUGH_TRY(bough__draft_commit(csv.draft));
done:
    for (size_t t = 0; t < tasks; t++)
        free(score[t]);
    free(score);
    free(csv.text);
    bough__arena_fini(&csv.arena);
    texts_free(&texts);
    bough__draft_destroy(&csv.draft);
    bough__trained_close(&trained);
    return status;
}
