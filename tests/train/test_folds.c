// Cross-validation: which rows each fold holds out.
#include "support/configs.h"
#include "train/split.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char logged[1024];

static void keep_line(void *user, enum bough_log_level level, const char *line)
{
    (void)user, (void)level;
    snprintf(logged, sizeof logged, "%s", line);
}

static int start(void **state)
{
    bough_set_log(keep_line, NULL);
    return test_folder_begin(state);
}

// `train` of that many rows, and `validation` of 3: input [N, 1] and class [N].
static const char *write_data(int32_t rows)
{
    static char path[512];
    static const float input[64];
    static int64_t class[64];
    static const char *const splits[] = {"train", "validation"};
    const int64_t count[] = {rows, 3};
    struct bough_tensor_writer *writer;
    for (int i = 0; i < 64; i++)
        class[i] = i % 2;
    snprintf(path, sizeof path, "%s/data.safetensors", test_folder());
    assert_ok(bough_tensor_writer_create(&writer, path));
    for (int write = 0; write < 2; write++)
        for (int i = 0; i < 4; i++) {
            const struct bough_shape shape = {i % 2 ? 1 : 2, {count[i / 2], 1}};
            const enum bough_dtype dtype = i % 2 ? BOUGH_I64 : BOUGH_F32;
            char name[64];
            snprintf(name, sizeof name, "%s/%s", splits[i / 2], i % 2 ? "class" : "input");
            assert_ok(write ? bough_tensor_writer_write(writer, i % 2 ? (const void *)class : input,
                                                        (size_t)count[i / 2] * (i % 2 ? 8 : 4))
                            : bough_tensor_writer_declare(writer, name, dtype, &shape));
        }
    assert_ok(bough_tensor_writer_commit(writer));
    bough_tensor_writer_destroy(&writer);
    return path;
}

static struct bough_config config_of(const char *data, int32_t folds, int32_t fold)
{
    struct bough_config config = test_config("data: none\ninput: input\n"
                                             "tasks: {a: {target: class, loss: cross_entropy, "
                                             "head: [linear: 2]}}\n"
                                             "train: {seed: 5, validation: 0.25}\n",
                                             NULL);
    test_config_use(&config, data);
    config.train.folds = folds;
    config.train.fold = fold;
    return config;
}

// Adds how often each row is held out by that fold; returns how many are.
static int64_t hold_out(int *times, const struct bough_tensor_file *file,
                        const struct bough_config *config)
{
    int32_t *row;
    int64_t rows, trained;
    char seen[64] = "";
    const struct bough__data_set data = {file, config, 0};
    assert_ok(bough__hold_out(&row, &rows, &trained, &data));
    for (int64_t i = 0; i < rows; i++) {
        assert_false(seen[row[i]]++);
        times[row[i]] += i >= trained;
    }
    free(row);
    return rows - trained;
}

static void each_row_is_held_out_once(void **state)
{
    (void)state;
    static const int32_t sizes[] = {2, 3, 7, 24, 61};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        struct bough_tensor_file *file;
        const int32_t rows = sizes[s];
        const char *data = write_data(rows);
        assert_ok(bough_tensor_file_open(&file, data));
        for (int32_t folds = 2; folds <= rows; folds++) {
            int times[64] = {0};
            for (int32_t fold = 1; fold <= folds; fold++) {
                const struct bough_config config = config_of(data, folds, fold);
                const int64_t held = hold_out(times, file, &config);
                assert_in_range(held, rows / folds, (rows + folds - 1) / folds);
            }
            for (int32_t i = 0; i < rows; i++)
                assert_int_equal(times[i], 1);
        }
        bough_tensor_file_close(&file);
    }
}

static void seeds_cut_other_folds(void **state)
{
    (void)state;
    struct bough_tensor_file *file;
    const char *data = write_data(24);
    struct bough_config config = config_of(data, 3, 1);
    int one[64] = {0}, other[64] = {0};
    assert_ok(bough_tensor_file_open(&file, data));
    hold_out(one, file, &config);
    config.train.seed++;
    hold_out(other, file, &config);
    assert_memory_not_equal(one, other, sizeof one);
    bough_tensor_file_close(&file);
}

static void no_more_folds_than_rows(void **state)
{
    (void)state;
    const struct bough_config config = config_of(write_data(7), 8, 1);
    struct bough_run *run;
    assert_fails(bough_train(&run, &config, NULL), BOUGH_INVALID,
                 "train.folds: 8 of 7 rows; wanted at most as many");
}

static int64_t trained_on; // by the last training

static void observe(void *user, const struct bough_event *event)
{
    if (event->kind == BOUGH_EVENT_START)
        *(int64_t *)user = event->steps;
}

static void a_split_gives_way_to_folds(void **state)
{
    (void)state;
    struct bough_config config = config_of(write_data(24), 3, 2);
    struct bough_run *run;
    const struct bough_train_options options = {.observe = observe, .user = &trained_on};
    config.train.batch_size = 1;
    assert_ok(bough_train(&run, &config, &options));
    bough_run_destroy(&run);
    assert_int_equal(trained_on, 16);
    assert_non_null(strstr(logged, "the split `validation` of"));
    config.train.folds = config.train.fold = 1;
    *logged = '\0';
    assert_ok(bough_train(&run, &config, &options));
    bough_run_destroy(&run);
    assert_int_equal(trained_on, 24);
    assert_null(strstr(logged, "the split `validation` of"));
}

static void a_digest_knows_config_and_data(void **state)
{
    (void)state;
    char one[17], other[17];
    struct bough_config config = config_of(write_data(24), 3, 1);
    assert_ok(bough_train_digest(one, &config));
    assert_ok(bough_train_digest(other, &config));
    assert_string_equal(one, other);
    config.train.fold = 2;
    assert_ok(bough_train_digest(other, &config));
    assert_string_not_equal(one, other);
    config.train.fold = 1;
    write_data(25);
    assert_ok(bough_train_digest(other, &config));
    assert_string_not_equal(one, other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_is_held_out_once),
        cmocka_unit_test(seeds_cut_other_folds),
        cmocka_unit_test(no_more_folds_than_rows),
        cmocka_unit_test(a_split_gives_way_to_folds),
        cmocka_unit_test(a_digest_knows_config_and_data),
    };
    return cmocka_run_group_tests_name("folds", tests, start, test_folder_end);
}
