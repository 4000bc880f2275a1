// What to train, as plain structs; a YAML file fills the same ones. Zero means the default. Where 0
// is allowed but is not the default (a layer's p, weight_decay, betas, a task's weight, patience),
// a number below 0 stands for it: a YAML file's 0 is read as -1, stays so when resolved, and is
// written as 0.
#ifndef BOUGH_CONFIG_H
#define BOUGH_CONFIG_H

#include <bough/status.h>
#include <bough/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

enum bough_switch { BOUGH_OFF, BOUGH_ON };
enum bough_bias { BOUGH_BIAS, BOUGH_NO_BIAS };

// How a layer's weights start.
struct bough_init {
    const char *name; // kaiming_uniform, kaiming_normal, xavier_uniform, xavier_normal, normal,
                      // zeros; NULL = PyTorch's default for the layer
    float std;        // of `normal`; default 0.01
};

// One layer of a trunk or a head. Each kind reads the fields named behind it.
//   linear             units, bias, init
//   conv2d             channels, kernel, stride, padding, dilation, groups, bias, init
//   max_pool2d         kernel, stride (default: the kernel), padding
//   avg_pool2d         kernel, stride (default: the kernel), padding
//   global_avg_pool2d
//   relu, gelu, sigmoid, tanh, softmax, flatten
//   leaky_relu         slope
//   batch_norm         eps, momentum        over [N, C] or [N, C, H, W]
//   layer_norm         eps                  over all dimensions but the first
//   dropout            p                    by element
//   dropout2d          p                    by channel
//   reshape            shape                of one sample
struct bough_layer {
    const char *kind;
    int32_t units;
    int32_t channels;
    int32_t kernel[2]; // height, width; both needed
    int32_t stride[2]; // default 1
    int32_t padding[2];
    int32_t dilation[2]; // default 1
    int32_t groups;      // default 1
    float slope;         // default 0.01
    float eps;           // default 1e-5
    float momentum;      // of the running statistics; default 0.1
    float p;             // probability of dropping; default 0.5
    struct bough_shape shape;
    enum bough_bias bias;
    struct bough_init init;
};

// cross_entropy (targets: classes), binary_cross_entropy (on logits; targets: 0 or 1), mse, l1,
// huber (targets: numbers). Rows without a label weigh nothing.
struct bough_loss {
    const char *name;
    const float *class_weights; // cross_entropy: one per class; NULL = all 1
    size_t class_weights_count;
    float label_smoothing; // cross_entropy: 0..1
    float delta;           // huber: where it turns linear; default 1
};

struct bough_task {
    const char *name;
    const char *target; // field of the data set
    const int32_t *map; // new class of each class of the field (-1 = no label); NULL = as it is
    size_t map_count;
    enum bough_switch standardize; // of mse, l1 and huber: mean and std are found in the training
                                   // rows, output by output, and kept in the model
    const float *mean, *std;       // the net learns (target - mean) / std; NULL = the target. The
                                   // loss is of that; metrics and predictions are of the target
    size_t outputs;                // how many mean and std hold
    struct bough_loss loss;
    float weight; // factor of the task's loss; default 1
    const struct bough_layer *head;
    size_t head_count;
    const char *const *metrics; // accuracy, top_<k>, f1_macro (or f1), f1_micro, f1_binary, auc,
                                // confusion, mse, mae, r2; NULL = accuracy or mse
    size_t metrics_count;
    const char
        *monitor; // one of these metrics, or loss: what the task adds to the criterion `mean`
                  // of early_stopping; NULL = accuracy where it is measured, else loss
};

// The field that the trunk reads. U8 becomes x / 255; then (x - mean) / std per channel.
struct bough_input {
    const char *field;     // default "image"
    const char *normalize; // auto: mean and std are found in the training rows, per channel (or
                           // column), and kept in the model; NULL = as given
    const float *mean;     // one, or one per channel; NULL = 0
    const float *std;      // as many as mean; NULL = 1
    size_t channels;       // how many mean and std hold
};

// Fields named as in PyTorch, whose defaults they take.
struct bough_optimizer {
    const char *name;           // sgd, adam, adamw, rmsprop, adagrad; default adam
    float lr;                   // default 1e-3 (sgd, adam, adamw), 1e-2 (rmsprop, adagrad)
    float momentum;             // sgd, rmsprop
    enum bough_switch nesterov; // sgd
    float weight_decay;         // default 0, and 0.01 for adamw; below 0 means none
    float beta1, beta2;         // adam, adamw: default 0.9, 0.999
    float alpha;                // rmsprop: default 0.99
    float eps;                  // default 1e-8, and 1e-10 for adagrad
    float clip_norm;            // largest norm of the whole gradient; 0 = no clipping
};

struct bough_schedule {
    const char *name; // constant, step, exponential, cosine, plateau; default constant
    float gamma;      // factor of step, exponential, plateau; default 0.1 (exponential 0.95)
    int32_t every;    // step: epochs between two steps; default 10
    int32_t patience; // plateau: epochs without a better validation; default 10
    float min_lr;     // cosine, plateau: lowest rate; default 0
    float warmup;     // epochs of linear warm-up from 0, may be a fraction; default 0
};

struct bough_early_stopping {
    int32_t patience;   // epochs without a better value; 0 = never stop early
    const char *metric; // mean | loss | <task>.<metric> | <task>.loss; default mean, the mean over
                        // the tasks of how far their monitor has come since the first epoch.
                        // loss is the sum of the losses. It also decides which model is the best,
                        // and steers `plateau`.
};

struct bough_train {
    int32_t epochs;     // default 1
    int32_t batch_size; // default 64
    uint64_t seed;
    float validation; // share of `train` held out where the file has no split `validation`
    struct bough_early_stopping early_stopping;
};

struct bough_weighting {
    const char *name;     // equal, fixed; default equal
    const float *weights; // fixed: one per task, in the tasks' order
    size_t weights_count;
};

struct bough_architecture {
    const char *name; // hard_sharing, mmoe; default hard_sharing
    int32_t experts;  // mmoe: copies of the trunk; default 8
};

struct bough_config {
    const char *data; // path of the data set
    struct bough_input input;
    struct bough_architecture architecture;
    const struct bough_layer *trunk;
    size_t trunk_count;
    const struct bough_task *tasks;
    size_t tasks_count;
    struct bough_weighting weighting;
    struct bough_optimizer optimizer;
    struct bough_schedule schedule;
    struct bough_train train;
};

// A config read from YAML; owns everything that its config points to.
struct bough_config_file;

// Reads a config. A relative `data` is relative to the config's folder; given by an override, to
// the current folder.
//   overrides  `count` strings key.path=value, the value in YAML: "trunk.0.linear.units=64"
// Errors: DATA if the file cannot be read; INVALID with file, line, key, what was found, what is
// allowed, and the nearest known name.
enum bough_status bough_config_file_open(struct bough_config_file **file, const char *path,
                                         const char *const *overrides, size_t count);
void bough_config_file_close(struct bough_config_file **file);

// Borrowed from the file.
const struct bough_config *bough_config_file_config(const struct bough_config_file *file);

// Checks all that needs no data: names, ranges, needed fields; and gives every default its value
// in `*resolved`, whose pointers are still the caller's. Errors: INVALID, naming the key path.
enum bough_status bough_config_resolve(struct bough_config *resolved,
                                       const struct bough_config *config);

// Tells every key of a YAML config, a line of a Markdown table each: the key, what it takes, its
// default, which kinds read it, what it does.
void bough_config_describe(void (*line)(void *user, const char *text), void *user);

// Writes the config as YAML that bough_config_file_open reads back to the same values.
// Written aside and renamed. Errors: DATA.
enum bough_status bough_config_save(const struct bough_config *config, const char *path);

#ifdef __cplusplus
}
#endif

#endif
