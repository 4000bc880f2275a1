// Predictions as CSV.
#include "base/error.h"
#include "base/file.h"
#include "train/trained.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A draft written through a buffer of lines.
struct csv {
    struct bough__draft *draft;
    char *text;
    size_t used, room;
};

static enum bough_status flush(struct csv *csv)
{
    enum bough_status status = bough__draft_write(csv->draft, csv->text, csv->used);
    csv->used = 0;
    return status;
}

static void cell(struct csv *csv, const char *format, double value)
{
    csv->used += (size_t)snprintf(csv->text + csv->used, csv->room - csv->used, format, value);
}

// ---- The columns of a task ----

static int has_class(const struct bough__model *model, size_t t)
{
    return model->loss[t]->target != BOUGH_TARGET_NUMBER;
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double softmax_of(const float *score, int64_t classes, int64_t c)
{
    double sum = 0;
    for (int64_t i = 0; i < classes; i++)
        sum += exp((double)score[i] - (double)score[c]);
    return 1 / sum;
}

// "digit,digit_probability"; of several outputs "sales_0,sales_1".
static void head_cells(struct csv *csv, const struct bough__model *model, size_t t)
{
    const char *name = model->config->tasks[t].name;
    int classes = model->loss[t]->target == BOUGH_TARGET_CLASS;
    int64_t columns = classes ? 1 : model->width[t];
    for (int64_t c = 0; c < columns; c++) {
        char full[256], number[32] = "";
        if (columns > 1)
            snprintf(number, sizeof number, "_%lld", (long long)c);
        snprintf(full, sizeof full, "%.200s%s", name, number);
        csv->used +=
            (size_t)snprintf(csv->text + csv->used, csv->room - csv->used,
                             has_class(model, t) ? ",%s,%s_probability" : ",%s", full, full);
    }
}

static void row_cells(struct csv *csv, const struct bough__model *model, size_t t,
                      const float *score)
{
    int64_t width = model->width[t];
    if (model->loss[t]->target == BOUGH_TARGET_CLASS) {
        int64_t class = bough__predicted_class(score, width);
        cell(csv, ",%.0f", (double)class);
        cell(csv, ",%.6g", softmax_of(score, width, class));
        return;
    }
    for (int64_t c = 0; c < width; c++) {
        if (model->loss[t]->target == BOUGH_TARGET_BINARY) {
            cell(csv, ",%.0f", score[c] > 0 ? 1 : 0);
            cell(csv, ",%.6g", sigmoid(score[c]));
        } else {
            cell(csv, ",%.9g", score[c]);
        }
    }
}

// ---- The file ----

// What the longest line may need: names and numbers stay below 256 bytes a cell.
static size_t line_room(const struct bough__model *model)
{
    size_t cells = 1;
    for (size_t t = 0; t < model->config->tasks_count; t++)
        cells += 2 * (size_t)model->width[t];
    return cells * 512;
}

static enum bough_status write_rows(struct csv *csv, const struct bough__model *model,
                                    float *const *score, int64_t rows)
{
    enum bough_status status;
    size_t tasks = model->config->tasks_count;
    csv->used = (size_t)snprintf(csv->text, csv->room, "row");
    for (size_t t = 0; t < tasks; t++)
        head_cells(csv, model, t);
    for (int64_t n = 0; n < rows; n++) {
        cell(csv, "\n%.0f", (double)n);
        for (size_t t = 0; t < tasks; t++)
            row_cells(csv, model, t, score[t] + n * model->width[t]);
        if (csv->room - csv->used < line_room(model))
            BOUGH_TRY(flush(csv));
    }
    csv->text[csv->used++] = '\n';
    BOUGH_TRY(flush(csv));
done:
    return status;
}

static enum bough_status walk(struct bough__trained *trained)
{
    enum bough_status status = BOUGH_OK;
    for (int64_t i = 0; i < trained->walk.phase->steps; i++) {
        struct step_state state = {.step = (unsigned)i + 1};
        BOUGH_TRY(bough__phase_step(trained->walk.phase, i, &state));
    }
done:
    return status;
}

enum bough_status bough_predict(const char *run_dir, const char *data, const char *split,
                                const char *out, struct bough_device *device)
{
    enum bough_status status;
    struct bough__trained trained = {0};
    struct csv csv = {0};
    float **score = NULL;
    size_t tasks = 0;
    BOUGH_TRY(bough__trained_open(&trained, run_dir, data, split ? split : "test", device,
                                  BOUGH_WITHOUT_LABELS));
    int64_t rows = trained.split.table.rows;
    score = calloc(trained.config.tasks_count + 1, sizeof(float *));
    csv.room = 65536 + 2 * line_room(trained.model);
    csv.text = malloc(csv.room);
    BOUGH_TRY_MEMORY(score);
    BOUGH_TRY_MEMORY(csv.text);
    tasks = trained.config.tasks_count;
    BOUGH_TRY(walk(&trained));
    BOUGH_TRY(bough__phase_scores(trained.walk.phase, score, &rows));
    BOUGH_TRY(bough__draft_create(&csv.draft, out));
    BOUGH_TRY(write_rows(&csv, trained.model, score, rows));
    BOUGH_TRY(bough__draft_commit(csv.draft));
done:
    for (size_t t = 0; t < tasks; t++)
        free(score[t]);
    free(score);
    free(csv.text);
    bough__draft_destroy(&csv.draft);
    bough__trained_close(&trained);
    return status;
}
