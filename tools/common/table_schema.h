// What the columns of a table are: found in the data, told by the user, or both. In YAML:
//
//   missing: ["", NA, nan]            # words for a cell without a value
//   split:                            # without it all rows are `train`
//     column: day                     # or `group: NAME`, or neither: shares of the rows
//     parts: {train: ..20, validation: 21..25, test: rest}
//   columns:
//     carrier: {type: class, names: [AA, UA]}
//     delay: {role: target, type: number, range: [-100, 2000], missing: ["-999"]}
//     tail: leave_out                 # a role or a type by itself
#ifndef BOUGH_TABLE_SCHEMA_H
#define BOUGH_TABLE_SCHEMA_H

#include "data_text.h"
#include "tool.h"

enum table_type {
    TABLE_UNSAID,
    TABLE_NUMBER,
    TABLE_CLASS,
    TABLE_DATE,
    TABLE_DATETIME,
    TABLE_TEXT, // left out
    TABLE_TYPES
};
enum table_role {
    TABLE_ANY,
    TABLE_INPUT,
    TABLE_TARGET,
    TABLE_ID,
    TABLE_SPLIT,
    TABLE_LEAVE_OUT,
    TABLE_ROLES
};
extern const char *const table_type_name[TABLE_TYPES], *const table_role_name[TABLE_ROLES];

enum { TABLE_PARTS_MAX = 16 };

struct table_words {
    const char **word;
    size_t count, room;
};

struct table_column {
    const char *name;
    enum table_role role;
    enum table_type type;
    int line; // of the schema; 0 where the data tell
    int has_range, has_seen, has_names;
    double range[2];            // what else is an error
    double seen[2];             // what the data held, told only
    int64_t minimum;            // rows of the training split that a class must have to be known
    struct table_words names;   // of the classes; all others are unknown
    struct table_words missing; // beside the schema's
};

enum table_rule { TABLE_REST, TABLE_SHARE, TABLE_RANGE, TABLE_NAMES };

// A split, and which rows it takes.
struct table_part {
    const char *name;
    enum table_rule rule;
    double from, to;          // of the range, both within; or 0 and the share
    struct table_words names; // that the split column may hold
};

// Zero-initialised is empty and ready.
struct table_schema {
    const char *path; // for messages; borrowed
    struct text_pool pool;
    const char *split_column; // NULL: by row
    int is_grouped;           // all rows of one name of `split_column` go together
    uint64_t seed;
    struct table_part part[TABLE_PARTS_MAX];
    int parts; // at least one
    struct table_words missing;
    struct table_column *column;
    size_t columns, columns_room;
};

// No column, the usual words for a missing cell, one split `train`. Errors: INTERNAL.
enum bough_status table_schema_init(struct table_schema *schema);
void table_schema_fini(struct table_schema *schema);

// What a text says in place of what `schema` says, which is initialised. `path` is for messages.
// Errors: INVALID with path, line, found and wanted.
enum bough_status table_schema_parse(struct table_schema *schema, const char *path,
                                     const char *text, size_t size);
enum bough_status table_schema_load(struct table_schema *schema, const char *path);

// NULL if there is none of that name.
struct table_column *table_schema_find(const struct table_schema *schema, const char *name);
// Adds a column of a name that there is none of; NULL when out of memory.
struct table_column *table_schema_add(struct table_schema *schema, const char *name);
// 0 when out of memory. The word is copied.
int table_words_add(struct table_schema *schema, struct table_words *words, const char *word,
                    size_t length);
int table_words_hold(const struct table_words *words, const char *word, size_t length);

// The schema as YAML; `*text` is the caller's to free.
enum bough_status table_schema_text(char **text, size_t *size, const struct table_schema *schema);

#endif
