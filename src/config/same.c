// Two configs, key by key.
#include "base/strings.h"
#include "config/config.h"
#include "config/schema.h"

#include <stdio.h>
#include <string.h>

// What is compared, and where. `told` is where the difference goes.
struct pair {
    char path[512];
    char *told;
    size_t size;
};

static int same_keys(struct pair *p, const struct bough__key *a, size_t as,
                     const struct bough__key *b, size_t bs);
static int same_section(struct pair *p, const struct bough__options *options, void *a, void *b);

static size_t enter(struct pair *p, const char *part)
{
    const size_t mark = strlen(p->path);
    bough__append(p->path, sizeof p->path, "%s%s", mark && *part != '[' ? "." : "", part);
    return mark;
}

static int differ(const struct pair *p, const char *a, const char *b)
{
    snprintf(p->told, p->size, "%s: %s, not %s", p->path, a, b);
    return 0;
}

// ---- Values as texts ----

static void append_number(char *text, size_t size, float value)
{
    char digits[32];
    bough__append(text, size, "%s", bough__format_float(value, digits, sizeof digits));
}

static void append_element(char *text, size_t size, enum bough__option_type type, const void *array,
                           size_t index)
{
    if (type == BOUGH__OPTION_INTS || type == BOUGH__OPTION_PAIR)
        bough__append(text, size, "%d", (int)((const int32_t *)array)[index]);
    else if (type == BOUGH__OPTION_NAMES)
        bough__append(text, size, "%s", ((const char *const *)array)[index]);
    else if (type == BOUGH__OPTION_SHAPE)
        bough__append(text, size, "%lld", (long long)((const int64_t *)array)[index]);
    else
        append_number(text, size, ((const float *)array)[index]);
}

static void append_list(char *text, size_t size, enum bough__option_type type, const void *array,
                        size_t count)
{
    bough__append(text, size, "[");
    for (size_t i = 0; i < count; i++) {
        bough__append(text, size, "%s", i ? ", " : "");
        append_element(text, size, type, array, i);
    }
    bough__append(text, size, "]");
}

// Of a type that has the same size in every config.
static void append_value(char *text, size_t size, const struct bough__key *key)
{
    const void *place = bough__key_place(key);
    const enum bough__option_type type = key->option->type;
    const struct bough_shape *shape = place;
    switch (type) {
    case BOUGH__OPTION_INT:
        bough__append(text, size, "%d", (int)*(const int32_t *)place);
        return;
    case BOUGH__OPTION_UINT64:
        bough__append(text, size, "%llu", (unsigned long long)*(const uint64_t *)place);
        return;
    case BOUGH__OPTION_NUMBER:
        append_number(text, size, *(const float *)place);
        return;
    case BOUGH__OPTION_SWITCH:
        bough__append(text, size, "%s", *(const int *)place ? "true" : "false");
        return;
    case BOUGH__OPTION_SHAPE:
        append_list(text, size, type, shape->dim, (size_t)shape->rank);
        return;
    default:
        append_list(text, size, type, place, 2);
    }
}

// ---- Lists of structs ----

static const char *name_of(const struct bough__choice *choice)
{
    return choice->row ? choice->row->name : "nothing";
}

static int same_count(const struct pair *p, size_t a, size_t b)
{
    char text[2][32];
    snprintf(text[0], sizeof text[0], "%zu entries", a);
    snprintf(text[1], sizeof text[1], "%zu entries", b);
    return a == b || differ(p, text[0], text[1]);
}

static int same_layers(struct pair *p, const struct bough__choice *a, const struct bough__choice *b,
                       size_t count)
{
    struct bough__key key[2][BOUGH__MOST_KEYS];
    for (size_t i = 0; i < count; i++) {
        char part[96];
        snprintf(part, sizeof part, "[%zu]", i);
        const size_t mark = enter(p, part);
        if (a[i].row != b[i].row)
            return differ(p, name_of(&a[i]), name_of(&b[i]));
        enter(p, name_of(&a[i]));
        if (!same_keys(p, key[0], bough__row_keys(key[0], &a[i]), key[1],
                       bough__row_keys(key[1], &b[i])))
            return 0;
        p->path[mark] = '\0';
    }
    return 1;
}

// NULL where it is given in the short form.
static const char *item_name(const void *item)
{
    return *(const char *const *)item;
}

static int same_named(struct pair *p, const struct bough__options *options, char *a, char *b,
                      size_t count)
{
    for (size_t i = 0; i < count; i++, a += options->size, b += options->size) {
        const char *x = item_name(a), *y = item_name(b);
        if (!x && !y)
            return 1;
        if (!x || !y || strcmp(x, y) != 0)
            return differ(p, x ? x : "nothing", y ? y : "nothing");
        const size_t mark = enter(p, x);
        if (!same_section(p, options, a, b))
            return 0;
        p->path[mark] = '\0';
    }
    return 1;
}

static int same_one(struct pair *p, const struct bough__options *options, void *a, void *b)
{
    return item_name(a) || item_name(b) || same_section(p, options, a, b);
}

// ---- Keys ----

static int same_value(const struct pair *p, const struct bough__key *a, const struct bough__key *b)
{
    char text[2][400] = {"", ""};
    append_value(text[0], sizeof text[0], a);
    append_value(text[1], sizeof text[1], b);
    return strcmp(text[0], text[1]) == 0 || differ(p, text[0], text[1]);
}

// What the place of a text or a list points to.
static void *pointer_at(const struct bough__key *key)
{
    void *pointer;
    memcpy(&pointer, bough__key_place(key), sizeof pointer);
    return pointer;
}

static int same_text(const struct pair *p, const struct bough__key *a, const struct bough__key *b)
{
    const char *x = pointer_at(a), *y = pointer_at(b);
    if (x == y || (x && y && strcmp(x, y) == 0))
        return 1;
    return differ(p, x ? x : "nothing", y ? y : "nothing");
}

// Element by element: a list may be longer than any text of it.
static int same_list(struct pair *p, const struct bough__key *a, const struct bough__key *b)
{
    const enum bough__option_type type = a->option->type;
    const void *x = pointer_at(a), *y = pointer_at(b);
    const size_t count = *bough__key_count(a);
    char text[2][400] = {"", ""}, part[32];
    if (count != *bough__key_count(b)) {
        append_list(text[0], sizeof text[0], type, x, count);
        append_list(text[1], sizeof text[1], type, y, *bough__key_count(b));
        return differ(p, text[0], text[1]);
    }
    for (size_t i = 0; i < count; i++) {
        *text[0] = *text[1] = '\0';
        append_element(text[0], sizeof text[0], type, x, i);
        append_element(text[1], sizeof text[1], type, y, i);
        if (strcmp(text[0], text[1]) == 0)
            continue;
        snprintf(part, sizeof part, "[%zu]", i);
        enter(p, part);
        return differ(p, text[0], text[1]);
    }
    return 1;
}

static int same_key(struct pair *p, const struct bough__key *a, const struct bough__key *b)
{
    const struct bough__option *option = a->option;
    switch (option->type) {
    case BOUGH__OPTION_CHOICE: // compared before all others
        return 1;
    case BOUGH__OPTION_SECTION:
        return same_section(p, option->section, bough__key_place(a), bough__key_place(b));
    case BOUGH__OPTION_CHOICES:
        return same_count(p, *bough__key_count(a), *bough__key_count(b)) &&
               same_layers(p, pointer_at(a), pointer_at(b), *bough__key_count(a));
    case BOUGH__OPTION_NAMED:
        return same_count(p, *bough__key_count(a), *bough__key_count(b)) &&
               same_named(p, option->section, pointer_at(a), pointer_at(b), *bough__key_count(a));
    case BOUGH__OPTION_ONE:
        return same_one(p, option->section, pointer_at(a), pointer_at(b));
    case BOUGH__OPTION_TEXT:
        return same_text(p, a, b);
    case BOUGH__OPTION_INTS:
    case BOUGH__OPTION_FLOATS:
    case BOUGH__OPTION_BY_TASK:
    case BOUGH__OPTION_NAMES:
        return same_list(p, a, b);
    default:
        return same_value(p, a, b);
    }
}

static int same_keys(struct pair *p, const struct bough__key *a, size_t as,
                     const struct bough__key *b, size_t bs)
{
    for (size_t i = 0; i < as && i < bs; i++) {
        const size_t mark = enter(p, a[i].option->name);
        if (!same_key(p, &a[i], &b[i]))
            return 0;
        p->path[mark] = '\0';
    }
    return 1;
}

static int same_section(struct pair *p, const struct bough__options *options, void *a, void *b)
{
    struct bough__key key[2][BOUGH__MOST_KEYS];
    const struct bough__choice *x = bough__config_choice(options, a),
                               *y = bough__config_choice(options, b);
    if (x && x->row != y->row) {
        enter(p, options->option->name);
        return differ(p, name_of(x), name_of(y));
    }
    return same_keys(p, key[0], bough__config_keys(key[0], options, a), key[1],
                     bough__config_keys(key[1], options, b));
}

int bough__config_same(const struct bough_config *a, const struct bough_config *b, char *text,
                       size_t size)
{
    struct pair p = {.told = text, .size = size};
    struct bough_config x = *a, y = *b;
    return same_section(&p, &bough__config_options, &x, &y);
}
