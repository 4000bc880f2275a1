#include "nn/schedule.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

// ---- constant ----

static double constant_rate(const void *options, double lr, double progress, int32_t epochs,
                            const struct bough__plateau *plateau)
{
    (void)options, (void)progress, (void)epochs, (void)plateau;
    return lr;
}

const struct bough__schedule bough__schedule_constant = {{
                                                             .name = "constant",
                                                             .help = "the rate as it is",
                                                         },
                                                         .rate = constant_rate};

// ---- step ----

struct step_options {
    float gamma;
    int32_t every;
};

static const struct bough__option step_options[] = {
    {"gamma", BOUGH__OPTION_NUMBER, offsetof(struct step_options, gamma),
     .range = &bough__range_positive, .number = {0.1}, .help = "factor of each fall"},
    {"every", BOUGH__OPTION_INT, offsetof(struct step_options, every), .range = &bough__range_count,
     .number = {10}, .help = "epochs between two falls"},
};

static double step_rate(const void *options, double lr, double progress, int32_t epochs,
                        const struct bough__plateau *plateau)
{
    const struct step_options *o = options;
    (void)epochs, (void)plateau;
    return lr * pow(o->gamma, floor(floor(progress) / o->every));
}

const struct bough__schedule bough__schedule_step = {
    {.name = "step",
     .help = "falls after every so many epochs",
     .options = BOUGH_OPTIONS(step_options, struct step_options)},
    .rate = step_rate};

// ---- exponential ----

struct exponential_options {
    float gamma;
};

static const struct bough__option exponential_options[] = {
    {"gamma", BOUGH__OPTION_NUMBER, offsetof(struct exponential_options, gamma),
     .range = &bough__range_positive, .number = {0.95}, .help = "factor of each epoch"},
};

static double exponential_rate(const void *options, double lr, double progress, int32_t epochs,
                               const struct bough__plateau *plateau)
{
    const struct exponential_options *o = options;
    (void)epochs, (void)plateau;
    return lr * pow(o->gamma, floor(progress));
}

const struct bough__schedule bough__schedule_exponential = {
    {.name = "exponential",
     .help = "falls after every epoch",
     .options = BOUGH_OPTIONS(exponential_options, struct exponential_options)},
    .rate = exponential_rate};

// ---- cosine ----

struct cosine_options {
    float min_lr;
};

static const struct bough__option cosine_options[] = {
    {"min_lr", BOUGH__OPTION_NUMBER, offsetof(struct cosine_options, min_lr),
     .range = &bough__range_not_negative, .help = "lowest rate"},
};

static double cosine_rate(const void *options, double lr, double progress, int32_t epochs,
                          const struct bough__plateau *plateau)
{
    const struct cosine_options *o = options;
    (void)plateau;
    double share = progress < epochs ? progress / epochs : 1;
    return o->min_lr + (lr - o->min_lr) * 0.5 * (1 + cos(pi * share));
}

const struct bough__schedule bough__schedule_cosine = {
    {.name = "cosine",
     .help = "half a wave from the rate to the lowest",
     .options = BOUGH_OPTIONS(cosine_options, struct cosine_options)},
    .rate = cosine_rate};

// ---- plateau ----

struct plateau_options {
    float gamma, min_lr;
    int32_t patience;
};

static const struct bough__option plateau_options[] = {
    {"gamma", BOUGH__OPTION_NUMBER, offsetof(struct plateau_options, gamma),
     .range = &bough__range_positive, .number = {0.1}, .help = "factor of each fall"},
    {"patience", BOUGH__OPTION_INT, offsetof(struct plateau_options, patience),
     .range = &bough__range_count_or_none, .number = {10},
     .help = "epochs without a better validation before it falls"},
    {"min_lr", BOUGH__OPTION_NUMBER, offsetof(struct plateau_options, min_lr),
     .range = &bough__range_not_negative, .help = "lowest rate"},
};

static double plateau_rate(const void *options, double lr, double progress, int32_t epochs,
                           const struct bough__plateau *plateau)
{
    const struct plateau_options *o = options;
    (void)progress, (void)epochs;
    return fmax(lr * plateau->scale, o->min_lr);
}

const struct bough__schedule bough__schedule_plateau = {
    {.name = "plateau",
     .help = "falls where the validation stands still",
     .options = BOUGH_OPTIONS(plateau_options, struct plateau_options)},
    .rate = plateau_rate,
    .by_validation = 1};

// ---- The list ----

#define BOUGH_SCHEDULE(name) &bough__schedule_##name.row,
static const struct bough__row *const all[] = {
#include "nn/schedule_list.h"
};
#undef BOUGH_SCHEDULE
const struct bough__family bough__schedules = {"schedule", all, sizeof all / sizeof *all};

double bough__schedule_lr(const struct bough__scheduling *config, double lr, double progress,
                          double after, int32_t epochs, const struct bough__plateau *plateau)
{
    double rate =
        bough__schedule_of(config)->rate(config->choice.options, lr, progress, epochs, plateau);
    return after < config->warmup ? rate * after / config->warmup : rate;
}

void bough__plateau_update(struct bough__plateau *plateau, const struct bough__scheduling *config,
                           double value)
{
    if (config->choice.row != &bough__schedule_plateau.row)
        return;
    const struct plateau_options *o = config->choice.options;
    if (value > plateau->best) {
        plateau->best = value;
        plateau->stale = 0;
    } else if (++plateau->stale > o->patience) {
        plateau->scale *= (double)o->gamma;
        plateau->stale = 0;
    }
}
