// The table of keys, for users.
#include "base/strings.h"
#include "config/config_schema.h"

#include <stdio.h>
#include <string.h>

struct description {
    void (*line)(void *user, const char *text);
    void *user;
};

static void names_of(char *text, size_t size, const char *const *names)
{
    for (size_t i = 0; names[i]; i++)
        bough__append(text, size, "%s`%s`", i ? ", " : "", names[i]);
}

static const char *const type_text[] = {
    [BOUGH__KEY_INT] = "whole number",
    [BOUGH__KEY_UINT64] = "whole number",
    [BOUGH__KEY_PAIR] = "whole number or [height, width]",
    [BOUGH__KEY_NUMBER] = "number",
    [BOUGH__KEY_NUMBERS2] = "two numbers",
    [BOUGH__KEY_SWITCH] = "true or false",
    [BOUGH__KEY_TEXT] = "text",
    [BOUGH__KEY_SHAPE] = "list of whole numbers",
    [BOUGH__KEY_INTS] = "list of whole numbers",
    [BOUGH__KEY_FLOATS] = "number or list of them",
    [BOUGH__KEY_WEIGHTS] = "numbers by task",
    [BOUGH__KEY_TEXTS] = "list of names",
    [BOUGH__KEY_LAYERS] = "list of layers",
    [BOUGH__KEY_TASKS] = "tasks by name",
};

static void what_it_takes(char *text, size_t size, const struct bough__key *key)
{
    *text = '\0';
    if (key->names)
        names_of(text, size, key->names);
    else
        bough__append(text, size, "%s%s%s", type_text[key->type], key->range ? ", " : "",
                      key->range ? key->range->text : "");
}

static void default_of(char *text, size_t size, const struct bough__key *key)
{
    char a[32], b[32];
    *text = '\0';
    bough__format_float((float)key->number[0], a, sizeof a);
    bough__format_float((float)key->number[1], b, sizeof b);
    if (key->needed)
        bough__append(text, size, "needed");
    else if (key->word || key->like)
        bough__append(text, size, "%s%s", key->like ? "the " : "",
                      key->like ? key->like : key->word);
    else if (key->type == BOUGH__KEY_SWITCH)
        bough__append(text, size, "%s", key->number[0] != 0 ? "true" : "false");
    else if (key->type == BOUGH__KEY_NUMBERS2)
        bough__append(text, size, "[%s, %s]", a, b);
    else if (key->type <= BOUGH__KEY_NUMBER)
        bough__append(text, size, "%s", a);
}

static void describe_key(struct description *d, const char *prefix, const struct bough__key *key)
{
    char takes[512], otherwise[64], text[1200];
    what_it_takes(takes, sizeof takes, key);
    default_of(otherwise, sizeof otherwise, key);
    snprintf(text, sizeof text, "| `%s%s` | %s | %s | %s | %s |", prefix, key->name, takes,
             otherwise, key->of ? key->of : "", key->text);
    d->line(d->user, text);
}

static void describe_section(struct description *d, const char *prefix,
                             const struct bough__section *section)
{
    const struct bough__section *layers = NULL;
    for (size_t i = 0; i < section->count; i++) {
        const struct bough__key *key = &section->key[i];
        char inner[128];
        snprintf(inner, sizeof inner, "%s%s.%s", prefix, key->name,
                 key->type == BOUGH__KEY_TASKS ? "<task>." : "");
        if (key->type != BOUGH__KEY_SECTION)
            describe_key(d, prefix, key);
        if (key->type == BOUGH__KEY_SECTION || key->type == BOUGH__KEY_TASKS)
            describe_section(d, inner, key->section);
        if (key->type == BOUGH__KEY_LAYERS && !*prefix)
            layers = key->section;
    }
    if (layers)
        describe_section(d, "<layer>.", layers);
}

void bough_config_describe(void (*line)(void *user, const char *text), void *user)
{
    struct description d = {line, user};
    line(user, "| key | takes | default | read by | what it does |");
    line(user, "| --- | --- | --- | --- | --- |");
    describe_section(&d, "", &bough__config_section);
}
