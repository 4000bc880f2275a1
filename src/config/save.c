// From the structs to YAML, by libyaml's emitter.
#include "base/error.h"
#include "base/file.h"
#include "base/strings.h"
#include "config/config.h"
#include "config/describe.h"
#include "config/schema.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>

// Nodes are the document's numbers; 0 stands for none. The first failure is kept in `status`.
struct writer {
    yaml_document_t document;
    const struct bough_config *config;
    int brief; // what says no more than its default is left out
    enum bough_status status;
};

static void write_keys(struct writer *w, int map, const struct bough__key *key, size_t count);

// ---- Nodes ----

// libyaml refuses only for want of memory what is UTF-8.
static int made(struct writer *w, int number)
{
    if (!number && w->status == BOUGH_OK)
        w->status = bough__no_memory();
    return number;
}

static int scalar(struct writer *w, const char *text, yaml_scalar_style_t style)
{
    const yaml_char_t *value = (const yaml_char_t *)text;
    if (w->status == BOUGH_OK && !bough__is_utf8(text))
        w->status = bough__fail(BOUGH_INVALID, "cannot be written in YAML: '%.200s'", text);
    return made(w, yaml_document_add_scalar(&w->document, NULL, value, (int)strlen(text), style));
}

static int plain(struct writer *w, const char *text)
{
    return scalar(w, text, YAML_PLAIN_SCALAR_STYLE);
}

// A text that could be taken for a number, a switch or nothing is quoted.
static int text(struct writer *w, const char *value)
{
    static const char *const words[] = {"null", "true", "false", "yes", "no", "on", "off"};
    int quoted = !*value || strchr("~0123456789.+-", *value) != NULL;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        quoted |= strcmp(value, words[i]) == 0;
    return scalar(w, value, quoted ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_PLAIN_SCALAR_STYLE);
}

static int mapping(struct writer *w, yaml_mapping_style_t style)
{
    return made(w, yaml_document_add_mapping(&w->document, NULL, style));
}

static int list(struct writer *w, yaml_sequence_style_t style)
{
    return made(w, yaml_document_add_sequence(&w->document, NULL, style));
}

static void put(struct writer *w, int map, int key, int value)
{
    if (w->status == BOUGH_OK)
        made(w, yaml_document_append_mapping_pair(&w->document, map, key, value));
}

static void append(struct writer *w, int sequence, int value)
{
    if (w->status == BOUGH_OK)
        made(w, yaml_document_append_sequence_item(&w->document, sequence, value));
}

// ---- Values ----

static int integer(struct writer *w, int64_t value)
{
    char digits[32];
    snprintf(digits, sizeof digits, "%lld", (long long)value);
    return plain(w, digits);
}

static int number(struct writer *w, float value)
{
    char digits[32];
    return plain(w, bough__format_float(value, digits, sizeof digits));
}

static int two(struct writer *w, enum bough__option_type type, const void *place)
{
    int sequence = list(w, YAML_FLOW_SEQUENCE_STYLE);
    for (int i = 0; i < 2; i++)
        append(w, sequence,
               type == BOUGH__OPTION_PAIR ? integer(w, ((const int32_t *)place)[i])
                                          : number(w, ((const float *)place)[i]));
    return sequence;
}

static int shape(struct writer *w, const struct bough_shape *value)
{
    int sequence = list(w, YAML_FLOW_SEQUENCE_STYLE);
    for (int32_t i = 0; i < value->rank; i++)
        append(w, sequence, integer(w, value->dim[i]));
    return sequence;
}

static int values(struct writer *w, enum bough__option_type type, const void *array, size_t count)
{
    if (!array || !count)
        return 0;
    int sequence = list(w, YAML_FLOW_SEQUENCE_STYLE);
    for (size_t i = 0; i < count; i++)
        append(w, sequence,
               type == BOUGH__OPTION_INTS    ? integer(w, ((const int32_t *)array)[i])
               : type == BOUGH__OPTION_NAMES ? text(w, ((const char *const *)array)[i])
                                             : number(w, ((const float *)array)[i]));
    return sequence;
}

static int by_task(struct writer *w, const float *array)
{
    int map = mapping(w, YAML_FLOW_MAPPING_STYLE);
    for (size_t i = 0; i < w->config->tasks_count; i++)
        put(w, map, text(w, w->config->tasks[i].name), number(w, array[i]));
    return map;
}

// A bare value is of that one.
static int is_first_key(struct writer *w, int key, const struct bough__options *options)
{
    const yaml_node_t *node = yaml_document_get_node(&w->document, key);
    return strcmp((const char *)node->data.scalar.value, options->option->name) == 0;
}

static int section(struct writer *w, const struct bough__options *options, void *base)
{
    struct bough__key key[BOUGH__MOST_KEYS];
    int map = mapping(w, w->brief ? YAML_FLOW_MAPPING_STYLE : YAML_BLOCK_MAPPING_STYLE);
    write_keys(w, map, key, bough__config_keys(key, options, base));
    const yaml_node_t *at = map ? yaml_document_get_node(&w->document, map) : NULL;
    const yaml_node_pair_t *pair = at ? at->data.mapping.pairs.start : NULL;
    const ptrdiff_t pairs = at ? at->data.mapping.pairs.top - pair : 0;
    if (w->brief && pairs == 1 && is_first_key(w, pair->key, options))
        return pair->value;
    return pairs ? map : 0;
}

static int layers(struct writer *w, const struct bough__choice *layer, size_t count)
{
    struct bough__key key[BOUGH__MOST_KEYS];
    int sequence = list(w, count ? YAML_BLOCK_SEQUENCE_STYLE : YAML_FLOW_SEQUENCE_STYLE);
    for (size_t i = 0; i < count; i++) {
        int item = plain(w, layer[i].row->name);
        const size_t keys = bough__row_keys(key, &layer[i]);
        if (keys) {
            int fields = mapping(w, YAML_FLOW_MAPPING_STYLE), name = item;
            write_keys(w, fields, key, keys);
            item = mapping(w, YAML_BLOCK_MAPPING_STYLE);
            put(w, item, name, fields);
        }
        append(w, sequence, item);
    }
    return sequence;
}

static const char *name_of(const void *item)
{
    return *(const char *const *)item;
}

// What has no name is written in the short form.
static int named(struct writer *w, const struct bough__options *options, char *items, size_t count)
{
    if (count && !name_of(items))
        return 0;
    int map = mapping(w, YAML_BLOCK_MAPPING_STYLE);
    for (char *item = items; count; item += options->size, count--)
        put(w, map, text(w, name_of(item)), section(w, options, item));
    return map;
}

// 0 for what is not given and has no default.
static int single(struct writer *w, const struct bough__key *key)
{
    const void *place = bough__key_place(key);
    const struct bough__choice *choice = place;
    char digits[32];
    switch (key->option->type) {
    case BOUGH__OPTION_INT:
        return integer(w, *(const int32_t *)place);
    case BOUGH__OPTION_NUMBER:
        return number(w, *(const float *)place);
    case BOUGH__OPTION_UINT64:
        snprintf(digits, sizeof digits, "%llu", (unsigned long long)*(const uint64_t *)place);
        return plain(w, digits);
    case BOUGH__OPTION_SWITCH:
        return plain(w, *(const int *)place ? "true" : "false");
    case BOUGH__OPTION_CHOICE:
        return choice->row ? text(w, choice->row->name) : 0;
    case BOUGH__OPTION_SHAPE:
        return shape(w, place);
    default:
        return two(w, key->option->type, place);
    }
}

static int value(struct writer *w, const struct bough__key *key)
{
    void *place = bough__key_place(key), *array;
    const enum bough__option_type type = key->option->type;
    switch (type) {
    case BOUGH__OPTION_SECTION:
        return section(w, key->option->section, place);
    case BOUGH__OPTION_TEXT:
    case BOUGH__OPTION_INTS:
    case BOUGH__OPTION_FLOATS:
    case BOUGH__OPTION_NAMES:
    case BOUGH__OPTION_BY_TASK:
    case BOUGH__OPTION_CHOICES:
    case BOUGH__OPTION_NAMED:
    case BOUGH__OPTION_ONE:
        memcpy(&array, place, sizeof array);
        break;
    default:
        return single(w, key);
    }
    if (type == BOUGH__OPTION_TEXT)
        return array ? text(w, array) : 0;
    if (type == BOUGH__OPTION_BY_TASK)
        return array ? by_task(w, array) : 0;
    if (type == BOUGH__OPTION_CHOICES)
        return layers(w, array, *bough__key_count(key));
    if (type == BOUGH__OPTION_NAMED)
        return named(w, key->option->section, array, *bough__key_count(key));
    if (type == BOUGH__OPTION_ONE)
        return name_of(array) ? 0 : section(w, key->option->section, array);
    return values(w, type, array, *bough__key_count(key));
}

static int is_default(struct writer *w, const struct bough__option *option, int item)
{
    char otherwise[64];
    const yaml_node_t *node = yaml_document_get_node(&w->document, item);
    bough__option_otherwise(otherwise, sizeof otherwise, option);
    return node->type == YAML_SCALAR_NODE &&
           strcmp((const char *)node->data.scalar.value, otherwise) == 0;
}

static void write_keys(struct writer *w, int map, const struct bough__key *key, size_t count)
{
    for (size_t i = 0; i < count && w->status == BOUGH_OK; i++) {
        int item = value(w, &key[i]);
        if (item && !(w->brief && is_default(w, key[i].option, item)))
            put(w, map, plain(w, key[i].option->name), item);
    }
}

// ---- Text ----

static int gather(void *user, unsigned char *bytes, size_t size)
{
    return fwrite(bytes, 1, size, user) == size;
}

static enum bough_status emit_document(FILE *out, yaml_document_t *document)
{
    yaml_emitter_t emitter;
    enum bough_status status = BOUGH_OK;
    if (!yaml_emitter_initialize(&emitter)) {
        yaml_document_delete(document);
        return bough__no_memory();
    }
    yaml_emitter_set_output(&emitter, gather, out);
    yaml_emitter_set_unicode(&emitter, 1);
    yaml_emitter_set_width(&emitter, -1);
    errno = 0;
    int written = yaml_emitter_open(&emitter) && yaml_emitter_dump(&emitter, document) &&
                  yaml_emitter_close(&emitter);
    if (errno == ENOMEM || (!written && !emitter.problem)) // it may also go on after that
        status = bough__no_memory();
    else if (!written)
        status = bough__fail(BOUGH_INTERNAL, "%s", emitter.problem);
    yaml_emitter_delete(&emitter);
    return status;
}

static enum bough_status emit(FILE *out, const struct bough_config *config,
                              const struct bough__key *key, size_t count, int brief)
{
    struct writer w = {.config = config, .brief = brief};
    if (!yaml_document_initialize(&w.document, NULL, NULL, NULL, 1, 1))
        return bough__no_memory();
    write_keys(&w, mapping(&w, YAML_BLOCK_MAPPING_STYLE), key, count);
    if (w.status == BOUGH_OK)
        return emit_document(out, &w.document);
    yaml_document_delete(&w.document);
    return w.status;
}

static enum bough_status text_of(char **text, size_t *size, const struct bough_config *config,
                                 const struct bough__key *key, size_t count, int brief)
{
    FILE *out = NULL;
    enum bough_status status = BOUGH_OK;
    *text = NULL;
    BOUGH_TRY_MEMORY(out = open_memstream(text, size));
    BOUGH_TRY(emit(out, config, key, count, brief));
    int failed = fclose(out);
    out = NULL;
    if (failed || !*text) // a stream that ends in want of memory may close well
        BOUGH_TRY_MEMORY(NULL);
done:
    if (out)
        fclose(out);
    if (status != BOUGH_OK) {
        free(*text);
        *text = NULL;
    }
    return status;
}

enum bough_status bough__config_text(char **text, size_t *size, const struct bough_config *config)
{
    struct bough__key key[BOUGH__MOST_KEYS];
    struct bough_config copy = *config;
    return text_of(text, size, config, key, bough__config_keys(key, &bough__config_options, &copy),
                   0);
}

enum bough_status bough__config_weighting_text(const char **text, struct bough__arena *arena,
                                               const struct bough_config *config)
{
    static const char before[] = "weighting: ";
    enum bough_status status;
    struct bough_config copy = *config;
    const struct bough__key key = {bough__option_find(&bough__config_options, "weighting"),
                                   (char *)&copy};
    const char *said = config->weighting.choice.row->name;
    char *line;
    size_t size, begin = strlen(before);
    BOUGH_TRY(text_of(&line, &size, config, &key, 1, 1));
    if (strncmp(line, before, begin) == 0) // else it is the default
        said = bough__arena_format(arena, "%.*s", (int)(size - begin - 1), line + begin);
    BOUGH_TRY_MEMORY(*text = said);
done:
    free(line);
    return status;
}

enum bough_status bough_config_save(const struct bough_config *config, const char *path)
{
    char *text;
    size_t size;
    enum bough_status status = bough__config_text(&text, &size, config);
    if (status == BOUGH_OK)
        status = bough__file_write(path, text, size);
    free(text);
    return status;
}
