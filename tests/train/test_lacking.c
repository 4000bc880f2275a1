// A model of inputs that rows may lack: its predictions, of data sets and of rows in memory; and
// what is refused of such data.
#include "train/modalities_support.h"

#include <bough/model.h>

// ---- Predictions ----

static char *predict(const char *data, enum bough_switch allow_missing)
{
    const struct bough_predict_options options = {
        .data = data, .out = path_of("out.csv"), .allow_missing = allow_missing, .split = "test"};
    assert_ok(bough_predict(path_of("run"), &options));
    return test_config_text(path_of("out.csv"));
}

static const char *line_of(const char *csv, int n)
{
    for (n++; n; n--)
        csv = strchr(csv, '\n') + 1;
    return csv;
}

static int same_line(const char *a, const char *b, int n)
{
    const char *one = line_of(a, n), *other = line_of(b, n);
    const size_t length = strcspn(one, "\n") + 1;
    return strncmp(one, other, length) == 0;
}

static void a_row_does_not_depend_on_what_others_lack(void **state)
{
    (void)state;
    for (size_t j = 0; j < JOINS; j++) {
        make_rows(9, NAN);
        train("run", NULL, joins[j], NULL);
        char *before = predict(write_data(), 1);
        rows.table[2][0] = NAN;
        rows.seen[4] = 0;
        char *behind = predict(write_data(), 1);
        for (int n = 0; n < TEST_ROWS; n++)
            assert_int_equal(same_line(before, behind, n), n != 2 && n != 4);
        free(before);
        free(behind);
    }
}

static void a_row_without_any_input_is_left_empty(void **state)
{
    (void)state;
    make_rows(9, NAN);
    train("run", NULL, "tasks.level.inputs=[table]", NULL);
    char *csv = predict(write_data(), 1);
    for (int n = 0; n < TEST_ROWS; n++) {
        const char *line = line_of(csv, n), *end = strchr(line, '\n');
        assert_int_equal(strstr(line, ",,,") && strstr(line, ",,,") < end, lacks_both(n));
        assert_int_equal(end[-1] == ',', lacks_table(n));
    }
    free(csv);
    const struct bough_predict_options options = {
        .data = write_data(), .out = path_of("out.csv"), .split = "test"};
    assert_fails(bough_predict(path_of("run"), &options), BOUGH_DATA,
                 "test: every input of task 'kind' is missing in 1 row, the first is 9; wanted at "
                 "least one");
}

// Of an input that is not optional, too, if the task does not read it.
static void a_task_is_predicted_by_what_it_reads(void **state)
{
    (void)state;
    struct bough_run *run;
    make_rows(9, 1);
    for (int n = 0; n < ROWS; n++)
        rows.kind[n] = lacks_image(n) ? -1 : rows.kind[n];
    const struct bough_config config =
        config_with("inputs.table.optional=false", "tasks.kind.inputs=[image]");
    const struct bough_train_options options = {.run_dir = path_of("reads")};
    assert_ok(bough_train(&run, &config, &options));
    bough_run_destroy(&run);
    rows.table[2][0] = NAN;
    const struct bough_predict_options predict = {.data = write_data(),
                                                  .out = path_of("reads.csv"),
                                                  .split = "test",
                                                  .allow_missing = BOUGH_ON};
    assert_ok(bough_predict(path_of("reads"), &predict));
    char *csv = test_config_text(path_of("reads.csv"));
    const char *line = line_of(csv, 2), *end = strchr(line, '\n');
    assert_int_equal(end[-1], ',');
    assert_false(strstr(line, ",,") && strstr(line, ",,") < end);
    free(csv);
}

// ---- Rows in memory ----

static void run_rows(struct bough_model *model, float (*to)[ROWS][2], const void *image,
                     enum bough_dtype dtype, const void *table)
{
    float *const score[] = {to[0][0], to[1][0]};
    const struct bough_rows x[] = {{.data = image, .dtype = dtype},
                                   {.data = table, .dtype = BOUGH_F32}};
    assert_ok(bough_model_run(model, score, x, ROWS));
}

static void rows_in_memory_may_lack_an_input(void **state)
{
    (void)state;
    static float image[ROWS][AREA], none[ROWS][WIDTH], score[2][2][ROWS][2];
    struct bough_model *model;
    float *const to[] = {score[0][0][0], score[0][1][0]};
    trains(NULL, NULL);
    for (int n = 0; n < ROWS; n++)
        for (int i = 0; i < WIDTH; i++)
            none[n][i] = rows.table[n][i] = i ? 10 : (float)NAN;
    assert_ok(bough_model_open(&model, path_of("run"), NULL));
    assert_true(bough_model_input(model, 0)->optional && bough_model_input(model, 1)->optional);
    run_rows(model, score[0], rows.image, BOUGH_U8, NULL);
    run_rows(model, score[1], rows.image, BOUGH_U8, none);
    assert_memory_equal(score[0], score[1], sizeof score[0]);

    make_rows(9, 3);
    for (int n = 0; n < ROWS; n++)
        for (int i = 0; i < AREA; i++)
            image[n][i] = lacks_image(n) ? (float)NAN : (float)rows.image[n][i] / 255;
    run_rows(model, score[0], image, BOUGH_F32, rows.table);
    run_rows(model, score[1], NULL, BOUGH_U8, rows.table);
    for (int n = 0; n < ROWS; n++)
        assert_int_equal(memcmp(score[0][0][n], score[1][0][n], sizeof score[0][0][n]) == 0,
                         lacks_image(n));

    const struct bough_rows nothing[] = {{.data = NULL, .dtype = BOUGH_U8},
                                         {.data = none, .dtype = BOUGH_F32}},
                            wrong[] = {{.data = rows.image, .dtype = BOUGH_U8},
                                       {.data = image, .dtype = BOUGH_F32}};
    assert_fails(bough_model_run(model, to, nothing, 2), BOUGH_INVALID,
                 "row 0: every input of task 'kind' is missing; wanted at least one");
    image[0][0] = INFINITY;
    assert_fails(bough_model_run(model, to, wrong, 2), BOUGH_INVALID,
                 "table: row 0, number 0: infinite; wanted finite numbers");
    bough_model_close(&model);
    train("run", NULL, "inputs.image={stem: [flatten, linear: 4]}", NULL);
    assert_ok(bough_model_open(&model, path_of("run"), NULL));
    assert_fails(bough_model_run(model, to, nothing, 2), BOUGH_INVALID,
                 "image: no rows; wanted 2 of them");
    bough_model_close(&model);
}

// ---- What is refused ----

static void refuses(enum bough_status status, const char *a, const char *b, const char *message)
{
    struct bough_run *run;
    const struct bough_config config = config_with(a, b);
    assert_fails(bough_train(&run, &config, NULL), status, message);
}

static void what_does_not_go_together_is_refused(void **state)
{
    (void)state;
    static const char other[] = "inputs.table.stem=[linear: 5]";
    make_rows(9, NAN);
    refuses(BOUGH_INVALID, "join=sum", other,
            "join: sum wants inputs of one shape, and inputs.image gives [4], inputs.table [5]; "
            "stems can make them alike (");
    refuses(BOUGH_INVALID, NULL, other, "join: gate wants inputs of one shape");
    refuses(BOUGH_INVALID, "inputs.image.stem=[]", "join=concat",
            "inputs.image [1, 3, 3] cannot be joined with stems.table.1 [4]");
    refuses(BOUGH_INVALID, "inputs.image.stem=[linear: 4]", NULL, "stems.image[0] linear");
    refuses(BOUGH_DATA, "inputs.image.present=sen", NULL, "no field train/sen, did you mean seen?");
    refuses(BOUGH_DATA, "inputs.image.present=table", NULL,
            "train/table is [90, 3]; wanted a number a row");
    refuses(BOUGH_DATA, "inputs.image.optional=false", "inputs.table.optional=false",
            "train/table, row 0, column 0: nan; wanted finite numbers");
    rows.table[4][1] = INFINITY;
    refuses(BOUGH_DATA, NULL, NULL, "train/table, row 4, column 1: infinite");
    make_rows(9, NAN);
    rows.seen[7] = 2;
    refuses(BOUGH_DATA, NULL, NULL, "train/seen, row 7: 2; wanted 0 or 1");
    make_rows(9, NAN);
    for (int n = 0; n < ROWS; n++) {
        rows.table[n][0] = NAN;
        rows.kind[n] = lacks_image(n) ? -1 : rows.kind[n];
        rows.level[n] = lacks_image(n) ? NAN : (float)n;
    }
    refuses(BOUGH_DATA, "inputs.table={optional: true, stem: [linear: 4]}", NULL,
            "inputs.table: none of 67 rows of train has it");
    make_rows(9, NAN);
    rows.kind[9] = 1;
    refuses(BOUGH_DATA, NULL, NULL,
            "train: every input of task 'kind' is missing in 1 row, the first is 9; wanted at "
            "least one, or no label");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_does_not_depend_on_what_others_lack),
        cmocka_unit_test(a_row_without_any_input_is_left_empty),
        cmocka_unit_test(a_task_is_predicted_by_what_it_reads),
        cmocka_unit_test(rows_in_memory_may_lack_an_input),
        cmocka_unit_test(what_does_not_go_together_is_refused),
    };
    return cmocka_run_group_tests(tests, test_folder_begin, end);
}
