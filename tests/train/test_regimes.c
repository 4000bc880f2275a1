// Regimes: nets apart are the same trained one by one and at once, a frozen trunk stays as it is
// and costs no gradient, tasks are drawn as often as is said, and all go on bit for bit.
#include "support/training.h"

#include "data/tensor_file.h"
#include "graph/plan_parts.h"
#include "train/trainer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TASKS = 3 };

static const char *run_dir(const char *name, size_t number)
{
    static char path[8][512];
    static int next;
    next = (next + 1) % 8;
    snprintf(path[next], sizeof path[next], "%s/%s-%zu", test_folder(), name, number);
    return path[next];
}

// Two epochs of a training in which nothing is held out.
static struct bough_config config_of(const char *override)
{
    return test_config_with(training_text, training_file, override, "train.epochs=2",
                            "train.validation=0", NULL);
}

static void train(const struct bough_config *config, const char *dir, struct bough_device *device)
{
    struct bough_run *run;
    const struct bough_train_options options = {.device = device, .run_dir = dir};
    assert_ok(bough_train(&run, config, &options));
    bough_run_destroy(&run);
}

// ---- Nets apart ----

static void nets_apart_are_the_same_one_by_one_and_at_once(void **state)
{
    (void)state;
    static const char *const apart[] = {"train.regime=independent", "train.regime=parallel",
                                        "architecture={name: soft_sharing, alpha: 0}"};
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++)
        for (size_t i = 0; i < sizeof apart / sizeof *apart; i++) {
            const struct bough_config config = config_of(apart[i]);
            char name[32];
            snprintf(name, sizeof name, "apart-%zu", i);
            train(&config, run_dir(name, d), device[d]);
            if (i)
                training_same_tensors(run_dir("apart-0", d), run_dir(name, d), "model.safetensors");
        }
}

// ---- One task after the other ----

struct stopper {
    volatile int stop;
    int at;                          // epoch
    const char *only[2 * TASKS + 1]; // of each epoch
};

static void stop_after_epoch(void *user, const struct bough_event *event)
{
    struct stopper *stopper = user;
    if (event->kind != BOUGH_EVENT_EPOCH)
        return;
    assert_true(event->epoch <= 2 * TASKS);
    stopper->only[event->epoch] = event->only;
    stopper->stop = event->epoch == stopper->at;
}

// Stops in the epoch behind number `at`, after a step.
static void train_until(struct stopper *stopper, const struct bough_config *config, const char *dir,
                        struct bough_device *device)
{
    struct bough_run *run;
    const struct bough_train_options options = {.device = device,
                                                .run_dir = dir,
                                                .observe = stop_after_epoch,
                                                .user = stopper,
                                                .stop = &stopper->stop};
    assert_fails(bough_train(&run, config, &options), BOUGH_INTERRUPTED, "after step 1 of");
}

static void resume(const char *dir, struct bough_device *device)
{
    struct bough_run *run;
    assert_ok(
        bough_train(&run, NULL, &(struct bough_train_options){.device = device, .resume = dir}));
    bough_run_destroy(&run);
}

static int is_same(const struct bough_tensor_file *a, const struct bough_tensor_file *b,
                   const char *name)
{
    const struct bough_file_tensor *x = bough_tensor_file_find(a, name),
                                   *y = bough_tensor_file_find(b, name);
    assert_non_null(x);
    assert_non_null(y);
    assert_int_equal(x->bytes, y->bytes);
    return memcmp(x->data, y->data, x->bytes) == 0;
}

// Whether weights, and what batch_norm remembers, are in the second phase as at its beginning.
static void check_phases(const char *override, int trunk_stays)
{
    static const char *const of_trunk[] = {"trunk.0.weight", "trunk.1.weight",
                                           "trunk.1.running_mean", "trunk.8.bias"};
    static size_t number;
    const struct bough_config config = config_of(override);
    struct stopper stopper = {.at = 3};
    struct bough_tensor_file *stopped, *ended;
    size_t count;
    struct bough_device *device = test_devices(&count)[0];
    char path[2][600], dir[512];
    snprintf(dir, sizeof dir, "%s", run_dir("phases", number++));
    train_until(&stopper, &config, dir, device);
    assert_string_equal(stopper.only[1], "shape");
    assert_string_equal(stopper.only[3], "bright");
    snprintf(path[0], sizeof path[0], "%s/last.safetensors", dir);
    assert_ok(bough_tensor_file_open(&stopped, path[0]));
    resume(dir, device);
    snprintf(path[1], sizeof path[1], "%s/model.safetensors", dir);
    assert_ok(bough_tensor_file_open(&ended, path[1]));
    for (size_t i = 0; i < sizeof of_trunk / sizeof *of_trunk; i++)
        assert_int_equal(is_same(stopped, ended, of_trunk[i]), trunk_stays);
    assert_true(is_same(stopped, ended, "shape.0.weight"));
    assert_false(is_same(stopped, ended, "bright.0.weight"));
    assert_false(is_same(stopped, ended, "top.0.weight"));
    bough_tensor_file_close(&stopped);
    bough_tensor_file_close(&ended);
}

static void a_phase_trains_one_task_and_a_frozen_trunk_stays(void **state)
{
    (void)state;
    check_phases("train.regime=sequential", 0);
    check_phases("train.regime={name: sequential, freeze: true}", 1);
}

// Launches of a step of the last task, in the backward pass of the trunk, and of other tasks.
static void count_launches(const char *override, size_t *trunk, size_t *others)
{
    const struct bough_config config = config_of(override);
    const struct bough_train_options options = {0};
    struct bough__trainer *trainer;
    float lr;
    assert_ok(bough__trainer_create(&trainer, &config, &options));
    trainer->progress.phase = TASKS - 1;
    assert_ok(bough__trainer_freeze(trainer));
    assert_ok(bough__trainer_shuffle(trainer));
    assert_ok(bough__trainer_step(trainer, &lr));
    const struct bough__step *step = &trainer->training->step[2 * (TASKS - 1)];
    *trunk = *others = 0;
    for (size_t i = 0; i < step->sequence.count; i++) {
        const struct bough__label *label = &step->sequence.launch[i]->label;
        const char *layer = label->layer ? label->layer : "";
        *trunk += strcmp(label->stage, "backward") == 0 && strncmp(layer, "trunk.", 6) == 0;
        *others += strncmp(layer, "shape", 5) == 0 || strncmp(layer, "bright", 6) == 0;
    }
    bough__trainer_destroy(&trainer);
}

static void a_frozen_trunk_has_no_backward_pass(void **state)
{
    (void)state;
    size_t trunk, others;
    count_launches("train.regime=sequential", &trunk, &others);
    assert_true(trunk > 4);
    assert_int_equal(others, 0);
    count_launches("train.regime={name: sequential, freeze: true}", &trunk, &others);
    assert_int_equal(trunk, 0);
    assert_int_equal(others, 0);
}

// Steps stand ready for the task of the phase, or for all: none is made within an epoch. One runs
// at a time, and all work in the memory of the first.
static void check_steps(const char *override, int draws)
{
    const struct bough_config config =
        test_config_with(training_text, training_file, override, NULL);
    const struct bough_train_options options = {0};
    struct bough__trainer *trainer;
    assert_ok(bough__trainer_create(&trainer, &config, &options));
    assert_int_equal(trainer->validation.runners, 1);
    for (int phase = 0; phase < (draws ? 1 : TASKS); phase++) {
        trainer->progress.phase = phase;
        assert_ok(bough__trainer_freeze(trainer));
        for (int i = 0; i < 2 * TASKS; i++) {
            const struct bough__step *step = &trainer->training->step[i];
            assert_int_equal(step->data != NULL, draws || i / 2 == phase);
            if (step->data)
                assert_ptr_equal(step->plan->buffer, trainer->model->memory);
        }
    }
    bough__trainer_destroy(&trainer);
}

static void steps_are_made_before_the_epoch_and_share_memory(void **state)
{
    (void)state;
    check_steps("train.regime=independent", 0);
    check_steps("train.regime=sequential", 0);
    check_steps("train.regime=alternating", 1);
}

// ---- They go on ----

static void every_regime_resumes_bit_for_bit(void **state)
{
    (void)state;
    static const struct {
        const char *override;
        int at;
    } runs[] = {
        {"train.regime=independent", 1},
        {"train.regime=independent", 4},
        {"train.regime=parallel", 1},
        {"train.regime=sequential", 2},
        {"train.regime={name: sequential, freeze: true}", 5},
        {"train.regime=alternating", 1},
        {"train.regime={name: alternating, draw: temperature}", 1},
    };
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++)
        for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
            const struct bough_config config = config_of(runs[i].override);
            struct stopper stopper = {.at = runs[i].at};
            char whole[512], stopped[512];
            snprintf(whole, sizeof whole, "%s", run_dir("whole", 10 * d + i));
            snprintf(stopped, sizeof stopped, "%s", run_dir("stopped", 10 * d + i));
            train(&config, whole, device[d]);
            train_until(&stopper, &config, stopped, device[d]);
            resume(stopped, device[d]);
            training_same_tensors(whole, stopped, "last.safetensors");
            training_same_tensors(whole, stopped, "model.safetensors");
        }
}

// What is shared and the step's task does not reach, as the last head of a sequence, is not
// updated: by what else than a gradient of an earlier step?
static void what_a_task_does_not_reach_stays(void **state)
{
    (void)state;
    static const char events[] =
        "data: none\n"
        "trunk: [flatten, linear: 4, tanh]\n"
        "architecture: esmm\n"
        "tasks:\n"
        "  a: {target: top, loss: binary_cross_entropy, head: [linear: 3, tanh, linear: 1]}\n"
        "  b: {target: top, loss: binary_cross_entropy, head: [linear: 3, tanh, linear: 1]}\n"
        "  c: {target: top, loss: binary_cross_entropy, head: [linear: 3, tanh, linear: 1]}\n"
        "optimizer: {name: sgd, lr: 0.1}\n"
        "train: {epochs: 2, batch_size: 100, seed: 3, regime: alternating}\n";
    const struct bough_config config = test_config_with(events, training_file, NULL);
    struct stopper stopper = {.at = 1};
    size_t count;
    struct bough_device *device = test_devices(&count)[0];
    char whole[512], stopped[512];
    snprintf(whole, sizeof whole, "%s", run_dir("events", 0));
    snprintf(stopped, sizeof stopped, "%s", run_dir("events", 1));
    train(&config, whole, device);
    train_until(&stopper, &config, stopped, device);
    resume(stopped, device);
    training_same_tensors(whole, stopped, "last.safetensors");
}

// ---- Early stopping ----

// A phase ends by a number of its own task, and the next one has all of its patience.
static void each_phase_stops_by_its_own_task(void **state)
{
    (void)state;
    struct stopper stopper = {.at = -1};
    struct bough_run *run;
    struct bough_config config = test_config_with(
        training_text, training_file, "train.regime=independent", "train.epochs=5",
        "train.early_stopping={patience: 1, metric: shape.accuracy}", "optimizer.lr=1e-12", NULL);
    const struct bough_train_options options = {.observe = stop_after_epoch, .user = &stopper};
    assert_ok(bough_train(&run, &config, &options));
    assert_int_equal(bough_run_result(run)->epochs, 2 * TASKS); // the second ones are no better
    assert_string_equal(stopper.only[2], "shape");
    assert_string_equal(stopper.only[6], "top");
    bough_run_destroy(&run);
}

// ---- Draws ----

static void tasks_are_drawn_as_often_as_is_said(void **state)
{
    (void)state;
    enum { DRAWS = 20000 };
    static const int64_t labels[TASKS] = {100, 1600, 300};
    static const struct {
        const char *override;
        double share[TASKS];
    } rows[] = {
        {"train.regime=alternating", {1.0 / 3, 1.0 / 3, 1.0 / 3}},
        {"train.regime={name: alternating, draw: uniform}", {1.0 / 3, 1.0 / 3, 1.0 / 3}},
        {"train.regime={name: alternating, draw: proportional}", {0.05, 0.8, 0.15}},
        {"train.regime={name: alternating, draw: temperature, temperature: 2}",
         {10 / 67.32, 40 / 67.32, 17.32 / 67.32}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct bough_config config = config_of(rows[i].override);
        size_t drawn[TASKS] = {0};
        for (int64_t step = 0; step < DRAWS; step++)
            drawn[bough__regime_draw(&config.train.regime, 7, step, labels, TASKS)]++;
        for (size_t t = 0; t < TASKS; t++)
            if (fabs((double)drawn[t] / DRAWS - rows[i].share[t]) > 0.015)
                fail_msg("%s: task %zu %zu times", rows[i].override, t, drawn[t]);
    }
}

// ---- What does not go together ----

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[][3] = {
        {"train.regime=sequential", "weighting=mgda",
         "weighting: mgda weighs several tasks, and train.regime: sequential trains one a step; "
         "wanted equal or fixed"},
        {"train.regime=alternating", "weighting=uncertainty", "uncertainty weighs several tasks"},
        {"train.regime=independent", "diagnostics=true",
         "diagnostics: compares several tasks' gradients, and train.regime: independent trains"},
        {"train.regime=parallel", "architecture=mmoe",
         "architecture: mmoe shares, and train.regime: parallel trains a net for each task; wanted "
         "hard_sharing"},
        {"train.regime=independent", "tasks.bright.weight=0",
         "train.regime: independent trains one task a step, and the weight of task 'bright' is 0; "
         "wanted above 0, or the task left out"},
        {"train.regime=alternating",
         "weighting={name: fixed, weights: {shape: 1, bright: 2, top: "
         "0}}",
         "alternating trains one task a step, and the weight of task 'top' is 0"},
        {"train.regime=sequentially", "weighting=equal", "did you mean sequential?"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct bough_config *config;
        assert_fails(bough_config_parse(&config, training_text, NULL, wrong[i], 2), BOUGH_INVALID,
                     wrong[i][2]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nets_apart_are_the_same_one_by_one_and_at_once),
        cmocka_unit_test(a_phase_trains_one_task_and_a_frozen_trunk_stays),
        cmocka_unit_test(a_frozen_trunk_has_no_backward_pass),
        cmocka_unit_test(steps_are_made_before_the_epoch_and_share_memory),
        cmocka_unit_test(every_regime_resumes_bit_for_bit),
        cmocka_unit_test(what_a_task_does_not_reach_stays),
        cmocka_unit_test(each_phase_stops_by_its_own_task),
        cmocka_unit_test(tasks_are_drawn_as_often_as_is_said),
        cmocka_unit_test(what_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, training_start, training_end);
}
