// A model whose tasks have data sets of their own: which rows stand for which, and what is told of
// those that have none.
#include "train/data_sets_support.h"

#include <bough/model.h>

static enum bough_status keep(void *user, const char *text, size_t size)
{
    char *kept = user;
    if (strlen(kept) + size < 100)
        strncat(kept, text, size);
    else if (!*kept)
        strncat(kept, text, 60);
    return BOUGH_OK;
}

static void a_file_stands_for_the_data_sets_whose_fields_it_has(void **state)
{
    (void)state;
    const struct bough_config config = test_config(text_of(both), NULL);
    struct bough_run *run = train(&config, NULL, "told"), *alone, *all;
    char dir[700], head[200] = "", other[sizeof few];
    snprintf(dir, sizeof dir, "%s/told", test_folder());
    write_data(other, "other", 9, 1);
    assert_ok(bough_evaluate(&all, dir, NULL, NULL, NULL));
    assert_ok(bough_evaluate(&alone, dir, few, "test", NULL));
    const struct bough_metrics *whole = bough_run_result(all)->test,
                               *part = bough_run_result(alone)->test;
    assert_true(bough_metrics_find(whole, "size", "loss") ==
                bough_metrics_find(bough_run_result(run)->test, "size", "loss"));
    assert_true(bough_metrics_find(part, "kind", "accuracy") ==
                bough_metrics_find(whole, "kind", "accuracy"));
    assert_true(isnan(bough_metrics_find(part, "size", "loss")));
    assert_false(isnan(bough_metrics_find(part, "kind", "loss")));
    assert_ok(bough_predict(dir, &(struct bough_predict_options){
                                     .data = few, .split = "test", .write = keep, .user = head}));
    assert_non_null(strstr(head, "row,kind,kind_probability\n")); // it is one of the model's own
    assert_true(strstr(head, "left") || strstr(head, "right"));
    *head = '\0';
    assert_ok(bough_predict(dir, &(struct bough_predict_options){
                                     .data = other, .split = "test", .write = keep, .user = head}));
    assert_non_null(strstr(head, "row,size,kind,kind_probability\n")); // both read `x`
    assert_fails(bough_predict(dir, &(struct bough_predict_options){.write = keep, .user = head}),
                 BOUGH_INVALID, "the tasks have data sets of their own");
    bough_run_destroy(&run);
    bough_run_destroy(&alone);
    bough_run_destroy(&all);
}

// A data set may have a split that another lacks.
static void what_has_no_such_split_is_left_out(void **state)
{
    (void)state;
    static const char *const none[] = {NULL}, *const held[] = {"validation", "test", NULL};
    char path[2][sizeof few], data[2][sizeof few + 20], dir[700];
    struct bough_run *run;
    write_splits(path[0], "held", 200, 0, held);
    write_splits(path[1], "lone", 50, 1, none);
    snprintf(data[0], sizeof data[0], "data=%s", path[0]);
    snprintf(data[1], sizeof data[1], "inputs.b.data=%s", path[1]);
    snprintf(dir, sizeof dir, "%s/lacks", test_folder());
    for (int i = 0; i < 2; i++) {
        const struct bough_config config =
            test_config(text_of(both), data[0], data[1],
                        i ? "train.regime=joint" : "train.regime=independent", NULL);
        run = train(&config, NULL, i ? "lacks" : "lacks-apart");
        const struct bough_result *result = bough_run_result(run);
        if (!i) // of the last phase, whose task has nothing held out
            assert_int_equal(result->best_epoch, 4);
        assert_true(isnan(bough_metrics_find(result->test, "kind", "loss")));
        assert_false(isnan(bough_metrics_find(result->validation, "size", "loss")));
        bough_run_destroy(&run);
    }
    for (int i = 0; i < 3; i++) {
        static const char *const split[] = {NULL, "test", "validation"};
        assert_ok(bough_evaluate(&run, dir, NULL, split[i], NULL));
        assert_string_equal(bough_run_result(run)->split, i == 2 ? "validation" : "test");
        assert_true(isnan(bough_metrics_find(bough_run_result(run)->test, "kind", "loss")));
        assert_false(isnan(bough_metrics_find(bough_run_result(run)->test, "size", "loss")));
        bough_run_destroy(&run);
    }
    assert_fails(bough_evaluate(&run, dir, NULL, "nothing", NULL), BOUGH_DATA,
                 "no rows for any of the tasks in split `nothing`");
    const struct bough_config few_held = test_config(text_of(both), "train.validation=0.004", NULL);
    run = train(&few_held, NULL, "few-held"); // one of 300 rows, and none of 70
    bough_run_destroy(&run);
    snprintf(dir, sizeof dir, "%s/few-held", test_folder());
    assert_ok(bough_evaluate(&run, dir, NULL, "validation", NULL));
    assert_true(isnan(bough_metrics_find(bough_run_result(run)->test, "kind", "loss")));
    assert_false(isnan(bough_metrics_find(bough_run_result(run)->test, "size", "loss")));
    bough_run_destroy(&run);
    const struct bough_config refused = test_config(
        text_of(both), data[0], data[1], "train.early_stopping.metric=kind.accuracy", NULL);
    assert_fails(bough_train(&run, &refused, NULL), BOUGH_INVALID, "is held out");
}

// One split for all, and as many rows of each input, which stand beside each other.
static void a_prediction_has_one_number_of_rows(void **state)
{
    (void)state;
    static const float x[9][WIDTH];
    const struct bough_shape shape[] = {{2, {5, WIDTH}}, {2, {9, WIDTH}}};
    static const char *const splits[] = {"test", "train"};
    char path[700], data[sizeof path + 40], dir[700];
    input = "z";
    write_data(path, "other-field", 40, 1);
    input = "x";
    snprintf(data, sizeof data, "inputs.b={field: z, data: %s}", path);
    snprintf(dir, sizeof dir, "%s/uneven", test_folder());
    const struct bough_config config = test_config(text_of(both), data, NULL);
    struct bough_run *run = train(&config, NULL, "uneven");
    bough_run_destroy(&run);
    for (int i = 0; i < 2; i++) {
        struct bough_tensor_writer *writer;
        char name[40], head[200] = "";
        const struct bough_predict_options options = {.data = path, .write = keep, .user = head};
        snprintf(path, sizeof path, "%s/uneven-%d.safetensors", test_folder(), i);
        snprintf(name, sizeof name, "%s/z", splits[i]);
        assert_ok(bough_tensor_writer_create(&writer, path));
        assert_ok(bough_tensor_writer_declare(writer, "test/x", BOUGH_F32, &shape[0]));
        assert_ok(bough_tensor_writer_declare(writer, name, BOUGH_F32, &shape[1]));
        assert_ok(bough_tensor_writer_write(writer, x, 5 * sizeof x[0]));
        assert_ok(bough_tensor_writer_write(writer, x, 9 * sizeof x[0]));
        assert_ok(bough_tensor_writer_commit(writer));
        bough_tensor_writer_destroy(&writer);
        if (i)
            assert_ok(bough_predict(dir, &options));
        else
            assert_fails(bough_predict(dir, &options), BOUGH_DATA,
                         "all fields of a split must have as many");
        assert_true(!i || strncmp(head, "row,size\n", 9) == 0);
    }
}

// Row by row, in a program of its own.
static void scores_go_by_the_inputs_that_a_task_reads(void **state)
{
    (void)state;
    const struct bough_config config = test_config(text_of(both), NULL);
    struct bough_run *run = train(&config, NULL, "served");
    struct bough_model *model;
    float x[2][2][WIDTH] = {{{0.5f, -0.5f, 0.25f}, {-0.25f, 1}}, {{0.75f, 0.1f}, {-1, 0.2f, 0.3f}}};
    float size[2][2], kind[2][4];
    char dir[700];
    snprintf(dir, sizeof dir, "%s/served", test_folder());
    assert_ok(bough_model_open(&model, dir, NULL));
    assert_int_equal(bough_model_inputs(model), 2);
    assert_string_equal(bough_model_output(model, 1)->classes[1], "right");
    for (int i = 0; i < 2; i++) {
        const struct bough_rows rows[] = {{.data = x[0], .dtype = BOUGH_F32},
                                          {.data = x[i], .dtype = BOUGH_F32}};
        assert_ok(bough_model_run(model, (float *const[]){size[i], kind[i]}, rows, 2));
    }
    assert_memory_equal(size[0], size[1], sizeof size[0]);
    assert_memory_not_equal(kind[0], kind[1], sizeof kind[0]);
    bough_model_close(&model);
    bough_run_destroy(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_stands_for_the_data_sets_whose_fields_it_has),
        cmocka_unit_test(what_has_no_such_split_is_left_out),
        cmocka_unit_test(a_prediction_has_one_number_of_rows),
        cmocka_unit_test(scores_go_by_the_inputs_that_a_task_reads),
    };
    return cmocka_run_group_tests(tests, start, end);
}
