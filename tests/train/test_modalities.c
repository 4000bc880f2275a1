// Inputs that rows may lack, with stems and joined in each way: what a row lacks counts for
// nothing, whatever stands in its place, and is the same however it is said.
#include "train/modalities_support.h"

// ---- Training ----

static void devices_agree(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    make_rows(9, NAN);
    for (size_t j = 0; j < JOINS; j++) {
        train("c", device[0], joins[j], NULL);
        for (size_t d = 1; d < count; d++) {
            train("other", device[d], joins[j], NULL);
            same_weights("c", "other", 1e-5f);
        }
    }
}

// NaN, or by a field, behind which anything may stand.
static void it_is_all_the_same_how_rows_lack_an_input(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++)
        for (size_t j = 0; j < JOINS; j++) {
            make_rows(0, NAN);
            train("nan", device[d], joins[j], NULL);
            make_rows(255, 3);
            train("field", device[d], joins[j], by_field);
            same_weights("nan", "field", 0);
            make_rows(77, INFINITY);
            train("field", device[d], joins[j], by_field);
            same_weights("nan", "field", 0);
        }
}

// A quarter of the device's memory does not hold the rows of 37 bytes.
static void what_is_brought_batch_by_batch_is_the_same(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    make_rows(9, NAN);
    for (size_t d = 0; d < count; d++) {
        const uint64_t whole = device[d]->info.memory;
        train("stays", device[d], NULL, NULL);
        device[d]->info.memory = 8000;
        train("brought", device[d], NULL, NULL);
        device[d]->info.memory = whole;
        same_weights("stays", "brought", 0);
    }
}

static void data_sets_may_each_have_rows_that_lack_inputs(void **state)
{
    (void)state;
    char data[700], more[700], inputs[2000];
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    make_rows(9, NAN);
    snprintf(more, sizeof more, "%s", path_of("more.safetensors"));
    assert_int_equal(rename(write_data(), more), 0);
    snprintf(data, sizeof data, "%s", write_data());
    snprintf(inputs, sizeof inputs,
             "inputs={image: {present: seen, stem: [flatten, linear: 4]}, table: {optional: true, "
             "stem: [linear: 4]}, other: {data: %s, field: image, present: seen, stem: [flatten, "
             "linear: 4]}, more: {data: %s, field: table, optional: true, stem: [linear: 4]}}",
             more, more);
    const struct bough_config config =
        test_config_with(text, data, inputs, "tasks.kind.inputs=[image, table]",
                         "tasks.level.inputs=[more, other]", NULL);
    for (size_t d = 0; d < count; d++)
        train_by(d ? "other" : "c", device[d], &config);
    if (count > 1)
        same_weights("c", "other", 1e-5f);
}

static void all_rows_have_what_is_not_lacking(void **state)
{
    (void)state;
    static const char plain[] = "inputs={image: {stem: [flatten, linear: 4]}, table: {stem: "
                                "[linear: 4, tanh]}}",
                      optional[] = "inputs={image: {stem: [flatten, linear: 4], optional: true}, "
                                   "table: {stem: [linear: 4, tanh], optional: true}}";
    make_rows(9, 3);
    for (int n = 0; n < ROWS; n++)
        rows.kind[n] = n % 2;
    for (size_t j = 0; j < JOINS; j++) {
        train("plain", NULL, joins[j], plain);
        train("optional", NULL, joins[j], optional);
        same_weights("plain", "optional", 0);
    }
}

static void means_are_of_rows_that_have_it(void **state)
{
    (void)state;
    struct bough_config *config;
    double sum = 0;
    int count = 0;
    make_rows(9, NAN);
    train("run", NULL, "train.validation=0", NULL);
    for (int n = 0; n < ROWS; n++)
        if (!lacks_table(n)) {
            sum += (double)rows.table[n][0];
            count++;
        }
    assert_ok(bough_config_open(&config, path_of("run/config.yaml"), NULL, 0));
    assert_float_equal(config->inputs[1].mean[0], sum / count, 1e-4);
    bough_config_close(&config);
}

static void a_resumed_run_goes_on_bit_for_bit(void **state)
{
    (void)state;
    struct bough_run *run;
    make_rows(9, NAN);
    train("once", NULL, "train.epochs=4", NULL);
    train("twice", NULL, NULL, NULL);
    const struct bough_config more = test_config_with(text, write_data(), "train.epochs=4", NULL);
    const struct bough_config other =
        test_config_with(text, write_data(), "join=sum", "train.epochs=4", NULL);
    const struct bough_train_options resume = {.resume = path_of("twice")};
    assert_fails(bough_train(&run, &other, &resume), BOUGH_INVALID, "join.name: ");
    assert_ok(bough_train(&run, &more, &resume));
    bough_run_destroy(&run);
    same_weights("once", "twice", 0);
}

// ---- Regimes and architectures ----

static int has(const char *name)
{
    struct bough_tensor_file *file = open_model("run");
    const int found = bough_tensor_file_find(file, name) != NULL;
    bough_tensor_file_close(&file);
    return found;
}

static void tasks_apart_have_stems_of_their_own(void **state)
{
    (void)state;
    trains(NULL, "train.regime=parallel");
    assert_true(has("stems.image.kind.0.weight"));
    assert_true(has("stems.image.level.0.weight"));
    assert_true(has("join.level.1.weight"));
    assert_false(has("stems.image.0.weight"));
    trains(NULL, "train.regime=independent");
    assert_true(has("stems.table.level.0.weight"));
    trains(NULL, "architecture=soft_sharing");
    assert_true(has("stems.image.0.weight"));
    assert_true(has("join.kind.1.weight"));
}

static void stems_are_built_once(void **state)
{
    (void)state;
    trains(NULL, "tasks.level.inputs=[table]");
    assert_true(has("stems.image.0.weight"));
    assert_true(has("stems.table.0.weight"));
    assert_true(has("join.kind.1.weight"));
    assert_false(has("join.level.1.weight"));
    trains("parameters={stems.*: {freeze: true}}", "architecture=mmoe");
    assert_true(has("gates.kind.1.weight"));
}

// A norm of a stem has statistics of its own, which all sets of inputs share.
static void a_stem_may_have_a_norm(void **state)
{
    (void)state;
    trains("inputs.table.stem=[batch_norm, linear: 4]", "tasks.level.inputs=[table]");
    assert_true(has("stems.table.0.running_mean"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(devices_agree),
        cmocka_unit_test(it_is_all_the_same_how_rows_lack_an_input),
        cmocka_unit_test(what_is_brought_batch_by_batch_is_the_same),
        cmocka_unit_test(data_sets_may_each_have_rows_that_lack_inputs),
        cmocka_unit_test(all_rows_have_what_is_not_lacking),
        cmocka_unit_test(means_are_of_rows_that_have_it),
        cmocka_unit_test(a_resumed_run_goes_on_bit_for_bit),
        cmocka_unit_test(tasks_apart_have_stems_of_their_own),
        cmocka_unit_test(stems_are_built_once),
        cmocka_unit_test(a_stem_may_have_a_norm),
    };
    return cmocka_run_group_tests(tests, test_folder_begin, end);
}
