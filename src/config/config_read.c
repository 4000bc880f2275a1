#include "config/config_read.h"

#include "base/strings.h"
#include "config/config_schema.h"

#include <bough/name.h>
#include <stdio.h>
#include <string.h>

enum { MOST_ENTRIES = 65536, MOST_TASKS = 4096, MOST_NAMES = 64 };

struct reader {
    const struct bough__tree *tree;
    struct bough__arena *arena;
    struct bough_config *config;
    char path[512]; // of the value being read
};

static enum bough_status read_section(struct reader *r, const struct bough__section *section,
                                      const struct bough__node *node, void *base, size_t from);

// ---- Messages ----

static const char *found(const struct bough__node *node, char *text, size_t size)
{
    if (node->kind != BOUGH__SCALAR)
        return node->kind == BOUGH__SEQUENCE ? "a list" : "a mapping";
    if (!node->text)
        return "nothing";
    snprintf(text, size, "'%.60s'", node->text);
    return text;
}

static enum bough_status wanted(const struct reader *r, const struct bough__node *node,
                                const char *what, const char *more)
{
    char text[80];
    return bough__node_fail(r->tree, node, "%s: %s; wanted %s%s%s", r->path,
                            found(node, text, sizeof text), what, more ? ", " : "",
                            more ? more : "");
}

// Where in the config a key of that name is: "train.epochs". Layers have many keys of many kinds.
static int find_elsewhere(char *path, size_t size, const struct bough__section *section,
                          const char *name)
{
    const size_t mark = strlen(path);
    for (size_t i = 0; i < section->count; i++) {
        const struct bough__key *key = &section->key[i];
        bough__append(path, size, "%s%s", mark ? "." : "", key->name);
        if (mark && key->type != BOUGH__KEY_NAME && strcmp(key->name, name) == 0)
            return 1;
        if (key->type == BOUGH__KEY_TASKS)
            bough__append(path, size, ".<task>");
        if ((key->type == BOUGH__KEY_SECTION || key->type == BOUGH__KEY_TASKS) &&
            find_elsewhere(path, size, key->section, name))
            return 1;
        path[mark] = '\0';
    }
    return 0;
}

// `what` names what is wrong with the name: "unknown key".
static enum bough_status unknown(const struct reader *r, const struct bough__node *node,
                                 const char *what, const char *name, const char *const *names)
{
    char list[1024] = "";
    char path[128] = "";
    const char *nearest = bough_name_nearest(name, names);
    if (names[0] && strcmp(names[0], bough__config_section.key->name) == 0 &&
        find_elsewhere(path, sizeof path, &bough__config_section, name))
        nearest = path;
    for (size_t i = 0; names[i]; i++)
        bough__append(list, sizeof list, "%s%s", i ? ", " : "", names[i]);
    return bough__node_fail(r->tree, node, "%s: %s%s%s%s (%s)", r->path, what,
                            nearest ? "; did you mean " : "", nearest ? nearest : "",
                            nearest ? "?" : "", *list ? list : "there is none");
}

// ---- One value ----

// A number in the key's range; a float is rounded as it will be stored.
static enum bough_status read_number(struct reader *r, const struct bough__key *key,
                                     const struct bough__node *node, int whole, double *value)
{
    int64_t integer = 0;
    int good =
        node->kind == BOUGH__SCALAR && node->plain && node->text &&
        (whole ? bough__parse_int(node->text, &integer) : bough__parse_float(node->text, value));
    if (good)
        *value = whole ? (double)integer : (double)(float)*value;
    if (good && bough__range_holds(key->range, *value))
        return BOUGH_OK;
    return wanted(r, node, whole ? "a whole number" : "a number", key->range->text);
}

// What the struct holds for a value that was given.
static double stored(double value, double otherwise)
{
    return value == 0 && otherwise != 0 ? -1 : value;
}

static enum bough_status read_single(struct reader *r, const struct bough__key *key,
                                     const struct bough__node *node, void *place)
{
    double value;
    int whole = key->type == BOUGH__KEY_INT;
    enum bough_status status = read_number(r, key, node, whole, &value);
    if (status != BOUGH_OK)
        return status;
    value = stored(value, key->number[0]);
    if (whole)
        *(int32_t *)place = (int32_t)value;
    else
        *(float *)place = (float)value;
    return BOUGH_OK;
}

static enum bough_status read_two(struct reader *r, const struct bough__key *key,
                                  const struct bough__node *node, void *place)
{
    int whole = key->type == BOUGH__KEY_PAIR;
    int one = whole && node->kind == BOUGH__SCALAR;
    if (!one && (node->kind != BOUGH__SEQUENCE || node->count != 2))
        return wanted(r, node, whole ? "a whole number, or [height, width]" : "two numbers",
                      key->range->text);
    for (int i = 0; i < 2; i++) {
        double value;
        enum bough_status status = read_number(r, key, one ? node : node->item[i], whole, &value);
        if (status != BOUGH_OK)
            return status;
        value = stored(value, key->number[i]);
        if (whole)
            ((int32_t *)place)[i] = (int32_t)value;
        else
            ((float *)place)[i] = (float)value;
    }
    return BOUGH_OK;
}

static enum bough_status read_uint64(struct reader *r, const struct bough__node *node, void *place)
{
    if (node->kind == BOUGH__SCALAR && node->plain && node->text &&
        bough__parse_uint(node->text, place))
        return BOUGH_OK;
    return wanted(r, node, "a whole number, 0 or more", NULL);
}

static enum bough_status read_switch(struct reader *r, const struct bough__key *key,
                                     const struct bough__node *node, void *place)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};
    for (size_t i = 0; node->kind == BOUGH__SCALAR && node->text && i < 6; i++)
        if (strcmp(node->text, words[i]) == 0) {
            int other = (i % 2) != (key->number[0] != 0);
            memcpy(place, &(enum bough_switch){other ? BOUGH_ON : BOUGH_OFF},
                   sizeof(enum bough_switch));
            return BOUGH_OK;
        }
    return wanted(r, node, "true or false", NULL);
}

static enum bough_status read_text(struct reader *r, const struct bough__node *node,
                                   const char **place)
{
    if (node->kind != BOUGH__SCALAR || !node->text || !*node->text)
        return wanted(r, node, "a text", NULL);
    *place = node->text;
    return BOUGH_OK;
}

static enum bough_status read_name(struct reader *r, const struct bough__key *key,
                                   const struct bough__node *node, const char **place)
{
    enum bough_status status = read_text(r, node, place);
    for (size_t i = 0; status == BOUGH_OK && key->names[i]; i++)
        if (strcmp(*place, key->names[i]) == 0)
            return BOUGH_OK;
    if (status != BOUGH_OK)
        return status;
    char what[80];
    snprintf(what, sizeof what, "unknown name '%.40s'", *place);
    return unknown(r, node, what, *place, key->names);
}

// ---- Lists ----

// A scalar counts as a list of one.
static enum bough_status list_of(struct reader *r, const struct bough__node *const **item,
                                 size_t *count, const struct bough__node *const *node)
{
    *item = node;
    *count = 1;
    if ((*node)->kind == BOUGH__SCALAR)
        return BOUGH_OK;
    *item = (const struct bough__node *const *)(*node)->item;
    *count = (*node)->count;
    if ((*node)->kind == BOUGH__MAPPING)
        return wanted(r, *node, "a list", NULL);
    if (*count > MOST_ENTRIES)
        return wanted(r, *node, "a shorter one", "at most 65536 entries");
    return BOUGH_OK;
}

static enum bough_status read_numbers(struct reader *r, const struct bough__key *key,
                                      const struct bough__node *node, void *place, size_t *counter)
{
    enum bough_status status;
    const struct bough__node *const *item;
    size_t count;
    int whole = key->type == BOUGH__KEY_INTS;
    BOUGH_TRY(list_of(r, &item, &count, &node));
    if (*counter && count && *counter != count) { // two lists that share a count
        status = bough__node_fail(r->tree, node, "%s: %zu numbers, the list beside it has %zu",
                                  r->path, count, *counter);
        goto done;
    }
    float *floats = BOUGH_NEW(r->arena, float, count);
    int32_t *ints = BOUGH_NEW(r->arena, int32_t, count);
    BOUGH_TRY_MEMORY(floats);
    BOUGH_TRY_MEMORY(ints);
    for (size_t i = 0; i < count; i++) {
        double value;
        BOUGH_TRY(read_number(r, key, item[i], whole, &value));
        floats[i] = (float)value;
        ints[i] = whole ? (int32_t)value : 0;
    }
    if (count && whole)
        *(const int32_t **)place = ints;
    else if (count)
        *(const float **)place = floats;
    if (count)
        *counter = count;
done:
    return status;
}

static enum bough_status read_weights(struct reader *r, const struct bough__key *key,
                                      const struct bough__node *node, const float **place,
                                      size_t *counter)
{
    enum bough_status status = BOUGH_OK;
    size_t tasks = r->config->tasks_count;
    if (node->kind != BOUGH__MAPPING)
        return read_numbers(r, key, node, place, counter);
    const char **names = BOUGH_NEW(r->arena, const char *, tasks + 1);
    float *weights = BOUGH_NEW(r->arena, float, tasks);
    BOUGH_TRY_MEMORY(names);
    BOUGH_TRY_MEMORY(weights);
    for (size_t i = 0; i < tasks; i++)
        names[i] = r->config->tasks[i].name;
    for (size_t i = 0; i < node->count; i++) {
        size_t known = 0;
        const char *name = node->key[i] && node->key[i]->text ? node->key[i]->text : "?";
        while (known < tasks && strcmp(names[known], name) != 0)
            known++;
        if (known == tasks) {
            bough__append(r->path, sizeof r->path, ".%s", name);
            return unknown(r, node->key[i] ? node->key[i] : node, "unknown task", name, names);
        }
    }
    for (size_t i = 0; i < tasks; i++) {
        double value = 0;
        const struct bough__node *weight = bough__node_find(node, names[i]);
        if (!weight)
            return bough__node_fail(r->tree, node, "%s: nothing for task '%s'", r->path, names[i]);
        BOUGH_TRY(read_number(r, key, weight, 0, &value));
        weights[i] = (float)value;
    }
    *place = weights;
    *counter = tasks;
done:
    return status;
}

static enum bough_status read_texts(struct reader *r, const struct bough__node *node,
                                    const char *const **place, size_t *counter)
{
    enum bough_status status;
    const struct bough__node *const *item;
    size_t count;
    BOUGH_TRY(list_of(r, &item, &count, &node));
    const char **texts = BOUGH_NEW(r->arena, const char *, count);
    BOUGH_TRY_MEMORY(texts);
    for (size_t i = 0; i < count; i++)
        BOUGH_TRY(read_text(r, item[i], &texts[i]));
    *place = count ? texts : NULL;
    *counter = count;
done:
    return status;
}

static enum bough_status read_shape(struct reader *r, const struct bough__key *key,
                                    const struct bough__node *node, struct bough_shape *shape)
{
    enum bough_status status;
    const struct bough__node *const *item;
    size_t count;
    BOUGH_TRY(list_of(r, &item, &count, &node));
    if (count < 1 || count >= BOUGH_MAX_RANK)
        return wanted(r, node, "1 to 7 dimensions", NULL);
    for (size_t i = 0; i < count; i++) {
        double value;
        BOUGH_TRY(read_number(r, key, item[i], 1, &value));
        shape->dim[i] = (int64_t)value;
    }
    shape->rank = (int32_t)count;
done:
    return status;
}

static enum bough_status read_layer(struct reader *r, const struct bough__section *section,
                                    const struct bough__node *node, struct bough_layer *layer)
{
    static const struct bough__node nothing;
    const struct bough__node *name = node, *fields = &nothing;
    if (node->kind == BOUGH__MAPPING) {
        if (node->count != 1 || node->bare)
            return wanted(r, node->count > 1 && node->key[1] ? node->key[1] : node,
                          "one layer, as `relu` or `linear: {units: 10}`", NULL);
        name = node->key[0];
        fields = node->item[0];
    }
    enum bough_status status = read_name(r, section->key, name, &layer->kind);
    if (status != BOUGH_OK)
        return status;
    bough__append(r->path, sizeof r->path, ".%s", layer->kind);
    return read_section(r, section, fields, layer, 1);
}

static enum bough_status read_layers(struct reader *r, const struct bough__key *key,
                                     const struct bough__node *node,
                                     const struct bough_layer **place, size_t *counter)
{
    enum bough_status status = BOUGH_OK;
    if (node->kind != BOUGH__SEQUENCE || node->count > MOST_ENTRIES)
        return wanted(r, node, "a list of layers", "at most 65536");
    struct bough_layer *layers = BOUGH_NEW(r->arena, struct bough_layer, node->count);
    BOUGH_TRY_MEMORY(layers);
    size_t mark = strlen(r->path);
    for (size_t i = 0; i < node->count; i++) {
        bough__append(r->path, sizeof r->path, "[%zu]", i);
        BOUGH_TRY(read_layer(r, key->section, node->item[i], &layers[i]));
        r->path[mark] = '\0';
    }
    *place = node->count ? layers : NULL;
    *counter = node->count;
done:
    return status;
}

static enum bough_status read_tasks(struct reader *r, const struct bough__key *key,
                                    const struct bough__node *node, const struct bough_task **place,
                                    size_t *counter)
{
    enum bough_status status = BOUGH_OK;
    if (node->kind != BOUGH__MAPPING || node->bare || node->count > MOST_TASKS)
        return wanted(r, node, "a mapping from names to tasks", "at most 4096");
    struct bough_task *tasks = BOUGH_NEW(r->arena, struct bough_task, node->count);
    BOUGH_TRY_MEMORY(tasks);
    size_t mark = strlen(r->path);
    for (size_t i = 0; i < node->count; i++) {
        BOUGH_TRY(read_text(r, node->key[i], &tasks[i].name));
        bough__append(r->path, sizeof r->path, ".%s", tasks[i].name);
        for (size_t j = 0; j < i; j++)
            if (strcmp(tasks[j].name, tasks[i].name) == 0)
                return bough__node_fail(r->tree, node->key[i], "%s: given twice", r->path);
        BOUGH_TRY(read_section(r, key->section, node->item[i], &tasks[i], 0));
        r->path[mark] = '\0';
    }
    *place = node->count ? tasks : NULL;
    *counter = node->count;
done:
    return status;
}

// ---- Sections ----

static enum bough_status read_value(struct reader *r, const struct bough__key *key,
                                    const struct bough__node *node, char *base)
{
    void *place = base + key->offset;
    size_t *counter = (size_t *)(void *)(base + key->count);
    switch (key->type) {
    case BOUGH__KEY_INT:
    case BOUGH__KEY_NUMBER:
        return read_single(r, key, node, place);
    case BOUGH__KEY_PAIR:
    case BOUGH__KEY_NUMBERS2:
        return read_two(r, key, node, place);
    case BOUGH__KEY_UINT64:
        return read_uint64(r, node, place);
    case BOUGH__KEY_SWITCH:
        return read_switch(r, key, node, place);
    case BOUGH__KEY_NAME:
        return read_name(r, key, node, place);
    case BOUGH__KEY_TEXT:
        return read_text(r, node, place);
    case BOUGH__KEY_SHAPE:
        return read_shape(r, key, node, place);
    case BOUGH__KEY_INTS:
    case BOUGH__KEY_FLOATS:
        return read_numbers(r, key, node, place, counter);
    case BOUGH__KEY_WEIGHTS:
        return read_weights(r, key, node, place, counter);
    case BOUGH__KEY_TEXTS:
        return read_texts(r, node, place, counter);
    case BOUGH__KEY_SECTION:
        return read_section(r, key->section, node, place, 0);
    case BOUGH__KEY_LAYERS:
        return read_layers(r, key, node, place, counter);
    case BOUGH__KEY_TASKS:
        return read_tasks(r, key, node, place, counter);
    }
    return BOUGH_OK;
}

// The names of the keys that `kind` reads, each once, ending with NULL.
static void key_names(const char **names, const struct bough__section *section, const char *kind,
                      size_t from)
{
    size_t count = 0;
    for (size_t i = from; i < section->count && count < MOST_NAMES - 1; i++)
        if (bough__key_is_of(&section->key[i], kind))
            names[count++] = section->key[i].name;
    names[count] = NULL;
}

static enum bough_status check_key(struct reader *r, const struct bough__section *section,
                                   const struct bough__node *node, size_t index, const char *kind,
                                   size_t from)
{
    const struct bough__node *key = node->key[index];
    const char *names[MOST_NAMES];
    char what[80] = "unknown key";
    int elsewhere;
    if (key->kind != BOUGH__SCALAR || !key->text)
        return wanted(r, key, "a key", NULL);
    const struct bough__key *row = bough__key_find(section, kind, key->text, &elsewhere);
    if (!row || row < section->key + from) {
        key_names(names, section, kind, from);
        if (elsewhere)
            snprintf(what, sizeof what, "not a key of %s", kind ? kind : "the default");
        bough__append(r->path, sizeof r->path, "%s%.60s", *r->path ? "." : "", key->text);
        return unknown(r, key, what, key->text, names);
    }
    for (size_t i = 0; i < index; i++)
        if (node->key[i] && strcmp(node->key[i]->text, key->text) == 0)
            return bough__node_fail(r->tree, key, "%s%s%s: given twice", r->path,
                                    *r->path ? "." : "", key->text);
    return BOUGH_OK;
}

// What the node has for a key; a value without a key goes to `main`.
static const struct bough__node *entry(const struct bough__node *node, const struct bough__key *key,
                                       const struct bough__key *main)
{
    if (node->kind != BOUGH__MAPPING)
        return key == main ? node : NULL;
    const struct bough__node *found = bough__node_find(node, key->name);
    return found || key != main || !node->bare ? found : node->item[0];
}

static enum bough_status read_key(struct reader *r, const struct bough__key *key,
                                  const struct bough__node *node, void *base)
{
    size_t mark = strlen(r->path);
    if (!node || (node->kind == BOUGH__SCALAR && !node->text))
        return BOUGH_OK; // a null is as if it were not there
    bough__append(r->path, sizeof r->path, "%s%s", mark ? "." : "", key->name);
    enum bough_status status = read_value(r, key, node, base);
    if (status == BOUGH_OK)
        r->path[mark] = '\0';
    return status;
}

// Reads the keys from `from` on: of a layer, the first has been read.
static enum bough_status read_section(struct reader *r, const struct bough__section *section,
                                      const struct bough__node *node, void *base, size_t from)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__key *main = section->key;
    if (node->kind == BOUGH__SCALAR && !node->text)
        return BOUGH_OK;
    if (!from)
        BOUGH_TRY(read_key(r, main, entry(node, main, main), base));
    const char *kind = bough__section_kind(section, base);
    if (from)
        main = bough__layer_main(kind);
    if (!main && node->kind != BOUGH__MAPPING)
        return wanted(r, node, "nothing: it takes no value", NULL);
    for (size_t i = 0; node->kind == BOUGH__MAPPING && i < node->count; i++)
        if (node->key[i])
            BOUGH_TRY(check_key(r, section, node, i, kind, from));
    for (size_t i = from ? from : 1; i < section->count; i++)
        if (bough__key_is_of(&section->key[i], kind))
            BOUGH_TRY(read_key(r, &section->key[i], entry(node, &section->key[i], main), base));
done:
    return status;
}

enum bough_status bough__config_read(struct bough_config *config, struct bough__arena *arena,
                                     const struct bough__tree *tree)
{
    struct reader r = {.tree = tree, .arena = arena, .config = config};
    memset(config, 0, sizeof *config);
    if (tree->root->kind != BOUGH__MAPPING || tree->root->bare)
        return bough__node_fail(tree, tree->root, "no keys; wanted data, tasks and so on");
    return read_section(&r, &bough__config_section, tree->root, config, 0);
}
