#include "mtl/regime.h"

#include "cl/random.h"

#include <math.h>

struct sequential_options {
    int freeze;
};

static const struct bough__option sequential_options[] = {
    {"freeze", BOUGH__OPTION_SWITCH, offsetof(struct sequential_options, freeze),
     .help = "what tasks share stays as the first task left it"},
};

struct alternating_options {
    const char *draw;
    float temperature;
};

struct draw {
    struct bough__row row;
    // How often a task with so many labels is drawn, beside the others; NULL = in turn.
    double (*share)(const struct alternating_options *o, int64_t labels);
};

static double share_uniform(const struct alternating_options *o, int64_t labels)
{
    (void)o, (void)labels;
    return 1;
}

static double share_proportional(const struct alternating_options *o, int64_t labels)
{
    (void)o;
    return (double)labels;
}

static double share_temperature(const struct alternating_options *o, int64_t labels)
{
    return pow((double)labels, 1 / (double)o->temperature);
}

static const struct draw draw_round_robin = {{.name = "round_robin", .help = "each in its turn"},
                                             NULL};
static const struct draw draw_uniform = {{.name = "uniform", .help = "each as often"},
                                         share_uniform};
static const struct draw draw_proportional = {
    {.name = "proportional", .help = "each as often as it has labels"}, share_proportional};
static const struct draw draw_temperature = {
    {.name = "temperature", .help = "each by its number of labels to the power of 1 / temperature"},
    share_temperature};
static const struct bough__row *const draw_rows[] = {&draw_round_robin.row, &draw_uniform.row,
                                                     &draw_proportional.row, &draw_temperature.row};
static const struct bough__family draws = {"draw", draw_rows, sizeof draw_rows / sizeof *draw_rows};

static const struct bough__option alternating_options[] = {
    {"draw", BOUGH__OPTION_TEXT, offsetof(struct alternating_options, draw), .family = &draws,
     .text = "round_robin", .help = "which task a step trains"},
    {"temperature", BOUGH__OPTION_NUMBER, offsetof(struct alternating_options, temperature),
     .range = &bough__range_positive, .number = {5},
     .help = "of draw: temperature; 1 is as proportional, a large one as uniform"},
};

static int sequential_freezes(const void *options)
{
    return ((const struct sequential_options *)options)->freeze;
}

int bough__regime_freezes(const struct bough__choice *choice)
{
    const struct bough__regime *regime = bough__regime_of(choice);
    return regime->freezes && regime->freezes(choice->options);
}

size_t bough__regime_draw(const struct bough__choice *choice, uint64_t seed, int64_t step,
                          const int64_t *labels, size_t tasks)
{
    enum { TASK_DRAW = 0x7461736b }; // keeps what is drawn here apart from all else
    const struct alternating_options *o = choice->options;
    const struct draw *draw = (const void *)bough__family_find(&draws, o->draw);
    double all = 0, below = 0;
    if (!draw->share)
        return (size_t)(step % (int64_t)tasks);
    for (size_t t = 0; t < tasks; t++)
        all += draw->share(o, labels[t]);
    const struct random4 bits = random_bits((unsigned)seed, (unsigned)(seed >> 32) ^ TASK_DRAW,
                                            (unsigned)step, (unsigned)(step >> 32), 0, 0);
    const double at = (double)random_unit(bits.v[0]) * all;
    for (size_t t = 0; t < tasks; t++) {
        below += draw->share(o, labels[t]);
        if (at < below)
            return t;
    }
    return tasks - 1;
}

const struct bough__regime bough__regime_joint = {
    .row = {.name = "joint", .help = "all tasks in every step"}};
const struct bough__regime bough__regime_independent = {
    {.name = "independent",
     .help = "a net for each task, trained one after the other: what sharing is measured against"},
    .apart = 1,
    .phases = 1};
const struct bough__regime bough__regime_parallel = {
    {.name = "parallel", .help = "the same nets, all in every step"}, .apart = 1};
const struct bough__regime bough__regime_sequential = {
    {.name = "sequential",
     .help = "one task after the other on what they share",
     .options = BOUGH_OPTIONS(sequential_options, struct sequential_options)},
    .phases = 1,
    .freezes = sequential_freezes};
const struct bough__regime bough__regime_alternating = {
    {.name = "alternating",
     .help = "one task a step",
     .options = BOUGH_OPTIONS(alternating_options, struct alternating_options)},
    .draws = 1};

#define BOUGH_REGIME(name) &bough__regime_##name.row,
static const struct bough__row *const all_regimes[] = {
#include "mtl/regime_list.h"
};
#undef BOUGH_REGIME
const struct bough__family bough__regimes = {"regime", all_regimes,
                                             sizeof all_regimes / sizeof *all_regimes};
