// The result.json of a run folder, read back.
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "run/run.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static size_t numbers_in(json_t *tasks)
{
    const char *task, *metric;
    json_t *metrics, *value;
    size_t count = 0;
    json_object_foreach(tasks, task, metrics)
    {
        json_object_foreach(metrics, metric, value)
        {
            count += json_is_number(value);
        }
    }
    return count;
}

// The metrics of a split as rows; what is no number (a confusion matrix) is left out.
static enum bough_status read_metrics(const struct bough_metrics **told, struct bough_metrics *read,
                                      struct bough__arena *arena, json_t *tasks)
{
    enum bough_status status = BOUGH_OK;
    const char *task, *metric;
    json_t *metrics, *value;
    const json_t *exact_match = json_object_get(tasks, "exact_match");
    read->exact_match = json_is_number(exact_match) ? json_number_value(exact_match) : NAN;
    BOUGH_TRY_MEMORY(read->value = BOUGH_NEW(arena, struct bough_metric_value, numbers_in(tasks)));
    json_object_foreach(tasks, task, metrics)
    {
        json_object_foreach(metrics, metric, value)
        {
            struct bough_metric_value *found = &read->value[read->count];
            if (!json_is_number(value))
                continue;
            found->value = json_number_value(value);
            BOUGH_TRY_MEMORY(found->task = bough__arena_string(arena, task));
            BOUGH_TRY_MEMORY(found->metric = bough__arena_string(arena, metric));
            read->count++;
        }
    }
    if (read->count)
        *told = read;
done:
    return status;
}

static enum bough_status read_result(struct bough_run *run, json_t *object)
{
    enum bough_status status;
    struct bough_result *result = &run->result;
    const char *device = json_string_value(json_object_get(object, "device"));
    snprintf(result->device, sizeof result->device, "%s", device ? device : "?");
    result->epochs = (int32_t)json_integer_value(json_object_get(object, "epochs"));
    result->best_epoch = (int32_t)json_integer_value(json_object_get(object, "best_epoch"));
    result->samples_per_second = json_number_value(json_object_get(object, "samples_per_second"));
    BOUGH_TRY(read_metrics(&result->validation, &run->validation, &run->arena,
                           json_object_get(object, "validation")));
    BOUGH_TRY(
        read_metrics(&result->test, &run->test, &run->arena, json_object_get(object, "test")));
done:
    return status;
}

enum bough_status bough_run_load(struct bough_run **run, const char *run_dir)
{
    enum bough_status status;
    char path[4096], *text = NULL;
    size_t size;
    json_error_t error;
    json_t *object = NULL;
    struct bough_run *made = NULL;
    snprintf(path, sizeof path, "%s/result.json", run_dir);
    *run = NULL;
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return BOUGH_OK;
    BOUGH_TRY_MEMORY(made = calloc(1, sizeof *made));
    BOUGH_TRY(bough__file_read(&text, &size, path));
    BOUGH_TRY(bough__json_read(&object, text, size, 0, &error));
    status = object ? read_result(made, object)
                    : bough__fail(BOUGH_DATA, "%s:%d: %s", path, error.line, error.text);
done:
    json_decref(object);
    free(text);
    if (status != BOUGH_OK)
        bough_run_destroy(&made);
    *run = made;
    return status;
}
