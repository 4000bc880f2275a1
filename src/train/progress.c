#include "train/progress.h"

#include "base/error.h"
#include "base/json.h"
#include "data/tensor_file.h"
#include "train/model_file.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// What a training has beside its model, by bytes: of an epoch in progress, and from step to step.
struct kept {
    const char *name;
    size_t bytes;
    const char *why; // its size cannot be another one
    enum bough_status (*read)(struct bough__runner *training, void *state);
    enum bough_status (*write)(struct bough__runner *training, const void *state);
};

enum { KEPT = 2 };

static enum bough_status read_weighting(struct bough__runner *training, void *state)
{
    return bough__weigh_state_read(&training->data.weigh, state);
}

static enum bough_status write_weighting(struct bough__runner *training, const void *state)
{
    return bough__weigh_state_write(&training->data.weigh, state);
}

static void list_kept(struct kept *kept, const struct bough__progress *progress,
                      const struct bough__runner *training)
{
    const size_t account = progress->epoch_step ? bough__runner_state_bytes(training) : 0;
    kept[0] = (struct kept){"weighting.state", bough__weigh_state_bytes(&training->data.weigh),
                            "is it of this version?", read_weighting, write_weighting};
    kept[1] = (struct kept){"epoch.account", account, "within an epoch the data cannot change",
                            bough__runner_state_read, bough__runner_state_write};
}

static enum bough_status path_in(struct bough__arena *arena, char **path, const char *run_dir,
                                 const char *name)
{
    *path = bough__arena_format(arena, "%s/%s", run_dir, name);
    return *path ? BOUGH_OK : bough__no_memory();
}

// ---- Progress as JSON; jansson's 17 digits bring every double back ----

static double number_or(const json_t *object, const char *key, double missing)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : missing;
}

static json_t *numbers_or_null(const double *number, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        if (json_array_append_new(list, bough__json_number(number[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *counts(const int64_t *count, size_t size)
{
    json_t *list = json_array();
    for (size_t i = 0; i < size; i++)
        if (json_array_append_new(list, json_integer((json_int_t)count[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static char *progress_text(const struct bough__progress *progress, double solve_seconds)
{
    json_t *object = json_pack(
        "{s:i, s:i, s:i, s:I, s:o, s:I, s:I, s:f, s:f, s:o, s:i, s:i, s:o, s:f, s:i, s:o, s:s, "
        "s:s}",
        "epoch", (int)progress->epoch, "phase", (int)progress->phase, "first_epoch",
        (int)progress->first_epoch, "first_step", (json_int_t)progress->first_step, "task_steps",
        counts(progress->task_steps, progress->tasks), "epoch_step",
        (json_int_t)progress->epoch_step, "step", (json_int_t)progress->step, "seconds",
        progress->seconds, "solve_seconds", solve_seconds, "best",
        bough__json_number(progress->best), "best_epoch", (int)progress->best_epoch, "stale",
        (int)progress->stale, "plateau_best", bough__json_number(progress->plateau.best),
        "plateau_scale", progress->plateau.scale, "plateau_stale", (int)progress->plateau.stale,
        "first", numbers_or_null(progress->first, progress->tasks), "criterion",
        progress->criterion, "data", progress->data);
    char *text = bough__json_text(object, JSON_COMPACT);
    json_decref(object);
    return text;
}

static void text_from(char *text, size_t size, const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    snprintf(text, size, "%s", value ? value : "");
}

static void progress_from(struct bough__progress *progress, const json_t *object)
{
    const json_t *first = json_object_get(object, "first");
    const json_t *task_steps = json_object_get(object, "task_steps");
    progress->epoch = (int32_t)number_or(object, "epoch", 0);
    progress->phase = (int32_t)number_or(object, "phase", 0);
    progress->first_epoch = (int32_t)number_or(object, "first_epoch", 0);
    progress->first_step = (int64_t)number_or(object, "first_step", 0);
    progress->epoch_step = (int64_t)number_or(object, "epoch_step", 0);
    progress->step = (int64_t)number_or(object, "step", 0);
    progress->seconds = number_or(object, "seconds", 0);
    progress->solve_seconds = number_or(object, "solve_seconds", 0);
    progress->best = number_or(object, "best", -INFINITY);
    progress->best_epoch = (int32_t)number_or(object, "best_epoch", 0);
    progress->stale = (int32_t)number_or(object, "stale", 0);
    progress->plateau.best = number_or(object, "plateau_best", -INFINITY);
    progress->plateau.scale = number_or(object, "plateau_scale", 1);
    progress->plateau.stale = (int32_t)number_or(object, "plateau_stale", 0);
    for (size_t t = 0; t < progress->tasks; t++) {
        const json_t *number = json_array_get(first, t);
        progress->first[t] = json_is_number(number) ? json_number_value(number) : NAN;
        progress->task_steps[t] = (int64_t)json_integer_value(json_array_get(task_steps, t));
    }
    text_from(progress->criterion, sizeof progress->criterion, object, "criterion");
    text_from(progress->data, sizeof progress->data, object, "data");
}

static enum bough_status progress_read(struct bough__progress *progress,
                                       const struct bough_tensor_file *file)
{
    const char *text = bough_tensor_file_metadata(file, "progress");
    const char *path = bough_tensor_file_path(file);
    json_t *object;
    json_error_t error;
    enum bough_status status =
        bough__json_read(&object, text ? text : "", text ? strlen(text) : 0, 0, &error);
    if (status != BOUGH_OK)
        return status;
    if (json_is_object(object))
        progress_from(progress, object);
    else
        status = bough__fail(BOUGH_DATA, "%s: no progress in its metadata; it is not a checkpoint",
                             path);
    json_decref(object);
    if (status == BOUGH_OK &&
        (progress->epoch < 0 || progress->step < 0 || progress->epoch_step < 0 ||
         progress->phase < 0 || progress->first_epoch < 0 ||
         progress->first_epoch > progress->epoch || progress->first_step < 0 ||
         progress->first_step > progress->step || !(progress->plateau.scale >= 0)))
        status = bough__fail(BOUGH_DATA, "%s: its progress says step %lld in epoch %d", path,
                             (long long)progress->epoch_step, progress->epoch + 1);
    return status;
}

enum bough_status bough__progress_init(struct bough__progress *progress, struct bough__arena *arena,
                                       const struct bough_config *config)
{
    enum bough_status status = BOUGH_OK;
    *progress = (struct bough__progress){.best = -INFINITY,
                                         .plateau = {.best = -INFINITY, .scale = 1},
                                         .tasks = config->tasks_count};
    BOUGH_TRY_MEMORY(progress->first = BOUGH_NEW(arena, double, config->tasks_count));
    BOUGH_TRY_MEMORY(progress->task_steps = BOUGH_NEW(arena, int64_t, config->tasks_count));
    for (size_t t = 0; t < config->tasks_count; t++)
        progress->first[t] = NAN;
    snprintf(progress->criterion, sizeof progress->criterion, "%s",
             config->train.early_stopping.metric);
done:
    return status;
}

// ---- The digest of the data ----

// FNV-1a of 64 bits: against a file that was mistaken or made anew, not against anybody's will.
static uint64_t digest_of(uint64_t digest, const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        digest = (digest ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3u;
    return digest;
}

static uint64_t digest_of_text(uint64_t digest, const char *text)
{
    return digest_of(digest, text, strlen(text) + 1);
}

enum bough_status bough__data_digest(char digest[17], const struct bough_tensor_file *data,
                                     int more)
{
    enum bough_status status = BOUGH_OK;
    uint64_t sum = more ? strtoull(digest, NULL, 16) : 0xcbf29ce484222325u;
    for (size_t i = 0; i < bough_tensor_file_metadata_count(data); i++) {
        const char *value, *key = bough_tensor_file_metadata_at(data, i, &value);
        sum = digest_of_text(digest_of_text(sum, key), value);
    }
    for (size_t i = 0; i < bough_tensor_file_count(data); i++) {
        const struct bough_file_tensor *tensor = bough_tensor_file_at(data, i);
        char shape[128], first[4096];
        const size_t size = tensor->bytes < sizeof first ? tensor->bytes : sizeof first;
        sum = digest_of_text(sum, tensor->name);
        sum = digest_of_text(sum, bough_dtype_name(tensor->dtype));
        sum = digest_of_text(sum, bough_shape_format(&tensor->shape, shape, sizeof shape));
        BOUGH_TRY(bough__tensor_read(data, tensor, 0, first, size));
        sum = digest_of(sum, first, size);
    }
    snprintf(digest, 17, "%016llx", (unsigned long long)sum);
done:
    return status;
}

enum bough_status bough_train_digest(char digest[17], const struct bough_config *config)
{
    enum bough_status status;
    struct bough_tensor_file *data = NULL;
    char *text = NULL;
    size_t size;
    for (size_t s = 0; s < config->sets; s++) {
        BOUGH_TRY(bough_tensor_file_open(&data, config->set[s]));
        BOUGH_TRY(bough__data_digest(digest, data, s > 0));
        bough_tensor_file_close(&data);
    }
    BOUGH_TRY(bough__config_text(&text, &size, config));
    snprintf(digest, 17, "%016llx",
             (unsigned long long)digest_of(strtoull(digest, NULL, 16), text, size));
done:
    free(text);
    bough_tensor_file_close(&data);
    return status;
}

// ---- Saving ----

enum bough_status bough__save_model(const char *run_dir, const struct bough__model *model)
{
    enum bough_status status;
    struct bough__arena arena = {0};
    struct bough_tensor_writer *writer = NULL;
    char *path;
    BOUGH_TRY(path_in(&arena, &path, run_dir, "model.safetensors"));
    BOUGH_TRY(bough_tensor_writer_create(&writer, path));
    BOUGH_TRY(bough_tensor_writer_metadata(writer, "format", "bough model"));
    BOUGH_TRY(bough__model_describe(model, writer));
    BOUGH_TRY(bough__model_declare(model, writer, 0));
    BOUGH_TRY(bough__model_write(model, writer, 0));
    BOUGH_TRY(bough_tensor_writer_commit(writer));
done:
    bough_tensor_writer_destroy(&writer);
    bough__arena_fini(&arena);
    return status;
}

static enum bough_status declare_kept(struct bough_tensor_writer *writer, const struct kept *kept)
{
    enum bough_status status = BOUGH_OK;
    for (int i = 0; i < KEPT; i++)
        if (kept[i].bytes)
            BOUGH_TRY(
                bough_tensor_writer_declare(writer, kept[i].name, BOUGH_U8,
                                            &(struct bough_shape){1, {(int64_t)kept[i].bytes}}));
done:
    return status;
}

static enum bough_status save_kept(struct bough_tensor_writer *writer,
                                   struct bough__runner *training, const struct kept *kept)
{
    enum bough_status status = BOUGH_OK;
    void *state = malloc(kept->bytes + 1);
    BOUGH_TRY_MEMORY(state);
    BOUGH_TRY(kept->read(training, state));
    BOUGH_TRY(bough_tensor_writer_write(writer, state, kept->bytes));
done:
    free(state);
    return status;
}

enum bough_status bough__save_last(const char *run_dir, const struct bough__model *model,
                                   const struct bough__progress *progress,
                                   struct bough__runner *training)
{
    enum bough_status status;
    struct bough__arena arena = {0};
    struct bough_tensor_writer *writer = NULL;
    char *path, *text = progress_text(progress, training->data.weigh.seconds);
    struct kept kept[KEPT];
    list_kept(kept, progress, training);
    BOUGH_TRY_MEMORY(text);
    BOUGH_TRY(path_in(&arena, &path, run_dir, "last.safetensors"));
    BOUGH_TRY(bough_tensor_writer_create(&writer, path));
    BOUGH_TRY(bough_tensor_writer_metadata(writer, "format", "bough checkpoint"));
    BOUGH_TRY(bough_tensor_writer_metadata(writer, "progress", text));
    BOUGH_TRY(bough__model_describe(model, writer));
    BOUGH_TRY(bough__model_declare(model, writer, 1));
    BOUGH_TRY(declare_kept(writer, kept));
    BOUGH_TRY(bough__model_write(model, writer, 1));
    for (int i = 0; i < KEPT; i++)
        if (kept[i].bytes)
            BOUGH_TRY(save_kept(writer, training, &kept[i]));
    BOUGH_TRY(bough_tensor_writer_commit(writer));
done:
    bough_tensor_writer_destroy(&writer);
    free(text);
    bough__arena_fini(&arena);
    return status;
}

// ---- Loading ----

enum bough_status bough__load_model(const char *run_dir, struct bough__model *model)
{
    enum bough_status status;
    struct bough_tensor_file *file = NULL;
    BOUGH_TRY(bough__model_file_in(&file, run_dir,
                                   "is missing; put it back, or in its place a copy of "
                                   "last.safetensors, whose model then counts as the best"));
    BOUGH_TRY(bough__model_read(model, file, 0));
done:
    bough_tensor_file_close(&file);
    return status;
}

static enum bough_status load_kept(const struct bough_tensor_file *file,
                                   struct bough__runner *training, const struct kept *kept)
{
    const struct bough_file_tensor *tensor = bough_tensor_file_find(file, kept->name);
    if (!tensor || tensor->bytes != kept->bytes)
        return bough__fail(BOUGH_DATA, "%s: %s has %zu bytes, wanted %zu; %s",
                           bough_tensor_file_path(file), kept->name, tensor ? tensor->bytes : 0,
                           kept->bytes, kept->why);
    void *bytes;
    enum bough_status status = bough__tensor_load(&bytes, file, tensor);
    if (status == BOUGH_OK)
        status = kept->write(training, bytes);
    free(bytes);
    return status;
}

static enum bough_status open_last(struct bough_tensor_file **file,
                                   struct bough__progress *progress, const char *run_dir)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/last.safetensors", run_dir);
    enum bough_status status = bough_tensor_file_open(file, path);
    return status == BOUGH_OK ? progress_read(progress, *file) : status;
}

enum bough_status bough__load_progress(struct bough__progress *progress, const char *run_dir)
{
    struct bough_tensor_file *file = NULL;
    enum bough_status status = open_last(&file, progress, run_dir);
    bough_tensor_file_close(&file);
    return status;
}

enum bough_status bough__load_last(const char *run_dir, struct bough__model *model,
                                   struct bough__progress *progress, struct bough__runner *training)
{
    enum bough_status status;
    struct kept kept[KEPT];
    struct bough_tensor_file *file = NULL;
    BOUGH_TRY(open_last(&file, progress, run_dir));
    if (progress->epoch_step > training->steps)
        BOUGH_TRY(bough__fail(BOUGH_DATA, "%s: its progress says step %lld of %lld in epoch %d",
                              bough_tensor_file_path(file), (long long)progress->epoch_step,
                              (long long)training->steps, progress->epoch + 1));
    if (progress->best_epoch > 0 || progress->phase > 0) {
        BOUGH_TRY(bough__load_model(run_dir, model));
        BOUGH_TRY(bough__model_keep_best(model));
    }
    BOUGH_TRY(bough__model_read(model, file, 1));
    training->data.weigh.seconds = progress->solve_seconds;
    training->data.weigh.moment.step = (uint32_t)progress->step;
    list_kept(kept, progress, training);
    for (int i = 0; i < KEPT; i++)
        if (kept[i].bytes)
            BOUGH_TRY(load_kept(file, training, &kept[i]));
done:
    bough_tensor_file_close(&file);
    return status;
}
