// What a model carries, its class names and its config; and how it is used without a run.
#include "support/points.h"

#include <math.h>
#include <pthread.h>
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
        accuracy[i] = bough_scores_find(result->test, "kind", "accuracy");
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
        {"left\nright\nleft", "two classes are named 'left'"},
        {"left\n\nright", "class 1 has an empty name"},
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
    struct bough_task mapped = points_tasks[0];
    mapped.map = (const int32_t[]){0, 1, 0};
    mapped.map_count = 3;
    struct bough_layer two = {.kind = "linear", .units = 2};
    mapped.head = &two;
    struct bough_config config =
        points_config(points_write("data2.safetensors", points_names, &points_train, &points_test));
    config.tasks = &mapped;
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
    struct bough_layer one = {.kind = "linear", .units = 1};
    struct bough_task mapped = {"kind",
                                "kind",
                                .map = (const int32_t[]){1, 5, 9},
                                .map_count = 3,
                                .loss.name = "mse",
                                .head = &one,
                                .head_count = 1};
    struct bough_config config =
        points_config(points_write("data5.safetensors", points_names, &points_train, NULL));
    config.tasks = &mapped;
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
        mse[i] = bough_scores_find(bough_run_result(run)->test, "kind", "mse");
        bough_run_destroy(&run);
    }
    assert_true(mse[0] > 0 && mse[0] == mse[1]);
}

static void a_label_below_minus_one_is_refused(void **state)
{
    (void)state;
    struct points rows = points_train;
    struct bough_task mapped = points_tasks[0];
    rows.kind[4] = -2;
    struct bough_config config =
        points_config(points_write("minus.safetensors", NULL, &rows, NULL));
    struct bough_run *run;
    assert_fails(bough_train(&run, &config, NULL), BOUGH_DATA, "row 4: label -2, classes are 0..2");
    mapped.map = (const int32_t[]){0, 1, 2};
    mapped.map_count = 3;
    config.tasks = &mapped;
    config.tasks_count = 1;
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
                 BOUGH_INVALID, "holds a model, and no checkpoint");
}

// ---- Inference from memory ----

struct scores {
    float kind[POINTS][3], side[POINTS], level[POINTS];
};

static void run_model(struct bough_model *model, struct scores *scores, int64_t from, int64_t rows)
{
    float *const to[] = {scores->kind[from], &scores->side[from], &scores->level[from]};
    assert_ok(bough_model_run(model, to, points_test.point[from], BOUGH_F32, rows));
}

static void memory_gives_what_predict_gives(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    const char *data = points_write("new.safetensors", NULL, &points_test, NULL);
    for (size_t d = 0; d < count; d++) {
        struct bough_model *model;
        struct scores all, parts;
        assert_ok(bough_model_open(&model, points_trained(), device[d]));
        assert_int_equal(bough_model_outputs(model), 3);
        assert_int_equal(bough_model_input(model)->dim[0], 2);
        const struct bough_output *kind = bough_model_output(model, 0);
        assert_string_equal(kind->task, "kind");
        assert_int_equal(kind->kind, BOUGH_OUTPUT_CLASS);
        assert_string_equal(kind->classes[2], "right");
        assert_null(bough_model_output(model, 1)->classes);
        run_model(model, &all, 0, POINTS);
        static const int cuts[] = {0, 1, 2, 3, 35, 99, 131, POINTS}; // odd pieces, and none
        for (size_t i = 1; i < sizeof cuts / sizeof *cuts; i++)
            run_model(model, &parts, cuts[i - 1], cuts[i] - cuts[i - 1]);
        run_model(model, &parts, 0, 0);
        char *text = points_predict(
            points_trained(), (struct bough_predict_options){.data = data, .device = device[d]});
        char *line = strchr(text, '\n') + 1;
        for (int i = 0; i < POINTS; i++, line = strchr(line, '\n') + 1) {
            assert_true(fabsf(all.level[i] - parts.level[i]) < 0.01f);
            char *last = strchr(line, '\n');
            while (*--last != ',')
                ;
            assert_true(fabs(strtod(last + 1, NULL) - (double)all.level[i]) < 0.01);
            bough_model_probabilities(model, 0, all.kind[i], 1);
            assert_true(fabsf(all.kind[i][0] + all.kind[i][1] + all.kind[i][2] - 1) < 1e-5f);
        }
        free(text);
        assert_int_equal(bough_model_run(model, NULL, NULL, BOUGH_I64, 1), BOUGH_INVALID);
        static const float bad[][2] = {{0, 0}, {0, NAN}};
        assert_fails(bough_model_run(model, NULL, bad, BOUGH_F32, 2), BOUGH_INVALID,
                     "row 1, number 1: nan");
        bough_model_close(&model);
        assert_null(model);
    }
}

static void *run_in_a_thread(void *argument)
{
    struct scores *scores = argument;
    struct bough_model *model;
    if (bough_model_open(&model, points_trained(), NULL) != BOUGH_OK)
        return NULL;
    float *const to[] = {scores->kind[0], scores->side, scores->level};
    for (int i = 0; i < 20; i++)
        if (bough_model_run(model, to, points_test.point, BOUGH_F32, POINTS) != BOUGH_OK)
            scores = NULL;
    bough_model_close(&model);
    return scores;
}

static void threads_have_models_of_their_own(void **state)
{
    (void)state;
    static struct scores scores[4];
    pthread_t thread[4];
    points_trained();
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, run_in_a_thread, &scores[i]), 0);
    for (int i = 0; i < 4; i++) {
        void *result;
        assert_int_equal(pthread_join(thread[i], &result), 0);
        assert_non_null(result);
        assert_memory_equal(&scores[i], &scores[0], sizeof scores[0]);
    }
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
        cmocka_unit_test(the_file_alone_gives_the_same),
        cmocka_unit_test(what_is_no_model_is_told),
        cmocka_unit_test(no_training_begins_over_a_model),
        cmocka_unit_test(memory_gives_what_predict_gives),
        cmocka_unit_test(threads_have_models_of_their_own),
    };
    return cmocka_run_group_tests(tests_of_models, points_start, points_end);
}
