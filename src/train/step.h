// A step: what is done with one batch, prepared once for batches of one size. It is a short list of
// stages, each some launches or a call on the host:
//
//   fetch     the batch, to the device, where not all is there; on the host
//   feed      the batch, gathered by the epoch's order
//   forward   the model, up to each task's scores
//   losses    each task's mean loss, and the weight that it is the mean over
//   weigh     the losses' weights, of weightings that go by the losses; or these on the host
//   backward  the gradients of all parameters, of the sum of the weighted losses
//   heads     or, of weightings that go by gradients, what is a single task's,
//   sweep       and the tasks' gradients of what is shared: apart, or their products
//   gram        their products, of gradients that are apart
//   solve       the gradients' weights, on the host: a small read, a small write
//   combine     the gradient of what is shared
//   regularize  what the architecture minimises of the parameters beside the losses
//   clip      the factor that bounds the gradient's norm
//   update    the optimizer
//   account   sums of losses, scores: what is read when the epoch is looked at
//   again     of weightings that learn from them, the losses with the new parameters,
//   learn     on the host
//
// An evaluation and a prediction are steps with fewer stages; a run for gradients adds them up in
// `combine`. A weighting that wants other batches
// has them go first, one after the other, from `fetch` to `sweep`, into Jacobians of their own;
// nothing of them is in the account. These stages are all called `others`. What a forward pass
// itself moves, as the running statistics of a batch_norm, they move too.
//
// Of a weighting that looks ahead (ahead.h) the own batch goes first, and account with it; then
//
//   aside     the gradients of what is a single task's, out of the way
//   ahead     the weights of a plain step, on the host, and that step
//   there     of one with steps, the own batch's losses, and back to where the parameters were
//   others    the other batch, from here
//   back      the parameters as they were
//
// and on from gram.
#ifndef BOUGH_TRAIN_STEP_H
#define BOUGH_TRAIN_STEP_H

#include "data/feed.h"
#include "graph/plan.h"
#include "train/ahead.h"
#include "train/split.h"
#include "train/weigh.h"

// An input of a batch.
struct bough__batch_input {
    struct bough__buffer *x;             // [batch, sample]
    struct bough__buffer *scale, *shift; // of its channels; NULL = it is taken as it is
    struct bough__buffer *side;          // [batch], the split's column beside it; NULL = none
};

// Rows of one of the config's data sets on their way through a runner.
struct bough__source {
    const struct bough__split *split; // NULL = there are none, and its tasks are left out
    struct bough__feed feed;          // whose columns are the split's
    int64_t batch;                    // rows of a full batch
};

// What the steps of a runner work on: everything that outlives a step.
struct bough__step_data {
    struct bough__model *model;
    struct bough__source *source; // [sets]
    enum bough__purpose purpose;
    int64_t *stored; // [T] rows of an epoch whose scores are stored, from the first
    // struct step_state [1 + others, sets], those of the own batch first: the others differ in
    // the seed of what they draw, and all in `first`. Behind them those of parameters that are
    // trained with another rate (bough__step_update_state).
    struct bough__buffer *state;
    // Which batches of the epoch a step takes, as they run, and then the one that comes behind
    // them; and which of them is fetched next.
    int64_t index[BOUGH__MOST_OTHERS + 2];
    size_t fetched;
    struct bough__batch_input *input; // [inputs]
    struct bough__buffer **target;    // [T], of the batch
    struct bough__weigh_data weigh;   // the losses, and what is made of them
    struct bough__ahead ahead;        // of a weighting that looks ahead
    struct bough__buffer *clip;       // the gradient's factor, then sums of squares; made by a step
    struct bough__buffer *account;    // struct loss_account [T]
    struct bough__buffer **scores;    // [T], [stored, width, ...]
};

struct bough__step;

struct bough__stage {
    const char *name;
    size_t first, end;                                   // launches of the step's sequence
    enum bough_status (*call)(struct bough__step *step); // or on the host; else NULL
    int finds_weights; // is left out of steps that keep the last ones
};

enum { BOUGH__MOST_STAGES = 23 + 8 * BOUGH__MOST_OTHERS };

// What a step is for.
struct bough__step_scope {
    size_t first_task, end_task; // those that it trains or measures
    int small;                   // 1: it takes the rows that full batches leave
    int64_t longest;             // what its batch's sequences are padded to
};

struct bough__step {
    struct bough__step_data *data;
    struct bough__step_scope scope;
    int64_t rows; // of its first task's data set
    struct bough__graph graph;
    struct bough__plan *plan;
    int32_t *scores, *losses;       // [T], nodes of the graph, the last of its tasks; owned
    const int32_t *representations; // [T], nodes; kept where it is run for them
    const struct bough__loss_params *loss_params; // [T]
    int fused_losses; // losses, their gradients and the account are one launch
    struct bough__sequence sequence;
    struct bough__stage stage[BOUGH__MOST_STAGES];
    int stages, feed; // how many, and which of them gathers the own batch
    size_t batch;     // the one whose launches are prepared: 0 = the own one
    int once_more;    // 1: and they see it again, for no account
};

// Which of the states an update reads: that of the own batch, or one behind the others'.
//   own    1: of the own parameters of the one task that a step trains, whose steps are counted
//          apart
//   group  of the config's parameters; -1 = of none
static inline size_t bough__step_update_state(const struct bough__step_data *data, int own,
                                              int32_t group)
{
    const struct bough_config *config = data->model->config;
    const size_t number = (size_t)own * (config->parameters_count + 1) + (size_t)(group + 1);
    return number ? (data->weigh.others + 1) * config->sets - 1 + number : 0;
}

// That of its first task.
static inline size_t bough__step_set(const struct bough__step *step)
{
    return (size_t)bough__task_set(step->data->model->config, step->scope.first_task);
}

// Rows of a data set that a step takes.
static inline int64_t bough__step_rows(const struct bough__step *step, size_t set)
{
    const struct bough__source *source = &step->data->source[set];
    if (!source->split)
        return 1; // of a graph's leaves, which nothing reads
    return step->scope.small ? source->feed.count % source->batch : source->batch;
}

// Whether a step takes rows of a data set.
int bough__step_takes(const struct bough__step *step, size_t set);

// Positions of an input with lengths, in the step's batch; 0 of another one.
static inline int64_t bough__step_length(const struct bough__step *step, size_t input)
{
    const int32_t set = step->data->model->config->inputs[input].set;
    const struct bough__split *split = step->data->source[set].split;
    const int64_t own = split && split->longest ? split->longest[input] : 0;
    return own < step->scope.longest ? own : step->scope.longest;
}

// Takes a zero-initialised step. Where the tasks are of several data sets, full batches leave no
// rows. After an error, too, it is ended by bough__step_fini. Errors: INVALID, DEVICE.
enum bough_status bough__step_init(struct bough__step *step, struct bough__step_data *data,
                                   const struct bough__step_scope *scope);
void bough__step_fini(struct bough__step *step);

// Runs the stages from number `first` on: neighbouring launches as one list without a wait.
// Allocates nothing.
enum bough_status bough__step_run(struct bough__step *step, int first);

#endif
