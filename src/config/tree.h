// A YAML file as a tree of nodes that know where they came from.
#ifndef BOUGH_CONFIG_TREE_H
#define BOUGH_CONFIG_TREE_H

#include "base/arena.h"
#include "base/error.h"

enum bough__yaml_node_kind { BOUGH__SCALAR, BOUGH__SEQUENCE, BOUGH__MAPPING };

// Aliases share a node, so the tree may even hold a cycle: walk it only as deep as you know it.
struct bough__yaml_node {
    enum bough__yaml_node_kind kind;
    const char *text; // of a scalar; NULL for a null
    int plain;        // a scalar without quotes
    int bare; // a mapping whose first entry has no key: the scalar it was before an override
    size_t count;
    struct bough__yaml_node *
        *key; // of a mapping: what stands before each item; NULL where it is bare
    struct bough__yaml_node **item;
    int line;             // 1-based
    const char *override; // the override that it came from; NULL = the file
};

struct bough__tree {
    struct bough__arena *arena; // of all nodes and texts
    const char *path;           // of the file, for messages
    struct bough__yaml_node *root;
};

// Errors: DATA if the file cannot be read; INVALID with line and column if it is not YAML.
enum bough_status bough__tree_load(struct bough__tree *tree, struct bough__arena *arena,
                                   const char *path);

// The same out of memory; `path` is what messages name.
enum bough_status bough__tree_parse(struct bough__tree *tree, struct bough__arena *arena,
                                    const char *path, const char *text, size_t size);

// Applies `key.path=value`. Indices of lists are numbers; one past the end appends. Missing
// mappings are made, and a scalar on the way becomes a mapping that keeps it.
// Errors: INVALID, naming the override.
enum bough_status bough__tree_override(struct bough__tree *tree, const char *override);

// The node of a key; NULL if the mapping has none.
struct bough__yaml_node *bough__yaml_node_find(const struct bough__yaml_node *mapping,
                                               const char *key);

// The deepest node on the way to `path` ("trunk[3].conv2d.kernel").
const struct bough__yaml_node *bough__tree_at(const struct bough__tree *tree, const char *path);

// Fails with INVALID: "<file>:<line>: <message>", or the override in place of the file.
enum bough_status bough__yaml_node_fail(const struct bough__tree *tree,
                                        const struct bough__yaml_node *node, const char *format,
                                        ...) __attribute__((format(printf, 3, 4)));

#endif
