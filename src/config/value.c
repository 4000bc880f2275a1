#include "config/value.h"

#include "base/strings.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

// ---- Messages ----

static const char *found(const struct bough__yaml_node *node, char *text, size_t size)
{
    if (node->kind != BOUGH__SCALAR)
        return node->kind == BOUGH__SEQUENCE ? "a list" : "a mapping";
    if (!node->text)
        return "nothing";
    snprintf(text, size, "'%.60s'", node->text);
    return text;
}

enum bough_status bough__value_wanted(const struct bough__config_reader *r,
                                      const struct bough__yaml_node *node, const char *what,
                                      const char *more)
{
    char text[80];
    return bough__config_wrong(&r->place, node, "%s; wanted %s%s%s", found(node, text, sizeof text),
                               what, more ? ", " : "", more ? more : "");
}

// ---- One value ----

// A number in the option's range; a float is rounded as it will be stored.
static enum bough_status read_number(struct bough__config_reader *r,
                                     const struct bough__option *option,
                                     const struct bough__yaml_node *node, int whole, double *value)
{
    int64_t integer = 0;
    int good =
        node->kind == BOUGH__SCALAR && node->plain && node->text &&
        (whole ? bough__parse_int(node->text, &integer) : bough__parse_float(node->text, value));
    good = good && integer >= INT32_MIN && integer <= INT32_MAX;
    const double given = whole ? (double)integer : *value;
    if (good)
        *value = whole ? given : (double)(float)given;
    const int vanishes = given < 0 && *value == 0 && option->range->min >= 0;
    if (good && bough__range_holds(option->range, *value) && !vanishes)
        return BOUGH_OK;
    if (good && *value != given && (isinf(*value) || bough__range_holds(option->range, given)))
        return bough__config_wrong(&r->place, node, "'%.60s' is %g in float; wanted a number, %s",
                                   node->text, *value, option->range->text);
    const char *what = integer > INT32_MAX ? "a whole number up to 2147483647" : "a whole number";
    return bough__value_wanted(r, node, whole ? what : "a number", option->range->text);
}

static enum bough_status read_into(struct bough__config_reader *r,
                                   const struct bough__option *option,
                                   const struct bough__yaml_node *node, int whole, void *array,
                                   size_t index)
{
    double value = 0;
    enum bough_status status = read_number(r, option, node, whole, &value);
    if (status != BOUGH_OK)
        return status;
    if (whole)
        ((int32_t *)array)[index] = (int32_t)value;
    else
        ((float *)array)[index] = (float)value;
    return BOUGH_OK;
}

static enum bough_status read_two(struct bough__config_reader *r,
                                  const struct bough__option *option,
                                  const struct bough__yaml_node *node, void *place)
{
    enum bough_status status = BOUGH_OK;
    int whole = option->type == BOUGH__OPTION_PAIR;
    int one = whole && node->kind == BOUGH__SCALAR;
    if (!one && (node->kind != BOUGH__SEQUENCE || node->count != 2))
        return bough__value_wanted(r, node,
                                   whole ? "a whole number, or [height, width]" : "two numbers",
                                   option->range->text);
    for (size_t i = 0; i < 2 && status == BOUGH_OK; i++)
        status = read_into(r, option, one ? node : node->item[i], whole, place, i);
    return status;
}

static enum bough_status read_uint64(struct bough__config_reader *r,
                                     const struct bough__yaml_node *node, void *place)
{
    if (node->kind == BOUGH__SCALAR && node->plain && node->text &&
        bough__parse_uint(node->text, place))
        return BOUGH_OK;
    return bough__value_wanted(r, node, "a whole number, 0 or more", NULL);
}

static enum bough_status read_switch(struct bough__config_reader *r,
                                     const struct bough__yaml_node *node, int *place)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};
    for (size_t i = 0; node->kind == BOUGH__SCALAR && node->text && i < 6; i++)
        if (strcmp(node->text, words[i]) == 0) {
            *place = (int)(i % 2);
            return BOUGH_OK;
        }
    return bough__value_wanted(r, node, "true or false", NULL);
}

enum bough_status bough__value_text(struct bough__config_reader *r,
                                    const struct bough__yaml_node *node, const char **place)
{
    if (node->kind != BOUGH__SCALAR || !node->text || !*node->text)
        return bough__value_wanted(r, node, "a text", NULL);
    *place = node->text;
    return BOUGH_OK;
}

enum bough_status bough__value_row(struct bough__config_reader *r,
                                   const struct bough__family *family,
                                   const struct bough__yaml_node *node,
                                   const struct bough__row **row)
{
    const char *name, *names[BOUGH__MOST_KEYS];
    char what[80];
    size_t count = 0;
    enum bough_status status = bough__value_text(r, node, &name);
    if (status != BOUGH_OK)
        return status;
    *row = bough__family_find(family, name);
    if (*row)
        return BOUGH_OK;
    for (; count < family->count && count < BOUGH__MOST_KEYS - 1; count++)
        names[count] = family->row[count]->name;
    names[count] = NULL;
    snprintf(what, sizeof what, "unknown %s '%.40s'", family->noun, name);
    return bough__config_unknown(&r->place, node, what, name, names, NULL);
}

static enum bough_status read_text(struct bough__config_reader *r,
                                   const struct bough__family *family,
                                   const struct bough__yaml_node *node, const char **place)
{
    const struct bough__row *row;
    if (!family)
        return bough__value_text(r, node, place);
    enum bough_status status = bough__value_row(r, family, node, &row);
    if (status == BOUGH_OK)
        *place = row->name;
    return status;
}

// ---- Lists ----

// A scalar counts as a list of one.
static enum bough_status list_of(struct bough__config_reader *r,
                                 const struct bough__yaml_node *const **item, size_t *count,
                                 const struct bough__yaml_node *const *node)
{
    *item = node;
    *count = 1;
    if ((*node)->kind == BOUGH__SCALAR)
        return BOUGH_OK;
    *item = (const struct bough__yaml_node *const *)(*node)->item;
    *count = (*node)->count;
    if ((*node)->kind == BOUGH__MAPPING)
        return bough__value_wanted(r, *node, "a list", NULL);
    if (*count > BOUGH__MOST_ENTRIES)
        return bough__value_wanted(r, *node, "a shorter one", "at most 65536 entries");
    return BOUGH_OK;
}

static enum bough_status read_numbers(struct bough__config_reader *r, const struct bough__key *key,
                                      const struct bough__yaml_node *node)
{
    enum bough_status status;
    const struct bough__yaml_node *const *item;
    size_t count, *counter = bough__key_count(key);
    const int whole = key->option->type == BOUGH__OPTION_INTS;
    BOUGH_TRY(list_of(r, &item, &count, &node));
    if (*counter && count && *counter != count) { // two lists that share a count
        status = bough__config_wrong(&r->place, node, "%zu number%s, the list beside it has %zu",
                                     count, count == 1 ? "" : "s", *counter);
        goto done;
    }
    void *array = bough__arena_alloc(r->arena, count * sizeof(float));
    BOUGH_TRY_MEMORY(array);
    for (size_t i = 0; i < count; i++)
        BOUGH_TRY(read_into(r, key->option, item[i], whole, array, i));
    if (count) {
        *(void **)bough__key_place(key) = array;
        *counter = count;
    }
done:
    return status;
}

static enum bough_status check_task_names(struct bough__config_reader *r,
                                          const struct bough__yaml_node *node,
                                          const char *const *names)
{
    for (size_t i = 0; i < node->count; i++) {
        size_t known = 0;
        const char *name = node->key[i] && node->key[i]->text ? node->key[i]->text : "?";
        while (names[known] && strcmp(names[known], name) != 0)
            known++;
        if (names[known])
            continue;
        bough__config_enter(&r->place, name);
        return bough__config_unknown(&r->place, node->key[i] ? node->key[i] : node, "unknown task",
                                     name, names, NULL);
    }
    return BOUGH_OK;
}

static enum bough_status read_map_by_task(struct bough__config_reader *r,
                                          const struct bough__key *key,
                                          const struct bough__yaml_node *node)
{
    enum bough_status status = BOUGH_OK;
    const size_t tasks = r->config->tasks_count;
    const char **names = BOUGH_NEW(r->arena, const char *, tasks + 1);
    float *numbers = BOUGH_NEW(r->arena, float, tasks);
    BOUGH_TRY_MEMORY(names);
    BOUGH_TRY_MEMORY(numbers);
    for (size_t i = 0; i < tasks; i++)
        names[i] = r->config->tasks[i].name;
    BOUGH_TRY(check_task_names(r, node, names));
    for (size_t i = 0; i < tasks; i++) {
        const struct bough__yaml_node *number = bough__yaml_node_find(node, names[i]);
        if (!number)
            return bough__config_wrong(&r->place, node, "nothing for task '%s'", names[i]);
        BOUGH_TRY(read_into(r, key->option, number, 0, numbers, i));
    }
    *(float **)bough__key_place(key) = numbers;
    *bough__key_count(key) = tasks;
done:
    return status;
}

static enum bough_status read_by_task(struct bough__config_reader *r, const struct bough__key *key,
                                      const struct bough__yaml_node *node)
{
    const size_t tasks = r->config->tasks_count;
    if (node->kind == BOUGH__MAPPING)
        return read_map_by_task(r, key, node);
    enum bough_status status = read_numbers(r, key, node);
    if (status == BOUGH_OK && *bough__key_count(key) != tasks)
        status = bough__config_wrong(&r->place, node, "%zu for %zu task%s; wanted one each",
                                     *bough__key_count(key), tasks, tasks == 1 ? "" : "s");
    return status;
}

static enum bough_status read_names(struct bough__config_reader *r, const struct bough__key *key,
                                    const struct bough__yaml_node *node)
{
    enum bough_status status;
    const struct bough__yaml_node *const *item;
    size_t count;
    BOUGH_TRY(list_of(r, &item, &count, &node));
    const char **texts = BOUGH_NEW(r->arena, const char *, count);
    BOUGH_TRY_MEMORY(texts);
    if (*bough__key_count(key) && count && *bough__key_count(key) != count) {
        status = bough__config_wrong(&r->place, node, "%zu name%s, the list beside it has %zu",
                                     count, count == 1 ? "" : "s", *bough__key_count(key));
        goto done;
    }
    for (size_t i = 0; i < count; i++)
        BOUGH_TRY(bough__value_text(r, item[i], &texts[i]));
    *(const char ***)bough__key_place(key) = count ? texts : NULL;
    *bough__key_count(key) = count;
done:
    return status;
}

static enum bough_status read_shape(struct bough__config_reader *r, const struct bough__key *key,
                                    const struct bough__yaml_node *node)
{
    enum bough_status status;
    struct bough_shape *shape = bough__key_place(key);
    const struct bough__yaml_node *const *item;
    size_t count;
    BOUGH_TRY(list_of(r, &item, &count, &node));
    if (count < 1 || count >= BOUGH_MAX_RANK)
        return bough__value_wanted(r, node, "1 to 7 dimensions", NULL);
    for (size_t i = 0; i < count; i++) {
        double value = 0;
        BOUGH_TRY(read_number(r, key->option, item[i], 1, &value));
        shape->dim[i] = (int64_t)value;
    }
    shape->rank = (int32_t)count;
done:
    return status;
}

enum bough_status bough__value_read(struct bough__config_reader *r, const struct bough__key *key,
                                    const struct bough__yaml_node *node)
{
    void *place = bough__key_place(key);
    switch (key->option->type) {
    case BOUGH__OPTION_INT:
        return read_into(r, key->option, node, 1, place, 0);
    case BOUGH__OPTION_NUMBER:
        return read_into(r, key->option, node, 0, place, 0);
    case BOUGH__OPTION_PAIR:
    case BOUGH__OPTION_NUMBERS2:
        return read_two(r, key->option, node, place);
    case BOUGH__OPTION_UINT64:
        return read_uint64(r, node, place);
    case BOUGH__OPTION_SWITCH:
        return read_switch(r, node, place);
    case BOUGH__OPTION_TEXT:
        return read_text(r, key->option->family, node, place);
    case BOUGH__OPTION_SHAPE:
        return read_shape(r, key, node);
    case BOUGH__OPTION_INTS:
    case BOUGH__OPTION_FLOATS:
        return read_numbers(r, key, node);
    case BOUGH__OPTION_BY_TASK:
        return read_by_task(r, key, node);
    default:
        return read_names(r, key, node);
    }
}
