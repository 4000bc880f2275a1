// Rows of a family, and the options that a row owns: a config's keys are made from them.
#ifndef BOUGH_BASE_OPTION_H
#define BOUGH_BASE_OPTION_H

#include <stddef.h>

// What an option holds, in YAML and in its struct.
enum bough__option_type {
    BOUGH__OPTION_INT,      // int32_t, whatever the range
    BOUGH__OPTION_UINT64,   // uint64_t
    BOUGH__OPTION_PAIR,     // int32_t [2]: [height, width], or one number for both
    BOUGH__OPTION_NUMBER,   // float
    BOUGH__OPTION_NUMBERS2, // float [2]
    BOUGH__OPTION_SWITCH,   // int: 0 or 1
    BOUGH__OPTION_TEXT,     // const char *; with `family` the name of one of its rows
    BOUGH__OPTION_SHAPE,    // struct bough_shape
    BOUGH__OPTION_INTS,     // const int32_t * and a count
    BOUGH__OPTION_FLOATS,   // const float * and a count; one number stands for a list of it
    BOUGH__OPTION_BY_TASK,  // the same, one per task: a list, or a mapping by the tasks' names
    BOUGH__OPTION_NAMES,    // const char *const * and a count; of `family`, where it has one
    BOUGH__OPTION_CHOICE,   // struct bough__choice of `family`; its options stand beside it.
                            // The first of its table
    BOUGH__OPTION_SECTION,  // a struct within, of `section`
    BOUGH__OPTION_CHOICES,  // struct bough__choice * of `family` and a count: each by its name
    BOUGH__OPTION_NAMED,    // a struct of `section` each, which begins with its name, and a count:
                            // a mapping by name
    BOUGH__OPTION_ONE,      // the short form of the NAMED behind it, at the same place: one without
                            // a name
};

struct bough__range {
    const char *text;
    double min, max;
    int above, below; // the end itself is out
};

extern const struct bough__range bough__range_any, bough__range_positive, bough__range_not_negative,
    bough__range_zero_to_one, bough__range_below_one, bough__range_to_one, bough__range_size,
    bough__range_width, bough__range_edge, bough__range_count, bough__range_count_or_none,
    bough__range_label, bough__range_bit;

int bough__range_holds(const struct bough__range *range, double value);

struct bough__option {
    const char *name;
    enum bough__option_type type;
    size_t offset; // in the struct of its table
    size_t count;  // offset of the count, where there is one
    const struct bough__range *range;
    double number[2];    // the default; 1 of a switch is true
    const char *text;    // the default of a text, or of a choice by its name
    const char *same_as; // of a PAIR: another of the same table, whose value is the default
    int needed;
    int path; // of a TEXT of a row: a file, from the config's folder
    const struct bough__family *family;
    const struct bough__options *section;
    const char *noun; // of NAMED: what one of them is, "task"
    const char *list; // of CHOICE: what is wanted where a list is found; NULL = what always is
    const char *help; // what it does, in a line
};

// A table of options and the size of the struct that holds them.
struct bough__options {
    const struct bough__option *option;
    size_t count, size;
};

// clang-format off
#define BOUGH_OPTIONS(table, type) {(table), sizeof(table) / sizeof *(table), sizeof(type)}
// clang-format on

// What every row of every family begins with.
struct bough__row {
    const char *name, *help;
    const char *paper; // that it comes from; NULL = none
    struct bough__options options;
    // What is wrong with options that are each in their range, and `*key`; NULL if nothing is. May
    // be NULL.
    const char *(*wrong)(const void *options, const char **key);
};

struct bough__family {
    const char *noun;
    const struct bough__row *const *row;
    size_t count;
};

// A row and the struct of its options, of `row->options.size` bytes.
struct bough__choice {
    const struct bough__row *row; // NULL = none
    void *options;
};

// NULL if there is none of that name.
const struct bough__row *bough__family_find(const struct bough__family *family, const char *name);

// NULL if there is none of that name.
const struct bough__option *bough__option_find(const struct bough__options *options,
                                               const char *name);

// Writes every default that is no choice into a struct of zeros, in its sections too.
void bough__options_default(const struct bough__options *options, void *base);

#endif
