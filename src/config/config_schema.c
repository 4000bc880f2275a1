#include "config/config_schema.h"

#include "cl/loss_list.h"

#include <float.h>
#include <string.h>

#define COUNTOF(array)   (sizeof(array) / sizeof *(array))
#define IN(type, member) offsetof(struct bough_##type, member)
#define SECTION(keys, type)                                                                        \
    {                                                                                              \
        keys, COUNTOF(keys), sizeof(type)                                                          \
    }

// ---- Ranges ----

static const struct bough__range any = {"any number", -FLT_MAX, FLT_MAX, 0, 0};
static const struct bough__range positive = {"above 0", 0, FLT_MAX, 1, 0};
static const struct bough__range not_negative = {"0 or more", 0, FLT_MAX, 0, 0};
static const struct bough__range zero_to_one = {"0 to 1", 0, 1, 0, 0};
static const struct bough__range below_one = {"0 to below 1", 0, 1, 0, 1};
static const struct bough__range to_one = {"above 0, up to 1", 0, 1, 1, 0};
static const struct bough__range size = {"1 to 65536", 1, 65536, 0, 0};
static const struct bough__range width = {"1 to 16777216", 1, 16777216, 0, 0};
static const struct bough__range edge = {"0 to 65536", 0, 65536, 0, 0};
static const struct bough__range count = {"1 or more", 1, INT32_MAX, 0, 0};
static const struct bough__range count_or_none = {"0 or more", 0, INT32_MAX, 0, 0};
static const struct bough__range label = {"-1 or more", -1, INT32_MAX, 0, 0};

// ---- Names ----

static const char *const layers[] = {
    "linear",     "conv2d",     "max_pool2d", "avg_pool2d", "global_avg_pool2d", "relu",
    "leaky_relu", "gelu",       "sigmoid",    "tanh",       "softmax",           "flatten",
    "reshape",    "batch_norm", "layer_norm", "dropout",    "dropout2d",         NULL};
static const char *const inits[] = {"kaiming_uniform",
                                    "kaiming_normal",
                                    "xavier_uniform",
                                    "xavier_normal",
                                    "normal",
                                    "zeros",
                                    NULL};
static const char *const normalizations[] = {"auto", NULL};
#define LOSS_NAME(name, target, metric) #name,
static const char *const losses[] = {BOUGH_LOSSES(LOSS_NAME) NULL};
static const char *const optimizers[] = {"sgd", "adam", "adamw", "rmsprop", "adagrad", NULL};
static const char *const schedules[] = {"constant", "step",    "exponential",
                                        "cosine",   "plateau", NULL};
static const char *const architectures[] = {"hard_sharing", "mmoe", NULL};
static const char *const weightings[] = {"equal", "fixed", NULL};

const char *const bough__metric_names[] = {"accuracy", "top_<k>",   "f1",  "f1_macro",
                                           "f1_micro", "f1_binary", "auc", "confusion",
                                           "mse",      "mae",       "r2",  NULL};

// ---- Keys ----

static const struct bough__key init_keys[] = {
    {"name", BOUGH__KEY_NAME, IN(init, name), .names = inits,
     .text = "how the weights start; without it as in PyTorch"},
    {"std", BOUGH__KEY_NUMBER, IN(init, std), .of = "normal", .range = &positive, .number = {0.01},
     .text = "standard deviation"},
};
static const struct bough__section init_section = SECTION(init_keys, struct bough_init);

static const struct bough__key layer_keys[] = {
    {"kind", BOUGH__KEY_NAME, IN(layer, kind), .names = layers, .needed = 1,
     .text = "the layer's own key: `relu`, or `linear: {units: 10}`"},
    {"units", BOUGH__KEY_INT, IN(layer, units), .of = "linear", .range = &width, .needed = 1,
     .text = "outputs"},
    {"channels", BOUGH__KEY_INT, IN(layer, channels), .of = "conv2d", .range = &width, .needed = 1,
     .text = "channels of the output"},
    {"kernel", BOUGH__KEY_PAIR, IN(layer, kernel), .of = "conv2d max_pool2d avg_pool2d",
     .range = &size, .needed = 1, .text = "the window's size"},
    {"stride", BOUGH__KEY_PAIR, IN(layer, stride), .of = "conv2d", .range = &size, .number = {1, 1},
     .text = "step from window to window"},
    {"stride", BOUGH__KEY_PAIR, IN(layer, stride), .of = "max_pool2d avg_pool2d", .range = &size,
     .like = "kernel", .text = "step from window to window"},
    {"padding", BOUGH__KEY_PAIR, IN(layer, padding), .of = "conv2d max_pool2d avg_pool2d",
     .range = &edge, .text = "rows and columns added at each side"},
    {"dilation", BOUGH__KEY_PAIR, IN(layer, dilation), .of = "conv2d", .range = &size,
     .number = {1, 1}, .text = "step from tap to tap"},
    {"groups", BOUGH__KEY_INT, IN(layer, groups), .of = "conv2d", .range = &size, .number = {1},
     .text = "parts that the channels are split into"},
    {"slope", BOUGH__KEY_NUMBER, IN(layer, slope), .of = "leaky_relu", .range = &positive,
     .number = {0.01}, .text = "slope below 0"},
    {"eps", BOUGH__KEY_NUMBER, IN(layer, eps), .of = "batch_norm layer_norm", .range = &positive,
     .number = {1e-5}, .text = "added to the variance"},
    {"momentum", BOUGH__KEY_NUMBER, IN(layer, momentum), .of = "batch_norm", .range = &to_one,
     .number = {0.1}, .text = "share of the new batch in the running statistics"},
    {"p", BOUGH__KEY_NUMBER, IN(layer, p), .of = "dropout dropout2d", .range = &below_one,
     .number = {0.5}, .text = "probability of dropping an element, a channel"},
    {"shape", BOUGH__KEY_SHAPE, IN(layer, shape), .of = "reshape", .range = &width, .needed = 1,
     .text = "of one sample: [16, 7, 7]"},
    {"bias", BOUGH__KEY_SWITCH, IN(layer, bias), .of = "linear conv2d", .number = {1},
     .text = "a number added to each output"},
    {"init", BOUGH__KEY_SECTION, IN(layer, init), .of = "linear conv2d", .section = &init_section},
};
static const struct bough__section layer_section = SECTION(layer_keys, struct bough_layer);

static const struct bough__key loss_keys[] = {
    {"name", BOUGH__KEY_NAME, IN(loss, name), .names = losses, .needed = 1,
     .text = "what is minimised"},
    {"class_weights", BOUGH__KEY_FLOATS, IN(loss, class_weights), IN(loss, class_weights_count),
     .of = "cross_entropy", .range = &not_negative, .text = "one per class; without it all 1"},
    {"label_smoothing", BOUGH__KEY_NUMBER, IN(loss, label_smoothing), .of = "cross_entropy",
     .range = &zero_to_one, .text = "share of the label spread over all classes"},
    {"delta", BOUGH__KEY_NUMBER, IN(loss, delta), .of = "huber", .range = &positive, .number = {1},
     .text = "where it turns linear"},
};
static const struct bough__section loss_section = SECTION(loss_keys, struct bough_loss);

static const struct bough__key target_keys[] = {
    {"field", BOUGH__KEY_TEXT, IN(task, target), .needed = 1, .text = "field of the data set"},
    {"map", BOUGH__KEY_INTS, IN(task, map), IN(task, map_count), .range = &label,
     .text = "new class of each class of the field, -1 for no label; without it as it is"},
    {"standardize", BOUGH__KEY_SWITCH, IN(task, standardize),
     .text = "learn (target - mean) / std, of the training rows; for mse, l1 and huber"},
    {"mean", BOUGH__KEY_FLOATS, IN(task, mean), IN(task, outputs), .range = &any,
     .text = "one per output; `standardize` finds it"},
    {"std", BOUGH__KEY_FLOATS, IN(task, std), IN(task, outputs), .range = &positive,
     .text = "as many as mean; predictions and metrics are in the target's own unit"},
};
static const struct bough__section target_section = SECTION(target_keys, struct bough_task);

static const struct bough__key task_keys[] = {
    {"target", BOUGH__KEY_SECTION, 0, .section = &target_section, .needed = 1},
    {"loss", BOUGH__KEY_SECTION, IN(task, loss), .section = &loss_section, .needed = 1},
    {"weight", BOUGH__KEY_NUMBER, IN(task, weight), .range = &not_negative, .number = {1},
     .text = "factor of the task's loss"},
    {"head", BOUGH__KEY_LAYERS, IN(task, head), IN(task, head_count), .section = &layer_section,
     .needed = 1, .text = "layers of this task alone; the last gives the scores"},
    {"metrics", BOUGH__KEY_TEXTS, IN(task, metrics), IN(task, metrics_count),
     .names = bough__metric_names,
     .text = "what is measured; without it accuracy, mse or mae, as suits the loss. f1_binary is "
             "of the "
             "second class"},
    {"monitor", BOUGH__KEY_TEXT, IN(task, monitor),
     .text = "which of these, or loss, tells the best epoch; without it accuracy where it is "
             "measured, else loss"},
};
static const struct bough__section task_section = SECTION(task_keys, struct bough_task);

static const struct bough__key normalize_keys[] = {
    {"name", BOUGH__KEY_NAME, IN(input, normalize), .names = normalizations,
     .text = "`auto`: mean and std of the training rows, per channel or column, kept in the model"},
    {"mean", BOUGH__KEY_FLOATS, IN(input, mean), IN(input, channels), .range = &any,
     .text = "one, or one per channel"},
    {"std", BOUGH__KEY_FLOATS, IN(input, std), IN(input, channels), .range = &positive,
     .text = "as many as mean: x becomes (x - mean) / std"},
};
static const struct bough__section normalize_section = SECTION(normalize_keys, struct bough_input);

static const struct bough__key input_keys[] = {
    {"field", BOUGH__KEY_TEXT, IN(input, field), .word = "image",
     .text = "what the trunk reads; U8 becomes x / 255"},
    {"normalize", BOUGH__KEY_SECTION, 0, .section = &normalize_section},
};
static const struct bough__section input_section = SECTION(input_keys, struct bough_input);

static const struct bough__key architecture_keys[] = {
    {"name", BOUGH__KEY_NAME, IN(architecture, name), .names = architectures,
     .word = "hard_sharing", .text = "how trunk and heads are wired"},
    {"experts", BOUGH__KEY_INT, IN(architecture, experts), .of = "mmoe", .range = &size,
     .number = {8}, .text = "copies of the trunk, as many as in the paper"},
};
static const struct bough__section architecture_section =
    SECTION(architecture_keys, struct bough_architecture);

static const struct bough__key weighting_keys[] = {
    {"name", BOUGH__KEY_NAME, IN(weighting, name), .names = weightings, .word = "equal",
     .text = "how the tasks' losses become one update"},
    {"weights", BOUGH__KEY_WEIGHTS, IN(weighting, weights), IN(weighting, weights_count),
     .of = "fixed", .range = &not_negative, .needed = 1,
     .text = "by task: {left: 1.0, right: 0.5}"},
};
static const struct bough__section weighting_section =
    SECTION(weighting_keys, struct bough_weighting);

static const struct bough__key optimizer_keys[] = {
    {"name", BOUGH__KEY_NAME, IN(optimizer, name), .names = optimizers, .word = "adam",
     .text = "fields and defaults as in PyTorch"},
    {"lr", BOUGH__KEY_NUMBER, IN(optimizer, lr), .of = "sgd adam adamw", .range = &positive,
     .number = {1e-3}, .text = "learning rate"},
    {"lr", BOUGH__KEY_NUMBER, IN(optimizer, lr), .of = "rmsprop adagrad", .range = &positive,
     .number = {1e-2}, .text = "learning rate"},
    {"momentum", BOUGH__KEY_NUMBER, IN(optimizer, momentum), .of = "sgd rmsprop",
     .range = &not_negative, .text = "share of the step before"},
    {"nesterov", BOUGH__KEY_SWITCH, IN(optimizer, nesterov), .of = "sgd",
     .text = "Nesterov's momentum"},
    {"weight_decay", BOUGH__KEY_NUMBER, IN(optimizer, weight_decay),
     .of = "sgd adam rmsprop adagrad", .range = &not_negative,
     .text = "added to the gradient, times the weight"},
    {"weight_decay", BOUGH__KEY_NUMBER, IN(optimizer, weight_decay), .of = "adamw",
     .range = &not_negative, .number = {0.01}, .text = "taken off the weight, times the rate"},
    {"betas", BOUGH__KEY_NUMBERS2, IN(optimizer, beta1), .of = "adam adamw", .range = &below_one,
     .number = {0.9, 0.999}, .text = "of the two running means"},
    {"alpha", BOUGH__KEY_NUMBER, IN(optimizer, alpha), .of = "rmsprop", .range = &below_one,
     .number = {0.99}, .text = "of the running mean of squares"},
    {"eps", BOUGH__KEY_NUMBER, IN(optimizer, eps), .of = "adam adamw rmsprop", .range = &positive,
     .number = {1e-8}, .text = "added to the divisor"},
    {"eps", BOUGH__KEY_NUMBER, IN(optimizer, eps), .of = "adagrad", .range = &positive,
     .number = {1e-10}, .text = "added to the divisor"},
    {"clip_norm", BOUGH__KEY_NUMBER, IN(optimizer, clip_norm), .range = &not_negative,
     .text = "largest norm of the whole gradient; 0 does not clip"},
};
static const struct bough__section optimizer_section =
    SECTION(optimizer_keys, struct bough_optimizer);
_Static_assert(offsetof(struct bough_optimizer, beta2) ==
                   offsetof(struct bough_optimizer, beta1) + sizeof(float),
               "betas are one key");

static const struct bough__key schedule_keys[] = {
    {"name", BOUGH__KEY_NAME, IN(schedule, name), .names = schedules, .word = "constant",
     .text = "of the learning rate"},
    {"gamma", BOUGH__KEY_NUMBER, IN(schedule, gamma), .of = "step plateau", .range = &positive,
     .number = {0.1}, .text = "factor of each fall"},
    {"gamma", BOUGH__KEY_NUMBER, IN(schedule, gamma), .of = "exponential", .range = &positive,
     .number = {0.95}, .text = "factor of each epoch"},
    {"every", BOUGH__KEY_INT, IN(schedule, every), .of = "step", .range = &count, .number = {10},
     .text = "epochs between two falls"},
    {"patience", BOUGH__KEY_INT, IN(schedule, patience), .of = "plateau", .range = &count_or_none,
     .number = {10}, .text = "epochs without a better validation before it falls"},
    {"min_lr", BOUGH__KEY_NUMBER, IN(schedule, min_lr), .of = "cosine plateau",
     .range = &not_negative, .text = "lowest rate"},
    {"warmup", BOUGH__KEY_NUMBER, IN(schedule, warmup), .range = &not_negative,
     .text = "epochs of linear rise from 0, may be a fraction"},
};
static const struct bough__section schedule_section = SECTION(schedule_keys, struct bough_schedule);

static const struct bough__key early_stopping_keys[] = {
    {"patience", BOUGH__KEY_INT, IN(early_stopping, patience), .range = &count_or_none,
     .text = "epochs without a better value before it stops; 0 never stops early"},
    {"metric", BOUGH__KEY_TEXT, IN(early_stopping, metric), .word = "mean",
     .text =
         "mean, loss, `<task>.<metric>` or `<task>.loss`; also decides which model is the best"},
};
static const struct bough__section early_stopping_section =
    SECTION(early_stopping_keys, struct bough_early_stopping);

static const struct bough__key train_keys[] = {
    {"epochs", BOUGH__KEY_INT, IN(train, epochs), .range = &count, .number = {1},
     .text = "passes over the data"},
    {"batch_size", BOUGH__KEY_INT, IN(train, batch_size), .range = &width, .number = {64},
     .text = "samples a step"},
    {"seed", BOUGH__KEY_UINT64, IN(train, seed), .range = &not_negative,
     .text = "of every random number"},
    {"validation", BOUGH__KEY_NUMBER, IN(train, validation), .range = &below_one,
     .text = "share of `train` held out where the data have no split `validation`"},
    {"early_stopping", BOUGH__KEY_SECTION, IN(train, early_stopping),
     .section = &early_stopping_section},
};
static const struct bough__section train_section = SECTION(train_keys, struct bough_train);

// Tasks stand before what is told by task.
static const struct bough__key config_keys[] = {
    {"data", BOUGH__KEY_TEXT, IN(config, data), .needed = 1,
     .text = "path of the data set, from the config's folder"},
    {"input", BOUGH__KEY_SECTION, IN(config, input), .section = &input_section},
    {"architecture", BOUGH__KEY_SECTION, IN(config, architecture),
     .section = &architecture_section},
    {"trunk", BOUGH__KEY_LAYERS, IN(config, trunk), IN(config, trunk_count),
     .section = &layer_section, .text = "layers that all tasks share; may be empty"},
    {"tasks", BOUGH__KEY_TASKS, IN(config, tasks), IN(config, tasks_count),
     .section = &task_section, .needed = 1, .text = "by name, in order"},
    {"weighting", BOUGH__KEY_SECTION, IN(config, weighting), .section = &weighting_section},
    {"optimizer", BOUGH__KEY_SECTION, IN(config, optimizer), .section = &optimizer_section},
    {"schedule", BOUGH__KEY_SECTION, IN(config, schedule), .section = &schedule_section},
    {"train", BOUGH__KEY_SECTION, IN(config, train), .section = &train_section},
};
const struct bough__section bough__config_section = SECTION(config_keys, struct bough_config);

// ---- Looking up ----

int bough__key_is_of(const struct bough__key *key, const char *kind)
{
    size_t length = kind ? strlen(kind) : 0;
    for (const char *word = key->of; word; word = strchr(word, ' ')) {
        word += *word == ' ';
        if (length && strncmp(word, kind, length) == 0 && (!word[length] || word[length] == ' '))
            return 1;
    }
    return !key->of;
}

const char *bough__section_kind(const struct bough__section *section, const void *value)
{
    const struct bough__key *first = section->key;
    if (first->type != BOUGH__KEY_NAME)
        return NULL;
    const char *kind = *(const char *const *)((const char *)value + first->offset);
    return kind ? kind : first->word;
}

const struct bough__key *bough__key_find(const struct bough__section *section, const char *kind,
                                         const char *name, int *elsewhere)
{
    *elsewhere = 0;
    for (size_t i = 0; i < section->count; i++) {
        if (strcmp(section->key[i].name, name) != 0)
            continue;
        if (bough__key_is_of(&section->key[i], kind))
            return &section->key[i];
        *elsewhere = 1;
    }
    return NULL;
}

const struct bough__key *bough__layer_main(const char *kind)
{
    for (size_t i = 1; i < layer_section.count; i++)
        if (bough__key_is_of(&layer_keys[i], kind))
            return &layer_keys[i];
    return NULL;
}

int bough__range_holds(const struct bough__range *range, double value)
{
    return value >= range->min && value <= range->max && !(range->above && value == range->min) &&
           !(range->below && value == range->max);
}

int bough__key_takes_zero(const struct bough__key *key)
{
    return key->range && bough__range_holds(key->range, 0);
}
