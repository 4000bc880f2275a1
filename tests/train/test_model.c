// What a model carries, its class names and its config; and what it predicts.
#include "support/points.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// ---- Class names ----

static void another_order_of_classes_is_understood(void **state)
{
    (void)state;
    struct bough_run *run;
    const char *names[] = {points_names, points_turned_names};
    const char *file[] = {"straight.safetensors", "turned.safetensors"};
    const struct points *rows[] = {&points_test, &points_turned};
    double accuracy[2];
    int64_t counts[2][9];
    for (int i = 0; i < 2; i++) {
        const char *data = points_write(file[i], names[i], rows[i], NULL);
        assert_ok(bough_evaluate(&run, points_trained(), data, NULL, NULL));
        const struct bough_result *result = bough_run_result(run);
        assert_string_equal(result->split, "train"); // the only one that there is
        accuracy[i] = bough_metrics_find(result->test, "kind", "accuracy");
        const struct bough_confusion *confusion = &result->test->confusion[0];
        assert_string_equal(confusion->names[0], "left");
        assert_string_equal(confusion->names[1], "mid, or so");
        memcpy(counts[i], confusion->count, sizeof counts[i]);
        bough_run_destroy(&run);
    }
    assert_true(accuracy[0] > 0.8);
    assert_true(accuracy[0] == accuracy[1]);
    assert_memory_equal(counts[0], counts[1], sizeof counts[0]);
}

static void unknown_classes_are_counted(void **state)
{
    (void)state;
    struct bough_run *run;
    const char *data = points_write("birds.safetensors", "left\nbird\nright", &points_test, NULL);
    int count = 0;
    for (int i = 0; i < POINTS; i++)
        count += points_test.kind[i] == 1;
    assert_int_equal(bough_evaluate(&run, points_trained(), data, NULL, NULL), BOUGH_DATA);
    char wanted[100];
    snprintf(wanted, sizeof wanted, "%d of 'bird'", count);
    assert_non_null(strstr(bough_last_error(), wanted));
    assert_non_null(strstr(bough_last_error(), "it knows left, mid, or so, right"));
}

static int unnamed; // warnings of classes without names

static void count_unnamed(void *user, enum bough_log_level level, const char *message)
{
    (void)user;
    unnamed += level == BOUGH_LOG_WARNING && strstr(message, "classes of kind have no names");
}

static void classes_without_names_are_told(void **state)
{
    (void)state;
    struct bough_run *run;
    const char *data = points_write("bare.safetensors", NULL, &points_test, NULL),
               *dir = points_trained();
    unnamed = 0;
    bough_set_log(count_unnamed, NULL);
    assert_ok(bough_evaluate(&run, dir, data, NULL, NULL));
    bough_set_log(NULL, NULL);
    assert_int_equal(unnamed, 1);
    bough_run_destroy(&run);
}

static void unused_unknown_classes_do_no_harm(void **state)
{
    (void)state;
    struct bough_run *run;
    const char *data =
        points_write("more.safetensors", "left\nmid, or so\nright\nbird", &points_test, NULL);
    assert_ok(bough_evaluate(&run, points_trained(), data, NULL, NULL));
    bough_run_destroy(&run);
}

static void wrong_names_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *names, *message;
    } wrong[] = {
        {"left\nright", "classes/kind names 2 classes, and the head of task kind has 3"},
        {"left\nright\nleft", "two names are 'left'"},
        {"left\n\nright", "name 1 is empty"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct bough_run *run;
        struct bough_config config =
            points_config(points_write("wrong.safetensors", wrong[i].names, &points_train, NULL));
        assert_int_equal(bough_train(&run, &config, NULL), BOUGH_DATA);
        assert_non_null(strstr(bough_last_error(), wrong[i].message));
    }
}

static void mapped_classes_are_named_after_their_parts(void **state)
{
    (void)state;
    struct bough_config config = test_config_with(
        points_text, points_write("data2.safetensors", points_names, &points_train, &points_test),
        "tasks.kind.target.map=[0, 1, 0]", "tasks.kind.head.0.linear=2", NULL);
    config.tasks_count = 1;
    struct bough_run *run;
    assert_ok(bough_train(&run, &config, NULL));
    const struct bough_confusion *confusion = &bough_run_result(run)->test->confusion[0];
    assert_string_equal(confusion->names[0], "left|right");
    assert_string_equal(confusion->names[1], "mid, or so");
    bough_run_destroy(&run);
}

// A map may make numbers of classes: those go by name, too.
static void mapped_numbers_go_by_name(void **state)
{
    (void)state;
    struct bough_config config = test_config_with(
        points_text, points_write("data5.safetensors", points_names, &points_train, NULL),
        "tasks.kind={target: {field: kind, map: [1, 5, 9]}, loss: mse, head: [linear: 1]}", NULL);
    config.tasks_count = 1;
    struct bough_run *run;
    const char *dir = points_path("numbers");
    double mse[2];
    assert_ok(bough_train(&run, &config, &(struct bough_train_options){.run_dir = dir}));
    bough_run_destroy(&run);
    for (int i = 0; i < 2; i++) {
        const char *data = points_write("other.safetensors", i ? points_turned_names : points_names,
                                        i ? &points_turned : &points_test, NULL);
        assert_ok(bough_evaluate(&run, dir, data, NULL, NULL));
        mse[i] = bough_metrics_find(bough_run_result(run)->test, "kind", "mse");
        bough_run_destroy(&run);
    }
    assert_true(mse[0] > 0 && mse[0] == mse[1]);
}

static void a_label_below_minus_one_is_refused(void **state)
{
    (void)state;
    struct points rows = points_train;
    rows.kind[4] = -2;
    const char *data = points_write("minus.safetensors", NULL, &rows, NULL);
    struct bough_config config = points_config(data);
    struct bough_run *run;
    assert_fails(bough_train(&run, &config, NULL), BOUGH_DATA, "row 4: label -2, classes are 0..2");
    config = test_config_with(points_text, data, "tasks.kind.target.map=[0, 1, 2]", NULL);
    assert_fails(bough_train(&run, &config, NULL), BOUGH_DATA, "row 4: class -2, the map has");
}

// ---- Predictions ----

static void predictions_are_named_and_of_one_meaning(void **state)
{
    (void)state;
    const char *data = points_write("new.safetensors", NULL, &points_test, NULL);
    char *text = points_predict(
        points_trained(), (struct bough_predict_options){.data = data, .probabilities = BOUGH_ON});
    static const char head[] =
        "row,id,kind,kind_probability,kind_probability_left,\"kind_probability_mid, or so\","
        "kind_probability_right,side,side_probability,side_probability_0,side_probability_1,"
        "level\n";
    assert_memory_equal(text, head, sizeof head - 1);
    assert_non_null(strstr(text, "\n1,\"a,\"\"b\"\"\","));
    int rows = 0;
    for (char *line = strchr(text, '\n') + 1; *line; line = strchr(line, '\n') + 1, rows++) {
        double p[3], q[2], best, side_best, level;
        int side;
        char *cell = strstr(line, "left,");
        if (!cell || cell > strchr(line, '\n'))
            cell = strstr(line, "right,");
        if (!cell || cell > strchr(line, '\n'))
            continue;
        assert_int_equal(sscanf(strchr(cell, ','), ",%lf,%lf,%lf,%lf,%d,%lf,%lf,%lf,%lf", &best,
                                &p[0], &p[1], &p[2], &side, &side_best, &q[0], &q[1], &level),
                         9);
        assert_true(best == fmax(p[0], fmax(p[1], p[2])));
        assert_true(side_best == q[side] && q[side] >= 0.5);
        assert_true(fabs(p[0] + p[1] + p[2] - 1) < 1e-5 && fabs(q[0] + q[1] - 1) < 1e-5);
        assert_true(level > 9800 && level < 10200); // in the target's unit
    }
    assert_int_equal(rows, POINTS);
    free(text);
}

static void a_split_must_be_named_where_there_are_several(void **state)
{
    (void)state;
    struct bough_run *run;
    struct bough_tensor_writer *file;
    const char *path = points_path("parts.safetensors");
    assert_ok(bough_tensor_writer_create(&file, path));
    points_declare(file, "a", POINTS);
    points_declare(file, "b", POINTS);
    points_write_split(file, &points_test, POINTS);
    points_write_split(file, &points_test, POINTS);
    assert_ok(bough_tensor_writer_commit(file));
    bough_tensor_writer_destroy(&file);
    assert_int_equal(bough_evaluate(&run, points_trained(), path, NULL, NULL), BOUGH_DATA);
    assert_non_null(strstr(bough_last_error(), "no split `test`; name one of a, b"));
    assert_ok(bough_evaluate(&run, points_trained(), path, "b", NULL));
    bough_run_destroy(&run);
}

static void missing_inputs_are_told_or_left_out(void **state)
{
    (void)state;
    struct points rows = points_test;
    rows.point[7][1] = NAN;
    rows.point[9][0] = -INFINITY;
    const char *data = points_write("gaps.safetensors", NULL, &rows, NULL);
    struct bough_config config = points_config(data);
    struct bough_run *run;
    struct bough_predict_options options = {.data = data, .out = points_path("gaps.csv")};
    assert_int_equal(bough_predict(points_trained(), &options), BOUGH_DATA);
    assert_non_null(strstr(bough_last_error(), "train/point, row 7, column 1: nan"));
    assert_int_not_equal(access(options.out, F_OK), 0);
    assert_int_equal(bough_train(&run, &config, NULL), BOUGH_DATA);
    assert_non_null(strstr(bough_last_error(), "train/point, row 7, column 1: nan"));
    char *text = points_predict(
        points_trained(), (struct bough_predict_options){.data = data, .allow_missing = BOUGH_ON});
    assert_non_null(strstr(text, "\n7,r7,,,,,\n8,r8,"));
    assert_non_null(strstr(text, "\n9,r9,,,,,\n10,r10,"));
    assert_null(strstr(text, "nan"));
    free(text);
}

static void texts_that_are_no_utf8_are_mended(void **state)
{
    (void)state;
    struct points rows = points_test;
    memcpy(rows.id[2], "\xff full!", 8); // and no zero behind it
    const char *data = points_write("bytes.safetensors", NULL, &rows, NULL);
    char *text = points_predict(points_trained(), (struct bough_predict_options){.data = data});
    assert_non_null(strstr(text, "\n2,? full!,"));
    free(text);
}

static void no_two_columns_have_one_name(void **state)
{
    (void)state;
    struct bough__task named[POINTS_TASKS];
    struct bough_config config =
        points_config(points_write("named.safetensors", NULL, &points_train, &points_test));
    memcpy(named, config.tasks, sizeof named);
    named[0].name = "id";
    named[1].name = "row";
    named[2].name = "id_probability";
    config.tasks = named;
    struct bough_run *run;
    const char *dir = points_path("named");
    assert_ok(bough_train(&run, &config, &(struct bough_train_options){.run_dir = dir}));
    bough_run_destroy(&run);
    char *text = points_predict(dir, (struct bough_predict_options){.data = config.data});
    static const char head[] =
        "row,id,id.1,id_probability,row.1,row_probability,id_probability.1\n";
    assert_memory_equal(text, head, sizeof head - 1);
    free(text);
}

static void an_input_is_not_written_over(void **state)
{
    (void)state;
    char model[700];
    const char *data = points_write("kept.safetensors", NULL, &points_test, NULL);
    snprintf(model, sizeof model, "%s/model.safetensors", points_trained());
    struct bough_predict_options options = {.data = data, .out = data};
    assert_fails(bough_predict(points_trained(), &options), BOUGH_INVALID, "is an input");
    options.out = model;
    assert_fails(bough_predict(points_trained(), &options), BOUGH_INVALID, "is an input");
    options.out = points_path("kept.csv");
    assert_ok(bough_predict(points_trained(), &options));
}

// What was held out of `train` is measured again as it was at the end of the training.
static void held_out_rows_are_a_split_of_their_own(void **state)
{
    (void)state;
    struct bough_config config =
        points_config(points_write("data6.safetensors", points_names, &points_train, &points_test));
    config.train.epochs = 2;
    struct bough_run *run, *again;
    const char *dir = points_path("again");
    assert_ok(bough_train(&run, &config, &(struct bough_train_options){.run_dir = dir}));
    assert_ok(bough_evaluate(&again, dir, NULL, "validation", NULL));
    const struct bough_metrics *then = bough_run_result(run)->validation,
                               *now = bough_run_result(again)->test;
    assert_string_equal(bough_run_result(again)->split, "validation");
    assert_int_equal(then->count, now->count);
    for (size_t i = 0; i < then->count; i++)
        assert_true(then->value[i].value == now->value[i].value);
    bough_run_destroy(&run);
    bough_run_destroy(&again);
    assert_fails(bough_evaluate(&run, dir, config.data, "validation", NULL), BOUGH_DATA,
                 "no split `validation`; there is train, test");
    assert_fails(bough_evaluate(&run, dir, config.data, "", NULL), BOUGH_DATA, "no split ``");
}

static void texts_are_no_input_and_misspelt_fields_are_told(void **state)
{
    (void)state;
    struct bough_config config =
        points_config(points_write("data7.safetensors", NULL, &points_train, NULL));
    struct bough_run *run;
    struct bough__input input = {.field = "id"};
    config.inputs = &input;
    assert_fails(bough_train(&run, &config, NULL), BOUGH_DATA, "train/id is text");
    input.field = "piont";
    assert_fails(bough_train(&run, &config, NULL), BOUGH_DATA,
                 "no field train/piont, did you mean point?; split train has kind, side,");
}

// ---- A file that is complete in itself ----

static void the_file_alone_gives_the_same(void **state)
{
    (void)state;
    char from[700], *text[2];
    const char *alone = points_path("alone.safetensors");
    const char *data = points_write("new.safetensors", NULL, &points_test, NULL);
    text[0] = points_predict(points_trained(), (struct bough_predict_options){.data = data});
    snprintf(from, sizeof from, "%s/model.safetensors", points_trained());
    assert_int_equal(link(from, alone), 0);
    text[1] = points_predict(alone, (struct bough_predict_options){.data = data});
    assert_string_equal(text[0], text[1]);
    free(text[0]);
    free(text[1]);
}

static void what_is_no_model_is_told(void **state)
{
    (void)state;
    struct bough_model *model;
    const char *data = points_write("new.safetensors", NULL, &points_test, NULL);
    assert_int_equal(bough_model_open(&model, data, NULL), BOUGH_DATA);
    assert_null(model);
    assert_non_null(strstr(bough_last_error(), "no `config` in its metadata"));
    assert_int_equal(bough_model_open(&model, points_path("nothing"), NULL), BOUGH_DATA);
    static const char *const shapes[] = {"",
                                         "[]",
                                         "[0]",
                                         "[2",
                                         "[2, -1]",
                                         "[2] ",
                                         "two",
                                         "[65536, 65536]",
                                         "[99999999999999999999]",
                                         "[4611686018427387904, 4]",
                                         "[1, 1, 1, 1, 1, 1, 1, 2]"};
    char path[700];
    struct bough_tensor_file *file;
    snprintf(path, sizeof path, "%s/model.safetensors", points_trained());
    assert_ok(bough_tensor_file_open(&file, path));
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct bough_tensor_writer *writer;
        const char *bad = points_path("bad.safetensors");
        assert_ok(bough_tensor_writer_create(&writer, bad));
        assert_ok(bough_tensor_writer_metadata(writer, "config",
                                               bough_tensor_file_metadata(file, "config")));
        assert_ok(bough_tensor_writer_metadata(writer, "input", shapes[i]));
        assert_ok(bough_tensor_writer_commit(writer));
        bough_tensor_writer_destroy(&writer);
        assert_fails(bough_model_open(&model, bad, NULL), BOUGH_DATA, "wanted a shape");
    }
    bough_tensor_file_close(&file);
}

static void no_training_begins_over_a_model(void **state)
{
    (void)state;
    char from[700], to[700];
    const char *dir = points_path("only");
    assert_int_equal(mkdir(dir, 0700), 0);
    snprintf(from, sizeof from, "%s/model.safetensors", points_trained());
    snprintf(to, sizeof to, "%s/model.safetensors", dir);
    assert_int_equal(link(from, to), 0);
    struct bough_config config =
        points_config(points_write("new.safetensors", NULL, &points_train, NULL));
    struct bough_run *run;
    assert_fails(bough_train(&run, &config, &(struct bough_train_options){.run_dir = dir}),
                 BOUGH_INVALID, "holds model.safetensors and no checkpoint");
    const struct bough_train_options resumed = {.resume = dir};
    assert_ok(bough_config_save(&config, points_path("only/config.yaml")));
    assert_fails(bough_train(&run, &config, &resumed), BOUGH_DATA, "nothing to go on from");
}

int main(void)
{
    const struct CMUnitTest tests_of_models[] = {
        cmocka_unit_test(another_order_of_classes_is_understood),
        cmocka_unit_test(unknown_classes_are_counted),
        cmocka_unit_test(classes_without_names_are_told),
        cmocka_unit_test(unused_unknown_classes_do_no_harm),
        cmocka_unit_test(wrong_names_are_refused),
        cmocka_unit_test(mapped_classes_are_named_after_their_parts),
        cmocka_unit_test(mapped_numbers_go_by_name),
        cmocka_unit_test(a_label_below_minus_one_is_refused),
        cmocka_unit_test(predictions_are_named_and_of_one_meaning),
        cmocka_unit_test(a_split_must_be_named_where_there_are_several),
        cmocka_unit_test(missing_inputs_are_told_or_left_out),
        cmocka_unit_test(texts_that_are_no_utf8_are_mended),
        cmocka_unit_test(no_two_columns_have_one_name),
        cmocka_unit_test(an_input_is_not_written_over),
        cmocka_unit_test(held_out_rows_are_a_split_of_their_own),
        cmocka_unit_test(texts_are_no_input_and_misspelt_fields_are_told),
        cmocka_unit_test(the_file_alone_gives_the_same),
        cmocka_unit_test(what_is_no_model_is_told),
        cmocka_unit_test(no_training_begins_over_a_model),
    };
    return cmocka_run_group_tests(tests_of_models, points_start, points_end);
}
