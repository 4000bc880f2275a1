#include "config/read.h"

#include "base/strings.h"
#include "config/config_check.h"
#include "config/value.h"

#include <assert.h>
#include <bough/name.h>
#include <stdio.h>
#include <string.h>

enum { MOST_NAMED = 4096 };

typedef struct bough__config_reader reader;

static enum bough_status read_section(reader *r, const struct bough__options *options,
                                      const struct bough__yaml_node *node, void *base);
static enum bough_status read_keys(reader *r, const struct bough__key *key, size_t count,
                                   const struct bough__yaml_node *node);

static int is_null(const struct bough__yaml_node *node)
{
    return !node || (node->kind == BOUGH__SCALAR && !node->text);
}

// A null in the place of what is not there.
static struct bough__yaml_node absent_at(const struct bough__yaml_node *node)
{
    return (struct bough__yaml_node){.line = node->line, .override = node->override};
}

// ---- Choices ----

// The struct of the row's options, with their defaults.
static enum bough_status start_options(reader *r, struct bough__choice *choice)
{
    const struct bough__options *options = &choice->row->options;
    choice->options = bough__arena_alloc(r->arena, options->size);
    if (!choice->options)
        return bough__no_memory();
    bough__options_default(options, choice->options);
    return BOUGH_OK;
}

static enum bough_status check_options(const reader *r, const struct bough__choice *choice,
                                       const struct bough__yaml_node *node)
{
    const char *key = "";
    const char *wrong =
        choice->row && choice->row->wrong ? choice->row->wrong(choice->options, &key) : NULL;
    if (!wrong)
        return BOUGH_OK;
    struct bough__config_place place = r->place;
    bough__config_enter(&place, key);
    const struct bough__yaml_node *at = bough__yaml_node_find(node, key);
    return bough__config_wrong(&place, at ? at : node, "%s", wrong);
}

// ---- Which keys there are ----

static int is_of_another_row(const struct bough__family *family, const char *name)
{
    for (size_t i = 0; family && i < family->count; i++)
        if (bough__option_find(&family->row[i]->options, name))
            return 1;
    return 0;
}

// Where in the config a key of that name is: "train.epochs".
static int find_elsewhere(char *path, size_t size, const struct bough__options *options,
                          const char *name)
{
    const size_t mark = strlen(path);
    for (size_t i = 0; i < options->count; i++) {
        const struct bough__option *option = &options->option[i];
        bough__append(path, size, "%s%s", mark ? "." : "", option->name);
        if (mark && option->type != BOUGH__OPTION_CHOICE && strcmp(option->name, name) == 0)
            return 1;
        if (option->type == BOUGH__OPTION_CHOICE) {
            path[mark] = '\0';
            if (!is_of_another_row(option->family, name))
                continue;
            bough__append(path, size, ".%s", name);
            return 1;
        }
        if (option->noun)
            bough__append(path, size, ".<%s>", option->noun);
        if (option->section && find_elsewhere(path, size, option->section, name))
            return 1;
        path[mark] = '\0';
    }
    return 0;
}

static enum bough_status unknown_key(reader *r, const struct bough__key *key, size_t count,
                                     const struct bough__choice *choice,
                                     const struct bough__family *family,
                                     const struct bough__yaml_node *node)
{
    const char *names[BOUGH__MOST_KEYS + 1];
    char what[80] = "unknown key", path[128] = "";
    const int at_root = !*r->place.path;
    for (size_t i = 0; i < count; i++)
        names[i] = key[i].option->name;
    names[count] = NULL;
    if (is_of_another_row(family, node->text))
        snprintf(what, sizeof what, "not a key of %s",
                 choice && choice->row ? choice->row->name : "the default");
    const int elsewhere =
        at_root && find_elsewhere(path, sizeof path, &bough__config_options, node->text);
    char part[64];
    snprintf(part, sizeof part, "%.60s", node->text);
    bough__config_enter(&r->place, part);
    if (family && bough__family_find(family, node->text))
        return bough__config_wrong(&r->place, node, "unknown key; wanted {%s: %s, ...}", names[0],
                                   part);
    return bough__config_unknown(&r->place, node, what, node->text, names, elsewhere ? path : NULL);
}

// An option that the file gives to its own row, where an override has chosen another one.
static int is_left_behind(const struct bough__option *choice, const struct bough__yaml_node *node,
                          size_t index)
{
    if (choice->type != BOUGH__OPTION_CHOICE || node->item[index]->override)
        return 0;
    const struct bough__yaml_node *name = bough__yaml_node_find(node, choice->name);
    return name && name->override && is_of_another_row(choice->family, node->key[index]->text);
}

// Every key of the mapping is one that is read, and is given once.
static enum bough_status check_keys(reader *r, const struct bough__key *key, size_t count,
                                    const struct bough__choice *choice,
                                    const struct bough__family *family,
                                    const struct bough__yaml_node *node)
{
    for (size_t i = 0; node->kind == BOUGH__MAPPING && i < node->count; i++) {
        const struct bough__yaml_node *name = node->key[i];
        size_t known = 0;
        if (!name)
            continue;
        if (name->kind != BOUGH__SCALAR || !name->text)
            return bough__value_wanted(r, name, "a key", NULL);
        while (known < count && strcmp(key[known].option->name, name->text) != 0)
            known++;
        if (known == count && count && is_left_behind(key->option, node, i))
            continue;
        if (known == count)
            return unknown_key(r, key, count, choice, family, name);
        for (size_t j = 0; j < i; j++)
            if (node->key[j] && strcmp(node->key[j]->text, name->text) == 0) {
                bough__config_enter(&r->place, name->text);
                return bough__config_wrong(&r->place, name, "given twice");
            }
    }
    return BOUGH_OK;
}

// What the node has for a key; a value without a key goes to the first.
static const struct bough__yaml_node *entry(const struct bough__yaml_node *node, const char *name,
                                            int first)
{
    if (node->kind != BOUGH__MAPPING)
        return first ? node : NULL;
    const struct bough__yaml_node *found = bough__yaml_node_find(node, name);
    return found || !first || !node->bare ? found : node->item[0];
}

// ---- Layers ----

static enum bough_status read_layer(reader *r, const struct bough__family *family,
                                    const struct bough__yaml_node *node,
                                    struct bough__choice *layer)
{
    enum bough_status status;
    struct bough__key key[BOUGH__MOST_KEYS];
    const struct bough__yaml_node nothing = absent_at(node), *name = node, *fields = &nothing;
    if (node->kind == BOUGH__MAPPING) {
        if (node->count != 1 || node->bare)
            return bough__value_wanted(r, node->count > 1 && node->key[1] ? node->key[1] : node,
                                       "one layer, as `relu` or `linear: {units: 10}`", NULL);
        name = node->key[0];
        fields = node->item[0];
    }
    BOUGH_TRY(bough__value_row(r, family, name, &layer->row));
    BOUGH_TRY(start_options(r, layer));
    bough__config_enter(&r->place, layer->row->name);
    const size_t count = bough__row_keys(key, layer);
    if (!is_null(fields) && !count && fields->kind != BOUGH__MAPPING)
        return bough__value_wanted(r, fields, "nothing: it takes no value", NULL);
    BOUGH_TRY(check_keys(r, key, count, layer, family, fields));
    BOUGH_TRY(read_keys(r, key, count, fields));
    BOUGH_TRY(check_options(r, layer, fields));
done:
    return status;
}

static enum bough_status read_layers(reader *r, const struct bough__key *key,
                                     const struct bough__yaml_node *node)
{
    enum bough_status status = BOUGH_OK;
    char part[32];
    if (node->kind != BOUGH__SEQUENCE || node->count > BOUGH__MOST_ENTRIES)
        return bough__value_wanted(r, node, "a list of layers", "at most 65536");
    struct bough__choice *layers = BOUGH_NEW(r->arena, struct bough__choice, node->count);
    BOUGH_TRY_MEMORY(layers);
    for (size_t i = 0; i < node->count; i++) {
        snprintf(part, sizeof part, "[%zu]", i);
        size_t mark = bough__config_enter(&r->place, part);
        BOUGH_TRY(read_layer(r, key->option->family, node->item[i], &layers[i]));
        bough__config_leave(&r->place, mark);
    }
    *(struct bough__choice **)bough__key_place(key) = node->count ? layers : NULL;
    *bough__key_count(key) = node->count;
done:
    return status;
}

// ---- Structs by name ----

static enum bough_status read_named_item(reader *r, const struct bough__options *section,
                                         const struct bough__yaml_node *node, char *items,
                                         size_t index)
{
    enum bough_status status;
    const char **name = (const char **)(void *)(items + index * section->size);
    BOUGH_TRY(bough__value_text(r, node->key[index], name));
    size_t mark = bough__config_enter(&r->place, *name);
    for (size_t i = 0; i < index; i++)
        if (strcmp(*(const char **)(void *)(items + i * section->size), *name) == 0)
            return bough__config_wrong(&r->place, node->key[index], "given twice");
    BOUGH_TRY(read_section(r, section, node->item[index], name));
    bough__config_leave(&r->place, mark);
done:
    return status;
}

// What an override's path made beside the file's: without a value for its first key, the field or
// target, its name is a slip.
static enum bough_status check_new(reader *r, const struct bough__option *option,
                                   const struct bough__yaml_node *node, size_t index)
{
    const struct bough__yaml_node *item = node->item[index], *name = node->key[index];
    const struct bough__option *first = option->section->option;
    char what[80];
    size_t known = 0;
    if (!name->override || node->override || item->kind != BOUGH__MAPPING || !name->text ||
        !is_null(entry(item, first->name, 1)))
        return BOUGH_OK;
    const char **names = BOUGH_NEW(r->arena, const char *, node->count);
    if (!names)
        return bough__no_memory();
    for (size_t i = 0; i < node->count; i++)
        if (!node->key[i]->override && node->key[i]->text)
            names[known++] = node->key[i]->text;
    if (!first->needed && !bough_name_nearest(name->text, names))
        return BOUGH_OK;
    bough__config_enter(&r->place, name->text);
    snprintf(what, sizeof what, "no such %s, nor a %s for a new one", option->noun, first->name);
    return bough__config_unknown(&r->place, item, what, name->text, names, NULL);
}

static enum bough_status read_named(reader *r, const struct bough__key *key,
                                    const struct bough__yaml_node *node)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__options *section = key->option->section;
    char wanted[80];
    snprintf(wanted, sizeof wanted, "a mapping from names to %s", key->option->name);
    if (node->kind != BOUGH__MAPPING || node->bare || node->count > MOST_NAMED)
        return bough__value_wanted(r, node, wanted, "at most 4096");
    char *items = bough__arena_alloc(r->arena, node->count * section->size);
    BOUGH_TRY_MEMORY(items);
    for (size_t i = 0; i < node->count; i++) {
        bough__options_default(section, items + i * section->size);
        BOUGH_TRY(check_new(r, key->option, node, i));
        BOUGH_TRY(read_named_item(r, section, node, items, i));
    }
    *(void **)bough__key_place(key) = items;
    *bough__key_count(key) = node->count;
done:
    return status;
}

// The short form of what is by name.
static enum bough_status read_one(reader *r, const struct bough__key *key,
                                  const struct bough__yaml_node *node)
{
    const struct bough__options *section = key->option->section;
    void *one = bough__arena_alloc(r->arena, section->size);
    if (!one)
        return bough__no_memory();
    bough__options_default(section, one);
    *(void **)bough__key_place(key) = one;
    *bough__key_count(key) = 1;
    return read_section(r, section, node, one);
}

// ---- Sections ----

static enum bough_status missing(const reader *r, const struct bough__option *option,
                                 const struct bough__yaml_node *node)
{
    return bough__config_wrong(&r->place, node, "%s is missing%s%s%s", option->name,
                               option->help ? " (" : "", option->help ? option->help : "",
                               option->help ? ")" : "");
}

static enum bough_status read_value(reader *r, const struct bough__key *key,
                                    const struct bough__yaml_node *node)
{
    switch (key->option->type) {
    case BOUGH__OPTION_CHOICE: // read before all others
        return BOUGH_OK;
    case BOUGH__OPTION_SECTION:
        return read_section(r, key->option->section, node, bough__key_place(key));
    case BOUGH__OPTION_CHOICES:
        return read_layers(r, key, node);
    case BOUGH__OPTION_NAMED:
        return read_named(r, key, node);
    case BOUGH__OPTION_ONE:
        return read_one(r, key, node);
    default:
        return bough__value_read(r, key, node);
    }
}

static void copy_default(const struct bough__key *key, size_t count, size_t index)
{
    const struct bough__option *option = key[index].option;
    for (size_t i = 0; option->same_as && i < count; i++)
        if (strcmp(key[i].option->name, option->same_as) == 0) {
            assert(option->type == BOUGH__OPTION_PAIR && key[i].option->type == BOUGH__OPTION_PAIR);
            memcpy(bough__key_place(&key[index]), bough__key_place(&key[i]), 2 * sizeof(int32_t));
        }
}

// A key that is needed and holds nothing, as an empty list, is missing too.
static int holds_nothing(const struct bough__key *key)
{
    const enum bough__option_type type = key->option->type;
    return (type == BOUGH__OPTION_CHOICES || type == BOUGH__OPTION_NAMED ||
            type == BOUGH__OPTION_BY_TASK) &&
           !*bough__key_count(key);
}

static enum bough_status read_keys(reader *r, const struct bough__key *key, size_t count,
                                   const struct bough__yaml_node *node)
{
    const struct bough__yaml_node nothing = absent_at(node);
    enum bough_status status = BOUGH_OK;
    for (size_t i = 0; i < count; i++) {
        const struct bough__option *option = key[i].option;
        const struct bough__yaml_node *found = entry(node, option->name, i == 0);
        copy_default(key, count, i);
        if (is_null(found) && option->needed && option->type != BOUGH__OPTION_CHOICE)
            return missing(r, option, node);
        if (is_null(found) && option->type != BOUGH__OPTION_SECTION &&
            option->type != BOUGH__OPTION_ONE)
            continue; // a null is as if it were not there
        size_t mark = bough__config_enter(&r->place, option->name);
        BOUGH_TRY(read_value(r, &key[i], found ? found : &nothing));
        bough__config_leave(&r->place, mark);
        if (option->needed && holds_nothing(&key[i]))
            return missing(r, option, node);
    }
done:
    return status;
}

static enum bough_status read_choice(reader *r, const struct bough__option *option,
                                     const struct bough__yaml_node *node,
                                     struct bough__choice *choice)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__yaml_node *name = entry(node, option->name, 1);
    choice->row = bough__family_find(option->family, option->text);
    if (option->list && name && name->kind == BOUGH__SEQUENCE)
        return bough__config_wrong(&r->place, name, "a list; wanted %s", option->list);
    if (!is_null(name)) {
        size_t mark = bough__config_enter(&r->place, option->name);
        BOUGH_TRY(bough__value_row(r, option->family, name, &choice->row));
        bough__config_leave(&r->place, mark);
    }
    if (!choice->row)
        return option->needed ? missing(r, option, node) : BOUGH_OK;
    BOUGH_TRY(start_options(r, choice));
done:
    return status;
}

// The defaults stand already, but for those of a choice.
static enum bough_status read_section(reader *r, const struct bough__options *options,
                                      const struct bough__yaml_node *node, void *base)
{
    enum bough_status status = BOUGH_OK;
    struct bough__key key[BOUGH__MOST_KEYS];
    struct bough__choice *choice = bough__config_choice(options, base);
    const struct bough__family *family = choice ? options->option->family : NULL;
    if (choice)
        BOUGH_TRY(read_choice(r, options->option, node, choice));
    const size_t count = bough__config_keys(key, options, base);
    BOUGH_TRY(check_keys(r, key, count, choice, family, node));
    BOUGH_TRY(read_keys(r, key, count, node));
    if (choice)
        BOUGH_TRY(check_options(r, choice, node));
done:
    return status;
}

enum bough_status bough__config_section(struct bough__config_reader *r, const char *name,
                                        const struct bough__yaml_node *node)
{
    enum bough_status status;
    const struct bough__option *option = bough__option_find(&bough__config_options, name);
    const size_t mark = bough__config_enter(&r->place, name);
    BOUGH_TRY(read_section(r, option->section, node, (char *)r->config + option->offset));
    bough__config_leave(&r->place, mark);
done:
    return status;
}

static enum bough_status check_short_form(reader *r)
{
    const struct bough__yaml_node *root = r->place.tree->root,
                                  *inputs = bough__yaml_node_find(root, "inputs");
    if (is_null(bough__yaml_node_find(root, "input")) || is_null(inputs))
        return BOUGH_OK;
    bough__config_enter(&r->place, "inputs");
    return bough__config_wrong(&r->place, inputs, "given beside input; wanted one of the two");
}

enum bough_status bough__config_read(struct bough_config *config, struct bough__arena *arena,
                                     const struct bough__tree *tree)
{
    reader r = {.place = {.tree = tree}, .arena = arena, .config = config};
    enum bough_status status;
    memset(config, 0, sizeof *config);
    if (tree->root->kind != BOUGH__MAPPING || tree->root->bare)
        return bough__yaml_node_fail(tree, tree->root, "no keys; wanted data, tasks and so on");
    bough__options_default(&bough__config_options, config);
    BOUGH_TRY(check_short_form(&r));
    BOUGH_TRY(read_section(&r, &bough__config_options, tree->root, config));
    BOUGH_TRY(bough__inputs_check(&r.place, config));
    BOUGH_TRY(bough__architecture_check(&r.place, config));
    BOUGH_TRY(bough__alignment_check(&r.place, config));
    BOUGH_TRY(bough__weighting_check(&r.place, config));
    BOUGH_TRY(bough__regime_check(&r.place, config));
    BOUGH_TRY(bough__tasks_check(&r.place, config, arena));
    BOUGH_TRY(bough__meeting_check(&r.place, config));
    BOUGH_TRY(bough__folds_check(&r.place, config));
    BOUGH_TRY(bough__transfer_check(&r.place, config));
    BOUGH_TRY(bough__early_stopping_check(&r.place, config));
done:
    return status;
}
