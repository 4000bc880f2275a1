// What a training tells before its first step: inputs that are no numbers, labels that are none,
// losses that do not suit.
#include "support/configs.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 24, WIDTH = 6 };

static float input[ROWS * WIDTH], number[ROWS], rest[ROWS];
static int64_t class[ROWS], none[ROWS];
static char logged[4096];

static void keep_line(void *user, enum bough_log_level level, const char *line)
{
    (void)user, (void)level;
    snprintf(logged + strlen(logged), sizeof logged - strlen(logged), "%s\n", line);
}

static int start(void **state)
{
    bough_set_log(keep_line, NULL);
    (void)state;
    return test_folder_create() == NULL;
}

static int fill(void **state)
{
    (void)state;
    for (int i = 0; i < ROWS * WIDTH; i++)
        input[i] = (float)(i % 7) / 7;
    for (int i = 0; i < ROWS; i++) {
        class[i] = i % 2;
        none[i] = -1;
        number[i] = (float)i / ROWS;
        rest[i] = (float)(i % 2);
    }
    return 0;
}

// Both splits hold the same rows, of [WIDTH] or [2, 3].
static const char *write_data(int32_t rank)
{
    static char path[512];
    struct bough_tensor_writer *writer;
    static const char *const splits[] = {"train", "test"};
    const struct {
        const char *field;
        enum bough_dtype dtype;
        struct bough_shape shape;
        const void *data;
    } tensors[] = {{"input", BOUGH_F32, {rank, {ROWS, rank == 2 ? WIDTH : 2, 3}}, input},
                   {"class", BOUGH_I64, {1, {ROWS}}, class},
                   {"none", BOUGH_I64, {1, {ROWS}}, none},
                   {"number", BOUGH_F32, {1, {ROWS}}, number},
                   {"named", BOUGH_F32, {1, {ROWS}}, rest}};
    snprintf(path, sizeof path, "%s/data.safetensors", test_folder());
    assert_ok(bough_tensor_writer_create(&writer, path));
    assert_ok(bough_tensor_writer_metadata(writer, "classes/named", "no\nyes"));
    for (int write = 0; write < 2; write++)
        for (size_t i = 0; i < 2 * (sizeof tensors / sizeof *tensors); i++) {
            char name[64];
            snprintf(name, sizeof name, "%s/%s", splits[i % 2], tensors[i / 2].field);
            const size_t bytes = (size_t)bough_shape_elements(&tensors[i / 2].shape) *
                                 bough_dtype_size(tensors[i / 2].dtype);
            assert_ok(write ? bough_tensor_writer_write(writer, tensors[i / 2].data, bytes)
                            : bough_tensor_writer_declare(writer, name, tensors[i / 2].dtype,
                                                          &tensors[i / 2].shape));
        }
    assert_ok(bough_tensor_writer_commit(writer));
    bough_tensor_writer_destroy(&writer);
    return path;
}

static struct bough__task task;
static struct bough_config config;

static void set_with(const char *target, const char *loss, const char *override)
{
    char text[500];
    snprintf(text, sizeof text,
             "data: none\ninput: input\n"
             "tasks: {a: {target: %s, loss: %s, head: [flatten, linear: %d]}}\n"
             "train: {epochs: 3, batch_size: 8}\n",
             target, loss, strcmp(loss, "cross_entropy") == 0 ? 2 : 1);
    config = test_config(text, override, NULL);
    test_config_use(&config, write_data(2));
    task = config.tasks[0];
    config.tasks = &task;
}

static void set(const char *target, const char *loss)
{
    set_with(target, loss, NULL);
}

static enum bough_status train(int32_t *best)
{
    struct bough_run *run;
    *logged = '\0';
    enum bough_status status = bough_train(&run, &config, NULL);
    if (run && best)
        *best = bough_run_result(run)->best_epoch;
    bough_run_destroy(&run);
    return status;
}

// ---- Inputs ----

static void inputs_must_be_finite(void **state)
{
    (void)state;
    set("class", "cross_entropy");
    assert_ok(train(NULL));
    input[3 * WIDTH + 4] = NAN;
    write_data(2);
    assert_fails(train(NULL), BOUGH_DATA, "train/input, row 3, column 4: nan");
    input[3 * WIDTH + 4] = -INFINITY;
    write_data(2);
    assert_fails(train(NULL), BOUGH_DATA, "train/input, row 3, column 4: infinite");
    write_data(3);
    assert_fails(train(NULL), BOUGH_DATA, "train/input, row 3, position 1");
}

static void numbers_may_be_missing_and_not_infinite(void **state)
{
    (void)state;
    number[5] = NAN;
    set("number", "mse");
    assert_ok(train(NULL));
    number[5] = INFINITY;
    write_data(2);
    assert_fails(train(NULL), BOUGH_DATA, "train/number, row 5: an infinite number");
}

// ---- Labels ----

static void a_task_without_a_label_is_refused(void **state)
{
    (void)state;
    static const int32_t map[] = {-1, -1};
    set("none", "cross_entropy");
    assert_fails(train(NULL), BOUGH_DATA, "train/none: 0 of 24 rows have a label");
    set("class", "cross_entropy");
    task.map = map;
    task.map_count = 2;
    assert_fails(train(NULL), BOUGH_DATA, "train/class: 0 of 24 rows have a label");
}

// auc of one class is always nan: no epoch is better than the first, and patience ends.
static void a_metric_that_is_always_nan_is_no_improvement(void **state)
{
    (void)state;
    int32_t best = 0;
    for (int i = 0; i < ROWS; i++)
        class[i] = 0;
    set_with("class", "cross_entropy",
             "tasks.a={target: class, loss: cross_entropy, "
             "head: [flatten, linear: 2], metrics: auc, monitor: auc}");
    config.train.validation = 0.25f;
    config.train.epochs = 9;
    config.train.early_stopping.patience = 2;
    struct bough_run *run;
    assert_ok(bough_train(&run, &config, NULL));
    assert_int_equal(bough_run_result(run)->epochs, 2);
    bough_run_destroy(&run);
    assert_ok(train(&best));
    assert_int_equal(best, 1);
    assert_non_null(strstr(logged, "counts as no better"));
}

// What has no label may differ.
static void a_constant_target_is_told(void **state)
{
    (void)state;
    static const char told[] = "is the same in all training rows";
    set("class", "cross_entropy");
    assert_ok(train(NULL));
    assert_null(strstr(logged, told));
    for (int i = 0; i < ROWS; i++) {
        class[i] = i % 2 ? 1 : -1;
        number[i] = i % 3 ? 0.1f : NAN;
    }
    set("class", "cross_entropy");
    assert_ok(train(NULL));
    assert_non_null(strstr(logged, "tasks.a: its target, class, is the same in all training rows"));
    set("number", "mse");
    assert_ok(train(NULL));
    assert_non_null(
        strstr(logged, "tasks.a: its target, number, is the same in all training rows"));
    task.standardize = 1; // by 1
    assert_ok(train(NULL));
    assert_non_null(strstr(logged, told));
    number[ROWS - 1] = 0.2f;
    set("number", "mse");
    assert_ok(train(NULL));
    assert_null(strstr(logged, told));
}

static void an_unlabelled_validation_is_told(void **state)
{
    (void)state;
    set("class", "cross_entropy");
    config.train.validation = 0.001f;
    assert_ok(train(NULL));
    assert_non_null(strstr(logged, "train.validation: 0.001 of 24 rows"));
    config.train.validation = 1.0f / ROWS;
    assert_ok(train(NULL));
    assert_null(strstr(logged, "have a label"));
    for (int row = 0; row < ROWS; row++) { // which row is held out does not matter
        fill(NULL);
        class[row] = -1;
        write_data(2);
        assert_ok(train(NULL));
        if (strstr(logged, "tasks.a: 0 of 1 rows of validation have a label"))
            return;
    }
    fail_msg("no row's missing label was told");
}

// ---- Losses ----

static void a_loss_of_numbers_refuses_classes(void **state)
{
    (void)state;
    static const char *const losses[] = {"mse", "l1", "huber"};
    static const int32_t map[] = {5, 7};
    for (size_t i = 0; i < 3; i++) {
        set("class", losses[i]);
        assert_fails(train(NULL), BOUGH_INVALID, "train/class is of classes (I64)");
        set("named", losses[i]);
        assert_fails(train(NULL), BOUGH_INVALID, "train/named is of classes");
        set("number", losses[i]);
        assert_ok(train(NULL));
    }
    set("class", "mse");
    task.map = map;
    task.map_count = 2;
    assert_ok(train(NULL));
}

static void softmax_before_cross_entropy_is_told(void **state)
{
    (void)state;
    set("class", "cross_entropy");
    assert_ok(train(NULL));
    assert_null(strstr(logged, "softmax"));
    set_with("class", "cross_entropy", "tasks.a.head.2=softmax");
    assert_ok(train(NULL));
    assert_non_null(strstr(logged, "tasks.a.head: ends in softmax, and cross_entropy applies it"));
}

static void a_weighting_that_is_left_out_is_told(void **state)
{
    (void)state;
    set_with("class", "cross_entropy", "weighting=equal");
    assert_ok(train(NULL));
    assert_null(strstr(logged, "left out"));
    set_with("class", "cross_entropy", "weighting=mgda");
    assert_ok(train(NULL));
    assert_non_null(strstr(logged, "weighting: mgda: goes by the tasks' gradients of what they "
                                   "share, and there is one task: it is left out"));
    set_with("class", "cross_entropy", "diagnostics=true");
    assert_ok(train(NULL));
    assert_non_null(strstr(logged, "diagnostics: goes by"));
}

static void a_warmup_without_end_is_told(void **state)
{
    (void)state;
    set_with("class", "cross_entropy", "weighting={name: stch, warmup: 100}");
    assert_ok(train(NULL));
    assert_non_null(strstr(logged, "weighting: stch: a warmup of 100 epochs"));
}

static void layers_that_do_not_fit_are_told_with_the_data(void **state)
{
    (void)state;
    set_with("class", "cross_entropy", "trunk=[conv2d: {channels: 1, kernel: 3}]");
    assert_fails(train(NULL), BOUGH_INVALID, "trunk[0] conv2d");
    assert_non_null(strstr(bough_last_error(), "a sample of train/input is [6]"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(inputs_must_be_finite, fill),
        cmocka_unit_test_setup(numbers_may_be_missing_and_not_infinite, fill),
        cmocka_unit_test_setup(a_task_without_a_label_is_refused, fill),
        cmocka_unit_test_setup(a_metric_that_is_always_nan_is_no_improvement, fill),
        cmocka_unit_test_setup(a_constant_target_is_told, fill),
        cmocka_unit_test_setup(an_unlabelled_validation_is_told, fill),
        cmocka_unit_test_setup(a_loss_of_numbers_refuses_classes, fill),
        cmocka_unit_test_setup(layers_that_do_not_fit_are_told_with_the_data, fill),
        cmocka_unit_test_setup(a_weighting_that_is_left_out_is_told, fill),
        cmocka_unit_test_setup(a_warmup_without_end_is_told, fill),
        cmocka_unit_test_setup(softmax_before_cross_entropy_is_told, fill),
    };
    return cmocka_run_group_tests(tests, start, test_folder_end);
}
