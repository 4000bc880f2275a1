// Ids, which are given as numbers, are checked and stay whole; so are numbers.
#include "support/support.h"
#include "train/input_column.h"
#include "train/input_types.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 12 };

static float rows[ROWS][2];

static void make_rows(void)
{
    for (int n = 0; n < ROWS; n++) {
        rows[n][0] = (float)n;
        rows[n][1] = 3;
    }
}

static const char *write_rows(void)
{
    static char path[600];
    struct bough_tensor_writer *writer;
    snprintf(path, sizeof path, "%s/data.safetensors", test_folder());
    assert_ok(bough_tensor_writer_create(&writer, path));
    assert_ok(bough_tensor_writer_declare(writer, "train/ids", BOUGH_F32,
                                          &(struct bough_shape){2, {ROWS, 2}}));
    assert_ok(bough_tensor_writer_write(writer, rows, sizeof rows));
    assert_ok(bough_tensor_writer_commit(writer));
    bough_tensor_writer_destroy(&writer);
    return path;
}

// The column of the rows, which are then in `*converted`; NULL `missing` takes no gaps.
static enum bough_status ids_column(struct bough__column *column, void **converted, char *missing)
{
    static const struct bough__input input = {.field = "ids", .type = "ids"};
    struct bough_tensor_file *file;
    const struct bough_file_tensor *field;
    *converted = NULL;
    assert_ok(bough_tensor_file_open(&file, write_rows()));
    assert_ok(bough_dataset_field(&field, file, "train", "ids"));
    const enum bough_status status =
        bough__input_column(column, converted, &(struct bough__gaps){.missing = missing}, file,
                            field, &input, &(struct bough__input_names){0});
    bough_tensor_file_close(&file);
    return status;
}

static void ids_stay_integers(void **state)
{
    (void)state;
    static char missing[ROWS];
    struct bough__column column;
    void *converted;
    make_rows();
    rows[1][1] = 2147483520; // the largest that a float holds
    rows[2][0] = NAN;
    assert_ok(ids_column(&column, &converted, missing));
    assert_int_equal(column.dtype, BOUGH_I32);
    assert_int_equal(column.width, 2);
    assert_ptr_equal(column.host, converted);
    const int32_t *ids = converted;
    for (int n = 0; n < ROWS; n++) {
        assert_int_equal(missing[n], n == 2);
        assert_int_equal(ids[2 * n], n == 2 ? 0 : n);
        assert_int_equal(ids[2 * n + 1], n == 1 ? 2147483520 : 3);
    }
    free(converted);
}

static void what_are_no_ids_is_refused(void **state)
{
    (void)state;
    static const struct {
        float value;
        const char *message;
    } wrong[] = {{-1, "train/ids, row 7: -1; wanted ids, whole numbers of 0 to 2147483647"},
                 {1.5f, "train/ids, row 7: 1.5; wanted ids"},
                 {2147483648.0f, "train/ids, row 7: 2147483648; wanted ids"},
                 {NAN, "train/ids, row 7: nan; wanted ids"}};
    make_rows();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct bough__column column;
        void *converted;
        rows[7][1] = wrong[i].value;
        assert_fails(ids_column(&column, &converted, NULL), BOUGH_DATA, wrong[i].message);
        free(converted);
    }
}

// A field train/x of F64, whose one number that is not 1 is the last.
static struct bough_tensor_file *numbers(const struct bough_shape *shape, double last)
{
    struct bough_tensor_writer *writer;
    struct bough_tensor_file *file;
    char path[600];
    const int64_t count = bough_shape_elements(shape);
    snprintf(path, sizeof path, "%s/numbers.safetensors", test_folder());
    assert_ok(bough_tensor_writer_create(&writer, path));
    assert_ok(bough_tensor_writer_declare(writer, "train/x", BOUGH_F64, shape));
    for (int64_t i = 0; i < count; i++) {
        const double value = i + 1 < count ? 1 : last;
        assert_ok(bough_tensor_writer_write(writer, &value, sizeof value));
    }
    assert_ok(bough_tensor_writer_commit(writer));
    bough_tensor_writer_destroy(&writer);
    assert_ok(bough_tensor_file_open(&file, path));
    return file;
}

static void numbers_that_float_does_not_hold_are_refused(void **state)
{
    (void)state;
    static const int32_t classes[2];
    static const struct {
        struct bough_shape shape;
        struct bough__input input;
        const char *message;
    } wrong[] = {
        {{2, {3, 2}},
         {.field = "x", .columns_count = 2, .classes = classes},
         "train/x, row 2, column 1: 1e+300; wanted finite numbers"},
        {{2, {3, 2}}, {.field = "x"}, "train/x, row 2, column 1: infinite; wanted"},
        {{3, {3, 7, 2}}, {.field = "x"}, "train/x, row 2, position 6: infinite; wanted"},
        {{4, {3, 5, 2, 2}}, {.field = "x"}, "train/x, row 2, channel 4: infinite; wanted"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct bough_tensor_file *file = numbers(&wrong[i].shape, 1e300);
        const struct bough_file_tensor *field = bough_tensor_file_find(file, "train/x");
        struct bough__column column;
        void *converted = NULL;
        assert_fails(bough__input_column(&column, &converted, &(struct bough__gaps){0}, file, field,
                                         &wrong[i].input, &(struct bough__input_names){0}),
                     BOUGH_DATA, wrong[i].message);
        free(converted);
        bough_tensor_file_close(&file);
    }
}

static void types_of_what_is_no_input(void **state)
{
    (void)state;
    static const struct {
        struct bough_shape shape;
        const char *type, *message;
    } wrong[] = {
        {{2, {3, 0}}, "ids", "train/x is [3, 0], wanted 1 to 2147483647 rows that are not empty"},
        {{2, {3, 2}}, "ids", "train/x: an id of 1e+300; wanted ids below 16777216"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct bough_tensor_file *file = numbers(&wrong[i].shape, 1e300);
        struct bough__input input = {.field = "x", .type = wrong[i].type};
        struct bough__arena arena = {0};
        assert_fails(bough__input_types_find(&input, &arena, file, NULL), BOUGH_DATA,
                     wrong[i].message);
        bough__arena_fini(&arena);
        bough_tensor_file_close(&file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_stay_integers),
        cmocka_unit_test(what_are_no_ids_is_refused),
        cmocka_unit_test(numbers_that_float_does_not_hold_are_refused),
        cmocka_unit_test(types_of_what_is_no_input),
    };
    return cmocka_run_group_tests(tests, test_folder_begin, test_folder_end);
}
