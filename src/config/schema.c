#include "config/schema.h"

#include "config/config.h"
#include "mtl/alignment.h"
#include "mtl/join.h"
#include "mtl/weighting.h"
#include "nn/metric.h"

// ---- Input ----

static const struct bough__row normalize_auto = {
    .name = "auto", .help = "mean and std of the training rows, per channel or column"};
static const struct bough__row *const normalize_rows[] = {&normalize_auto};
static const struct bough__family normalizations = {"normalization", normalize_rows, 1};

static const struct bough__option normalize_options[] = {
    {"name", BOUGH__OPTION_CHOICE, offsetof(struct bough__input, normalize),
     .family = &normalizations,
     .help = "`auto`: mean and std of the training rows, per channel or column, kept in the model"},
    {"mean", BOUGH__OPTION_FLOATS, offsetof(struct bough__input, mean),
     offsetof(struct bough__input, channels), .range = &bough__range_any,
     .help = "one, or one per channel"},
    {"std", BOUGH__OPTION_FLOATS, offsetof(struct bough__input, std),
     offsetof(struct bough__input, channels), .range = &bough__range_positive,
     .help = "as many as mean: x becomes (x - mean) / std"},
};
static const struct bough__options normalize_section =
    BOUGH_OPTIONS(normalize_options, struct bough__input);

static const struct bough__row type_numbers = {.name = "numbers",
                                               .help = "floats, or U8, which becomes x / 255"};
static const struct bough__row type_ids = {.name = "ids",
                                           .help = "whole numbers from 0, which stay so"};
static const struct bough__row *const type_rows[] = {&type_numbers, &type_ids};
static const struct bough__family types = {"type", type_rows, 2};

static const struct bough__option input_options[] = {
    {"field", BOUGH__OPTION_TEXT, offsetof(struct bough__input, field),
     .help = "what the model reads; without it `image`, and of `inputs` the name"},
    {"data", BOUGH__OPTION_TEXT, offsetof(struct bough__input, data),
     .help = "its data set, if it is another one than the config's `data`"},
    {"type", BOUGH__OPTION_TEXT, offsetof(struct bough__input, type), .text = "numbers",
     .family = &types,
     .help = "U8 of numbers becomes x / 255; ids are whole numbers from 0, which stay so"},
    {"vocabulary", BOUGH__OPTION_INT, offsetof(struct bough__input, vocabulary),
     .range = &bough__range_count_or_none,
     .help = "of ids: how many; those that are not below are 1, unknown. 0 finds it in the data"},
    {"columns", BOUGH__OPTION_NAMES, offsetof(struct bough__input, columns),
     offsetof(struct bough__input, columns_count),
     .help = "of a table: names of those that are read, in order; without it all"},
    {"classes", BOUGH__OPTION_INTS, offsetof(struct bough__input, classes),
     offsetof(struct bough__input, columns_count), .range = &bough__range_count_or_none,
     .help = "of a table: how many ids each column has, 0 of numbers; found in the data"},
    {"masks", BOUGH__OPTION_INTS, offsetof(struct bough__input, masks),
     offsetof(struct bough__input, columns_count), .range = &bough__range_bit,
     .help = "likewise: 1 of numbers of which some are missing, else 0"},
    {"normalize", BOUGH__OPTION_SECTION, 0, .section = &normalize_section},
    {"stem", BOUGH__OPTION_CHOICES, offsetof(struct bough__input, stem),
     offsetof(struct bough__input, stem_count), .family = &bough__layers,
     .help = "layers that it goes through before it is joined with others; a `batch_norm` there "
             "sees zeros for rows that lack it"},
    {"optional", BOUGH__OPTION_SWITCH, offsetof(struct bough__input, optional),
     .help = "rows may lack it: all of it, where a number is NaN"},
    {"present", BOUGH__OPTION_TEXT, offsetof(struct bough__input, present),
     .help = "a field that is 0 in rows that lack it and 1 in the others; goes with `optional`"},
    {"lengths", BOUGH__OPTION_TEXT, offsetof(struct bough__input, lengths),
     .help = "of a sequence of ids [N, L] or of numbers [N, L, D], a field of how long each row "
             "is: the rest of it is "
             "padding, which counts nowhere"},
};
static const struct bough__options input_section =
    BOUGH_OPTIONS(input_options, struct bough__input);

// ---- Tasks ----

static const struct bough__option target_options[] = {
    {"field", BOUGH__OPTION_TEXT, offsetof(struct bough__task, target), .needed = 1,
     .help = "field of the data set"},
    {"map", BOUGH__OPTION_INTS, offsetof(struct bough__task, map),
     offsetof(struct bough__task, map_count), .range = &bough__range_label,
     .help = "new class of each class of the field, -1 for no label; without it as it is"},
    {"standardize", BOUGH__OPTION_SWITCH, offsetof(struct bough__task, standardize),
     .help = "learn (target - mean) / std, of the training rows; for mse, l1 and huber"},
    {"mean", BOUGH__OPTION_FLOATS, offsetof(struct bough__task, mean),
     offsetof(struct bough__task, outputs), .range = &bough__range_any,
     .help = "one per output; `standardize` finds it"},
    {"std", BOUGH__OPTION_FLOATS, offsetof(struct bough__task, std),
     offsetof(struct bough__task, outputs), .range = &bough__range_positive,
     .help = "as many as mean; predictions and metrics are in the target's own unit"},
};
static const struct bough__options target_section =
    BOUGH_OPTIONS(target_options, struct bough__task);

static const struct bough__option loss_options[] = {
    {"name", BOUGH__OPTION_CHOICE, 0, .family = &bough__losses, .needed = 1,
     .help = "what is minimised"},
};
static const struct bough__options loss_section = BOUGH_OPTIONS(loss_options, struct bough__choice);

static const struct bough__option task_options[] = {
    {"target", BOUGH__OPTION_SECTION, 0, .section = &target_section, .needed = 1},
    {"inputs", BOUGH__OPTION_NAMES, offsetof(struct bough__task, inputs),
     offsetof(struct bough__task, inputs_count),
     .help = "what it reads of the config's `inputs`, of one data set, which has its target too; "
             "without it all"},
    {"loss", BOUGH__OPTION_SECTION, offsetof(struct bough__task, loss), .section = &loss_section,
     .needed = 1},
    {"weight", BOUGH__OPTION_NUMBER, offsetof(struct bough__task, weight),
     .range = &bough__range_not_negative, .number = {1}, .help = "factor of the task's loss"},
    {"head", BOUGH__OPTION_CHOICES, offsetof(struct bough__task, head),
     offsetof(struct bough__task, head_count), .family = &bough__layers, .needed = 1,
     .help = "layers of this task alone; the last gives the scores"},
    {"metrics", BOUGH__OPTION_NAMES, offsetof(struct bough__task, metrics),
     offsetof(struct bough__task, metrics_count), .family = &bough__metrics,
     .help = "what is measured; without it accuracy, mse or mae, as suits the loss. f1_binary is "
             "of the second class"},
    {"monitor", BOUGH__OPTION_TEXT, offsetof(struct bough__task, monitor),
     .help = "which of these, or loss, tells the best epoch; without it accuracy where it is "
             "measured, else loss"},
};
static const struct bough__options task_section = BOUGH_OPTIONS(task_options, struct bough__task);

// ---- What is learned how ----

static const struct bough__option join_options[] = {
    {"name", BOUGH__OPTION_CHOICE, 0, .family = &bough__joins, .text = "concat",
     .help = "how the inputs of a task become one, behind their stems"},
};
static const struct bough__options join_section = BOUGH_OPTIONS(join_options, struct bough__choice);

static const struct bough__option architecture_options[] = {
    {"name", BOUGH__OPTION_CHOICE, 0, .family = &bough__architectures, .text = "hard_sharing",
     .help = "how trunk and heads are wired"},
};
static const struct bough__options architecture_section =
    BOUGH_OPTIONS(architecture_options, struct bough__choice);

static const struct bough__option alignment_options[] = {
    {"name", BOUGH__OPTION_CHOICE, 0, .family = &bough__alignments, .text = "none",
     .help = "how tasks that do not share a representation are drawn together"},
};
static const struct bough__options alignment_section =
    BOUGH_OPTIONS(alignment_options, struct bough__choice);

static const struct bough__option loss_weighting_options[] = {
    {"name", BOUGH__OPTION_CHOICE, 0, .family = &bough__loss_weightings, .text = "equal",
     .help = "by which the losses are weighed before their gradients are found"},
};
static const struct bough__options loss_weighting_section =
    BOUGH_OPTIONS(loss_weighting_options, struct bough__choice);

static const struct bough__option weighting_options[] = {
    {"name", BOUGH__OPTION_CHOICE, offsetof(struct bough__weighing, choice),
     .family = &bough__weightings, .text = "equal",
     .list = "one, or one by gradients behind one by losses: {name: cagrad, losses: uncertainty}",
     .help = "how the tasks' losses become one update"},
    {"losses", BOUGH__OPTION_SECTION, offsetof(struct bough__weighing, losses),
     .section = &loss_weighting_section,
     .help = "of a weighting by gradients: how the losses are weighed before"},
    {"on", BOUGH__OPTION_TEXT, offsetof(struct bough__weighing, on),
     .family = &bough__gradient_places, .text = "parameters",
     .help = "of a weighting by the Gram matrix: which gradients it compares"},
    {"groups", BOUGH__OPTION_TEXT, offsetof(struct bough__weighing, groups),
     .family = &bough__gradient_groups, .text = "shared",
     .help = "likewise: what is weighed apart, each part by its own Gram matrix"},
    {"every", BOUGH__OPTION_INT, offsetof(struct bough__weighing, every),
     .range = &bough__range_count, .number = {1},
     .help = "likewise: steps from one solve to the next, with the same weights between"},
    {"smoothing", BOUGH__OPTION_NUMBER, offsetof(struct bough__weighing, smoothing),
     .range = &bough__range_below_one,
     .help = "of weights that are found in a step: share of the last ones in the new ones"},
};
static const struct bough__options weighting_section =
    BOUGH_OPTIONS(weighting_options, struct bough__weighing);

static const struct bough__option map_options[] = {
    {"name", BOUGH__OPTION_TEXT, offsetof(struct bough__renaming, name), .needed = 1,
     .help = "what they are called there: `encoder.*`, whose * is what that of the pattern is"},
};
static const struct bough__options map_section = BOUGH_OPTIONS(map_options, struct bough__renaming);

static const struct bough__option from_options[] = {
    {"file", BOUGH__OPTION_TEXT, offsetof(struct bough__transfer, file),
     .help =
         "a run folder or a safetensors file, from the config's folder, where parameters start"},
    {"map", BOUGH__OPTION_NAMED, offsetof(struct bough__transfer, map),
     offsetof(struct bough__transfer, map_count), .section = &map_section, .noun = "pattern",
     .help =
         "by a pattern of their names here, with at most one *; without it all, by the same names"},
};
static const struct bough__options from_section =
    BOUGH_OPTIONS(from_options, struct bough__transfer);

static const struct bough__option parameters_options[] = {
    {"lr", BOUGH__OPTION_NUMBER, offsetof(struct bough__param_group, lr),
     .range = &bough__range_not_negative, .number = {1}, .help = "factor of their learning rate"},
    {"freeze", BOUGH__OPTION_SWITCH, offsetof(struct bough__param_group, freeze),
     .help = "they stay as they are, and cost no gradient"},
    {"thaw", BOUGH__OPTION_INT, offsetof(struct bough__param_group, thaw),
     .range = &bough__range_count_or_none,
     .help = "of freeze: epochs before they are trained; 0 never trains them"},
};
static const struct bough__options parameters_section =
    BOUGH_OPTIONS(parameters_options, struct bough__param_group);

static const struct bough__option optimizer_options[] = {
    {"name", BOUGH__OPTION_CHOICE, offsetof(struct bough__optimization, choice),
     .family = &bough__optimizers, .text = "adam", .help = "fields and defaults as in PyTorch"},
    {"clip_norm", BOUGH__OPTION_NUMBER, offsetof(struct bough__optimization, clip_norm),
     .range = &bough__range_not_negative,
     .help = "largest norm of the whole gradient; 0 does not clip"},
};
static const struct bough__options optimizer_section =
    BOUGH_OPTIONS(optimizer_options, struct bough__optimization);

static const struct bough__option schedule_options[] = {
    {"name", BOUGH__OPTION_CHOICE, offsetof(struct bough__scheduling, choice),
     .family = &bough__schedules, .text = "constant", .help = "of the learning rate"},
    {"warmup", BOUGH__OPTION_NUMBER, offsetof(struct bough__scheduling, warmup),
     .range = &bough__range_not_negative,
     .help = "epochs of linear rise from 0, may be a fraction"},
};
static const struct bough__options schedule_section =
    BOUGH_OPTIONS(schedule_options, struct bough__scheduling);

// ---- The training ----

static const struct bough__option early_stopping_options[] = {
    {"patience", BOUGH__OPTION_INT, offsetof(struct bough__early_stopping, patience),
     .range = &bough__range_count_or_none,
     .help = "epochs without a better value before it stops; 0 never stops early"},
    {"metric", BOUGH__OPTION_TEXT, offsetof(struct bough__early_stopping, metric), .text = "mean",
     .help = "mean, loss, `<task>.<metric>` or `<task>.loss`, or exact_match: rows that are right "
             "in all "
             "tasks that have it; also decides which model is the best"},
};
static const struct bough__options early_stopping_section =
    BOUGH_OPTIONS(early_stopping_options, struct bough__early_stopping);

static const struct bough__option regime_options[] = {
    {"name", BOUGH__OPTION_CHOICE, offsetof(struct bough__training, regime),
     .family = &bough__regimes, .text = "joint", .help = "which tasks are trained when"},
};
static const struct bough__options regime_section =
    BOUGH_OPTIONS(regime_options, struct bough__training);

static const struct bough__option sampling_options[] = {
    {"name", BOUGH__OPTION_CHOICE, offsetof(struct bough__training, sampling),
     .family = &bough__samplings, .text = "equal",
     .help = "where tasks have data sets of their own: how many rows of each a step takes; the "
             "largest has `batch_size`, and an epoch is a pass over it"},
};
static const struct bough__options sampling_section =
    BOUGH_OPTIONS(sampling_options, struct bough__training);

static const struct bough__option train_options[] = {
    {"epochs", BOUGH__OPTION_INT, offsetof(struct bough__training, epochs),
     .range = &bough__range_count, .number = {1}, .help = "passes over the data"},
    {"batch_size", BOUGH__OPTION_INT, offsetof(struct bough__training, batch_size),
     .range = &bough__range_width, .number = {64}, .help = "samples a step"},
    {"seed", BOUGH__OPTION_UINT64, offsetof(struct bough__training, seed),
     .range = &bough__range_not_negative, .help = "of every random number"},
    {"regime", BOUGH__OPTION_SECTION, 0, .section = &regime_section},
    {"sampling", BOUGH__OPTION_SECTION, 0, .section = &sampling_section},
    {"validation", BOUGH__OPTION_NUMBER, offsetof(struct bough__training, validation),
     .range = &bough__range_below_one,
     .help = "share of `train` held out where the data have no split `validation`"},
    {"folds", BOUGH__OPTION_INT, offsetof(struct bough__training, folds),
     .range = &bough__range_count, .number = {1},
     .help = "parts that the shuffled rows of `train` are cut into; of 2 or more one is held out, "
             "instead of that share or split"},
    {"fold", BOUGH__OPTION_INT, offsetof(struct bough__training, fold),
     .range = &bough__range_count, .number = {1}, .help = "which part is held out, up to `folds`"},
    {"early_stopping", BOUGH__OPTION_SECTION, offsetof(struct bough__training, early_stopping),
     .section = &early_stopping_section},
};
static const struct bough__options train_section =
    BOUGH_OPTIONS(train_options, struct bough__training);

// ---- The whole ----

#define SECTION(name)                                                                              \
    {                                                                                              \
#name, BOUGH__OPTION_SECTION, offsetof(struct bough_config, name),                         \
            .section = &name##_section                                                             \
    }

// Tasks stand before what is told by task.
static const struct bough__option config_options[] = {
    {"data", BOUGH__OPTION_TEXT, offsetof(struct bough_config, data),
     .help = "path of the data set, from the config's folder; needed unless every input names its "
             "own"},
    {"input", BOUGH__OPTION_ONE, offsetof(struct bough_config, inputs),
     offsetof(struct bough_config, inputs_count), .section = &input_section},
    {"inputs", BOUGH__OPTION_NAMED, offsetof(struct bough_config, inputs),
     offsetof(struct bough_config, inputs_count), .section = &input_section, .noun = "input",
     .help = "by name, in order, where there are several: each has the keys of `input`"},
    SECTION(join),
    SECTION(architecture),
    SECTION(alignment),
    {"trunk", BOUGH__OPTION_CHOICES, offsetof(struct bough_config, trunk),
     offsetof(struct bough_config, trunk_count), .family = &bough__layers,
     .help = "layers that all tasks share; may be empty"},
    {"tasks", BOUGH__OPTION_NAMED, offsetof(struct bough_config, tasks),
     offsetof(struct bough_config, tasks_count), .section = &task_section, .needed = 1,
     .noun = "task", .help = "by name, in order"},
    SECTION(weighting),
    {"diagnostics", BOUGH__OPTION_SWITCH, offsetof(struct bough_config, diagnostics),
     .help = "compare the tasks' gradients in every step that finds weights, which costs finding "
             "them apart, and log norms, cosines, weights and shares"},
    SECTION(from),
    {"parameters", BOUGH__OPTION_NAMED, offsetof(struct bough_config, parameters),
     offsetof(struct bough_config, parameters_count), .section = &parameters_section,
     .noun = "pattern",
     .help = "by a pattern of their names as in model.safetensors, `trunk.*`: how parameters are "
             "trained; of several that fit the last one counts"},
    SECTION(optimizer),
    SECTION(schedule),
    SECTION(train),
};
const struct bough__options bough__config_options =
    BOUGH_OPTIONS(config_options, struct bough_config);

// ---- Keys ----

struct bough__choice *bough__config_choice(const struct bough__options *options, void *base)
{
    if (options->option->type != BOUGH__OPTION_CHOICE)
        return NULL;
    return (struct bough__choice *)(void *)((char *)base + options->option->offset);
}

static size_t add(struct bough__key *key, size_t count, const struct bough__options *options,
                  size_t from, void *base)
{
    for (size_t i = from; i < options->count && count < BOUGH__MOST_KEYS - 1; i++)
        key[count++] = (struct bough__key){&options->option[i], base};
    return count;
}

size_t bough__row_keys(struct bough__key *key, const struct bough__choice *choice)
{
    return choice->row ? add(key, 0, &choice->row->options, 0, choice->options) : 0;
}

size_t bough__config_keys(struct bough__key *key, const struct bough__options *options, void *base)
{
    const struct bough__choice *choice = bough__config_choice(options, base);
    size_t count = 0;
    if (choice) {
        key[count++] = (struct bough__key){options->option, base};
        count += bough__row_keys(key + 1, choice);
    }
    return add(key, count, options, choice != NULL, base);
}

void *bough__key_place(const struct bough__key *key)
{
    return key->base + key->option->offset;
}

size_t *bough__key_count(const struct bough__key *key)
{
    return (size_t *)(void *)(key->base + key->option->count);
}
