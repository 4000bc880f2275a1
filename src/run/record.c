#include "run/record.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct bough__record {
    FILE *file; // NULL = keeps nothing
    char path[4096];
};

// ---- The log ----

// Whether an event is one of the first epochs, and not damaged.
static enum bough_status is_kept(int *kept, const char *line, size_t length, int32_t epochs_kept)
{
    json_t *event;
    json_error_t error;
    enum bough_status status = bough__json_read(&event, line, length, 0, &error);
    const json_t *epoch = json_object_get(event, "epoch");
    *kept = event && json_integer_value(epoch) <= epochs_kept &&
            !(epochs_kept == 0 && json_is_integer(epoch));
    json_decref(event);
    return status;
}

// Where the events to keep end: the first line that is cut off, damaged, or of a later epoch.
static enum bough_status kept_bytes(long *bytes, FILE *file, const char *path, int32_t epochs_kept)
{
    enum bough_status status = BOUGH_OK;
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    int kept = 1;
    while ((length = getline(&line, &capacity, file)) > 0 && line[length - 1] == '\n') {
        BOUGH_TRY(is_kept(&kept, line, (size_t)length, epochs_kept));
        if (!kept)
            break;
        *bytes += length;
    }
    if (length < 0 && !feof(file))
        status = bough__file_refused(path, "cannot read");
done:
    free(line);
    return status;
}

enum bough_status bough__record_open(struct bough__record **record, const char *run_dir,
                                     int32_t epochs_kept)
{
    enum bough_status status = BOUGH_OK;
    struct bough__record *made = calloc(1, sizeof *made);
    BOUGH_TRY_MEMORY(made);
    if (run_dir) {
        snprintf(made->path, sizeof made->path, "%s/log.jsonl", run_dir);
        long kept = 0;
        made->file = fopen(made->path, "a+");
        if (!made->file) {
            status = bough__file_refused(made->path, "cannot open");
            goto done;
        }
        rewind(made->file);
        if (epochs_kept >= 0)
            BOUGH_TRY(kept_bytes(&kept, made->file, made->path, epochs_kept));
        if (ftruncate(fileno(made->file), kept) != 0)
            status = bough__file_refused(made->path, "cannot write");
    }
done:
    if (status != BOUGH_OK)
        bough__record_close(&made);
    *record = made;
    return status;
}

void bough__record_close(struct bough__record **record)
{
    if (*record && (*record)->file)
        fclose((*record)->file);
    free(*record);
    *record = NULL;
}

// A line that the disk has no room for is taken back.
static enum bough_status append(const struct bough__record *record, const char *line, size_t size)
{
    const int file = fileno(record->file);
    const off_t end = lseek(file, 0, SEEK_END);
    while (size > 0) {
        const ssize_t written = write(file, line, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            enum bough_status status = bough__file_refused(record->path, "cannot write");
            return ftruncate(file, end) == 0 ? status : BOUGH_DATA;
        }
        line += written;
        size -= (size_t)written;
    }
    return BOUGH_OK;
}

enum bough_status bough__record_event(struct bough__record *record, json_t *event)
{
    char *line = bough__json_text(event, JSON_COMPACT);
    json_decref(event);
    if (!line)
        return bough__no_memory();
    const size_t length = strlen(line);
    line[length] = '\n'; // the zero behind it is not written
    enum bough_status status = record->file ? append(record, line, length + 1) : BOUGH_OK;
    free(line);
    return status;
}

// ---- Metrics ----

// NULL if memory ends, here and below.
static json_t *task_object(json_t *metrics, const char *task)
{
    json_t *object = json_object_get(metrics, task);
    if (!object && json_object_set_new(metrics, task, json_object()) == 0)
        object = json_object_get(metrics, task);
    return object;
}

static json_t *row_json(const int64_t *count, int64_t classes)
{
    json_t *row = json_array();
    int lost = 0;
    for (int64_t c = 0; c < classes && !lost; c++)
        lost = json_array_append_new(row, json_integer(count[c]));
    if (!lost)
        return row;
    json_decref(row);
    return NULL;
}

static json_t *names_json(const char *const *names, int64_t count)
{
    json_t *list = json_array();
    int lost = 0;
    for (int64_t i = 0; i < count && !lost; i++)
        lost = json_array_append_new(list, json_string(names[i]));
    if (!lost)
        return list;
    json_decref(list);
    return NULL;
}

static json_t *confusion_json(const struct bough_confusion *confusion)
{
    json_t *rows = json_array();
    int lost = 0;
    for (int64_t r = 0; r < confusion->classes && !lost; r++)
        lost = json_array_append_new(
            rows, row_json(confusion->count + r * confusion->classes, confusion->classes));
    if (!lost)
        return rows;
    json_decref(rows);
    return NULL;
}

static int put_confusion(json_t *task, const struct bough_confusion *confusion)
{
    if (json_object_set_new(task, "confusion", confusion_json(confusion)))
        return -1;
    return confusion->names ? json_object_set_new(task, "classes",
                                                  names_json(confusion->names, confusion->classes))
                            : 0;
}

int bough__metrics_put(json_t *object, const char *key, const struct bough_metrics *metrics)
{
    if (!metrics)
        return object == NULL;
    int lost = json_object_set_new(object, key, json_object());
    json_t *tasks = json_object_get(object, key);
    for (size_t i = 0; i < metrics->count && !lost; i++) {
        double value = metrics->value[i].value;
        lost = json_object_set_new(task_object(tasks, metrics->value[i].task),
                                   metrics->value[i].metric, bough__json_number(value));
    }
    for (size_t i = 0; i < metrics->confusion_count && !lost; i++)
        lost =
            put_confusion(task_object(tasks, metrics->confusion[i].task), &metrics->confusion[i]);
    if (!lost && !isnan(metrics->exact_match))
        lost = json_object_set_new(tasks, "exact_match", json_real(metrics->exact_match));
    return lost;
}

// ---- The result ----

enum bough_status bough__record_result(const char *run_dir, const struct bough_result *result,
                                       json_t *more)
{
    enum bough_status status;
    char path[4096], *text = NULL;
    json_t *object = json_pack("{s:s, s:i, s:i, s:f}", "device", result->device, "epochs",
                               (int)result->epochs, "best_epoch", (int)result->best_epoch,
                               "samples_per_second", result->samples_per_second);
    if (bough__metrics_put(object, "validation", result->validation) ||
        bough__metrics_put(object, "test", result->test) || json_object_update(object, more))
        BOUGH_TRY_MEMORY(NULL);
    text = bough__json_text(object, JSON_INDENT(2));
    BOUGH_TRY_MEMORY(text);
    snprintf(path, sizeof path, "%s/result.json", run_dir);
    size_t length = strlen(text);
    text[length] = '\n'; // a file of lines; the zero behind it is not written
    BOUGH_TRY(bough__file_write(path, text, length + 1));
done:
    json_decref(object);
    free(text);
    return status;
}
