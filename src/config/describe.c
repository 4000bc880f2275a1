// The tables of keys and of rows, for users.
#include "config/describe.h"

#include "base/strings.h"
#include "config/schema.h"

#include <bough/config.h>

#include <stdio.h>
#include <string.h>

enum { MOST_FAMILIES = 32 };

struct description {
    void (*line)(void *user, const char *text);
    void *user;
    // The keys that name a row, and the family.
    struct {
        char key[96];
        const struct bough__family *family;
    } named[MOST_FAMILIES];
    size_t named_count;
};

static const char *const type_text[] = {
    [BOUGH__OPTION_INT] = "whole number",
    [BOUGH__OPTION_UINT64] = "whole number",
    [BOUGH__OPTION_PAIR] = "whole number or [height, width]",
    [BOUGH__OPTION_NUMBER] = "number",
    [BOUGH__OPTION_NUMBERS2] = "two numbers",
    [BOUGH__OPTION_SWITCH] = "true or false",
    [BOUGH__OPTION_TEXT] = "text",
    [BOUGH__OPTION_SHAPE] = "list of whole numbers",
    [BOUGH__OPTION_INTS] = "list of whole numbers",
    [BOUGH__OPTION_FLOATS] = "number or list of them",
    [BOUGH__OPTION_BY_TASK] = "numbers by task",
    [BOUGH__OPTION_NAMES] = "list of names",
    [BOUGH__OPTION_CHOICES] = "list of layers",
};

void bough__option_takes(char *text, size_t size, const struct bough__option *option)
{
    const int named = option->family && option->type != BOUGH__OPTION_CHOICES;
    *text = '\0';
    if (option->type == BOUGH__OPTION_NAMED) {
        bough__append(text, size, "%s by name", option->name);
        return;
    }
    for (size_t i = 0; named && i < option->family->count; i++)
        bough__append(text, size, "%s`%s`", i ? ", " : "", option->family->row[i]->name);
    if (!named)
        bough__append(text, size, "%s%s%s", type_text[option->type], option->range ? ", " : "",
                      option->range ? option->range->text : "");
}

void bough__option_otherwise(char *text, size_t size, const struct bough__option *option)
{
    char a[32], b[32];
    *text = '\0';
    bough__format_float((float)option->number[0], a, sizeof a);
    bough__format_float((float)option->number[1], b, sizeof b);
    if (option->needed)
        bough__append(text, size, "needed");
    else if (option->text || option->same_as)
        bough__append(text, size, "%s%s", option->same_as ? "the " : "",
                      option->same_as ? option->same_as : option->text);
    else if (option->type == BOUGH__OPTION_SWITCH)
        bough__append(text, size, "%s", option->number[0] != 0 ? "true" : "false");
    else if (option->type == BOUGH__OPTION_NUMBERS2)
        bough__append(text, size, "[%s, %s]", a, b);
    else if (option->type <= BOUGH__OPTION_NUMBER)
        bough__append(text, size, "%s", a);
}

static void note_family(struct description *d, const char *prefix,
                        const struct bough__option *option)
{
    if (!option->family || option->type == BOUGH__OPTION_CHOICES || d->named_count == MOST_FAMILIES)
        return;
    snprintf(d->named[d->named_count].key, sizeof d->named->key, "%s%s", prefix, option->name);
    d->named[d->named_count++].family = option->family;
}

static void describe_option(struct description *d, const char *prefix,
                            const struct bough__option *option, const char *read_by)
{
    char takes[1500], otherwise[64], text[3000];
    note_family(d, prefix, option);
    bough__option_takes(takes, sizeof takes, option);
    bough__option_otherwise(otherwise, sizeof otherwise, option);
    snprintf(text, sizeof text, "| `%s%s` | %s | %s | %s | %s |", prefix, option->name, takes,
             otherwise, read_by, option->help);
    d->line(d->user, text);
}

static void describe_section(struct description *d, const char *prefix,
                             const struct bough__options *options);

// ---- Rows ----

static void describe_row(const struct description *d, const char *key, const struct bough__row *row)
{
    char options[512] = "", text[1500];
    for (size_t i = 0; i < row->options.count; i++)
        bough__append(options, sizeof options, "%s`%s`", i ? ", " : "",
                      row->options.option[i].name);
    snprintf(text, sizeof text, "| `%s` | `%s` | %s | %s | %s |", key, row->name, row->help,
             options, row->paper ? row->paper : "");
    d->line(d->user, text);
}

static void describe_named(const struct description *d)
{
    d->line(d->user, "| key | value | what it is | options | paper |");
    d->line(d->user, "| --- | --- | --- | --- | --- |");
    for (size_t i = 0; i < d->named_count; i++)
        for (size_t r = 0; r < d->named[i].family->count; r++)
            describe_row(d, d->named[i].key, d->named[i].family->row[r]);
}

// ---- The options of rows ----

// Whether users see no difference between the two.
static int reads_alike(const struct bough__option *a, const struct bough__option *b)
{
    return strcmp(a->name, b->name) == 0 && a->type == b->type && a->range == b->range &&
           a->number[0] == b->number[0] && a->number[1] == b->number[1] && a->needed == b->needed &&
           !a->same_as == !b->same_as && (a->section || strcmp(a->help, b->help) == 0);
}

static int row_reads(const struct bough__row *row, const struct bough__option *option)
{
    const struct bough__option *own = bough__option_find(&row->options, option->name);
    return own && reads_alike(own, option);
}

// An option that a row before has too was told with that one.
static void describe_row_option(struct description *d, const char *prefix,
                                const struct bough__family *family, size_t index,
                                const struct bough__option *option)
{
    char readers[512] = "", inner[128];
    for (size_t i = 0; i < index; i++)
        if (row_reads(family->row[i], option))
            return;
    for (size_t i = index; i < family->count; i++)
        if (row_reads(family->row[i], option))
            bough__append(readers, sizeof readers, "%s%s", *readers ? " " : "",
                          family->row[i]->name);
    snprintf(inner, sizeof inner, "%s%s.", prefix, option->name);
    if (option->section)
        describe_section(d, inner, option->section);
    else
        describe_option(d, prefix, option, readers);
}

static void describe_rows(struct description *d, const char *prefix,
                          const struct bough__family *family)
{
    for (size_t i = 0; i < family->count; i++) {
        const struct bough__options *options = &family->row[i]->options;
        for (size_t o = 0; o < options->count; o++)
            describe_row_option(d, prefix, family, i, &options->option[o]);
    }
}

// ---- Sections ----

static void describe_section(struct description *d, const char *prefix,
                             const struct bough__options *options)
{
    for (size_t i = 0; i < options->count; i++) {
        const struct bough__option *option = &options->option[i];
        char inner[128];
        const int told = i && option->section == options->option[i - 1].section;
        snprintf(inner, sizeof inner, "%s%s.", prefix, option->name);
        if (option->noun)
            bough__append(inner, sizeof inner, "<%s>.", option->noun);
        if (option->type != BOUGH__OPTION_SECTION && option->type != BOUGH__OPTION_ONE)
            describe_option(d, prefix, option, "");
        if (option->section && !told)
            describe_section(d, inner, option->section);
        if (option->type == BOUGH__OPTION_CHOICE)
            describe_rows(d, prefix, option->family);
    }
}

static void describe_layers(struct description *d)
{
    const struct bough__options *root = &bough__config_options;
    for (size_t i = 0; i < root->count; i++)
        if (root->option[i].type == BOUGH__OPTION_CHOICES) {
            struct bough__option kind = root->option[i];
            kind.name = "kind";
            kind.type = BOUGH__OPTION_CHOICE;
            kind.needed = 1;
            kind.help = "the layer's own key: `relu`, or `linear: {units: 10}`";
            describe_option(d, "<layer>.", &kind, "");
            describe_rows(d, "<layer>.", kind.family);
        }
}

void bough_config_describe(void (*line)(void *user, const char *text), void *user)
{
    struct description d = {.line = line, .user = user};
    line(user, "| key | takes | default | read by | what it does |");
    line(user, "| --- | --- | --- | --- | --- |");
    describe_section(&d, "", &bough__config_options);
    describe_layers(&d);
    line(user, "");
    describe_named(&d);
}
