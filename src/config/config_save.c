// From the structs to YAML, by libyaml's emitter.
#include "base/error.h"
#include "base/file.h"
#include "base/strings.h"
#include "config/config_check.h"
#include "config/config_schema.h"

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
    enum bough_status status;
};

static void write_section(struct writer *w, int map, const struct bough__section *section,
                          const void *base, size_t from);

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

// Below 0 stands for 0 where the key has a 0.
static int key_integer(struct writer *w, const struct bough__key *key, int32_t value)
{
    return integer(w, value < 0 && bough__key_takes_zero(key) ? 0 : value);
}

static int key_number(struct writer *w, const struct bough__key *key, float value)
{
    return number(w, value < 0 && bough__key_takes_zero(key) ? 0 : value);
}

static int two(struct writer *w, const struct bough__key *key, const void *place)
{
    int sequence = list(w, YAML_FLOW_SEQUENCE_STYLE);
    for (int i = 0; i < 2; i++)
        append(w, sequence,
               key->type == BOUGH__KEY_PAIR ? key_integer(w, key, ((const int32_t *)place)[i])
                                            : key_number(w, key, ((const float *)place)[i]));
    return sequence;
}

static int shape(struct writer *w, const struct bough_shape *value)
{
    int sequence = list(w, YAML_FLOW_SEQUENCE_STYLE);
    for (int32_t i = 0; i < value->rank; i++)
        append(w, sequence, integer(w, value->dim[i]));
    return sequence;
}

static int values(struct writer *w, const struct bough__key *key, const void *array, size_t count)
{
    if (!array || !count)
        return 0;
    int sequence = list(w, YAML_FLOW_SEQUENCE_STYLE);
    for (size_t i = 0; i < count; i++)
        append(w, sequence,
               key->type == BOUGH__KEY_INTS    ? integer(w, ((const int32_t *)array)[i])
               : key->type == BOUGH__KEY_TEXTS ? text(w, ((const char *const *)array)[i])
                                               : number(w, ((const float *)array)[i]));
    return sequence;
}

static int weights(struct writer *w, const float *array)
{
    int map = mapping(w, YAML_FLOW_MAPPING_STYLE);
    for (size_t i = 0; i < w->config->tasks_count; i++)
        put(w, map, text(w, w->config->tasks[i].name), number(w, array[i]));
    return map;
}

static int section(struct writer *w, const struct bough__section *of, const void *base)
{
    int map = mapping(w, YAML_BLOCK_MAPPING_STYLE);
    write_section(w, map, of, base, 0);
    const yaml_node_t *at = map ? yaml_document_get_node(&w->document, map) : NULL;
    int empty = !at || at->data.mapping.pairs.top == at->data.mapping.pairs.start;
    return empty ? 0 : map;
}

static int layers(struct writer *w, const struct bough__section *of,
                  const struct bough_layer *layer, size_t count)
{
    int sequence = list(w, count ? YAML_BLOCK_SEQUENCE_STYLE : YAML_FLOW_SEQUENCE_STYLE);
    for (size_t i = 0; i < count; i++) {
        int item = plain(w, layer[i].kind);
        if (bough__layer_main(layer[i].kind)) {
            int fields = mapping(w, YAML_FLOW_MAPPING_STYLE), kind = item;
            write_section(w, fields, of, &layer[i], 1);
            item = mapping(w, YAML_BLOCK_MAPPING_STYLE);
            put(w, item, kind, fields);
        }
        append(w, sequence, item);
    }
    return sequence;
}

static int tasks(struct writer *w, const struct bough__section *of, const struct bough_task *task,
                 size_t count)
{
    int map = mapping(w, YAML_BLOCK_MAPPING_STYLE);
    for (size_t i = 0; i < count; i++)
        put(w, map, text(w, task[i].name), section(w, of, &task[i]));
    return map;
}

// 0 for what is not given and has no default.
static int value(struct writer *w, const struct bough__key *key, const char *base)
{
    const void *place = base + key->offset, *array;
    size_t count;
    char digits[32];
    memcpy(&array, place, sizeof array); // where the key is no array, neither is used
    memcpy(&count, base + key->count, sizeof count);
    switch (key->type) {
    case BOUGH__KEY_INT:
        return key_integer(w, key, *(const int32_t *)place);
    case BOUGH__KEY_NUMBER:
        return key_number(w, key, *(const float *)place);
    case BOUGH__KEY_PAIR:
    case BOUGH__KEY_NUMBERS2:
        return two(w, key, place);
    case BOUGH__KEY_UINT64:
        snprintf(digits, sizeof digits, "%llu", (unsigned long long)*(const uint64_t *)place);
        return plain(w, digits);
    case BOUGH__KEY_SWITCH:
        return plain(w, (*(const enum bough_switch *)place != BOUGH_OFF) != (key->number[0] != 0)
                            ? "true"
                            : "false");
    case BOUGH__KEY_NAME:
    case BOUGH__KEY_TEXT:
        return array ? text(w, array) : 0;
    case BOUGH__KEY_SHAPE:
        return shape(w, place);
    case BOUGH__KEY_INTS:
    case BOUGH__KEY_FLOATS:
    case BOUGH__KEY_TEXTS:
        return values(w, key, array, count);
    case BOUGH__KEY_WEIGHTS:
        return weights(w, array);
    case BOUGH__KEY_SECTION:
        return section(w, key->section, place);
    case BOUGH__KEY_LAYERS:
        return layers(w, key->section, array, count);
    case BOUGH__KEY_TASKS:
        return tasks(w, key->section, array, count);
    }
    return 0;
}

static void write_section(struct writer *w, int map, const struct bough__section *of,
                          const void *base, size_t from)
{
    const char *kind = bough__section_kind(of, base);
    for (size_t i = from; i < of->count && w->status == BOUGH_OK; i++) {
        const struct bough__key *key = &of->key[i];
        int item = bough__key_is_of(key, kind) ? value(w, key, base) : 0;
        if (item)
            put(w, map, plain(w, key->name), item);
    }
}

// ---- Text ----

static int gather(void *user, unsigned char *bytes, size_t size)
{
    return fwrite(bytes, 1, size, user) == size;
}

static enum bough_status emit(FILE *out, const struct bough_config *config)
{
    struct writer w = {.config = config};
    yaml_emitter_t emitter;
    enum bough_status status = BOUGH_OK;
    if (!yaml_document_initialize(&w.document, NULL, NULL, NULL, 1, 1))
        return bough__no_memory();
    section(&w, &bough__config_section, config);
    if (w.status != BOUGH_OK) {
        yaml_document_delete(&w.document);
        return w.status;
    }
    if (!yaml_emitter_initialize(&emitter)) {
        yaml_document_delete(&w.document);
        return bough__no_memory();
    }
    yaml_emitter_set_output(&emitter, gather, out);
    yaml_emitter_set_unicode(&emitter, 1);
    yaml_emitter_set_width(&emitter, -1);
    errno = 0;
    int written = yaml_emitter_open(&emitter) && yaml_emitter_dump(&emitter, &w.document) &&
                  yaml_emitter_close(&emitter);
    if (errno == ENOMEM || (!written && !emitter.problem)) // it may also go on after that
        status = bough__no_memory();
    else if (!written)
        status = bough__fail(BOUGH_INTERNAL, "%s", emitter.problem);
    yaml_emitter_delete(&emitter);
    return status;
}

static enum bough_status make_absolute(struct bough_config *config, struct bough__arena *arena)
{
    enum bough_status status = BOUGH_OK;
    char *folder = NULL;
    if (*config->data == '/')
        return BOUGH_OK;
    folder = realpath(".", NULL);
    if (!folder)
        return bough__file_refused("the current folder", "cannot be named");
    config->data =
        bough__arena_format(arena, "%s/%s", strcmp(folder, "/") ? folder : "", config->data);
    BOUGH_TRY_MEMORY(config->data);
done:
    free(folder);
    return status;
}

enum bough_status bough__config_text(char **text, size_t *size, const struct bough_config *config)
{
    struct bough__arena arena = {0};
    struct bough_config complete;
    FILE *out = NULL;
    enum bough_status status;
    *text = NULL;
    BOUGH_TRY(bough__config_complete(&complete, &arena, config, NULL));
    BOUGH_TRY(make_absolute(&complete, &arena));
    BOUGH_TRY_MEMORY(out = open_memstream(text, size));
    BOUGH_TRY(emit(out, &complete));
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
    bough__arena_fini(&arena);
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
