// Inputs and targets standardized from the training rows, and told in their own unit.
#include "support/points.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Mean and standard deviation of the rows that are points_trained on, from the resolved config.
static void numbers_are_those_of_the_training_rows(void **state)
{
    (void)state;
    struct bough_config config =
        points_config(points_write("whole.safetensors", NULL, &points_train, &points_test));
    config.train.validation = 0; // so that all rows are
    const char *dir = points_path("whole");
    struct bough_run *run;
    struct bough_config *kept;
    assert_ok(bough_train(&run, &config, &(struct bough_train_options){.run_dir = dir}));
    bough_run_destroy(&run);
    char path[700];
    snprintf(path, sizeof path, "%s/config.yaml", dir);
    assert_ok(bough_config_open(&kept, path, NULL, 0));
    assert_int_equal(kept->inputs[0].channels, 2);
    assert_int_equal(kept->tasks[2].outputs, 1);
    for (int c = 0; c < 3; c++) {
        double sum = 0, squares = 0, mean = 0;
        int count = 0;
        for (int pass = 0; pass < 2; pass++) {
            mean = pass ? sum / count : 0;
            count = 0;
            for (int i = 0; i < POINTS; i++) {
                double x = (double)(c < 2 ? points_train.point[i][c] : points_train.level[i]);
                if (isnan(x))
                    continue;
                count++;
                if (pass)
                    squares += (x - mean) * (x - mean);
                else
                    sum += x;
            }
        }
        const float *m = c < 2 ? &kept->inputs[0].mean[c] : kept->tasks[2].mean;
        const float *s = c < 2 ? &kept->inputs[0].std[c] : kept->tasks[2].std;
        assert_true(fabs((double)*m - mean) <= 1e-6 * fabs(mean) + 1e-6);
        assert_true(fabs((double)*s / sqrt(squares / count) - 1) < 1e-5);
    }
    bough_config_close(&kept);
}

// The held-out rows have no part in them: one of them far away changes nothing.
static void held_out_rows_are_not_counted(void **state)
{
    (void)state;
    float mean[2][2];
    for (int i = 0; i < 2; i++) {
        struct points rows = points_train;
        struct bough_tensor_writer *writer;
        const char *data = points_path("held.safetensors"),
                   *dir = points_path(i ? "held-1" : "held-0");
        assert_ok(bough_tensor_writer_create(&writer, data));
        points_declare(writer, "train", POINTS);
        points_declare(writer, "validation", POINTS);
        points_write_split(writer, &rows, POINTS);
        if (i)
            rows.point[0][0] = 1e6f;
        points_write_split(writer, &rows, POINTS);
        assert_ok(bough_tensor_writer_commit(writer));
        bough_tensor_writer_destroy(&writer);
        struct bough_config config = points_config(data);
        config.train.epochs = 1;
        struct bough_run *run;
        assert_ok(bough_train(&run, &config, &(struct bough_train_options){.run_dir = dir}));
        bough_run_destroy(&run);
        char path[700];
        struct bough_config *kept;
        snprintf(path, sizeof path, "%s/config.yaml", dir);
        assert_ok(bough_config_open(&kept, path, NULL, 0));
        memcpy(mean[i], kept->inputs[0].mean, sizeof mean[i]);
        bough_config_close(&kept);
    }
    assert_memory_equal(mean[0], mean[1], sizeof mean[0]);
}

// Metrics are of the target, and so of what is predicted.
static void metrics_are_in_the_targets_unit(void **state)
{
    (void)state;
    struct bough_run *run;
    const char *data = points_write("new.safetensors", points_names, &points_test, NULL);
    char *text = points_predict(points_trained(), (struct bough_predict_options){.data = data});
    double sum = 0;
    int count = 0, n = 0;
    for (char *line = strchr(text, '\n') + 1; *line; line = strchr(line, '\n') + 1, n++) {
        char *last = strchr(line, '\n');
        while (*--last != ',')
            ;
        double error = strtod(last + 1, NULL) - (double)points_test.level[n];
        if (isnan(error))
            continue;
        sum += error * error;
        count++;
    }
    free(text);
    assert_int_equal(count, POINTS - 1);
    assert_ok(bough_evaluate(&run, points_trained(), data, NULL, NULL));
    double mse = bough_metrics_find(bough_run_result(run)->test, "level", "mse");
    assert_true(mse > 0.1); // in this unit; of standardized numbers it would be far below
    assert_true(fabs(mse / (sum / count) - 1) < 1e-3);
    bough_run_destroy(&run);
}

static void standardized_runs_resume_bit_for_bit(void **state)
{
    (void)state;
    struct bough_run *run;
    struct bough_config config =
        points_config(points_write("data3.safetensors", points_names, &points_train, &points_test));
    const char *whole = points_path("w"), *parts = points_path("p");
    config.train.epochs = 4;
    assert_ok(bough_train(&run, &config, &(struct bough_train_options){.run_dir = whole}));
    bough_run_destroy(&run);
    config.train.epochs = 2;
    assert_ok(bough_train(&run, &config, &(struct bough_train_options){.run_dir = parts}));
    bough_run_destroy(&run);
    config.train.epochs = 4; // the config still says auto, and no numbers
    assert_ok(bough_train(&run, &config, &(struct bough_train_options){.resume = parts}));
    bough_run_destroy(&run);
    char a[700], b[700];
    struct bough_tensor_file *x, *y;
    snprintf(a, sizeof a, "%s/last.safetensors", whole);
    snprintf(b, sizeof b, "%s/last.safetensors", parts);
    assert_ok(bough_tensor_file_open(&x, a));
    assert_ok(bough_tensor_file_open(&y, b));
    assert_string_equal(bough_tensor_file_metadata(x, "classes/kind"), points_names);
    assert_string_equal(bough_tensor_file_metadata(x, "config"),
                        bough_tensor_file_metadata(y, "config"));
    assert_true(bough_tensor_file_count(x) > 8);
    for (size_t i = 0; i < bough_tensor_file_count(x); i++) {
        const struct bough_file_tensor *tensor = bough_tensor_file_at(x, i);
        assert_memory_equal(tensor->data, bough_tensor_file_find(y, tensor->name)->data,
                            tensor->bytes);
    }
    bough_tensor_file_close(&x);
    bough_tensor_file_close(&y);
}

static void standardizing_what_is_no_number_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "{a: {target: {field: a, standardize: true}, loss: cross_entropy, head: [linear: 2]}}",
        "{a: {target: {field: a, mean: 1}, loss: mse, head: [linear: 2]}}"};
    static const char *const message[] = {"are for numbers", "mean and std go together"};
    for (int i = 0; i < 2; i++) {
        char text[300];
        struct bough_config *refused;
        snprintf(text, sizeof text, "data: x\ntasks: %s\n", wrong[i]);
        assert_fails(bough_config_parse(&refused, text, NULL, NULL, 0), BOUGH_INVALID, message[i]);
    }
    struct bough_config config =
        test_config_with(points_text, points_write("data4.safetensors", NULL, &points_train, NULL),
                         "tasks.level.target={field: level, mean: [1, 2], std: [1, 2]}", NULL);
    struct bough_run *run;
    assert_int_equal(bough_train(&run, &config, NULL), BOUGH_INVALID);
    assert_non_null(strstr(bough_last_error(), "mean and std have 2 numbers, the head has 1"));
    config = test_config_with(points_text, points_path("data4.safetensors"),
                              "tasks.level.target={field: level, standardize: true}",
                              "tasks.level.head=[linear: 3]", NULL);
    assert_fails(bough_train(&run, &config, NULL), BOUGH_INVALID,
                 "tasks.level: the head has 3 outputs, and ");
    assert_non_null(strstr(bough_last_error(), "train/level has 1 numbers a row"));
    assert_null(strstr(bough_last_error(), "a sample of"));
}

// Where a number is large against how much it varies, F32 has no digits left for that: statistics,
// labels and metrics are taken before they are lost.
static void numbers_far_from_zero_keep_their_digits(void **state)
{
    (void)state;
    double level[POINTS], sum = 0, squares = 0;
    struct bough_tensor_writer *file;
    const char *data = points_path("far.safetensors"), *dir = points_path("far");
    for (int i = 0; i < POINTS; i++) {
        level[i] = 1e9 + (double)points_train.point[i][1];
        sum += level[i] - 1e9;
        squares += (level[i] - 1e9) * (level[i] - 1e9);
    }
    assert_ok(bough_tensor_writer_create(&file, data));
    assert_ok(bough_tensor_writer_declare(file, "train/point", BOUGH_F32,
                                          &(struct bough_shape){2, {POINTS, 2}}));
    assert_ok(bough_tensor_writer_declare(file, "train/level", BOUGH_F64,
                                          &(struct bough_shape){1, {POINTS}}));
    assert_ok(bough_tensor_writer_write(file, points_train.point, sizeof points_train.point));
    assert_ok(bough_tensor_writer_write(file, level, sizeof level));
    assert_ok(bough_tensor_writer_commit(file));
    bough_tensor_writer_destroy(&file);
    struct bough_config config = points_config(data);
    config.tasks += 2;
    config.tasks_count = 1;
    config.train.validation = 0;
    config.train.epochs = 30;
    struct bough_run *run;
    assert_ok(bough_train(&run, &config, &(struct bough_train_options){.run_dir = dir}));
    bough_run_destroy(&run);
    assert_ok(bough_evaluate(&run, dir, NULL, NULL, NULL));
    double mse = bough_metrics_find(bough_run_result(run)->test, "level", "mse");
    double loss = bough_metrics_find(bough_run_result(run)->test, "level", "loss");
    double variance = squares / POINTS - sum / POINTS * sum / POINTS;
    assert_true(fabs(mse / (loss * variance) - 1) < 1e-3); // the loss is of standardized numbers
    assert_true(mse < variance / 2);                       // and something was learned
    bough_run_destroy(&run);
    char *text =
        points_predict(dir, (struct bough_predict_options){.data = data, .split = "train"});
    double errors = 0;
    int n = 0;
    for (char *line = strchr(text, '\n') + 1; *line; line = strchr(line, '\n') + 1, n++) {
        double error = strtod(strchr(line, ',') + 1, NULL) - level[n];
        errors += error * error;
    }
    free(text);
    assert_int_equal(n, POINTS);
    assert_true(fabs(errors / POINTS / mse - 1) < 0.02); // a CSV of 12 digits
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_those_of_the_training_rows),
        cmocka_unit_test(held_out_rows_are_not_counted),
        cmocka_unit_test(metrics_are_in_the_targets_unit),
        cmocka_unit_test(standardized_runs_resume_bit_for_bit),
        cmocka_unit_test(standardizing_what_is_no_number_is_refused),
        cmocka_unit_test(numbers_far_from_zero_keep_their_digits),
    };
    return cmocka_run_group_tests(tests, points_start, points_end);
}
