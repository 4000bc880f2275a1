// Training as a whole: it learns, devices agree, it resumes bit for bit, and nothing is lost.
#include "support/support.h"
#include "support/training.h"

#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *run_dir(const char *name, int number)
{
    static char path[4][512];
    static int next;
    next = (next + 1) % 4;
    snprintf(path[next], sizeof path[next], "%s/%s-%d", test_folder(), name, number);
    return path[next];
}

// ---- It learns ----

static void learns_all_tasks_on_every_device(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    struct bough_config config = training_config(training_file, "adam");
    config.train.epochs = 60;
    for (size_t d = 0; d < count; d++) {
        struct bough_run *run;
        struct bough_train_options options = {.device = device[d]};
        assert_ok(bough_train(&run, &config, &options));
        const struct bough_result *result = bough_run_result(run);
        assert_int_equal(result->epochs, 60);
        assert_true(bough_metrics_find(result->test, "shape", "accuracy") > 0.85);
        assert_true(bough_metrics_find(result->test, "top", "accuracy") > 0.85);

        assert_true(bough_metrics_find(result->test, "bright", "mse") < 0.1);
        assert_int_equal(result->test->confusion_count, 1);
        bough_run_destroy(&run);
    }
}

// ---- Devices agree ----

struct losses {
    double loss[16][3];
    int count;
};

static void keep_losses(void *user, const struct bough_event *event)
{
    struct losses *losses = user;
    if (event->kind == BOUGH_EVENT_EPOCH && losses->count < 16) {
        memcpy(losses->loss[losses->count], event->loss, sizeof losses->loss[0]);
        losses->count++;
    }
}

// One batch an epoch, so that an epoch's loss is a step's.
static void ten_steps(struct losses *losses, struct bough_device *device, const char *optimizer,
                      const char *architecture)
{
    char rule[64], wiring[64];
    snprintf(rule, sizeof rule, "optimizer={name: %s, lr: 0.001}", optimizer);
    snprintf(wiring, sizeof wiring, "architecture=%s", architecture);
    struct bough_config config = test_config_with(training_text, training_file, rule, wiring, NULL);
    struct bough_run *run;
    struct bough_train_options options = {.device = device, .observe = keep_losses, .user = losses};
    config.train.epochs = 10;
    config.train.batch_size = TRAINING_ROWS;
    losses->count = 0;
    assert_ok(bough_train(&run, &config, &options));
    assert_int_equal(losses->count, 10);
    bough_run_destroy(&run);
}

static void ten_steps_agree(const char *optimizer, const char *architecture, double tolerance)
{
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    struct losses c, other;
    ten_steps(&c, device[0], optimizer, architecture);
    for (size_t d = 1; d < count; d++) {
        double worst = 0;
        ten_steps(&other, device[d], optimizer, architecture);
        for (int i = 0; i < 10; i++)
            for (int t = 0; t < 3; t++)
                worst = fmax(worst, fabs(other.loss[i][t] / c.loss[i][t] - 1));
        printf("%s, %s, ten steps on %s: largest relative difference %.2g\n", architecture,
               optimizer, bough_device_info(device[d])->id, worst);
        assert_true(worst <= tolerance);
    }
}

static void ten_steps_of_sgd_agree(void **state)
{
    (void)state;
    ten_steps_agree("sgd", "hard_sharing", 1e-5);
}

static void ten_steps_of_adam_agree(void **state)
{
    (void)state;
    ten_steps_agree("adam", "hard_sharing", 1e-4);
}

static void ten_steps_of_mmoe_agree(void **state)
{
    (void)state;
    ten_steps_agree("sgd", "mmoe", 1e-5);
}

// ---- It resumes ----

static struct bough_config resuming_config(const char *architecture)
{
    char override[64];
    snprintf(override, sizeof override, "architecture=%s", architecture);
    struct bough_config config = test_config_with(
        training_text, training_file, "schedule={name: plateau, patience: 1}", override, NULL);
    config.train.epochs = 10;
    config.optimizer.clip_norm = 1;
    return config;
}

static void train_whole(const char *dir, struct bough_device *device,
                        const struct bough_config *config)
{
    struct bough_run *run;
    assert_ok(
        bough_train(&run, config, &(struct bough_train_options){.device = device, .run_dir = dir}));
    bough_run_destroy(&run);
}

// Where it stands, but for the time that it took.
static void same_progress(const char *dir_a, const char *dir_b)
{
    const char *dir[2] = {dir_a, dir_b};
    json_t *progress[2];
    for (int i = 0; i < 2; i++) {
        char path[600];
        struct bough_tensor_file *file;
        snprintf(path, sizeof path, "%s/last.safetensors", dir[i]);
        assert_ok(bough_tensor_file_open(&file, path));
        progress[i] = json_loads(bough_tensor_file_metadata(file, "progress"), 0, NULL);
        json_object_del(progress[i], "seconds");
        assert_int_equal(json_array_size(json_object_get(progress[i], "first")), 3);
        bough_tensor_file_close(&file);
    }
    assert_true(json_equal(progress[0], progress[1]));
    json_decref(progress[0]);
    json_decref(progress[1]);
}

static void five_and_five(const char *architecture)
{
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++) {
        char name[2][64];
        snprintf(name[0], sizeof name[0], "%s-whole", architecture);
        snprintf(name[1], sizeof name[1], "%s-half", architecture);
        const char *whole = run_dir(name[0], (int)d), *half = run_dir(name[1], (int)d);
        struct bough_config config = resuming_config(architecture);
        struct bough_run *run;
        train_whole(whole, device[d], &config);
        config.train.epochs = 5;
        assert_ok(bough_train(&run, &config,
                              &(struct bough_train_options){.device = device[d], .run_dir = half}));
        bough_run_destroy(&run);
        config.train.epochs = 10;
        assert_ok(bough_train(&run, &config,
                              &(struct bough_train_options){.device = device[d], .resume = half}));
        assert_int_equal(bough_run_result(run)->epochs, 10);
        bough_run_destroy(&run);
        training_same_tensors(whole, half, "model.safetensors");
        training_same_tensors(whole, half, "last.safetensors");
        same_progress(whole, half);
    }
}

static void five_and_five_epochs_are_ten(void **state)
{
    (void)state;
    five_and_five("hard_sharing");
}

static void those_of_mmoe_are_ten(void **state)
{
    (void)state;
    five_and_five("mmoe");
}

struct stopper {
    volatile int stop;
    int epoch;
};

// Stops in the middle of an epoch: the flag is seen after the next epoch's first step.
static void stop_after_epoch(void *user, const struct bough_event *event)
{
    struct stopper *stopper = user;
    if (event->kind == BOUGH_EVENT_EPOCH && event->epoch == stopper->epoch)
        stopper->stop = 1;
}

static void a_stop_within_an_epoch_loses_nothing(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++) {
        const char *whole = run_dir("unstopped", (int)d), *dir = run_dir("stopped", (int)d);
        struct bough_config config = resuming_config("hard_sharing");
        struct stopper stopper = {.epoch = 3};
        struct bough_run *run;
        train_whole(whole, device[d], &config);
        struct bough_train_options options = {.device = device[d],
                                              .run_dir = dir,
                                              .observe = stop_after_epoch,
                                              .user = &stopper,
                                              .stop = &stopper.stop};
        assert_fails(bough_train(&run, &config, &options), BOUGH_INTERRUPTED,
                     "stopped in epoch 4 after step 1 of 17");
        assert_null(run);
        assert_ok(bough_train(&run, NULL,
                              &(struct bough_train_options){.device = device[d], .resume = dir}));
        bough_run_destroy(&run);
        training_same_tensors(whole, dir, "model.safetensors");
        training_same_tensors(whole, dir, "last.safetensors");
    }
}

// An epoch's line of the log, but for the speed.
static json_t *line_of_epoch(const char *dir, int epoch)
{
    char path[600], line[8192];
    json_t *found = NULL;
    snprintf(path, sizeof path, "%s/log.jsonl", dir);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        json_t *event = json_loads(line, 0, NULL);
        const char *kind = json_string_value(json_object_get(event, "event"));
        if (strcmp(kind, "epoch") == 0 &&
            json_integer_value(json_object_get(event, "epoch")) == epoch)
            found = json_incref(event);
        json_decref(event);
    }
    fclose(file);
    assert_non_null(found);
    json_object_del(found, "samples_per_second");
    return found;
}

// An epoch is one step: the run stops behind its last one, and only then measures and tells it.
static void stop_behind_the_last_step(const char *weighting, int number)
{
    enum { EPOCHS = 6, STOPPED = 4 };
    const char *whole = run_dir("told", number), *dir = run_dir("told-later", number);
    struct bough_config config =
        test_config_with(training_text, training_file, weighting, "schedule=cosine",
                         "train.batch_size=384", "train.epochs=6", NULL);
    struct stopper stopper = {.epoch = STOPPED - 1};
    struct bough_run *run;
    train_whole(whole, NULL, &config);
    assert_fails(bough_train(&run, &config,
                             &(struct bough_train_options){.run_dir = dir,
                                                           .observe = stop_after_epoch,
                                                           .user = &stopper,
                                                           .stop = &stopper.stop}),
                 BOUGH_INTERRUPTED, "stopped in epoch 4 after step 1 of 1");
    assert_ok(bough_train(&run, NULL, &(struct bough_train_options){.resume = dir}));
    bough_run_destroy(&run);
    for (int epoch = STOPPED; epoch <= EPOCHS; epoch++) {
        json_t *a = line_of_epoch(whole, epoch), *b = line_of_epoch(dir, epoch);
        if (!json_equal(a, b))
            fail_msg("%s, epoch %d:\n%s\n%s", weighting, epoch, json_dumps(b, 0), json_dumps(a, 0));
        json_decref(a);
        json_decref(b);
    }
}

static void a_stop_behind_an_epochs_last_step_changes_no_line(void **state)
{
    (void)state;
    static const char *const weightings[] = {"weighting=uncertainty", "weighting=famo",
                                             "weighting={name: cagrad, every: 3}",
                                             "weighting={name: mgda, losses: dwa, groups: layer}"};
    for (int i = 0; i < 4; i++)
        stop_behind_the_last_step(weightings[i], i);
}

// ---- It survives ----

// The program itself, called again, trains without end: `train|resume FOLDER DATA`.
static int train_forever(char *const *arg)
{
    int resumes = strcmp(arg[1], "resume") == 0;
    struct bough_run *run;
    struct bough_train_options options = {.run_dir = arg[2]};
    training_file = arg[3];
    struct bough_config config = resuming_config("hard_sharing");
    config.train.epochs = 100000;
    if (resumes)
        options = (struct bough_train_options){.resume = arg[2]};
    bough_train(&run, resumes ? NULL : &config, &options);
    fprintf(stderr, "%s\n", bough_last_error());
    return 1;
}

static void kill_a_training(const char *dir, unsigned microseconds, int resumes)
{
    pid_t child = fork();
    if (child == 0) {
        setenv("BOUGH_THREADS", "1", 1); // it is its files that are looked at
        execl("/proc/self/exe", "test_train", resumes ? "resume" : "train", dir, training_file,
              NULL);
        _exit(2);
    }
    usleep(microseconds);
    assert_int_equal(kill(child, SIGKILL), 0);
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status));
}

static void a_killed_run_always_loads(void **state)
{
    (void)state;
    const char *dir = run_dir("killed", 0);
    char config_path[600], model[600];
    snprintf(config_path, sizeof config_path, "%s/config.yaml", dir);
    snprintf(model, sizeof model, "%s/model.safetensors", dir); // from the first epoch's end on
    int resumes = 0;
    for (unsigned i = 0; i < 20; i++) {
        kill_a_training(dir, 20000 + 9973 * (i * 7 % 20), resumes);
        struct bough_run *run;
        resumes = access(config_path, F_OK) == 0;
        if (access(model, F_OK) == 0) {
            assert_ok(bough_evaluate(&run, dir, NULL, NULL, NULL));
            bough_run_destroy(&run);
        }
    }
    assert_true(resumes);
    struct bough_config config = resuming_config("hard_sharing");
    struct bough_run *run;
    config.train.epochs = 1; // it has more than that behind it: only loads, and evaluates
    assert_ok(bough_train(&run, &config, &(struct bough_train_options){.resume = dir}));
    assert_true(bough_run_result(run)->epochs >= 1);
    bough_run_destroy(&run);
}

// ---- It says what is wrong ----

static void a_loss_gone_bad_names_step_and_task(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++) {
        struct bough_config config =
            test_config_with(training_text, training_file, "optimizer={name: sgd, lr: 1e30}", NULL);
        struct bough_run *run;
        assert_fails(bough_train(&run, &config, &(struct bough_train_options){.device = device[d]}),
                     BOUGH_DIVERGED, "step 2: the loss of task");
    }
}

static void a_gradient_gone_bad_names_step_and_task(void **state)
{
    (void)state;
    struct bough_config config = test_config_with(training_text, training_file, "weighting=mgda",
                                                  "tasks.shape.weight=1e30", NULL);
    struct bough_run *run;
    assert_fails(bough_train(&run, &config, NULL), BOUGH_DIVERGED,
                 "step 1: the gradient of task shape is not finite");
}

static void labels_are_checked(void **state)
{
    (void)state;
    struct bough_run *run;
    struct bough_config config =
        test_config_with(training_text, training_file, "tasks.shape.head.0.linear=2", NULL);
    assert_fails(bough_train(&run, &config, NULL), BOUGH_DATA, "label 2, classes are 0..1");
    config = test_config_with(training_text, training_file, "tasks.shape.target=colour", NULL);
    assert_fails(bough_train(&run, &config, NULL), BOUGH_DATA, "train/colour");
    config = test_config_with(training_text, training_file, "tasks.shape.target=bright", NULL);
    assert_fails(bough_train(&run, &config, NULL), BOUGH_INVALID, "tasks.shape");
}

static void a_run_folder_is_not_overwritten(void **state)
{
    (void)state;
    const char *dir = run_dir("kept", 0);
    struct bough_config config = training_config(training_file, "sgd");
    struct bough_run *run;
    struct bough_train_options options = {.run_dir = dir};
    config.train.epochs = 1;
    assert_ok(bough_train(&run, &config, &options));
    bough_run_destroy(&run);
    assert_fails(bough_train(&run, &config, &options), BOUGH_INVALID, "holds a training already");
}

static void a_resumed_run_keeps_its_config(void **state)
{
    (void)state;
    const char *dir = run_dir("same", 0);
    struct bough_config config = training_config(training_file, "sgd");
    struct bough_run *run;
    config.train.epochs = 1;
    assert_ok(bough_train(&run, &config, &(struct bough_train_options){.run_dir = dir}));
    bough_run_destroy(&run);
    config.train.epochs = 2;
    assert_ok(bough_train(&run, &config, &(struct bough_train_options){.resume = dir}));
    bough_run_destroy(&run);
    config =
        test_config_with(training_text, training_file, "optimizer={name: sgd, lr: 0.25}", NULL);
    assert_fails(bough_train(&run, &config, &(struct bough_train_options){.resume = dir}),
                 BOUGH_INVALID, "which differs in optimizer.lr: 0.25, not 0.01;");
}

// A head whose validation labels are all missing does not spoil the choice of the best epoch, and
// what goes by a validation wants one.
static void a_validation_that_tells_nothing_is_told(void **state)
{
    (void)state;
    struct bough_config config = training_config(training_file, "sgd");
    struct bough_run *run;
    config.train.epochs = 3;
    config.train.validation = 0.003f; // one row
    assert_ok(bough_train(&run, &config, NULL));
    assert_true(bough_run_result(run)->best_epoch >= 1);
    bough_run_destroy(&run);
    config.train.validation = 0;
    assert_ok(bough_train(&run, &config, NULL));
    assert_int_equal(bough_run_result(run)->best_epoch, 3);
    bough_run_destroy(&run);
    config.train.early_stopping.patience = 2;
    assert_fails(bough_train(&run, &config, NULL), BOUGH_INVALID, "nothing is held out");
    assert_fails(bough_train(&run, NULL, NULL), BOUGH_INVALID, "no config");
}

int main(int argc, char **argv)
{
    if (argc == 4)
        return train_forever(argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learns_all_tasks_on_every_device),
        cmocka_unit_test(ten_steps_of_sgd_agree),
        cmocka_unit_test(ten_steps_of_adam_agree),
        cmocka_unit_test(ten_steps_of_mmoe_agree),
        cmocka_unit_test(five_and_five_epochs_are_ten),
        cmocka_unit_test(those_of_mmoe_are_ten),
        cmocka_unit_test(a_stop_within_an_epoch_loses_nothing),
        cmocka_unit_test(a_stop_behind_an_epochs_last_step_changes_no_line),
        cmocka_unit_test(a_killed_run_always_loads),
        cmocka_unit_test(a_loss_gone_bad_names_step_and_task),
        cmocka_unit_test(a_gradient_gone_bad_names_step_and_task),
        cmocka_unit_test(labels_are_checked),
        cmocka_unit_test(a_run_folder_is_not_overwritten),
        cmocka_unit_test(a_resumed_run_keeps_its_config),
        cmocka_unit_test(a_validation_that_tells_nothing_is_told),
    };
    return cmocka_run_group_tests(tests, training_start, training_end);
}
