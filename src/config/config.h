// A config as it is used: every default stands, 0 is 0. Completed once, while it is read.
#ifndef BOUGH_CONFIG_CONFIG_H
#define BOUGH_CONFIG_CONFIG_H

#include "base/arena.h"
#include "mtl/regime.h"
#include "mtl/sampling.h"
#include "mtl/task.h"
#include "mtl/weighting.h"
#include "nn/optimizer.h"
#include "nn/schedule.h"

#include <bough/config.h>
#include <bough/tensor.h>

// A field that the model reads. U8 becomes x / 255; then (x - mean) / std per channel.
struct bough__input {
    const char *name; // NULL: the only one, given by `input`
    const char *data; // absolute path of its data set; NULL = the config's
    int32_t set;      // the number of its data set among the config's
    const char *field;
    const char *type;   // "ids": whole numbers, which stay so; NULL = numbers
    int32_t vocabulary; // of ids: how many there are; 0 = found in the data, and kept in the model
    // Of a table [N, C], as found in the data and kept in the model: what is read of it, in order.
    const char *const *columns; // names; NULL = all
    const int32_t *classes;     // ids of each, a row of the layer `table`; 0 = it is of numbers
    const int32_t *masks;       // 1 = of numbers, some of which are missing
    size_t columns_count;
    struct bough__choice normalize;   // auto: mean and std are found in the training rows, per
                                      // channel (or column), and kept in the model; none = as given
    const float *mean;                // one, or one per channel; NULL = 0
    const float *std;                 // as many as mean; NULL = 1
    size_t channels;                  // how many mean and std hold
    const struct bough__choice *stem; // of bough__layers
    size_t stem_count;
    int optional;        // rows may lack it: those of which a number is NaN, or by `present`
    const char *present; // a field that says so; NULL = none does
    const char *lengths; // of a sequence: the field of its rows' lengths; NULL = it is none, or all
                         // rows are as long
};

struct bough__early_stopping {
    int32_t patience;   // epochs without a better value; 0 = never stop early
    const char *metric; // mean | loss | <task>.<metric> | <task>.loss. mean is over the tasks: how
                        // far their monitor has come since the first epoch. loss is the sum of the
                        // losses. It also decides which model is the best, and steers `plateau`.
};

struct bough__training {
    int32_t epochs, batch_size;
    uint64_t seed;
    struct bough__choice regime;   // of bough__regimes
    struct bough__choice sampling; // of bough__samplings
    float validation; // share of `train` held out where the file has no split `validation`
    int32_t folds;    // parts of `train`, of which one is held out in the place of both; 1 = none
    int32_t fold;     // which one, 1..folds
    struct bough__early_stopping early_stopping;
};

// Of parameters whose names a pattern with at most one * fits, "trunk.*": what they are called in
// another file. A * of the name stands for what that of the pattern stands for.
struct bough__renaming {
    const char *pattern, *name;
};

// Where parameters start, instead of being drawn.
struct bough__transfer {
    const char *file;                  // absolute: a run folder, or safetensors; NULL = nowhere
    const struct bough__renaming *map; // the last that fits counts; none = names are the same
    size_t map_count;
};

// How parameters are trained whose names a pattern fits, as of the shell: "trunk.*". Of several
// that fit the last one counts.
struct bough__param_group {
    const char *pattern;
    float lr;     // factor of the learning rate
    int freeze;   // 1: they stay as they are
    int32_t thaw; // until so many epochs are done, of a phase; 0 = always
};

// A copy borrows what the original points to.
struct bough_config {
    const char *data;       // absolute path of the data set of inputs that name none; NULL = all do
    const char *const *set; // [sets] the data sets of the inputs, without repeats
    size_t sets;            // at least one
    const struct bough__input *inputs;
    size_t inputs_count;       // at least one
    struct bough__choice join; // of bough__joins
    struct bough__choice architecture;
    struct bough__choice alignment;
    const struct bough__choice *trunk; // of bough__layers
    size_t trunk_count;
    const struct bough__task *tasks;
    size_t tasks_count;
    struct bough__weighing weighting;
    int diagnostics;
    struct bough__transfer from;
    const struct bough__param_group *parameters;
    size_t parameters_count;
    struct bough__optimization optimizer;
    struct bough__scheduling schedule;
    struct bough__training train;
};

// Whether it is of columns whose types are known: numbers may be missing there.
static inline int bough__input_is_table(const struct bough__input *input)
{
    return input->classes != NULL;
}

static inline int bough__input_is_ids(const struct bough__input *input)
{
    return input->type != NULL;
}

// The number of the data set that a task's inputs, and its target, are of.
static inline int32_t bough__task_set(const struct bough_config *config, size_t t)
{
    return config->inputs[config->tasks[t].reads[0]].set;
}

// Whether a row can be right in several tasks at once: two or more have the metric exact_match, and
// all that do are of one data set.
int bough__matches_jointly(const struct bough_config *config);

// Its path.
static inline const char *bough__task_data(const struct bough_config *config, size_t t)
{
    return config->set[bough__task_set(config, t)];
}

// Its key: "input", or "inputs.table". Returns `text`.
const char *bough__input_key(const struct bough__input *input, char *text, size_t size);

// As bough_config_parse of a text that bough__config_text wrote. `path` is the file that messages
// name.
enum bough_status bough__config_parse(struct bough_config **config, const char *path,
                                      const char *text);

// The config as YAML. `*text` is the caller's to free; NULL on error.
enum bough_status bough__config_text(char **text, size_t *size, const struct bough_config *config);

// The weighting as a config says it, without what is at its default: "mgda", "{name: cagrad, every:
// 4}". `*text` is the arena's, or a constant.
enum bough_status bough__config_weighting_text(const char **text, struct bough__arena *arena,
                                               const struct bough_config *config);

// Whether the two say the same; else `text` tells the first key that does not, and both values:
// "optimizer.lr: 0.01, not 0.1".
int bough__config_same(const struct bough_config *a, const struct bough_config *b, char *text,
                       size_t size);

#endif
