// A training step as bough_train runs it.
#include "base/clock.h"
#include "base/error.h"
#include "bench/timer.h"
#include "graph/plan.h"
#include "train/trainer.h"

#include <bough/bench.h>

static const double step_seconds = 2;

// ---- Calls that are timed ----

static enum bough_status shuffle(void *user)
{
    return bough__trainer_shuffle(user);
}

// The last batch of an epoch is left out where it is smaller.
static enum bough_status step(void *user)
{
    struct bough__trainer *trainer = user;
    const struct bough__runner *runner = trainer->training;
    float lr;
    if (bough__runner_is_small(runner, trainer->progress.epoch_step))
        trainer->progress.epoch_step = 0;
    return bough__trainer_step(trainer, &lr);
}

// The launches of a step that bring its batch, and what the host does for them.
struct feeding {
    struct bough__runner *runner;
    struct bough__launch **launch; // borrowed
    size_t count;
    int64_t index;
};

static enum bough_status feed(void *user)
{
    struct feeding *feeding = user;
    struct bough__runner *runner = feeding->runner;
    enum bough_status status;
    if (bough__runner_is_small(runner, feeding->index))
        feeding->index = 0;
    for (size_t set = 0; set < runner->data.model->config->sets; set++) {
        struct bough__source *source = &runner->data.source[set];
        if (bough__step_takes(bough__runner_full(runner), set))
            BOUGH_TRY(
                bough__feed_fetch(&source->feed, feeding->index * source->batch, source->batch));
    }
    feeding->index++;
    BOUGH_TRY(bough__run(runner->data.model->device, feeding->launch, feeding->count));
done:
    return status;
}

static enum bough_status median(double *seconds, struct bough__trainer *trainer,
                                enum bough_status (*call)(void *user), void *user, double spend)
{
    struct bough__times times = {0};
    struct bough__timed timed = {trainer->device, call, user, spend};
    enum bough_status status = bough__time(&times, &timed);
    *seconds = times.median;
    return status;
}

// Of all its batches: one that finds weights may have others. 0 where one batch holds all rows: it
// is brought once, before the first step.
static enum bough_status feeding_seconds(double *seconds, struct bough__trainer *trainer,
                                         double spend)
{
    enum bough_status status = BOUGH_OK;
    struct bough__runner *runner = trainer->training;
    const struct bough__step *full = bough__runner_full(runner);
    const struct bough__stage *stage = &full->stage[full->feed];
    struct feeding feeding = {runner, full->sequence.launch + stage->first,
                              stage->end - stage->first, 0};
    const double batches =
        1 + (double)runner->data.weigh.others / (double)trainer->config.weighting.every;
    double gathered, shuffled;
    *seconds = 0;
    if (runner->steps <= 1)
        return BOUGH_OK;
    BOUGH_TRY(median(&gathered, trainer, feed, &feeding, spend));
    BOUGH_TRY(median(&shuffled, trainer, shuffle, trainer, spend));
    *seconds = gathered * batches + shuffled / (double)runner->steps;
done:
    return status;
}

// ---- Counting ----

static enum bough_status count(struct bough_step_bench *bench, struct bough__trainer *trainer)
{
    enum { STEPS = 16 };
    enum bough_status status = BOUGH_OK;
    const struct bough__counts before = trainer->device->counts, *now = &trainer->device->counts;
    for (int i = 0; i < STEPS; i++)
        BOUGH_TRY(step(trainer));
    bench->launches = (double)(now->launches - before.launches) / STEPS;
    bench->writes = (double)(now->writes - before.writes) / STEPS;
    bench->reads = (double)(now->reads - before.reads) / STEPS;
done:
    return status;
}

// Of the epoch's full steps, on average: those on longer sequences take more.
static double mean_flops(const struct bough__runner *runner)
{
    double flops = 0;
    int64_t index = 0;
    for (; index < runner->steps && !bough__runner_is_small(runner, index); index++) {
        const struct bough__sequence *sequence = &bough__runner_step_of(runner, index)->sequence;
        for (size_t i = 0; i < sequence->count; i++)
            flops += sequence->launch[i]->flops;
    }
    return flops / (double)index;
}

static void describe(struct bough_step_bench *bench, const struct bough__runner *runner)
{
    const struct bough__step *full = bough__runner_full(runner);
    size_t unshared;
    bench->batch = bough__runner_batch(runner);
    bench->flops = mean_flops(runner);
    bench->planned =
        bough__plan_bytes(full->plan, &unshared) + runner->data.model->device->scratch_bytes;
    bench->values = unshared;
}

// ---- The bench ----

enum bough_status bough_bench_step(struct bough_step_bench *bench,
                                   const struct bough_config *config,
                                   const struct bough_bench_options *options)
{
    enum bough_status status;
    struct bough__trainer *trainer = NULL;
    const struct bough_train_options train = {.device = options->device};
    const double spend = options->seconds > 0 ? options->seconds : step_seconds;
    double feeding;
    *bench = (struct bough_step_bench){0};
    BOUGH_TRY(bough__trainer_create(&trainer, config, &train));
    struct bough__runner *runner = trainer->training;
    BOUGH_TRY(bough__trainer_shuffle(trainer));
    BOUGH_TRY(bough__runner_begin(runner));
    describe(bench, runner);
    BOUGH_TRY(median(&bench->seconds, trainer, step, trainer, spend));
    BOUGH_TRY(feeding_seconds(&feeding, trainer, spend / 8));
    bench->feeding = feeding / bench->seconds;
    BOUGH_TRY(count(bench, trainer));
done:
    bough__trainer_destroy(&trainer);
    return status;
}

enum bough_status bough_bench_first_step(const struct bough_config *config,
                                         struct bough_device *device, const char *run_dir)
{
    enum bough_status status;
    struct bough__trainer *trainer = NULL;
    const struct bough_train_options train = {.device = device, .run_dir = run_dir};
    float lr;
    BOUGH_TRY(bough__trainer_create(&trainer, config, &train));
    BOUGH_TRY(bough__trainer_shuffle(trainer));
    BOUGH_TRY(bough__runner_begin(trainer->training));
    BOUGH_TRY(bough__trainer_step(trainer, &lr));
    BOUGH_TRY(bough__finish(trainer->device));
done:
    bough__trainer_destroy(&trainer);
    return status;
}
