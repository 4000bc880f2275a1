// Rows of different lengths: padding weighs nothing, wherever it stands and however much there is.
#include "support/configs.h"
#include "support/training.h"

#include "cl/random.h"

#include <bough/model.h>
#include <bough/train.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 40, TESTED = 11, LONGEST = 33, WIDTH = 3, MOST = ROWS * LONGEST };

static float draw(int split, int row, int at, int number)
{
    return 2 * random_unit(
                   random_bits(7, 0, (unsigned)split, (unsigned)row, (unsigned)at, (unsigned)number)
                       .v[0]) -
           1;
}

// From 0 to the longest, one of each at least.
static int length_of(int row, int longest)
{
    return row * 7 % (longest + 1);
}

struct rows {
    int count; // of tokens
    float x[MOST * WIDTH], size[MOST];
    int16_t kind[MOST];
    int32_t length[ROWS];
};

// Tokens of `rows` rows, with what makes no sense behind their ends; of `longest` 0 without any
// padding, all in one.
static void make_rows(struct rows *to, int split, int rows, int longest, int flat)
{
    *to = (struct rows){0};
    for (int n = 0; n < rows; n++) {
        to->length[n] = length_of(n, longest < 20 ? longest : 20);
        for (int l = 0; l < (flat ? to->length[n] : longest); l++) {
            const int inside = l < to->length[n], at = to->count++;
            for (int i = 0; i < WIDTH; i++)
                to->x[at * WIDTH + i] = inside ? draw(split, n, l, i) + (float)i : 1e6f;
            const float *x = to->x + at * WIDTH;
            to->kind[at] = (int16_t)(!inside ? -1 : x[0] > 0.4f ? 2 : x[1] > 1);
            to->size[at] = inside ? x[0] * x[2] - x[1] : NAN;
        }
    }
}

static void write_rows(struct bough_tensor_writer *writer, const char *split, int rows, int longest,
                       int flat, int declare)
{
    static struct rows made;
    make_rows(&made, *split == 't' && split[1] == 'r', rows, longest, flat);
    const int64_t all = made.count;
    const struct bough_shape shape[] = {
        flat ? (struct bough_shape){2, {all, WIDTH}}
             : (struct bough_shape){3, {rows, longest, WIDTH}},
        flat ? (struct bough_shape){1, {all}} : (struct bough_shape){2, {rows, longest}},
        flat ? (struct bough_shape){2, {all, 1}} : (struct bough_shape){3, {rows, longest, 1}},
        {1, {rows}}};
    const struct {
        const char *field;
        enum bough_dtype dtype;
        const void *data;
        size_t bytes;
    } field[] = {{"x", BOUGH_F32, made.x, (size_t)all * WIDTH * 4},
                 {"kind", BOUGH_I16, made.kind, (size_t)all * 2},
                 {"size", BOUGH_F32, made.size, (size_t)all * 4},
                 {"length", BOUGH_I32, made.length, (size_t)rows * 4}};
    for (int i = 0; i < (flat ? 3 : 4); i++) {
        char name[32];
        snprintf(name, sizeof name, "%s/%s", split, field[i].field);
        if (declare)
            assert_ok(bough_tensor_writer_declare(writer, name, field[i].dtype, &shape[i]));
        else
            assert_ok(bough_tensor_writer_write(writer, field[i].data, field[i].bytes));
    }
}

// Of `train` and `test`, whose rows are shorter. Borrowed until the next call but one.
static const char *write_data(const char *name, int longest, int flat)
{
    static char path[2][600];
    static int turn;
    struct bough_tensor_writer *writer;
    char *to = path[turn++ % 2];
    snprintf(to, sizeof path[0], "%s/%s.safetensors", test_folder(), name);
    assert_ok(bough_tensor_writer_create(&writer, to));
    assert_ok(bough_tensor_writer_metadata(writer, "classes/kind", "low\nmiddle one\nhigh"));
    for (int declare = 1; declare >= 0; declare--) {
        write_rows(writer, "train", ROWS, longest, flat, declare);
        write_rows(writer, "test", TESTED, 9, flat, declare);
    }
    assert_ok(bough_tensor_writer_commit(writer));
    bough_tensor_writer_destroy(&writer);
    return to;
}

static const char text[] =
    "data: none\n"
    "input: {field: x, lengths: length, normalize: auto}\n"
    "trunk: [linear: 8, layer_norm, tanh]\n"
    "tasks:\n"
    "  kind: {target: kind, loss: cross_entropy, head: [linear: 3],\n"
    "    metrics: [accuracy, f1_macro]}\n"
    "  size: {target: size, loss: mse, head: [linear: 1], metrics: [mse, r2]}\n"
    "optimizer: {name: sgd, lr: 0.2}\n"
    "train: {epochs: 9, batch_size: 1000, seed: 3}\n";

static struct bough_run *train(const char *path, struct bough_device *device, const char *dir,
                               const char *change, const char *more)
{
    struct bough_config config = test_config(text, change, more, NULL);
    struct bough_run *run;
    test_config_use(&config, path);
    assert_ok(bough_train(&run, &config,
                          &(struct bough_train_options){.device = device, .run_dir = dir}));
    return run;
}

static void check_alike(const struct bough_run *a, const struct bough_run *b, double tolerance)
{
    const struct bough_metrics *one = bough_run_result(a)->test, *other = bough_run_result(b)->test;
    assert_int_equal(one->count, other->count);
    for (size_t i = 0; i < one->count; i++) {
        const double value = one->value[i].value, wanted = other->value[i].value;
        if (!(fabs(value - wanted) <= tolerance * (1 + fabs(wanted))))
            fail_msg("%s.%s: %.9g, wanted %.9g", one->value[i].task, one->value[i].metric, value,
                     wanted);
    }
}

// All at once: means over tokens are the same.
static void tokens_of_sequences_count_as_rows_do(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    const char *flat = write_data("flat", 20, 1), *padded = write_data("padded", LONGEST, 0);
    for (size_t d = 0; d < count; d++) {
        struct bough_run *rows = train(flat, device[d], NULL, "input={field: x, normalize: auto}",
                                       "train.epochs=9"),
                         *tokens = train(padded, device[d], NULL, "train.epochs=9", NULL);
        check_alike(tokens, rows, 1e-5);
        assert_true(bough_metrics_find(bough_run_result(rows)->test, "kind", "accuracy") > 0.6);
        bough_run_destroy(&rows);
        bough_run_destroy(&tokens);
    }
}

// In batches of which each is as long as its longest row.
static void more_padding_changes_nothing(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    const char *close = write_data("close", 20, 0), *wide = write_data("wide", LONGEST, 0);
    for (size_t d = 0; d < count; d++) {
        struct bough_run *one = train(close, device[d], NULL, "train.batch_size=3", NULL),
                         *other = train(wide, device[d], NULL, "train.batch_size=3", NULL);
        check_alike(one, other, 0);
        bough_run_destroy(&one);
        bough_run_destroy(&other);
    }
}

static enum bough_status keep(void *user, const char *bytes, size_t size)
{
    char *kept = user;
    strncat(kept, bytes, size);
    return BOUGH_OK;
}

static void predictions_have_a_name_for_each_token(void **state)
{
    (void)state;
    static char csv[20000];
    const char *path = write_data("data", LONGEST, 0);
    char dir[600];
    snprintf(dir, sizeof dir, "%s/run", test_folder());
    struct bough_run *run = train(path, NULL, dir, "train.epochs=30", NULL);
    *csv = '\0';
    assert_ok(bough_predict(dir, &(struct bough_predict_options){.write = keep, .user = csv}));
    assert_int_equal(strncmp(csv, "row,kind,size\n0,,\n1,", 20), 0); // the first is empty
    const char *line = csv;
    for (int n = 0; n < TESTED; n++) {
        int tokens = 0;
        line = strchr(line, '\n') + 1;
        const char *cell = strchr(strchr(line, ',') + 1, ',');
        for (; *cell != '\n'; cell++)
            tokens += *cell == ' ';
        assert_int_equal(tokens + (length_of(n, 9) > 0), length_of(n, 9));
    }
    assert_non_null(strstr(csv, "middle one low"));
    bough_run_destroy(&run);
}

// A model of its own, on rows of another length than those that it was trained on.
static void memory_gives_what_a_file_gives(void **state)
{
    (void)state;
    enum { PADDED = 12 };
    static struct rows nine;
    static float wide[TESTED * PADDED * WIDTH];
    static float kind[2][TESTED * PADDED * 3], size[2][TESTED * PADDED];
    const char *path = write_data("data", LONGEST, 0);
    char dir[600];
    struct bough_model *model;
    snprintf(dir, sizeof dir, "%s/run", test_folder());
    struct bough_run *run = train(path, NULL, dir, NULL, NULL);
    make_rows(&nine, 0, TESTED, 9, 0);
    for (int n = 0; n < TESTED; n++)
        memcpy(wide + n * PADDED * WIDTH, nine.x + n * 9 * WIDTH, 9 * WIDTH * sizeof *wide);
    assert_ok(bough_model_open(&model, dir, NULL));
    assert_int_equal(bough_model_input(model, 0)->has_lengths, 1);
    assert_int_equal(bough_model_output(model, 0)->input, 0);
    const struct bough_rows rows[] = {
        {.data = nine.x, .dtype = BOUGH_F32, .lengths = nine.length, .positions = 9},
        {.data = wide, .dtype = BOUGH_F32, .lengths = nine.length, .positions = PADDED}};
    for (int i = 0; i < 2; i++)
        assert_ok(bough_model_run(model, (float *[]){kind[i], size[i]}, &rows[i], TESTED));
    for (int n = 0; n < TESTED; n++)
        for (int l = 0; l < length_of(n, 9); l++) {
            assert_true(size[0][n * 9 + l] == size[1][n * PADDED + l] && size[0][n * 9 + l] != 0);
            for (int c = 0; c < 3; c++)
                assert_true(kind[0][(n * 9 + l) * 3 + c] == kind[1][(n * PADDED + l) * 3 + c]);
        }
    struct bough_rows wrong = rows[1];
    wrong.positions = 8;
    assert_fails(bough_model_run(model, NULL, &wrong, TESTED), BOUGH_INVALID,
                 "row 7: length 9; wanted 0 to 8");
    wrong.positions = -1;
    assert_fails(bough_model_run(model, NULL, &wrong, TESTED), BOUGH_INVALID,
                 "-1 positions; wanted 0 to 2147483647");
    bough_model_close(&model);
    bough_run_destroy(&run);
}

static void lengths_must_fit(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        {"input={field: x, lengths: absent}", "absent"},
        {"input={field: x, lengths: kind}", "train/kind is [40, 20]; wanted a number a row"},
        {"input={field: kind, lengths: length, normalize: auto}",
         "train/kind is [40, 20] and has lengths; wanted numbers [N, L, D], or ids"},
        {"input={field: x, lengths: length, optional: true}",
         "the input is optional; wanted length 0 of a row that lacks it"},
        {"trunk=[flatten, linear: 3]", "reads a sequence whose rows differ in length"},
        {"tasks.size.target={field: size, standardize: true}",
         "mean and std are for scores [N, K]"},
    };
    const char *path = write_data("data", 20, 0);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *const change[] = {wrong[i][0]};
        struct bough_config *config = NULL;
        struct bough_run *run = NULL;
        enum bough_status status = bough_config_parse(&config, text, NULL, change, 1);
        if (status == BOUGH_OK) {
            struct bough_config own = *config;
            test_config_use(&own, path);
            status = bough_train(&run, &own, NULL);
        }
        assert_int_not_equal(status, BOUGH_OK);
        if (!strstr(bough_last_error(), wrong[i][1]))
            fail_msg("%s\nwanted: %s", bough_last_error(), wrong[i][1]);
        bough_config_close(&config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tokens_of_sequences_count_as_rows_do, test_folder_begin,
                                        test_folder_end),
        cmocka_unit_test_setup_teardown(more_padding_changes_nothing, test_folder_begin,
                                        test_folder_end),
        cmocka_unit_test_setup_teardown(predictions_have_a_name_for_each_token, test_folder_begin,
                                        test_folder_end),
        cmocka_unit_test_setup_teardown(memory_gives_what_a_file_gives, test_folder_begin,
                                        test_folder_end),
        cmocka_unit_test_setup_teardown(lengths_must_fit, test_folder_begin, test_folder_end),
    };
    return cmocka_run_group_tests(tests, NULL, test_devices_end);
}
