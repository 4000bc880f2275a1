#include "config/tree.h"

#include "base/file.h"
#include "base/strings.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <yaml.h>

enum { FILE_LIMIT = 1 << 20, DEEPEST = 64, MOST_ANCHORS = 1000 };

enum bough_status bough__yaml_node_fail(const struct bough__tree *tree,
                                        const struct bough__yaml_node *node, const char *format,
                                        ...)
{
    char text[1800];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (node->override)
        return bough__fail(BOUGH_INVALID, "override '%.100s': %s", node->override, text);
    return bough__fail(BOUGH_INVALID, "%s:%d: %s", tree->path, node->line, text);
}

// ---- From libyaml's document ----

struct conversion {
    struct bough__arena *arena;
    const char *name; // of the text, for messages
    const char *override;
    struct bough__yaml_node *all; // by the document's numbers
};

static int is_null(const char *text)
{
    return !*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0;
}

static enum bough_status convert_scalar(struct conversion *c, const yaml_node_t *from,
                                        struct bough__yaml_node *node)
{
    enum bough_status status = BOUGH_OK;
    const char *text = (const char *)from->data.scalar.value;
    if (strlen(text) != from->data.scalar.length)
        return bough__fail(BOUGH_INVALID, "%s:%d: a text with a zero byte", c->name, node->line);
    node->plain = from->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (!node->plain || !is_null(text))
        BOUGH_TRY_MEMORY(node->text = bough__arena_string(c->arena, text));
done:
    return status;
}

// Children are found by their number, so that neither depth nor a cycle does any harm.
static enum bough_status convert(struct conversion *c, const yaml_node_t *from,
                                 struct bough__yaml_node *node)
{
    enum bough_status status = BOUGH_OK;
    node->line = (int)from->start_mark.line + 1;
    node->override = c->override;
    if (from->type == YAML_SCALAR_NODE)
        return convert_scalar(c, from, node);
    int map = from->type == YAML_MAPPING_NODE;
    const yaml_node_item_t *item = map ? NULL : from->data.sequence.items.start;
    const yaml_node_pair_t *pair = map ? from->data.mapping.pairs.start : NULL;
    node->kind = map ? BOUGH__MAPPING : BOUGH__SEQUENCE;
    node->count =
        (size_t)(map ? from->data.mapping.pairs.top - pair : from->data.sequence.items.top - item);
    BOUGH_TRY_MEMORY(node->item = BOUGH_NEW(c->arena, struct bough__yaml_node *, node->count));
    BOUGH_TRY_MEMORY(node->key = BOUGH_NEW(c->arena, struct bough__yaml_node *, node->count));
    for (size_t i = 0; i < node->count; i++) {
        node->item[i] = &c->all[(map ? pair[i].value : item[i]) - 1];
        node->key[i] = map ? &c->all[pair[i].key - 1] : NULL;
    }
done:
    return status;
}

static enum bough_status convert_all(struct bough__yaml_node **root, struct conversion *c,
                                     const yaml_document_t *document)
{
    size_t count = (size_t)(document->nodes.top - document->nodes.start);
    enum bough_status status = BOUGH_OK;
    BOUGH_TRY_MEMORY(c->all = BOUGH_NEW(c->arena, struct bough__yaml_node, count + 1));
    for (size_t i = 0; i < count; i++)
        BOUGH_TRY(convert(c, &document->nodes.start[i], &c->all[i]));
    c->all[count] = (struct bough__yaml_node){.line = 1, .plain = 1, .override = c->override};
    *root = count ? &c->all[0] : &c->all[count]; // an empty text is a null
done:
    return status;
}

static enum bough_status syntax_error(const yaml_parser_t *parser, const char *name)
{
    const char *problem = parser->problem;
    if (parser->error == YAML_MEMORY_ERROR || !problem) // it does not say so everywhere
        return bough__no_memory();
    if (parser->error == YAML_READER_ERROR)
        return bough__fail(BOUGH_INVALID, "%s: byte %zu: %s", name, parser->problem_offset,
                           problem);
    return bough__fail(BOUGH_INVALID, "%s:%zu:%zu: %s%s%s", name, parser->problem_mark.line + 1,
                       parser->problem_mark.column + 1, parser->context ? parser->context : "",
                       parser->context ? ": " : "", problem);
}

// The parser needs quadratic time for what is deep or full of anchors, and no config is either.
static enum bough_status check_events(yaml_parser_t *parser, const char *name)
{
    int depth = 0, anchors = 0;
    for (yaml_event_type_t type = YAML_NO_EVENT; type != YAML_STREAM_END_EVENT;) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event))
            return syntax_error(parser, name);
        size_t line = event.start_mark.line + 1;
        type = event.type;
        if (type == YAML_SEQUENCE_START_EVENT || type == YAML_MAPPING_START_EVENT) {
            depth++;
            anchors += event.data.sequence_start.anchor != NULL;
        }
        depth -= type == YAML_SEQUENCE_END_EVENT || type == YAML_MAPPING_END_EVENT;
        anchors += type == YAML_SCALAR_EVENT && event.data.scalar.anchor;
        yaml_event_delete(&event);
        if (depth > DEEPEST || anchors > MOST_ANCHORS)
            return bough__fail(BOUGH_INVALID, "%s:%zu: more than %d %s", name, line,
                               depth > DEEPEST ? DEEPEST : MOST_ANCHORS,
                               depth > DEEPEST ? "levels deep" : "anchors");
    }
    return BOUGH_OK;
}

static enum bough_status check_text(const char *text, size_t size, const char *name)
{
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return bough__no_memory();
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
    enum bough_status status = check_events(&parser, name);
    yaml_parser_delete(&parser);
    return status;
}

static enum bough_status parse(struct bough__yaml_node **root, struct conversion *c,
                               const char *text, size_t size)
{
    yaml_parser_t parser;
    yaml_document_t document, rest;
    enum bough_status status = check_text(text, size, c->name);
    if (status != BOUGH_OK)
        return status;
    if (!yaml_parser_initialize(&parser))
        return bough__no_memory();
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
    if (!yaml_parser_load(&parser, &document)) {
        status = syntax_error(&parser, c->name);
        goto done;
    }
    status = convert_all(root, c, &document);
    yaml_document_delete(&document);
    if (status != BOUGH_OK)
        goto done;
    if (!yaml_parser_load(&parser, &rest)) {
        status = syntax_error(&parser, c->name);
        goto done;
    }
    if (yaml_document_get_root_node(&rest))
        status = bough__fail(BOUGH_INVALID, "%s:%zu: a second document; wanted one", c->name,
                             rest.start_mark.line + 1);
    yaml_document_delete(&rest);
done:
    yaml_parser_delete(&parser);
    return status;
}

enum bough_status bough__tree_parse(struct bough__tree *tree, struct bough__arena *arena,
                                    const char *path, const char *text, size_t size)
{
    *tree = (struct bough__tree){.arena = arena, .path = path};
    return parse(&tree->root, &(struct conversion){arena, path, NULL, NULL}, text, size);
}

enum bough_status bough__tree_load(struct bough__tree *tree, struct bough__arena *arena,
                                   const char *path)
{
    char *text = NULL;
    size_t size;
    struct stat about;
    enum bough_status status;
    if (stat(path, &about) == 0 && about.st_size > FILE_LIMIT)
        return bough__fail(BOUGH_INVALID, "%s: %lld bytes; a config has at most %d", path,
                           (long long)about.st_size, FILE_LIMIT);
    BOUGH_TRY(bough__file_read(&text, &size, path));
    BOUGH_TRY(bough__tree_parse(tree, arena, path, text, size));
done:
    free(text);
    return status;
}

// ---- Places in the tree ----

// Its index; `count` if the mapping has no such key.
static size_t index_of_key(const struct bough__yaml_node *mapping, const char *key)
{
    size_t i = 0;
    for (; i < mapping->count; i++) {
        const struct bough__yaml_node *at = mapping->key[i];
        if (at && at->kind == BOUGH__SCALAR && at->text && strcmp(at->text, key) == 0)
            break;
    }
    return i;
}

struct bough__yaml_node *bough__yaml_node_find(const struct bough__yaml_node *mapping,
                                               const char *key)
{
    if (mapping->kind != BOUGH__MAPPING)
        return NULL;
    size_t index = index_of_key(mapping, key);
    return index < mapping->count ? mapping->item[index] : NULL;
}

// Takes the next part of "trunk[3].kernel" or "trunk.3.kernel" off `*path`; 0 at its end.
static int next_part(char *part, size_t size, const char **path)
{
    const char *from = *path + strspn(*path, ".[]");
    size_t length = strcspn(from, ".[]");
    if (!length)
        return 0;
    snprintf(part, size, "%.*s", (int)(length < size ? length : size - 1), from);
    *path = from + length;
    return 1;
}

// The index in a list; `count` is one past its end. SIZE_MAX if it is none.
static size_t index_of(const char *part, size_t count)
{
    uint64_t index;
    return bough__parse_uint(part, &index) && index <= count ? (size_t)index : SIZE_MAX;
}

const struct bough__yaml_node *bough__tree_at(const struct bough__tree *tree, const char *path)
{
    const struct bough__yaml_node *node = tree->root, *next = node;
    char part[256];
    while (next && next_part(part, sizeof part, &path)) {
        node = next;
        if (node->kind == BOUGH__SEQUENCE) {
            size_t index = index_of(part, node->count);
            next = index < node->count ? node->item[index] : NULL;
        } else {
            next = bough__yaml_node_find(node, part);
        }
    }
    return next ? next : node;
}

// ---- Overrides ----

struct override {
    struct bough__tree *tree;
    const char *text;
};

static struct bough__yaml_node *new_node(struct override *o, enum bough__yaml_node_kind kind)
{
    struct bough__yaml_node *node = BOUGH_NEW(o->tree->arena, struct bough__yaml_node, 1);
    if (node)
        *node = (struct bough__yaml_node){.kind = kind, .plain = 1, .line = 1, .override = o->text};
    return node;
}

// Gives the node entries of its own, and `more` empty ones behind them.
static enum bough_status reserve(struct override *o, struct bough__yaml_node *node, size_t more)
{
    enum bough_status status = BOUGH_OK;
    size_t count = node->count + more;
    struct bough__yaml_node **item = BOUGH_NEW(o->tree->arena, struct bough__yaml_node *, count);
    struct bough__yaml_node **key = BOUGH_NEW(o->tree->arena, struct bough__yaml_node *, count);
    BOUGH_TRY_MEMORY(item);
    BOUGH_TRY_MEMORY(key);
    for (size_t i = 0; i < node->count; i++) {
        item[i] = node->item[i];
        key[i] = node->key[i];
    }
    for (size_t i = node->count; i < count; i++)
        BOUGH_TRY_MEMORY(item[i] = new_node(o, BOUGH__SCALAR));
    node->item = item;
    node->key = key;
    node->count = count;
done:
    return status;
}

// Replaces `*node` by a copy that has entries: what an alias shares must change in one place only.
// A scalar that is the name of the entry wanted, as `relu` is for relu.x, gives way to it.
static enum bough_status own(struct override *o, struct bough__yaml_node **node, const char *part)
{
    enum bough_status status = BOUGH_OK;
    struct bough__yaml_node *old = *node, *copy = new_node(o, BOUGH__MAPPING);
    BOUGH_TRY_MEMORY(copy);
    if (old->kind != BOUGH__SCALAR) {
        *copy = *old;
        BOUGH_TRY(reserve(o, copy, 0));
    } else if (old->text && strcmp(old->text, part) != 0) {
        copy->bare = 1;
        BOUGH_TRY(reserve(o, copy, 1));
        copy->item[0] = old;
    }
    *node = copy;
done:
    return status;
}

static enum bough_status add_key(struct override *o, struct bough__yaml_node *node,
                                 const char *name)
{
    enum bough_status status;
    struct bough__yaml_node *key = new_node(o, BOUGH__SCALAR);
    BOUGH_TRY_MEMORY(key);
    BOUGH_TRY_MEMORY(key->text = bough__arena_string(o->tree->arena, name));
    BOUGH_TRY(reserve(o, node, 1));
    node->key[node->count - 1] = key;
done:
    return status;
}

// Where the entry `part` of `node` is kept; made if there is none.
static enum bough_status entry(struct override *o, struct bough__yaml_node ***place,
                               struct bough__yaml_node *node, const char *part)
{
    enum bough_status status = BOUGH_OK;
    int list = node->kind == BOUGH__SEQUENCE;
    size_t at = list ? index_of(part, node->count) : index_of_key(node, part);
    if (at == SIZE_MAX)
        return bough__fail(BOUGH_INVALID,
                           "override '%.100s': '%s' is no index; wanted 0 to %zu (which appends)",
                           o->text, part, node->count);
    if (at == node->count)
        BOUGH_TRY(list ? reserve(o, node, 1) : add_key(o, node, part));
    *place = &node->item[at];
done:
    return status;
}

enum bough_status bough__tree_override(struct bough__tree *tree, const char *override)
{
    struct override o = {tree, override};
    struct bough__yaml_node *value, **place = &tree->root;
    enum bough_status status;
    char part[256], name[128], path[1024];
    const char *equals = strchr(override, '='), *rest = path;
    size_t length = equals ? (size_t)(equals - override) : 0;
    if (strspn(override, ".[]") >= length || length >= sizeof path)
        return bough__fail(BOUGH_INVALID, "override '%.100s': wanted key.path=value", override);
    if (strspn(equals + 1, " \t\n") == strlen(equals + 1))
        return bough__fail(BOUGH_INVALID,
                           "override '%.100s': no value; wanted key.path=value, and null for the "
                           "default",
                           override);
    snprintf(path, sizeof path, "%.*s", (int)length, override);
    snprintf(name, sizeof name, "override '%.100s'", override);
    struct conversion c = {tree->arena, name, override, NULL};
    BOUGH_TRY(parse(&value, &c, equals + 1, strlen(equals + 1)));
    while (next_part(part, sizeof part, &rest)) {
        BOUGH_TRY(own(&o, place, part));
        BOUGH_TRY(entry(&o, &place, *place, part));
    }
    *place = value;
done:
    return status;
}
