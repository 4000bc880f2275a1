// The run folder: one training at a time, no model before there is one, and what a resumed run is
// told.
#include "support/support.h"
#include "support/training.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char logged[4096]; // what the library said

static void keep_line(void *user, enum bough_log_level level, const char *line)
{
    (void)user, (void)level;
    snprintf(logged + strlen(logged), sizeof logged - strlen(logged), "%s\n", line);
}

static int start(void **state)
{
    bough_set_log(keep_line, NULL);
    return training_start(state);
}

static const char *in_folder(const char *name)
{
    static char path[16][600];
    static int next;
    next = (next + 1) % 16;
    snprintf(path[next], sizeof path[next], "%s/%s", test_folder(), name);
    return path[next];
}

static int exists(const char *name)
{
    return access(in_folder(name), F_OK) == 0;
}

static enum bough_status train(const struct bough_config *config,
                               const struct bough_train_options *options)
{
    struct bough_run *run;
    *logged = '\0';
    enum bough_status status = bough_train(&run, config, options);
    bough_run_destroy(&run);
    return status;
}

static struct bough_config config_of(int epochs)
{
    struct bough_config config = training_config(training_file, "sgd");
    config.train.epochs = epochs;
    return config;
}

// ---- The lock ----

static void train_beside(void *user, const struct bough_event *event)
{
    int *tries = user;
    char holder[64];
    struct bough_run *run;
    struct bough_config config = config_of(2);
    if (event->kind != BOUGH_EVENT_EPOCH)
        return;
    snprintf(holder, sizeof holder, "locked: process %ld on ", (long)getpid());
    const struct bough_train_options other[] = {{.resume = in_folder("locked")},
                                                {.run_dir = in_folder("locked")}};
    for (int i = 0; i < 2; i++)
        assert_fails(bough_train(&run, &config, &other[i]), BOUGH_DATA, holder);
    ++*tries;
}

static void one_training_at_a_time(void **state)
{
    (void)state;
    int tries = 0;
    struct bough_config config = config_of(2);
    assert_ok(train(&config, &(struct bough_train_options){.run_dir = in_folder("locked"),
                                                           .observe = train_beside,
                                                           .user = &tries}));
    assert_int_equal(tries, 2);
    config.train.epochs = 3;
    assert_ok(train(&config, &(struct bough_train_options){.resume = in_folder("locked")}));
}

// ---- What it holds ----

static char *text_of(const char *name)
{
    FILE *file = fopen(in_folder(name), "r");
    assert_non_null(file);
    char *text = calloc(1, 1 << 16);
    assert_true(fread(text, 1, (1 << 16) - 1, file) > 0);
    fclose(file);
    return text;
}

// The first events of a log.
static void assert_log_begins(const char *name, const char *const *event, size_t count)
{
    char *text = text_of(name), *line = text;
    for (size_t i = 0; i < count; i++) {
        json_t *object = json_loads(line, JSON_DISABLE_EOF_CHECK, NULL);
        assert_string_equal(json_string_value(json_object_get(object, "event")), event[i]);
        json_decref(object);
        line = strchr(line, '\n') + 1;
    }
    free(text);
}

// ---- No model before an epoch ended ----

static void a_diverged_run_leaves_no_model(void **state)
{
    (void)state;
    struct bough_config good = config_of(1),
                        bad = test_config_with(training_text, training_file,
                                               "optimizer={name: sgd, lr: 1e30}", "train.epochs=1",
                                               NULL);
    const struct bough_train_options options = {.run_dir = in_folder("diverged")};
    assert_fails(train(&bad, &options), BOUGH_DIVERGED, "optimizer.clip_norm");
    assert_false(exists("diverged/model.safetensors"));
    assert_fails(bough_predict(options.run_dir,
                               &(struct bough_predict_options){.data = training_file,
                                                               .out = in_folder("out.csv")}),
                 BOUGH_DATA, "no epoch of the training has ended");
    assert_fails(train(&bad, &options), BOUGH_DIVERGED, "step 2"); // again, over the first try
    assert_non_null(strstr(logged, "begins anew"));
    assert_fails(train(NULL, &(struct bough_train_options){.resume = options.run_dir}),
                 BOUGH_DIVERGED, "step 2"); // from its first step, as after a kill
    assert_log_begins("diverged/log.jsonl", (const char *const[]){"start", "diverged"}, 2);
    assert_ok(train(&good, &options));
    assert_true(exists("diverged/model.safetensors"));
    assert_fails(train(&good, &options), BOUGH_INVALID, "of 1 epochs");
}

static void stop_at_start(void *user, const struct bough_event *event)
{
    if (event->kind == BOUGH_EVENT_START)
        *(volatile int *)user = 1;
}

static void a_run_that_was_stopped_in_its_first_epoch_goes_on(void **state)
{
    (void)state;
    volatile int stop = 0;
    struct bough_config config = config_of(1);
    const struct bough_train_options options = {.run_dir = in_folder("early"),
                                                .observe = stop_at_start,
                                                .user = (void *)&stop,
                                                .stop = &stop};
    assert_fails(train(&config, &options), BOUGH_INTERRUPTED, "epoch 1 after step 1");
    assert_false(exists("early/model.safetensors"));
    assert_ok(train(NULL, &(struct bough_train_options){.resume = options.run_dir}));
    assert_true(exists("early/model.safetensors"));
    assert_log_begins("early/log.jsonl",
                      (const char *const[]){"start", "interrupted", "resume", "epoch"}, 4);
}

// ---- What a resumed run is told ----

static void done_epochs_are_told(void **state)
{
    (void)state;
    struct bough_config config = config_of(3);
    const struct bough_train_options resume = {.resume = in_folder("done")};
    assert_ok(train(&config, &(struct bough_train_options){.run_dir = in_folder("done")}));
    char *before = text_of("done/config.yaml");
    assert_ok(train(NULL, &resume));
    assert_non_null(strstr(logged, "all 3 epochs are done"));
    config.train.epochs = 2;
    assert_ok(train(&config, &resume));
    assert_non_null(strstr(logged, "train.epochs is 2, and 3 epochs are done"));
    char *after = text_of("done/config.yaml");
    assert_string_equal(before, after);
    free(before);
    free(after);
    config.train.epochs = 4;
    assert_ok(train(&config, &resume));
    assert_null(strstr(logged, "done"));
}

// Changes a run's own config.yaml.
static void edit(const char *name, const char *change)
{
    struct bough_config *config;
    assert_ok(bough_config_open(&config, in_folder(name), &change, 1));
    assert_ok(bough_config_save(config, in_folder(name)));
    bough_config_close(&config);
}

static void an_edited_config_is_refused(void **state)
{
    (void)state;
    struct bough_config config = test_config_with(training_text, training_file, "optimizer=sgd",
                                                  "input.normalize=auto", "train.epochs=1", NULL);
    const struct bough_train_options resume = {.resume = in_folder("edited")};
    assert_ok(train(&config, &(struct bough_train_options){.run_dir = in_folder("edited")}));
    edit("edited/config.yaml", "train.epochs=2");
    assert_ok(train(NULL, &resume));
    edit("edited/config.yaml", "optimizer.lr=0.5");
    assert_fails(train(NULL, &resume), BOUGH_INVALID,
                 "edited/config.yaml: the run was begun with another config, which differs in "
                 "optimizer.lr: 0.5, not 0.001; only data, ");
    config.train.epochs = 3; // with one that is right, too
    assert_fails(train(&config, &resume), BOUGH_INVALID, "optimizer.lr: 0.5, not 0.001");
    edit("edited/config.yaml", "optimizer.lr=0.001");
    assert_ok(train(&config, &resume));
}

// A copy of the data set; `changed` turns the last label of a test row round.
static const char *copied_data(int changed)
{
    const char *path = in_folder("copied.safetensors");
    FILE *from = fopen(training_file, "r"), *to = fopen(path, "w");
    int c, last = 0;
    assert_true(from && to);
    for (; (c = getc(from)) != EOF; last = c)
        putc(c, to);
    fseek(to, -1, SEEK_END);
    putc(last ^ changed, to);
    fclose(from);
    fclose(to);
    return path;
}

static void other_data_are_refused(void **state)
{
    (void)state;
    struct bough_config config = config_of(1);
    struct bough_train_options resume = {.resume = in_folder("data")};
    assert_ok(train(&config, &(struct bough_train_options){.run_dir = in_folder("data")}));
    config.train.epochs = 2;
    test_config_use(&config, copied_data(0)); // the same in another place
    assert_ok(train(&config, &resume));
    config.train.epochs = 3;
    test_config_use(&config, copied_data(1));
    assert_fails(train(&config, &resume), BOUGH_DATA, "--force");
    resume.force = 1;
    assert_ok(train(&config, &resume));
    assert_non_null(strstr(logged, "not the data set that the run was begun with"));
    resume.force = 0; // it is the run's own from there on
    config.train.epochs = 4;
    assert_ok(train(&config, &resume));
}

static void copy_file(const char *from, const char *to)
{
    FILE *in = fopen(in_folder(from), "r"), *out = fopen(in_folder(to), "w");
    assert_true(in && out);
    for (int c; (c = getc(in)) != EOF;)
        putc(c, out);
    fclose(in);
    fclose(out);
}

// What stands in its place is then the best.
static void a_lost_model_is_told(void **state)
{
    (void)state;
    struct bough_config config = config_of(2);
    const struct bough_train_options resume = {.resume = in_folder("lost")};
    assert_ok(train(&config, &(struct bough_train_options){.run_dir = in_folder("lost")}));
    assert_int_equal(unlink(in_folder("lost/model.safetensors")), 0);
    config.train.epochs = 3;
    assert_fails(train(&config, &resume), BOUGH_DATA, "lost/model.safetensors: is missing");
    config.train.early_stopping.metric = "loss"; // for which the best is measured anew
    assert_fails(train(&config, &resume), BOUGH_DATA, "lost/model.safetensors: is missing");
    assert_fails(
        bough_predict(resume.resume, &(struct bough_predict_options){.out = in_folder("out.csv")}),
        BOUGH_DATA, "lost/model.safetensors: there is none: ");
    copy_file("lost/last.safetensors", "lost/model.safetensors");
    assert_ok(train(&config, &resume));
}

// Makes the first number of the first tensor NaN.
static void damage(const char *name)
{
    static const uint32_t nan = UINT32_MAX;
    uint64_t header;
    FILE *file = fopen(in_folder(name), "r+b");
    assert_non_null(file);
    assert_int_equal(fread(&header, sizeof header, 1, file), 1);
    assert_int_equal(fseek(file, (long)header, SEEK_CUR), 0);
    assert_int_equal(fwrite(&nan, sizeof nan, 1, file), 1);
    fclose(file);
}

static void damaged_numbers_are_told(void **state)
{
    (void)state;
    struct bough_config config = config_of(2);
    const struct bough_train_options resume = {.resume = in_folder("damaged")};
    assert_ok(train(&config, &(struct bough_train_options){.run_dir = in_folder("damaged")}));
    config.train.epochs = 3;
    damage("damaged/last.safetensors");
    assert_fails(train(&config, &resume), BOUGH_DATA, "last.safetensors: trunk");
    assert_non_null(strstr(bough_last_error(), "is damaged, or of a training that had diverged"));
    damage("damaged/model.safetensors");
    assert_fails(
        bough_predict(resume.resume, &(struct bough_predict_options){.out = in_folder("out.csv")}),
        BOUGH_DATA, "is damaged");
}

// The best so far is measured by what is asked for now; a mean of changes is no loss.
static void another_criterion_measures_the_best_anew(void **state)
{
    (void)state;
    struct bough_config config = config_of(2);
    struct bough_tensor_file *file;
    assert_ok(train(&config, &(struct bough_train_options){.run_dir = in_folder("other")}));
    config.train.early_stopping.metric = "shape.loss";
    assert_ok(train(&config, &(struct bough_train_options){.resume = in_folder("other")}));
    config.train.epochs = 3;
    assert_ok(train(&config, &(struct bough_train_options){.resume = in_folder("other")}));
    assert_ok(bough_tensor_file_open(&file, in_folder("other/last.safetensors")));
    json_t *progress = json_loads(bough_tensor_file_metadata(file, "progress"), 0, NULL);
    assert_string_equal(json_string_value(json_object_get(progress, "criterion")), "shape.loss");
    assert_true(json_number_value(json_object_get(progress, "best")) < -0.01);
    json_decref(progress);
    bough_tensor_file_close(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_training_at_a_time),
        cmocka_unit_test(a_diverged_run_leaves_no_model),
        cmocka_unit_test(a_run_that_was_stopped_in_its_first_epoch_goes_on),
        cmocka_unit_test(done_epochs_are_told),
        cmocka_unit_test(an_edited_config_is_refused),
        cmocka_unit_test(other_data_are_refused),
        cmocka_unit_test(a_lost_model_is_told),
        cmocka_unit_test(damaged_numbers_are_told),
        cmocka_unit_test(another_criterion_measures_the_best_anew),
    };
    return cmocka_run_group_tests(tests, start, test_folder_end);
}
