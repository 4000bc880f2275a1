// What is told where a config has several data sets: of which it is, of how many rows; and the
// names of classes of a field with a long name.
#include "support/configs.h"

#include <bough/model.h>

#include <stdio.h>
#include <string.h>

enum { FEW = 5, MANY = 24, WIDTH = 4 };

static const char long_name[] =
    "a-field-with-a-name-of-more-than-a-hundred-and-twenty-bytes-of-which-there-may-be-some-where-"
    "a-table-of-a-questionnaire-has-whole-questions-for-its-columns-as-here";

// Splits `train` and `test` of fields `x`, `size` and classes, of which all rows have the label.
static const char *write_data(char path[600], const char *name, int rows, int64_t label)
{
    static const float zeros[MANY * WIDTH];
    static const char *const splits[] = {"train", "test"};
    int64_t class[MANY];
    const struct bough_shape shape[] = {{2, {rows, WIDTH}}, {1, {rows}}, {1, {rows}}};
    const char *const field[] = {"x", "size", long_name};
    struct bough_tensor_writer *writer;
    char text[400];
    for (int i = 0; i < rows; i++)
        class[i] = label;
    snprintf(path, 600, "%s/%s.safetensors", test_folder(), name);
    assert_ok(bough_tensor_writer_create(&writer, path));
    snprintf(text, sizeof text, "classes/%s", long_name);
    assert_ok(bough_tensor_writer_metadata(writer, text, "left\nright"));
    for (int i = 0; i < 6; i++) {
        snprintf(text, sizeof text, "%s/%s", splits[i / 3], field[i % 3]);
        assert_ok(bough_tensor_writer_declare(writer, text, i % 3 == 2 ? BOUGH_I64 : BOUGH_F32,
                                              &shape[i % 3]));
    }
    for (int i = 0; i < 6; i++)
        assert_ok(bough_tensor_writer_write(writer, i % 3 == 2 ? (const void *)class : zeros,
                                            (size_t)bough_shape_elements(&shape[i % 3]) *
                                                (i % 3 == 2 ? 8 : 4)));
    assert_ok(bough_tensor_writer_commit(writer));
    bough_tensor_writer_destroy(&writer);
    return path;
}

// By few rows and many, of which the few have that label.
static struct bough_config config_with(int64_t label, const char *override)
{
    char few[600], many[600], text[2500];
    snprintf(text, sizeof text,
             "inputs: {many: {field: x, data: %s}, few: {field: x, data: %s}}\n"
             "tasks:\n"
             "  size: {inputs: [many], target: size, loss: mse, head: [linear: 1]}\n"
             "  kind: {inputs: [few], target: %s, loss: cross_entropy, head: [linear: 2]}\n"
             "train: {batch_size: 8}\n",
             write_data(many, "many", MANY, 1), write_data(few, "few", FEW, label), long_name);
    return test_config(text, override, NULL);
}

static void fails_with(int64_t label, const char *override, enum bough_status status,
                       const char *message)
{
    const struct bough_config config = config_with(label, override);
    struct bough_run *run;
    char wanted[1000];
    snprintf(wanted, sizeof wanted, message, test_folder());
    assert_fails(bough_train(&run, &config, NULL), status, wanted);
}

static void of_which_data_set_there_are_too_few_rows(void **state)
{
    (void)state;
    fails_with(1, "train.folds=6", BOUGH_INVALID,
               "train.folds: 6 of 5 rows of %s/few.safetensors; wanted at most as many");
    fails_with(1, "train.validation=0.95", BOUGH_INVALID,
               "train.validation: 0.95 of 5 rows of %s/few.safetensors leaves none to train on");
}

// Not as many as an epoch takes, in which they come again and again.
static void of_how_many_rows_none_has_a_label(void **state)
{
    (void)state;
    char wanted[300];
    snprintf(wanted, sizeof wanted, "%%s/few.safetensors: train/%s: 0 of 5 rows have a label",
             long_name);
    fails_with(-1, "train.epochs=1", BOUGH_DATA, wanted);
}

static void a_model_keeps_the_names_of_classes(void **state)
{
    (void)state;
    const struct bough_config config = config_with(1, "train.epochs=1");
    char dir[600];
    struct bough_run *run;
    struct bough_model *model;
    snprintf(dir, sizeof dir, "%s/run", test_folder());
    assert_ok(bough_train(&run, &config, &(struct bough_train_options){.run_dir = dir}));
    bough_run_destroy(&run);
    assert_ok(bough_model_open(&model, dir, NULL));
    const struct bough_output *kind = bough_model_output(model, 1);
    assert_non_null(kind->classes);
    assert_string_equal(kind->classes[1], "right");
    bough_model_close(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_which_data_set_there_are_too_few_rows),
        cmocka_unit_test(of_how_many_rows_none_has_a_label),
        cmocka_unit_test(a_model_keeps_the_names_of_classes),
    };
    return cmocka_run_group_tests_name("data sets told of", tests, test_folder_begin,
                                       test_folder_end);
}
