#include "nn/schedule.h"

#include <math.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

static double constant(const struct bough_schedule *schedule, double lr, double progress,
                       int32_t epochs, const struct bough__plateau *plateau)
{
    (void)schedule, (void)progress, (void)epochs, (void)plateau;
    return lr;
}

static double step(const struct bough_schedule *schedule, double lr, double progress,
                   int32_t epochs, const struct bough__plateau *plateau)
{
    (void)epochs, (void)plateau;
    return lr * pow(schedule->gamma, floor(floor(progress) / schedule->every));
}

static double exponential(const struct bough_schedule *schedule, double lr, double progress,
                          int32_t epochs, const struct bough__plateau *plateau)
{
    (void)epochs, (void)plateau;
    return lr * pow(schedule->gamma, floor(progress));
}

static double cosine(const struct bough_schedule *schedule, double lr, double progress,
                     int32_t epochs, const struct bough__plateau *plateau)
{
    (void)plateau;
    double share = progress < epochs ? progress / epochs : 1;
    return schedule->min_lr + (lr - schedule->min_lr) * 0.5 * (1 + cos(pi * share));
}

static double plateau_rate(const struct bough_schedule *schedule, double lr, double progress,
                           int32_t epochs, const struct bough__plateau *plateau)
{
    (void)progress, (void)epochs;
    return fmax(lr * plateau->scale, schedule->min_lr);
}

static const struct {
    const char *name;
    double (*rate)(const struct bough_schedule *schedule, double lr, double progress,
                   int32_t epochs, const struct bough__plateau *plateau);
} schedules[] = {
    {"constant", constant},    {"step", step}, {"exponential", exponential}, {"cosine", cosine},
    {"plateau", plateau_rate},
};

double bough__schedule_lr(const struct bough_schedule *schedule, double lr, double progress,
                          double ahead, int32_t epochs, const struct bough__plateau *plateau)
{
    double rate = lr;
    for (size_t i = 0; i < sizeof schedules / sizeof *schedules; i++)
        if (strcmp(schedules[i].name, schedule->name) == 0)
            rate = schedules[i].rate(schedule, lr, progress, epochs, plateau);
    return ahead < schedule->warmup ? rate * ahead / schedule->warmup : rate;
}

void bough__plateau_update(struct bough__plateau *plateau, const struct bough_schedule *schedule,
                           double value)
{
    if (value > plateau->best) {
        plateau->best = value;
        plateau->stale = 0;
    } else if (++plateau->stale > schedule->patience) {
        plateau->scale *= schedule->gamma;
        plateau->stale = 0;
    }
}
