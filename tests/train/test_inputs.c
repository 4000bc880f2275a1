// Several inputs: what a model learns of them is, byte for byte, what it learns of one field that
// holds them side by side.
#include "support/configs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 96, TEST_ROWS = 24, AREA = 16 };

// Rows of `train`, of which `test` has the first.
static struct {
    float a[ROWS][3], ab[ROWS][5], level[ROWS];
    double b[ROWS][2];
    uint8_t dark[ROWS][AREA], light[ROWS][2][AREA], both[ROWS][3][AREA];
    int64_t kind[ROWS];
} rows;

static const struct {
    const char *name;
    enum bough_dtype dtype;
    struct bough_shape sample;
    const void *data;
} fields[] = {
    {"a", BOUGH_F32, {1, {3}}, rows.a},
    {"b", BOUGH_F64, {1, {2}}, rows.b},
    {"ab", BOUGH_F32, {1, {5}}, rows.ab},
    {"dark", BOUGH_U8, {3, {1, 4, 4}}, rows.dark},
    {"light", BOUGH_U8, {3, {2, 4, 4}}, rows.light},
    {"both", BOUGH_U8, {3, {3, 4, 4}}, rows.both},
    {"kind", BOUGH_I64, {0}, rows.kind},
    {"level", BOUGH_F32, {0}, rows.level},
};
enum { FIELDS = sizeof fields / sizeof *fields };

static const char text[] = "data: none\n"
                           "trunk: [linear: 8, relu]\n"
                           "tasks:\n"
                           "  kind: {target: kind, loss: cross_entropy, head: [linear: 2]}\n"
                           "  level: {target: level, loss: mse, head: [linear: 1]}\n"
                           "train: {epochs: 2, batch_size: 20, seed: 5, validation: 0.25}\n";
static const char two_tables[] = "inputs={a: {normalize: auto}, b: {normalize: auto}}",
                  one_table[] = "input={field: ab, normalize: auto}",
                  two_images[] =
                      "inputs={dark: {normalize: auto}, more: {field: light, normalize: auto}}",
                  one_image[] = "input={field: both, normalize: auto}",
                  images[] = "trunk=[conv2d: {channels: 3, kernel: 3}, relu, flatten]";

// ---- Data ----

static float draw(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (float)(*seed >> 8) / (float)(1 << 24) * 2 - 1;
}

static void make_rows(void)
{
    unsigned seed = 1;
    for (int n = 0; n < ROWS; n++) {
        for (int i = 0; i < 5; i++) {
            const float x = (i < 3 ? 100 : 1) + draw(&seed);
            rows.ab[n][i] = x;
            if (i < 3)
                rows.a[n][i] = x;
            else
                rows.b[n][i - 3] = (double)x;
        }
        for (int i = 0; i < AREA; i++) {
            rows.dark[n][i] = rows.both[n][0][i] = (uint8_t)(20 + 20 * draw(&seed));
            rows.light[n][0][i] = rows.both[n][1][i] = (uint8_t)(200 + 50 * draw(&seed));
            rows.light[n][1][i] = rows.both[n][2][i] = (uint8_t)(128 + 90 * draw(&seed));
        }
        rows.kind[n] = rows.ab[n][0] > 100;
        rows.level[n] = rows.ab[n][4] + rows.ab[n][1] / 100;
    }
}

// Each field of `train` and of `test`, but for `left_out` (may be NULL) of `test`.
static int stands(int test, size_t field, const char *left_out)
{
    return !test || !left_out || strcmp(fields[field].name, left_out) != 0;
}

static const char *write_data(const char *left_out)
{
    static char path[600];
    struct bough_tensor_writer *writer;
    snprintf(path, sizeof path, "%s/data.safetensors", test_folder());
    assert_ok(bough_tensor_writer_create(&writer, path));
    for (int pass = 0; pass < 2; pass++)
        for (int test = 0; test < 2; test++)
            for (size_t f = 0; f < FIELDS; f++) {
                const struct bough_shape *sample = &fields[f].sample;
                struct bough_shape shape = {sample->rank + 1, {test ? TEST_ROWS : ROWS}};
                char name[64];
                memcpy(&shape.dim[1], sample->dim, 7 * sizeof *sample->dim);
                snprintf(name, sizeof name, "%s/%s", test ? "test" : "train", fields[f].name);
                if (!stands(test, f, left_out))
                    continue;
                if (!pass)
                    assert_ok(bough_tensor_writer_declare(writer, name, fields[f].dtype, &shape));
                else
                    assert_ok(bough_tensor_writer_write(writer, fields[f].data,
                                                        (size_t)bough_shape_elements(&shape) *
                                                            bough_dtype_size(fields[f].dtype)));
            }
    assert_ok(bough_tensor_writer_commit(writer));
    bough_tensor_writer_destroy(&writer);
    return path;
}

static const char *path_of(const char *name)
{
    static char path[4][600];
    static int next;
    next = (next + 1) % 4;
    snprintf(path[next], sizeof path[next], "%s/%s", test_folder(), name);
    return path[next];
}

// ---- Against one field ----

static void train(const char *name, const struct bough_config *config, struct bough_device *device)
{
    struct bough_run *run;
    const struct bough_train_options options = {.device = device, .run_dir = path_of(name)};
    assert_ok(bough_train(&run, config, &options));
    bough_run_destroy(&run);
}

static struct bough_tensor_file *open_model(const char *run)
{
    char path[700];
    struct bough_tensor_file *file;
    snprintf(path, sizeof path, "%s/model.safetensors", path_of(run));
    assert_ok(bough_tensor_file_open(&file, path));
    return file;
}

static void same_weights(const char *run_a, const char *run_b)
{
    struct bough_tensor_file *a = open_model(run_a), *b = open_model(run_b);
    assert_true(bough_tensor_file_count(a) > 4);
    assert_int_equal(bough_tensor_file_count(a), bough_tensor_file_count(b));
    for (size_t i = 0; i < bough_tensor_file_count(a); i++) {
        const struct bough_file_tensor *x = bough_tensor_file_at(a, i),
                                       *y = bough_tensor_file_find(b, x->name);
        assert_non_null(y);
        assert_int_equal(x->bytes, y->bytes);
        assert_memory_equal(x->data, y->data, x->bytes);
    }
    bough_tensor_file_close(&a);
    bough_tensor_file_close(&b);
}

static char *predict(const char *run, const char *data, enum bough_switch allow_missing)
{
    const struct bough_predict_options options = {
        .data = data, .out = path_of("out.csv"), .allow_missing = allow_missing, .split = "test"};
    assert_ok(bough_predict(path_of(run), &options));
    return test_config_text(path_of("out.csv"));
}

static void same_predictions(const char *run_a, const char *run_b, const char *data)
{
    char *a = predict(run_a, data, 0), *b = predict(run_b, data, 0);
    assert_string_equal(a, b);
    free(a);
    free(b);
}

static void remove_runs(void)
{
    char command[1300];
    snprintf(command, sizeof command, "rm -rf %s/two %s/one", test_folder(), test_folder());
    assert_int_equal(system(command), 0);
}

static void two_inputs_learn_as_one_that_holds_both(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {two_tables, one_table, "architecture=hard_sharing"},
        {two_tables, one_table, "architecture={name: mmoe, experts: 3}"},
        {two_images, one_image, images},
    };
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    const char *data = write_data(NULL);
    for (size_t d = 0; d < count; d++)
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            const struct bough_config two = test_config_with(text, data, cases[i][0], cases[i][2],
                                                             NULL),
                                      one = test_config_with(text, data, cases[i][1], cases[i][2],
                                                             NULL);
            remove_runs();
            train("two", &two, device[d]);
            train("one", &one, device[d]);
            same_weights("two", "one");
            same_predictions("two", "one", data);
        }
}

// More than one op takes.
static void many_inputs_are_joined(void **state)
{
    (void)state;
    const char *data = write_data(NULL);
    const struct bough_config config = test_config_with(
        text, data,
        "inputs={a: , b: , c: {field: a}, d: {field: a}, e: {field: a}, f: {field: a}, g: {field: "
        "a}, h: {field: a}, i: {field: b}, j: {field: b}}",
        NULL);
    remove_runs();
    train("two", &config, NULL);
    struct bough_tensor_file *file = open_model("two");
    const struct bough_file_tensor *weight = bough_tensor_file_find(file, "trunk.0.weight");
    assert_int_equal(weight->shape.dim[1], 7 * 3 + 3 * 2);
    bough_tensor_file_close(&file);
}

// ---- The model's file ----

static void trained_on_two_tables(const char **data)
{
    *data = write_data(NULL);
    const struct bough_config config = test_config_with(text, *data, two_tables, NULL);
    remove_runs();
    train("two", &config, NULL);
}

static void rows_in_memory_are_predicted(void **state)
{
    (void)state;
    static float b[ROWS][2], bad[ROWS][2], scores[2][ROWS][2], level[2][ROWS];
    const char *data;
    struct bough_model *two, *one;
    trained_on_two_tables(&data);
    const struct bough_config config = test_config_with(text, data, one_table, NULL);
    train("one", &config, NULL);
    for (int n = 0; n < ROWS; n++)
        for (int i = 0; i < 2; i++)
            b[n][i] = bad[n][i] = (float)rows.b[n][i];
    bad[1][0] = INFINITY;
    assert_ok(bough_model_open(&two, path_of("two"), NULL));
    assert_ok(bough_model_open(&one, path_of("one"), NULL));
    assert_int_equal(bough_model_inputs(two), 2);
    assert_string_equal(bough_model_input(two, 1)->name, "b");
    assert_int_equal(bough_model_input(two, 1)->kind, BOUGH_INPUT_NUMBERS);
    assert_int_equal(bough_model_input(two, 1)->shape.dim[0], 2);
    const struct bough_rows x[] = {{.data = rows.a, .dtype = BOUGH_F32},
                                   {.data = b, .dtype = BOUGH_F32}},
                            whole = {.data = rows.ab},
                            type[] = {x[0], {.data = b, .dtype = BOUGH_I32}},
                            wrong[] = {x[0], {.data = bad, .dtype = BOUGH_F32}};
    for (int64_t count = 19; count <= ROWS; count += 37) { // less than a batch, and some of them
        float *const to[2][2] = {{scores[0][0], level[0]}, {scores[1][0], level[1]}};
        assert_ok(bough_model_run(two, to[0], x, count));
        assert_ok(bough_model_run(one, to[1], &whole, count));
        assert_memory_equal(scores[0], scores[1], (size_t)count * sizeof scores[0][0]);
        assert_memory_equal(level[0], level[1], (size_t)count * sizeof level[0][0]);
    }
    assert_fails(bough_model_run(two, NULL, type, 1), BOUGH_INVALID,
                 "b: 1 rows of I32; wanted 0 or more of F32 or U8");
    assert_fails(bough_model_run(two, NULL, wrong, 2), BOUGH_INVALID,
                 "b: row 1, number 0: infinite; wanted finite numbers");
    bough_model_close(&two);
    bough_model_close(&one);
}

// A copy of the model whose metadata say `inputs` of its inputs.
static const char *model_that_says(const char *inputs)
{
    struct bough_tensor_file *file = open_model("two");
    struct bough_tensor_writer *writer;
    assert_ok(bough_tensor_writer_create(&writer, path_of("says.safetensors")));
    assert_ok(
        bough_tensor_writer_metadata(writer, "config", bough_tensor_file_metadata(file, "config")));
    assert_ok(bough_tensor_writer_metadata(writer, "inputs", inputs));
    for (size_t i = 0; i < bough_tensor_file_count(file); i++) {
        const struct bough_file_tensor *tensor = bough_tensor_file_at(file, i);
        assert_ok(bough_tensor_writer_declare(writer, tensor->name, tensor->dtype, &tensor->shape));
    }
    for (size_t i = 0; i < bough_tensor_file_count(file); i++) {
        const struct bough_file_tensor *tensor = bough_tensor_file_at(file, i);
        assert_ok(bough_tensor_writer_write(writer, tensor->data, tensor->bytes));
    }
    assert_ok(bough_tensor_writer_commit(writer));
    bough_tensor_writer_destroy(&writer);
    bough_tensor_file_close(&file);
    return path_of("says.safetensors");
}

static void the_file_names_its_inputs(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "a [3]",
                                        "a [3]\nb",
                                        "b [2]\na [3]",
                                        "a [3]\nb [0]",
                                        "a [3]\nb [2]\n",
                                        "a [3] b [2]",
                                        "[3]\n[2]",
                                        "a [3\nb [2]"};
    const char *data;
    struct bough_model *model;
    trained_on_two_tables(&data);
    struct bough_tensor_file *file = open_model("two");
    assert_string_equal(bough_tensor_file_metadata(file, "inputs"), "a [3]\nb [2]");
    assert_null(bough_tensor_file_metadata(file, "input"));
    bough_tensor_file_close(&file);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_fails(bough_model_open(&model, model_that_says(wrong[i]), NULL), BOUGH_DATA,
                     "its metadata say that the inputs are '");
    assert_ok(bough_model_open(&model, model_that_says("a [3]\nb [2]"), NULL));
    bough_model_close(&model);
}

static void a_resumed_run_goes_on_with_its_inputs(void **state)
{
    (void)state;
    const char *data;
    struct bough_run *run;
    trained_on_two_tables(&data);
    struct bough_train_options resume = {.resume = path_of("two")};
    const struct bough_config more =
                                  test_config_with(text, data, two_tables, "train.epochs=4", NULL),
                              other = test_config_with(text, data, two_tables, "inputs.b.field=a",
                                                       NULL),
                              fewer = test_config_with(text, data, one_table, NULL);
    assert_fails(bough_train(&run, &other, &resume), BOUGH_INVALID, "inputs.b.field: ");
    assert_fails(bough_train(&run, &fewer, &resume), BOUGH_INVALID, "inputs: ");
    assert_ok(bough_train(&run, &more, &resume));
    bough_run_destroy(&run);
    train("one", &more, NULL);
    same_weights("two", "one");
}

static void a_row_that_lacks_a_number_of_any_is_missing(void **state)
{
    (void)state;
    const char *data;
    trained_on_two_tables(&data);
    rows.a[2][1] = NAN;
    rows.b[4][0] = (double)INFINITY;
    data = write_data(NULL);
    char *csv = predict("two", data, 1), *line = csv;
    for (int n = 0; n < 6; n++) {
        line = strchr(line, '\n') + 1;
        assert_int_equal(strstr(line, ",,,") == line + 1, n == 2 || n == 4);
    }
    free(csv);
    const struct bough_predict_options options = {.data = data, .out = path_of("out.csv")};
    assert_fails(bough_predict(path_of("two"), &options), BOUGH_DATA,
                 "test/a, row 2, column 1: nan");
    make_rows();
}

// ---- What is refused ----

static void refuses(const char *const *override, enum bough_status status, const char *message)
{
    struct bough_run *run;
    const struct bough_config config =
        test_config_with(text, path_of("data.safetensors"), override[0], override[1], NULL);
    assert_fails(bough_train(&run, &config, NULL), status, message);
}

static void inputs_that_do_not_go_together_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[][3] = {
        {"inputs={a: , dark: }", NULL,
         "inputs.a [3] cannot be joined with inputs.dark [1, 4, 4]: all dimensions but the first "
         "must agree ("},
        {"inputs={a: , dark: }", NULL, ": a sample of train/a is [3], of train/dark is [1, 4, 4])"},
        {"inputs={dark: , a: }", "architecture=mmoe", "inputs.dark [1, 4, 4] cannot be joined"},
        {"inputs={a: {normalize: {mean: [1, 2], std: [1, 2]}}, b: }", NULL,
         "inputs.a.normalize: 2 numbers, the input has 3 channels"},
    };
    write_data(NULL);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        refuses(wrong[i], BOUGH_INVALID, wrong[i][2]);
    refuses((const char *[]){"inputs={a: , c: }", NULL}, BOUGH_DATA, "no field train/c");
    write_data("b");
    refuses((const char *[]){two_tables, NULL}, BOUGH_DATA, "no field test/b");
}

static void fields_of_other_lengths_are_refused(void **state)
{
    (void)state;
    struct bough_tensor_writer *writer;
    const struct bough_shape a = {2, {4, 3}}, b = {2, {3, 2}};
    assert_ok(bough_tensor_writer_create(&writer, path_of("data.safetensors")));
    assert_ok(bough_tensor_writer_declare(writer, "train/a", BOUGH_F32, &a));
    assert_ok(bough_tensor_writer_declare(writer, "train/b", BOUGH_F64, &b));
    assert_ok(bough_tensor_writer_write(writer, rows.a, 4 * 3 * 4));
    assert_ok(bough_tensor_writer_write(writer, rows.b, 3 * 2 * 8));
    assert_ok(bough_tensor_writer_commit(writer));
    bough_tensor_writer_destroy(&writer);
    refuses((const char *[]){two_tables, NULL}, BOUGH_DATA,
            "train/a: 4 samples, but train/b has 3");
}

static int start(void **state)
{
    make_rows();
    return test_folder_begin(state);
}

static int end(void **state)
{
    test_folder_end(state);
    return test_devices_end(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_inputs_learn_as_one_that_holds_both),
        cmocka_unit_test(many_inputs_are_joined),
        cmocka_unit_test(rows_in_memory_are_predicted),
        cmocka_unit_test(the_file_names_its_inputs),
        cmocka_unit_test(a_resumed_run_goes_on_with_its_inputs),
        cmocka_unit_test(a_row_that_lacks_a_number_of_any_is_missing),
        cmocka_unit_test(inputs_that_do_not_go_together_are_refused),
        cmocka_unit_test(fields_of_other_lengths_are_refused),
    };
    return cmocka_run_group_tests(tests, start, end);
}
