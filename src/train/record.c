#include "train/record.h"

#include "base/error.h"
#include "base/file.h"

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

// Where the events to keep end: the first line that is cut off, damaged, or of a later epoch.
static long kept_bytes(FILE *file, int32_t epochs_kept)
{
    char *line = NULL;
    size_t room = 0;
    long kept = 0;
    ssize_t length;
    while ((length = getline(&line, &room, file)) > 0 && line[length - 1] == '\n') {
        json_t *event = json_loads(line, 0, NULL);
        const json_t *epoch = json_object_get(event, "epoch");
        int keep = event && json_integer_value(epoch) <= epochs_kept &&
                   !(epochs_kept == 0 && json_is_integer(epoch));
        json_decref(event);
        if (!keep)
            break;
        kept += length;
    }
    free(line);
    return kept;
}

enum bough_status bough__record_open(struct bough__record **record, const char *run_dir,
                                     int32_t epochs_kept)
{
    enum bough_status status = BOUGH_OK;
    struct bough__record *made = calloc(1, sizeof *made);
    BOUGH_TRY_MEMORY(made);
    if (run_dir) {
        snprintf(made->path, sizeof made->path, "%s/log.jsonl", run_dir);
        made->file = fopen(made->path, "a+");
        long kept = 0;
        if (made->file) {
            rewind(made->file);
            kept = epochs_kept > 0 ? kept_bytes(made->file, epochs_kept) : 0;
        }
        if (!made->file || ftruncate(fileno(made->file), kept) != 0)
            status = bough__fail(BOUGH_DATA, "%s: %s", made->path, strerror(errno));
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

enum bough_status bough__record_event(struct bough__record *record, json_t *event)
{
    char *line = event ? json_dumps(event, JSON_COMPACT) : NULL;
    json_decref(event);
    if (!line)
        return bough__no_memory();
    enum bough_status status = BOUGH_OK;
    if (record->file && (fprintf(record->file, "%s\n", line) < 0 || fflush(record->file) != 0))
        status = bough__fail(BOUGH_DATA, "%s: %s", record->path, strerror(errno));
    free(line);
    return status;
}

// ---- Scores ----

static json_t *task_object(json_t *scores, const char *task)
{
    json_t *object = json_object_get(scores, task);
    if (object)
        return object;
    json_object_set_new(scores, task, json_object());
    return json_object_get(scores, task);
}

static json_t *confusion_json(const struct bough_confusion *confusion)
{
    json_t *rows = json_array();
    for (int64_t r = 0; r < confusion->classes; r++) {
        json_t *row = json_array();
        for (int64_t c = 0; c < confusion->classes; c++)
            json_array_append_new(row, json_integer(confusion->count[r * confusion->classes + c]));
        json_array_append_new(rows, row);
    }
    return rows;
}

json_t *bough__scores_json(const struct bough_scores *scores)
{
    if (!scores)
        return NULL;
    json_t *object = json_object();
    for (size_t i = 0; i < scores->count; i++) {
        double value = scores->score[i].value;
        json_object_set_new(task_object(object, scores->score[i].task), scores->score[i].metric,
                            isfinite(value) ? json_real(value) : json_null());
    }
    for (size_t i = 0; i < scores->confusion_count; i++)
        json_object_set_new(task_object(object, scores->confusion[i].task), "confusion",
                            confusion_json(&scores->confusion[i]));
    return object;
}

// ---- The result ----

enum bough_status bough__record_result(const char *run_dir, const struct bough_result *result)
{
    enum bough_status status;
    char path[4096], *text = NULL;
    json_t *object =
        json_pack("{s:s, s:i, s:i, s:f, s:o*, s:o*}", "device", result->device, "epochs",
                  (int)result->epochs, "best_epoch", (int)result->best_epoch, "samples_per_second",
                  result->samples_per_second, "validation", bough__scores_json(result->validation),
                  "test", bough__scores_json(result->test));
    text = object ? json_dumps(object, JSON_INDENT(2)) : NULL;
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
