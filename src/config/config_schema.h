// The keys of a config: one table that drives reading, checking, saving and the list for users.
#ifndef BOUGH_TRAIN_CONFIG_SCHEMA_H
#define BOUGH_TRAIN_CONFIG_SCHEMA_H

#include <bough/config.h>

// What a key holds, in YAML and in the struct.
enum bough__key_type {
    BOUGH__KEY_INT,      // int32_t
    BOUGH__KEY_UINT64,   // uint64_t
    BOUGH__KEY_PAIR,     // int32_t [2]: [height, width], or one number for both
    BOUGH__KEY_NUMBER,   // float
    BOUGH__KEY_NUMBERS2, // two floats, one behind the other
    BOUGH__KEY_SWITCH,   // an enum: 0 is the default, 1 the other
    BOUGH__KEY_NAME,     // const char *, one of `names`; the first key of its section
    BOUGH__KEY_TEXT,     // const char *
    BOUGH__KEY_SHAPE,    // struct bough_shape
    BOUGH__KEY_INTS,     // const int32_t * and a count
    BOUGH__KEY_FLOATS,   // const float * and a count; one number stands for a list of it
    BOUGH__KEY_WEIGHTS,  // the same, one per task: a list, or a mapping by the tasks' names
    BOUGH__KEY_TEXTS,    // const char *const * and a count
    BOUGH__KEY_SECTION,  // a struct within, of `section`
    BOUGH__KEY_LAYERS,   // const struct bough_layer * and a count
    BOUGH__KEY_TASKS,    // const struct bough_task * and a count, a mapping by name
};

struct bough__range {
    const char *text;
    double min, max;
    int above, below; // the end itself is out
};

struct bough__key {
    const char *name;
    enum bough__key_type type;
    size_t offset;  // in the section's struct
    size_t count;   // offset of the count
    const char *of; // the kinds that read it, separated by blanks; NULL = every one
    const struct bough__range *range;
    double number[2]; // the default, where the struct holds 0
    const char *word; // the default of a name or text
    const char *like; // the key whose value is the default
    int needed;
    const char *const *names;             // of a NAME or TEXTS; ends with NULL
    const struct bough__section *section; // SECTION, LAYERS, TASKS
    const char *text;                     // for users: what it does
};

struct bough__section {
    const struct bough__key *key; // a section with kinds starts with its NAME
    size_t count;
    size_t size; // of the struct
};

extern const struct bough__section bough__config_section;

// The metrics; ends with NULL. "top_<k>" stands for all of its kind.
extern const char *const bough__metric_names[];

// The kind that a section's struct is of, where it has kinds: its NAME, or the default.
const char *bough__section_kind(const struct bough__section *section, const void *value);

// The key of that name as `kind` reads it. Else NULL, and `*elsewhere` tells whether other kinds
// read it.
const struct bough__key *bough__key_find(const struct bough__section *section, const char *kind,
                                         const char *name, int *elsewhere);

// Whether that kind reads the key.
int bough__key_is_of(const struct bough__key *key, const char *kind);

// The key of a layer that a value without a key goes to; NULL if the kind reads nothing. In any
// other section that is the first key.
const struct bough__key *bough__layer_main(const char *kind);

int bough__range_holds(const struct bough__range *range, double value);

// A number below 0 in the struct stands for 0 wherever 0 is in the range: where 0 is not the
// default, it is the only way to say 0.
int bough__key_takes_zero(const struct bough__key *key);

#endif
