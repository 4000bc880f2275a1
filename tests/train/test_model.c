// What a model carries: class names, normalization, its config; and how it is used without a run.
#include "support/support.h"

#include <bough/model.h>
#include <bough/train.h>

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 240, TEST_ROWS = 60 };

static const char *folder;

static const char *in_folder(const char *name)
{
    static char path[6][600];
    static int next;
    next = (next + 1) % 6;
    snprintf(path[next], sizeof path[next], "%s/%s", folder, name);
    return path[next];
}

// ---- Data: points, which third of the plane they lie in, and a number far from 0 ----

struct rows {
    float point[ROWS][2], level[ROWS];
    int64_t kind[ROWS], side[ROWS];
    char id[ROWS][8];
};

static float draw(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (float)(*seed >> 8) / (float)(1 << 24) * 2 - 1;
}

// `order[k]` is the number of class k in this file.
static void make_rows(struct rows *rows, const int *order, unsigned seed)
{
    for (int i = 0; i < ROWS; i++) {
        float x = draw(&seed), y = draw(&seed);
        rows->point[i][0] = 500 + 20 * x;
        rows->point[i][1] = 3 * y;
        rows->kind[i] = order[x < -0.3f ? 0 : x < 0.3f ? 1 : 2];
        rows->side[i] = y > 0;
        rows->level[i] = 10000 + 50 * x - 20 * y;
        snprintf(rows->id[i], sizeof rows->id[i], i == 1 ? "a,\"b\"" : "r%d", i);
    }
    rows->kind[5] = -1;
    rows->level[6] = NAN;
}

static void declare_split(struct bough_tensor_writer *file, const char *split, int64_t rows)
{
    const struct bough_file_tensor field[] = {
        {"point", BOUGH_F32, {2, {rows, 2}}, NULL, 0}, {"kind", BOUGH_I64, {1, {rows}}, NULL, 0},
        {"side", BOUGH_I64, {1, {rows}}, NULL, 0},     {"level", BOUGH_F32, {1, {rows}}, NULL, 0},
        {"id", BOUGH_U8, {2, {rows, 8}}, NULL, 0},
    };
    for (size_t i = 0; i < sizeof field / sizeof *field; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s/%s", split, field[i].name);
        assert_ok(bough_tensor_writer_declare(file, name, field[i].dtype, &field[i].shape));
    }
}

static void write_split(struct bough_tensor_writer *file, const struct rows *rows, size_t count)
{
    assert_ok(bough_tensor_writer_write(file, rows->point, count * sizeof rows->point[0]));
    assert_ok(bough_tensor_writer_write(file, rows->kind, count * sizeof rows->kind[0]));
    assert_ok(bough_tensor_writer_write(file, rows->side, count * sizeof rows->side[0]));
    assert_ok(bough_tensor_writer_write(file, rows->level, count * sizeof rows->level[0]));
    assert_ok(bough_tensor_writer_write(file, rows->id, count * sizeof rows->id[0]));
}

// `names` NULL = the classes of `kind` have none. `test` NULL = there is no split but train.
static const char *write_data(const char *name, const char *names, const struct rows *train,
                              const struct rows *test)
{
    struct bough_tensor_writer *file;
    const char *path = in_folder(name);
    assert_ok(bough_tensor_writer_create(&file, path));
    if (names)
        assert_ok(bough_tensor_writer_metadata(file, "classes/kind", names));
    assert_ok(bough_tensor_writer_metadata(file, "text/id", "utf-8"));
    declare_split(file, "train", ROWS);
    if (test)
        declare_split(file, "test", TEST_ROWS);
    write_split(file, train, ROWS);
    if (test)
        write_split(file, test, TEST_ROWS);
    assert_ok(bough_tensor_writer_commit(file));
    bough_tensor_writer_destroy(&file);
    return path;
}

static const int straight[] = {0, 1, 2}, turned[] = {2, 0, 1};
static const char straight_names[] = "left\nmid, or so\nright",
                  turned_names[] = "mid, or so\nright\nleft";
static struct rows train_rows, test_rows, turned_rows;

static const struct bough_layer hidden[] = {{.kind = "linear", .units = 16}, {.kind = "relu"}};
static const struct bough_layer three = {.kind = "linear", .units = 3},
                                one = {.kind = "linear", .units = 1};
static const struct bough_task tasks[] = {
    {"kind", "kind", .loss.name = "cross_entropy", .head = &three, .head_count = 1,
     .metrics = (const char *const[]){"accuracy", "confusion"}, .metrics_count = 2},
    {"side", "side", .loss.name = "binary_cross_entropy", .head = &one, .head_count = 1},
    {"level", "level", .standardize = BOUGH_ON, .loss.name = "mse", .head = &one, .head_count = 1},
};

static struct bough_config make_config(const char *data)
{
    return (struct bough_config){
        .data = data,
        .input = {.field = "point", .normalize = "auto"},
        .trunk = hidden,
        .trunk_count = 2,
        .tasks = tasks,
        .tasks_count = 3,
        .optimizer = {.lr = 0.02f},
        .train = {.epochs = 12, .batch_size = 32, .seed = 3, .validation = 0.25f},
    };
}

static int start(void **state)
{
    (void)state;
    folder = test_folder_create();
    make_rows(&train_rows, straight, 1);
    make_rows(&test_rows, straight, 2);
    make_rows(&turned_rows, turned, 2);
    return 0;
}

static int end(void **state)
{
    test_folder_end(state);
    return test_devices_end(state);
}

// One run that most tests use; trained by the first that asks for it.
static const char *trained(void)
{
    static char dir[600];
    struct bough_run *run;
    if (*dir)
        return dir;
    struct bough_config config =
        make_config(write_data("data.safetensors", straight_names, &train_rows, &test_rows));
    snprintf(dir, sizeof dir, "%s", in_folder("run"));
    assert_ok(bough_train(&run, &config, &(struct bough_train_options){.run_dir = dir}));
    const struct bough_scores *test = bough_run_result(run)->test;
    assert_true(bough_scores_find(test, "kind", "accuracy") > 0.8);
    assert_true(bough_scores_find(test, "side", "accuracy") > 0.8);
    bough_run_destroy(&run);
    return dir;
}

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char *text = calloc(1, 1 << 20);
    assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
    fclose(file);
    return text;
}

// ---- Class names ----

static void another_order_of_classes_is_understood(void **state)
{
    (void)state;
    struct bough_run *run;
    const char *names[] = {straight_names, turned_names};
    const char *file[] = {"straight.safetensors", "turned.safetensors"};
    const struct rows *rows[] = {&test_rows, &turned_rows};
    double accuracy[2];
    int64_t counts[2][9];
    for (int i = 0; i < 2; i++) {
        const char *data = write_data(file[i], names[i], rows[i], NULL);
        assert_ok(bough_evaluate(&run, trained(), data, NULL, NULL));
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
    const char *data = write_data("birds.safetensors", "left\nbird\nright", &test_rows, NULL);
    int count = 0;
    for (int i = 0; i < ROWS; i++)
        count += test_rows.kind[i] == 1;
    assert_int_equal(bough_evaluate(&run, trained(), data, NULL, NULL), BOUGH_DATA);
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
    const char *data = write_data("bare.safetensors", NULL, &test_rows, NULL), *dir = trained();
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
        write_data("more.safetensors", "left\nmid, or so\nright\nbird", &test_rows, NULL);
    assert_ok(bough_evaluate(&run, trained(), data, NULL, NULL));
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
            make_config(write_data("wrong.safetensors", wrong[i].names, &train_rows, NULL));
        assert_int_equal(bough_train(&run, &config, NULL), BOUGH_DATA);
        assert_non_null(strstr(bough_last_error(), wrong[i].message));
    }
}

static void mapped_classes_are_named_after_their_parts(void **state)
{
    (void)state;
    struct bough_task mapped = tasks[0];
    mapped.map = (const int32_t[]){0, 1, 0};
    mapped.map_count = 3;
    struct bough_layer two = {.kind = "linear", .units = 2};
    mapped.head = &two;
    struct bough_config config =
        make_config(write_data("data2.safetensors", straight_names, &train_rows, &test_rows));
    config.tasks = &mapped;
    config.tasks_count = 1;
    struct bough_run *run;
    assert_ok(bough_train(&run, &config, NULL));
    const struct bough_confusion *confusion = &bough_run_result(run)->test->confusion[0];
    assert_string_equal(confusion->names[0], "left|right");
    assert_string_equal(confusion->names[1], "mid, or so");
    bough_run_destroy(&run);
}

// ---- Predictions ----

static char *predict(const char *model, struct bough_predict_options options)
{
    options.out = in_folder("out.csv");
    assert_ok(bough_predict(model, &options));
    return read_text(options.out);
}

static void predictions_are_named_and_of_one_meaning(void **state)
{
    (void)state;
    const char *data = write_data("new.safetensors", NULL, &test_rows, NULL);
    char *text =
        predict(trained(), (struct bough_predict_options){.data = data, .probabilities = BOUGH_ON});
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
    assert_int_equal(rows, ROWS);
    free(text);
}

static void a_split_must_be_named_where_there_are_several(void **state)
{
    (void)state;
    struct bough_run *run;
    struct bough_tensor_writer *file;
    const char *path = in_folder("parts.safetensors");
    assert_ok(bough_tensor_writer_create(&file, path));
    declare_split(file, "a", ROWS);
    declare_split(file, "b", ROWS);
    write_split(file, &test_rows, ROWS);
    write_split(file, &test_rows, ROWS);
    assert_ok(bough_tensor_writer_commit(file));
    bough_tensor_writer_destroy(&file);
    assert_int_equal(bough_evaluate(&run, trained(), path, NULL, NULL), BOUGH_DATA);
    assert_non_null(strstr(bough_last_error(), "no split `test`; name one of a, b"));
    assert_ok(bough_evaluate(&run, trained(), path, "b", NULL));
    bough_run_destroy(&run);
}

static void missing_inputs_are_told_or_left_out(void **state)
{
    (void)state;
    struct rows rows = test_rows;
    rows.point[7][1] = NAN;
    rows.point[9][0] = -INFINITY;
    const char *data = write_data("gaps.safetensors", NULL, &rows, NULL);
    struct bough_config config = make_config(data);
    struct bough_run *run;
    struct bough_predict_options options = {.data = data, .out = in_folder("gaps.csv")};
    assert_int_equal(bough_predict(trained(), &options), BOUGH_DATA);
    assert_non_null(strstr(bough_last_error(), "train/point, row 7, column 1: nan"));
    assert_int_not_equal(access(options.out, F_OK), 0);
    assert_int_equal(bough_train(&run, &config, NULL), BOUGH_DATA);
    assert_non_null(strstr(bough_last_error(), "train/point, row 7, column 1: nan"));
    char *text =
        predict(trained(), (struct bough_predict_options){.data = data, .allow_missing = BOUGH_ON});
    assert_non_null(strstr(text, "\n7,r7,,,,,\n8,r8,"));
    assert_non_null(strstr(text, "\n9,r9,,,,,\n10,r10,"));
    assert_null(strstr(text, "nan"));
    free(text);
}

// ---- A file that is complete in itself ----

static void the_file_alone_gives_the_same(void **state)
{
    (void)state;
    char from[700], *text[2];
    const char *alone = in_folder("alone.safetensors");
    const char *data = write_data("new.safetensors", NULL, &test_rows, NULL);
    text[0] = predict(trained(), (struct bough_predict_options){.data = data});
    snprintf(from, sizeof from, "%s/model.safetensors", trained());
    assert_int_equal(link(from, alone), 0);
    text[1] = predict(alone, (struct bough_predict_options){.data = data});
    assert_string_equal(text[0], text[1]);
    free(text[0]);
    free(text[1]);
}

static void what_is_no_model_is_told(void **state)
{
    (void)state;
    struct bough_model *model;
    const char *data = write_data("new.safetensors", NULL, &test_rows, NULL);
    assert_int_equal(bough_model_open(&model, data, NULL), BOUGH_DATA);
    assert_null(model);
    assert_non_null(strstr(bough_last_error(), "no `config` in its metadata"));
    assert_int_equal(bough_model_open(&model, in_folder("nothing"), NULL), BOUGH_DATA);
}

// ---- Standardizing ----

// Mean and standard deviation of the rows that are trained on, from the resolved config.
static void numbers_are_those_of_the_training_rows(void **state)
{
    (void)state;
    struct bough_config config =
        make_config(write_data("whole.safetensors", NULL, &train_rows, &test_rows));
    config.train.validation = 0; // so that all rows are
    const char *dir = in_folder("whole");
    struct bough_run *run;
    struct bough_config_file *file;
    assert_ok(bough_train(&run, &config, &(struct bough_train_options){.run_dir = dir}));
    bough_run_destroy(&run);
    char path[700];
    snprintf(path, sizeof path, "%s/config.yaml", dir);
    assert_ok(bough_config_file_open(&file, path, NULL, 0));
    const struct bough_config *kept = bough_config_file_config(file);
    assert_int_equal(kept->input.channels, 2);
    assert_int_equal(kept->tasks[2].outputs, 1);
    for (int c = 0; c < 3; c++) {
        double sum = 0, squares = 0, mean;
        int count = 0;
        for (int pass = 0; pass < 2; pass++) {
            mean = pass ? sum / count : 0;
            count = 0;
            for (int i = 0; i < ROWS; i++) {
                double x = (double)(c < 2 ? train_rows.point[i][c] : train_rows.level[i]);
                if (isnan(x))
                    continue;
                count++;
                if (pass)
                    squares += (x - mean) * (x - mean);
                else
                    sum += x;
            }
        }
        const float *m = c < 2 ? &kept->input.mean[c] : kept->tasks[2].mean;
        const float *s = c < 2 ? &kept->input.std[c] : kept->tasks[2].std;
        assert_true(fabs((double)*m - mean) <= 1e-6 * fabs(mean) + 1e-6);
        assert_true(fabs((double)*s / sqrt(squares / count) - 1) < 1e-5);
    }
    bough_config_file_close(&file);
}

// The held-out rows have no part in them: one of them far away changes nothing.
static void held_out_rows_are_not_counted(void **state)
{
    (void)state;
    float mean[2][2];
    for (int i = 0; i < 2; i++) {
        struct rows rows = train_rows;
        struct bough_tensor_writer *writer;
        const char *data = in_folder("held.safetensors"), *dir = in_folder(i ? "held-1" : "held-0");
        assert_ok(bough_tensor_writer_create(&writer, data));
        declare_split(writer, "train", ROWS);
        declare_split(writer, "validation", ROWS);
        write_split(writer, &rows, ROWS);
        if (i)
            rows.point[0][0] = 1e6f;
        write_split(writer, &rows, ROWS);
        assert_ok(bough_tensor_writer_commit(writer));
        bough_tensor_writer_destroy(&writer);
        struct bough_config config = make_config(data);
        config.train.epochs = 1;
        struct bough_run *run;
        assert_ok(bough_train(&run, &config, &(struct bough_train_options){.run_dir = dir}));
        bough_run_destroy(&run);
        char path[700];
        struct bough_config_file *file;
        snprintf(path, sizeof path, "%s/config.yaml", dir);
        assert_ok(bough_config_file_open(&file, path, NULL, 0));
        memcpy(mean[i], bough_config_file_config(file)->input.mean, sizeof mean[i]);
        bough_config_file_close(&file);
    }
    assert_memory_equal(mean[0], mean[1], sizeof mean[0]);
}

// Metrics are of the target, and so of what is predicted.
static void metrics_are_in_the_targets_unit(void **state)
{
    (void)state;
    struct bough_run *run;
    const char *data = write_data("new.safetensors", straight_names, &test_rows, NULL);
    char *text = predict(trained(), (struct bough_predict_options){.data = data});
    double sum = 0;
    int count = 0, n = 0;
    for (char *line = strchr(text, '\n') + 1; *line; line = strchr(line, '\n') + 1, n++) {
        char *last = strchr(line, '\n');
        while (*--last != ',')
            ;
        double error = strtod(last + 1, NULL) - (double)test_rows.level[n];
        if (isnan(error))
            continue;
        sum += error * error;
        count++;
    }
    free(text);
    assert_int_equal(count, ROWS - 1);
    assert_ok(bough_evaluate(&run, trained(), data, NULL, NULL));
    double mse = bough_scores_find(bough_run_result(run)->test, "level", "mse");
    assert_true(mse > 0.1); // in this unit; of standardized numbers it would be far below
    assert_true(fabs(mse / (sum / count) - 1) < 1e-3);
    bough_run_destroy(&run);
}

static void standardized_runs_resume_bit_for_bit(void **state)
{
    (void)state;
    struct bough_run *run;
    struct bough_config config =
        make_config(write_data("data3.safetensors", straight_names, &train_rows, &test_rows));
    const char *whole = in_folder("w"), *parts = in_folder("p");
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
    assert_string_equal(bough_tensor_file_metadata(x, "classes/kind"), straight_names);
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
    struct bough_task wrong[3];
    memcpy(wrong, tasks, sizeof wrong);
    struct bough_config config = make_config("x"), resolved;
    config.tasks = wrong;
    wrong[0].standardize = BOUGH_ON;
    assert_int_equal(bough_config_resolve(&resolved, &config), BOUGH_INVALID);
    assert_non_null(strstr(bough_last_error(), "are for numbers"));
    wrong[0].standardize = BOUGH_OFF;
    wrong[2].mean = (const float[]){1};
    wrong[2].outputs = 1;
    assert_int_equal(bough_config_resolve(&resolved, &config), BOUGH_INVALID);
    assert_non_null(strstr(bough_last_error(), "mean and std go together"));
    wrong[2].mean = wrong[2].std = (const float[]){1, 2};
    wrong[2].outputs = 2;
    config.data = write_data("data4.safetensors", NULL, &train_rows, NULL);
    wrong[2].standardize = BOUGH_OFF;
    struct bough_run *run;
    assert_int_equal(bough_train(&run, &config, NULL), BOUGH_INVALID);
    assert_non_null(strstr(bough_last_error(), "mean and std have 2 numbers, the head has 1"));
}

// ---- Inference from memory ----

struct scores {
    float kind[ROWS][3], side[ROWS], level[ROWS];
};

static void run_model(struct bough_model *model, struct scores *scores, int64_t from, int64_t rows)
{
    float *const to[] = {scores->kind[from], &scores->side[from], &scores->level[from]};
    assert_ok(bough_model_run(model, to, test_rows.point[from], BOUGH_F32, rows));
}

static void memory_gives_what_predict_gives(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    const char *data = write_data("new.safetensors", NULL, &test_rows, NULL);
    for (size_t d = 0; d < count; d++) {
        struct bough_model *model;
        struct scores all, parts;
        assert_ok(bough_model_open(&model, trained(), device[d]));
        assert_int_equal(bough_model_outputs(model), 3);
        assert_int_equal(bough_model_input(model)->dim[0], 2);
        const struct bough_output *kind = bough_model_output(model, 0);
        assert_string_equal(kind->task, "kind");
        assert_int_equal(kind->kind, BOUGH_OUTPUT_CLASS);
        assert_string_equal(kind->classes[2], "right");
        assert_null(bough_model_output(model, 1)->classes);
        run_model(model, &all, 0, ROWS);
        static const int cuts[] = {0, 1, 2, 3, 35, 99, 131, ROWS}; // odd pieces, and none
        for (size_t i = 1; i < sizeof cuts / sizeof *cuts; i++)
            run_model(model, &parts, cuts[i - 1], cuts[i] - cuts[i - 1]);
        run_model(model, &parts, 0, 0);
        char *text =
            predict(trained(), (struct bough_predict_options){.data = data, .device = device[d]});
        char *line = strchr(text, '\n') + 1;
        for (int i = 0; i < ROWS; i++, line = strchr(line, '\n') + 1) {
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
        bough_model_close(&model);
        assert_null(model);
    }
}

static void *run_in_a_thread(void *argument)
{
    struct scores *scores = argument;
    struct bough_model *model;
    if (bough_model_open(&model, trained(), NULL) != BOUGH_OK)
        return NULL;
    float *const to[] = {scores->kind[0], scores->side, scores->level};
    for (int i = 0; i < 20; i++)
        if (bough_model_run(model, to, test_rows.point, BOUGH_F32, ROWS) != BOUGH_OK)
            scores = NULL;
    bough_model_close(&model);
    return scores;
}

static void threads_have_models_of_their_own(void **state)
{
    (void)state;
    static struct scores scores[4];
    pthread_t thread[4];
    trained();
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
        cmocka_unit_test(predictions_are_named_and_of_one_meaning),
        cmocka_unit_test(a_split_must_be_named_where_there_are_several),
        cmocka_unit_test(missing_inputs_are_told_or_left_out),
        cmocka_unit_test(the_file_alone_gives_the_same),
        cmocka_unit_test(what_is_no_model_is_told),
        cmocka_unit_test(numbers_are_those_of_the_training_rows),
        cmocka_unit_test(held_out_rows_are_not_counted),
        cmocka_unit_test(metrics_are_in_the_targets_unit),
        cmocka_unit_test(standardized_runs_resume_bit_for_bit),
        cmocka_unit_test(standardizing_what_is_no_number_is_refused),
        cmocka_unit_test(memory_gives_what_predict_gives),
        cmocka_unit_test(threads_have_models_of_their_own),
    };
    return cmocka_run_group_tests(tests_of_models, start, end);
}
