#include "config/config_check.h"

#include "base/error.h"
#include "base/strings.h"
#include "config/config_schema.h"
#include "config/task_name.h"
#include "nn/metric.h"

#include <bough/name.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct check {
    struct bough__arena *arena; // NULL = only check
    char path[BOUGH__CONFIG_PATH];
};

static enum bough_status complete_section(struct check *c, const struct bough__section *section,
                                          void *base, size_t from);

__attribute__((format(printf, 2, 3))) static enum bough_status wrong(const struct check *c,
                                                                     const char *format, ...)
{
    char text[1500];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return bough__fail(BOUGH_INVALID, "%s%s%s", c->path, *c->path ? ": " : "", text);
}

static enum bough_status unknown(const struct check *c, const char *what, const char *name,
                                 const char *const *names)
{
    char list[1024] = "";
    const char *nearest = bough_name_nearest(name, names);
    for (size_t i = 0; names[i]; i++)
        bough__append(list, sizeof list, "%s%s", i ? ", " : "", names[i]);
    return wrong(c, "unknown %s '%.60s'%s%s%s (%s)", what, name, nearest ? "; did you mean " : "",
                 nearest ? nearest : "", nearest ? "?" : "", list);
}

// Goes into a part of the path and comes back; what failed stays in it.
static size_t enter(struct check *c, const char *name)
{
    size_t mark = strlen(c->path);
    bough__append(c->path, sizeof c->path, "%s%s", mark && *name != '[' ? "." : "", name);
    return mark;
}

static enum bough_status leave(struct check *c, size_t mark, enum bough_status status)
{
    if (status == BOUGH_OK)
        c->path[mark] = '\0';
    return status;
}

static enum bough_status missing(const struct check *c, const struct bough__key *key)
{
    return wrong(c, "%s is missing%s%s%s", key->name, key->text ? " (" : "",
                 key->text ? key->text : "", key->text ? ")" : "");
}

// ---- One value ----

static enum bough_status complete_number(struct check *c, const struct bough__key *key,
                                         double *value, double otherwise)
{
    char text[32];
    if (*value < 0 && bough__key_takes_zero(key)) {
        *value = otherwise != 0 ? -1 : 0;
        return BOUGH_OK;
    }
    if (*value == 0)
        *value = otherwise;
    if (*value == 0 && key->needed)
        return missing(c, key);
    if (bough__range_holds(key->range, *value))
        return BOUGH_OK;
    enter(c, key->name);
    return wrong(c, "%s; wanted %s", bough__format_float((float)*value, text, sizeof text),
                 key->range->text);
}

static enum bough_status complete_ints(struct check *c, const struct bough__key *key,
                                       int32_t *value, const int32_t *like, int count)
{
    for (int i = 0; i < count; i++) {
        double number = value[i];
        enum bough_status status =
            complete_number(c, key, &number, like ? like[i] : key->number[i]);
        if (status != BOUGH_OK)
            return status;
        value[i] = (int32_t)number;
    }
    return BOUGH_OK;
}

static enum bough_status complete_floats(struct check *c, const struct bough__key *key,
                                         float *value, int count)
{
    for (int i = 0; i < count; i++) {
        double number = (double)value[i];
        enum bough_status status = complete_number(c, key, &number, key->number[i]);
        if (status != BOUGH_OK)
            return status;
        value[i] = (float)number;
    }
    return BOUGH_OK;
}

static enum bough_status complete_text(struct check *c, const struct bough__key *key,
                                       const char **value)
{
    if (!*value)
        *value = key->word;
    if (!*value)
        return key->needed ? missing(c, key) : BOUGH_OK;
    for (size_t i = 0; key->names && key->names[i]; i++)
        if (strcmp(*value, key->names[i]) == 0)
            return BOUGH_OK;
    if (!key->names)
        return BOUGH_OK;
    enter(c, key->name);
    return unknown(c, "name", *value, key->names);
}

static enum bough_status check_shape(struct check *c, const struct bough__key *key,
                                     const struct bough_shape *shape)
{
    if (!shape->rank)
        return missing(c, key);
    int good = shape->rank > 0 && shape->rank < BOUGH_MAX_RANK;
    for (int32_t i = 0; good && i < shape->rank; i++)
        good = bough__range_holds(key->range, (double)shape->dim[i]);
    if (good)
        return BOUGH_OK;
    enter(c, key->name);
    return wrong(c, "wanted 1 to 7 dimensions of %s", key->range->text);
}

// ---- Lists ----

static enum bough_status check_numbers(struct check *c, const struct bough__key *key,
                                       const void *list, size_t count)
{
    char text[32];
    if (!list)
        return key->needed ? missing(c, key) : BOUGH_OK;
    for (size_t i = 0; i < count; i++) {
        double value = key->type == BOUGH__KEY_INTS ? (double)((const int32_t *)list)[i]
                                                    : (double)((const float *)list)[i];
        if (bough__range_holds(key->range, value))
            continue;
        enter(c, key->name);
        return wrong(c, "number %zu is %s; wanted %s", i,
                     bough__format_float((float)value, text, sizeof text), key->range->text);
    }
    return BOUGH_OK;
}

static enum bough_status complete_layers(struct check *c, const struct bough__key *key,
                                         const struct bough_layer **list, size_t count)
{
    enum bough_status status = BOUGH_OK;
    struct bough_layer *copy = NULL;
    if (!count || !*list)
        return key->needed || count ? missing(c, key) : BOUGH_OK;
    if (c->arena)
        BOUGH_TRY_MEMORY(copy = BOUGH_NEW(c->arena, struct bough_layer, count));
    size_t mark = enter(c, key->name);
    for (size_t i = 0; i < count; i++) {
        struct bough_layer layer = (*list)[i];
        char name[96];
        snprintf(name, sizeof name, "[%zu]%s%.60s", i, layer.kind ? "." : "",
                 layer.kind ? layer.kind : "");
        size_t inside = enter(c, name);
        BOUGH_TRY(complete_section(c, key->section, &layer, 0));
        leave(c, inside, BOUGH_OK);
        if (copy)
            copy[i] = layer;
    }
    leave(c, mark, BOUGH_OK);
    if (copy)
        *list = copy;
done:
    return status;
}

// ---- Tasks ----

static int fits(const struct bough__metric *metric, const char *loss)
{
    return (int)(metric->kinds >> bough__loss_find(loss)->target & 1);
}

static enum bough_status check_metric(struct check *c, const struct bough_task *task, size_t index)
{
    const char *names[32], *name = task->metrics[index];
    size_t count = 0;
    if (!name)
        return wrong(c, "metrics: an entry without a name");
    const struct bough__metric *metric = bough__metric_find(name, NULL);
    for (size_t i = 0; bough__metric_names[i]; i++) {
        const char *known = strchr(bough__metric_names[i], '<') ? "top_1" : bough__metric_names[i];
        if (fits(bough__metric_find(known, NULL), task->loss.name))
            names[count++] = bough__metric_names[i];
    }
    names[count] = NULL;
    enter(c, "metrics");
    if (!metric || !fits(metric, task->loss.name))
        return unknown(c, metric ? "metric for this loss" : "metric", name, names);
    for (size_t i = 0; i < index; i++)
        if (strcmp(task->metrics[i], name) == 0)
            return wrong(c, "%s is given twice", name);
    return BOUGH_OK;
}

static void set_default_metric(struct bough_task *task)
{
    task->metrics = &bough__loss_find(task->loss.name)->metric;
    task->metrics_count = 1;
}

static enum bough_status complete_metrics(struct check *c, struct bough_task *task)
{
    if (!task->metrics || !task->metrics_count) {
        set_default_metric(task);
        return BOUGH_OK;
    }
    for (size_t i = 0; i < task->metrics_count; i++) {
        size_t mark = strlen(c->path);
        enum bough_status status = leave(c, mark, check_metric(c, task, i));
        if (status != BOUGH_OK)
            return status;
    }
    return BOUGH_OK;
}

static int measures(const struct bough_task *task, const char *metric)
{
    int measured = strcmp(metric, "loss") == 0;
    for (size_t m = 0; m < task->metrics_count; m++)
        measured |= strcmp(task->metrics[m], metric) == 0 && strcmp(metric, "confusion") != 0;
    return measured;
}

static enum bough_status complete_monitor(struct check *c, struct bough_task *task)
{
    char list[512] = "loss";
    if (!task->monitor)
        task->monitor = measures(task, "accuracy") ? "accuracy" : "loss";
    if (measures(task, task->monitor))
        return BOUGH_OK;
    for (size_t m = 0; m < task->metrics_count; m++)
        if (measures(task, task->metrics[m]))
            bough__append(list, sizeof list, ", %s", task->metrics[m]);
    enter(c, "monitor");
    return wrong(c, "'%.60s' is not measured; wanted one of %s", task->monitor, list);
}

static enum bough_status check_standardize(struct check *c, const struct bough_task *task)
{
    if (task->standardize == BOUGH_OFF && !task->mean && !task->std)
        return BOUGH_OK;
    enter(c, "target");
    if (bough__loss_find(task->loss.name)->target != BOUGH_TARGET_NUMBER)
        return wrong(
            c, "standardize, mean and std are for numbers (mse, l1, huber), and the loss is %s",
            task->loss.name);
    if (!task->mean != !task->std)
        return wrong(c, "mean and std go together");
    return BOUGH_OK;
}

// Task names become parts of key paths, of parameters' names, and columns of a CSV.
static enum bough_status check_task_name(struct check *c, const struct bough_task *list,
                                         size_t index)
{
    const char *name = list[index].name;
    if (!name || !bough__task_name_fits(name))
        return wrong(c,
                     "task name '%.80s'; wanted 1 to 63 bytes of UTF-8 without control characters, "
                     "quotes, any of . / \\ , ; : = [ ] { }, or a blank at an end",
                     name ? name : "");
    if (strcmp(name, "trunk") == 0)
        return wrong(c, "a task cannot be named trunk");
    for (size_t i = 0; i < index; i++)
        if (strcmp(list[i].name, name) == 0)
            return wrong(c, "two tasks named '%s'", name);
    return BOUGH_OK;
}

static enum bough_status complete_tasks(struct check *c, const struct bough__key *key,
                                        const struct bough_task **list, size_t count)
{
    enum bough_status status = BOUGH_OK;
    struct bough_task *copy = NULL;
    if (!count || !*list)
        return missing(c, key);
    if (c->arena)
        BOUGH_TRY_MEMORY(copy = BOUGH_NEW(c->arena, struct bough_task, count));
    size_t mark = enter(c, key->name);
    for (size_t i = 0; i < count; i++) {
        struct bough_task task = (*list)[i];
        BOUGH_TRY(check_task_name(c, *list, i));
        size_t inside = enter(c, task.name);
        BOUGH_TRY(complete_section(c, key->section, &task, 0));
        BOUGH_TRY(complete_metrics(c, &task));
        BOUGH_TRY(complete_monitor(c, &task));
        BOUGH_TRY(check_standardize(c, &task));
        leave(c, inside, BOUGH_OK);
        if (copy)
            copy[i] = task;
    }
    leave(c, mark, BOUGH_OK);
    if (copy)
        *list = copy;
done:
    return status;
}

// ---- Sections ----

static enum bough_status complete_value(struct check *c, const struct bough__section *section,
                                        const struct bough__key *key, char *base)
{
    void *place = base + key->offset;
    size_t count; // where the key is no list, not used
    const int32_t *like = NULL;
    memcpy(&count, base + key->count, sizeof count);
    for (size_t i = 0; key->like && i < section->count; i++)
        if (strcmp(section->key[i].name, key->like) == 0)
            like = (const int32_t *)(void *)(base + section->key[i].offset);
    switch (key->type) {
    case BOUGH__KEY_INT:
        return complete_ints(c, key, place, like, 1);
    case BOUGH__KEY_PAIR:
        return complete_ints(c, key, place, like, 2);
    case BOUGH__KEY_NUMBER:
        return complete_floats(c, key, place, 1);
    case BOUGH__KEY_NUMBERS2:
        return complete_floats(c, key, place, 2);
    case BOUGH__KEY_NAME:
    case BOUGH__KEY_TEXT:
        return complete_text(c, key, place);
    case BOUGH__KEY_SHAPE:
        return check_shape(c, key, place);
    case BOUGH__KEY_INTS:
    case BOUGH__KEY_FLOATS:
    case BOUGH__KEY_WEIGHTS:
        return check_numbers(c, key, *(const void **)place, count);
    case BOUGH__KEY_LAYERS:
        return complete_layers(c, key, place, count);
    case BOUGH__KEY_TASKS:
        return complete_tasks(c, key, place, count);
    case BOUGH__KEY_SECTION: {
        size_t mark = enter(c, key->name);
        return leave(c, mark, complete_section(c, key->section, place, 0));
    }
    case BOUGH__KEY_UINT64:
    case BOUGH__KEY_SWITCH:
    case BOUGH__KEY_TEXTS: // with its task
        break;
    }
    return BOUGH_OK;
}

static size_t size_of(enum bough__key_type type)
{
    switch (type) {
    case BOUGH__KEY_INT:
    case BOUGH__KEY_NUMBER:
    case BOUGH__KEY_SWITCH:
        return 4;
    case BOUGH__KEY_SHAPE:
        return sizeof(int32_t); // its rank
    default:
        return 8; // pairs and pointers
    }
}

// What a kind does not read must not be given.
static enum bough_status check_unread(struct check *c, const struct bough__section *section,
                                      const struct bough__key *key, const char *kind,
                                      const char *base)
{
    static const char nothing[8];
    int elsewhere;
    if (memcmp(base + key->offset, nothing, size_of(key->type)) == 0 ||
        bough__key_find(section, kind, key->name, &elsewhere))
        return BOUGH_OK;
    enter(c, key->name);
    return wrong(c, "%s does not read it; %s do", kind ? kind : "the default", key->of);
}

// A section that is needed says so itself, by its own name.
static int is_absent(const struct bough__key *key, const char *base)
{
    if (key->type != BOUGH__KEY_SECTION || !key->needed)
        return 0;
    const char *first = base + key->offset + key->section->key->offset;
    return *(const char *const *)(const void *)first == NULL;
}

static enum bough_status complete_section(struct check *c, const struct bough__section *section,
                                          void *base, size_t from)
{
    enum bough_status status = BOUGH_OK;
    const char *kind = bough__section_kind(section, base);
    for (size_t i = from; i < section->count; i++) {
        const struct bough__key *key = &section->key[i];
        if (!bough__key_is_of(key, kind))
            BOUGH_TRY(check_unread(c, section, key, kind, base));
        else if (is_absent(key, base))
            return missing(c, key);
        else
            BOUGH_TRY(complete_value(c, section, key, base));
    }
done:
    return status;
}

// ---- What concerns more than one key ----

static enum bough_status check_weighting(struct check *c, const struct bough_config *config)
{
    const struct bough_weighting *weighting = &config->weighting;
    if (!weighting->weights || weighting->weights_count == config->tasks_count)
        return BOUGH_OK;
    enter(c, "weighting");
    enter(c, "weights");
    return wrong(c, "%zu weights for %zu tasks", weighting->weights_count, config->tasks_count);
}

// Whether `metric` is "<task>.<metric>" of a task that measures it.
static int is_measured(const struct bough_config *config, const char *metric)
{
    for (size_t i = 0; i < config->tasks_count; i++) {
        struct bough_task task = config->tasks[i];
        size_t length = strlen(task.name);
        if (strncmp(metric, task.name, length) != 0 || metric[length] != '.')
            continue;
        if (!task.metrics || !task.metrics_count)
            set_default_metric(&task);
        if (measures(&task, metric + length + 1))
            return 1;
    }
    return 0;
}

static enum bough_status check_early_stopping(struct check *c, const struct bough_config *config)
{
    const char *metric = config->train.early_stopping.metric;
    if (strcmp(metric, "mean") == 0 || strcmp(metric, "loss") == 0 || is_measured(config, metric))
        return BOUGH_OK;
    enter(c, "train");
    enter(c, "early_stopping");
    enter(c, "metric");
    return wrong(c, "'%.80s'; wanted mean, loss, or <task>.<metric> with a metric of that task",
                 metric);
}

static enum bough_status check_nesterov(struct check *c, const struct bough_config *config)
{
    if (config->optimizer.nesterov != BOUGH_ON || config->optimizer.momentum > 0)
        return BOUGH_OK;
    enter(c, "optimizer");
    enter(c, "nesterov");
    return wrong(c, "it needs a momentum above 0");
}

enum bough_status bough__config_complete(struct bough_config *complete, struct bough__arena *arena,
                                         const struct bough_config *config,
                                         char where[BOUGH__CONFIG_PATH])
{
    struct check c = {.arena = arena};
    enum bough_status status;
    struct bough_config copy = *config;
    BOUGH_TRY(complete_section(&c, &bough__config_section, &copy, 0));
    BOUGH_TRY(check_weighting(&c, &copy));
    BOUGH_TRY(check_early_stopping(&c, &copy));
    BOUGH_TRY(check_nesterov(&c, &copy));
    *complete = copy;
done:
    if (where)
        memcpy(where, c.path, sizeof c.path);
    return status;
}

enum bough_status bough_config_resolve(struct bough_config *resolved,
                                       const struct bough_config *config)
{
    return bough__config_complete(resolved, NULL, config, NULL);
}
