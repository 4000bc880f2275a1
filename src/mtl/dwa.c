// Weights n softmax(r / temperature), r_t the mean loss of the epoch before over that of the one
// before it. An epoch is one in which the task is labelled; its mean is over its steps. r is 1
// before there are two, so that the first two epochs go by weights of 1, and where the older mean
// is not above 0 or the newer is below it.
#include "mtl/loss_rules.h"

struct dwa_options {
    float temperature;
};

static const struct bough__option dwa_options[] = {
    {"temperature", BOUGH__OPTION_NUMBER, offsetof(struct dwa_options, temperature),
     .range = &bough__range_positive, .number = {2}, .help = "the larger, the more alike"},
};

// Of a task.
struct history {
    double epoch, sum, count; // the epoch that goes on, and its losses
    double newer, older;      // means of the two before it
};

static size_t dwa_state(size_t tasks, int64_t columns)
{
    (void)columns;
    return tasks * sizeof(struct history) / sizeof(double);
}

static void begin_epoch(struct history *task, double epoch)
{
    if (task->epoch == epoch)
        return;
    if (task->count > 0) {
        task->older = task->newer;
        task->newer = task->sum / task->count;
    }
    task->epoch = epoch;
    task->sum = task->count = 0;
}

static double rate(const struct history *task)
{
    return task->older > 0 && task->newer >= 0 ? task->newer / task->older : 1;
}

static void dwa_solve(struct bough__solve *solve)
{
    const struct dwa_options *options = solve->options;
    struct history *history = (void *)solve->state;
    for (size_t i = 0; i < solve->n; i++) {
        struct history *task = &history[solve->task[i]];
        begin_epoch(task, solve->moment.epoch);
        solve->weights[i] = rate(task) / (double)options->temperature;
        task->sum += solve->loss[i];
        task->count++;
    }
    bough__softmax(solve->weights, solve->n);
    for (size_t i = 0; i < solve->n; i++)
        solve->weights[i] *= (double)solve->n;
}

const struct bough__weighting bough__weighting_dwa = {
    {.name = "dwa",
     .help = "losses by how slowly they fell over the last two epochs",
     .paper = "Liu, Johns, Davison, End-to-End Multi-Task Learning with Attention, CVPR 2019",
     .options = BOUGH_OPTIONS(dwa_options, struct dwa_options)},
    .needs = BOUGH_NEEDS_LOSSES,
    .rule =
        "w = n softmax(r / temperature), r_t = mean loss of the last epoch / of the one before\n"
        "w = 1 in the first two epochs",
    .advice = "Where tasks learn at different speeds; it does not even out scales, and short "
              "epochs make r noise.",
    .state = dwa_state,
    .solve = dwa_solve,
};
