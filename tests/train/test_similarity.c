// How similar the tasks of a model are, against golden/similarity.json, on every device; of every
// architecture; and tasks in groups.
#include "support/training.h"

#include "mtl/architecture.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static json_t *golden;
static char model_file[600], data_file[600];

// ---- The golden model ----

static void put(struct bough_tensor_writer *file, const json_t *numbers)
{
    size_t i;
    const json_t *number;
    json_array_foreach((json_t *)numbers, i, number)
    {
        const float value = json_is_null(number) ? NAN : (float)json_number_value(number);
        assert_ok(bough_tensor_writer_write(file, &value, sizeof value));
    }
}

static void write_model(void)
{
    struct bough_tensor_writer *file;
    const char *name;
    json_t *param, *params = json_object_get(golden, "params");
    const char *config = json_string_value(json_object_get(golden, "config"));
    snprintf(model_file, sizeof model_file, "%s/golden.safetensors", test_folder());
    assert_ok(bough_tensor_writer_create(&file, model_file));
    assert_ok(bough_tensor_writer_metadata(file, "config", config));
    assert_ok(bough_tensor_writer_metadata(file, "input", "[3]"));
    json_object_foreach(params, name, param)
    {
        const json_t *dims = json_array_get(param, 0);
        struct bough_shape shape = {.rank = (int32_t)json_array_size(dims)};
        for (int32_t i = 0; i < shape.rank; i++)
            shape.dim[i] = json_integer_value(json_array_get(dims, (size_t)i));
        assert_ok(bough_tensor_writer_declare(file, name, BOUGH_F32, &shape));
    }
    json_object_foreach(params, name, param) put(file, json_array_get(param, 1));
    assert_ok(bough_tensor_writer_commit(file));
    bough_tensor_writer_destroy(&file);
}

static void write_data(void)
{
    struct bough_tensor_writer *file;
    const char *task;
    json_t *numbers, *targets = json_object_get(golden, "target");
    snprintf(data_file, sizeof data_file, "%s/golden-data.safetensors", test_folder());
    assert_ok(bough_tensor_writer_create(&file, data_file));
    assert_ok(
        bough_tensor_writer_declare(file, "all/x", BOUGH_F32, &(struct bough_shape){2, {40, 3}}));
    json_object_foreach(targets, task, numbers)
    {
        char name[40];
        snprintf(name, sizeof name, "all/%s", task);
        assert_ok(
            bough_tensor_writer_declare(file, name, BOUGH_F32, &(struct bough_shape){2, {40, 2}}));
    }
    put(file, json_object_get(golden, "x"));
    json_object_foreach(targets, task, numbers) put(file, numbers);
    assert_ok(bough_tensor_writer_commit(file));
    bough_tensor_writer_destroy(&file);
}

static int begin(void **state)
{
    if (training_start(state) != 0)
        return 1;
    golden = test_golden_open(state, "train/golden/similarity.json");
    if (!golden)
        return 1;
    write_model();
    write_data();
    return 0;
}

static int end(void **state)
{
    json_decref(golden);
    return training_end(state);
}

// ---- Measures ----

static void is_golden(const struct bough_similarity *found, const char *by)
{
    const json_t *matrix = json_object_get(golden, by);
    assert_string_equal(found->by, by);
    assert_int_equal(found->is_distance, strcmp(by, "mmd") == 0);
    assert_string_equal(found->split, "all");
    assert_int_equal(found->rows, 40);
    assert_int_equal(found->tasks, json_array_size(matrix));
    for (size_t t = 0; t < found->tasks; t++)
        for (size_t u = 0; u < found->tasks; u++) {
            const double wanted = json_number_value(json_array_get(json_array_get(matrix, t), u));
            const double got = found->value[t * found->tasks + u];
            if (!(fabs(got - wanted) < 1e-5))
                fail_msg("%s of %s and %s: %.9g, wanted %.9g", by, found->task[t], found->task[u],
                         got, wanted);
        }
}

static void measures_are_as_by_hand(void **state)
{
    (void)state;
    static const char *const by[] = {"cosine", "cka", "mmd"};
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++)
        for (size_t i = 0; i < 3; i++) {
            struct bough_similarity *found;
            const struct bough_similarity_options options = {
                .by = by[i], .data = data_file, .device = device[d]};
            assert_ok(bough_similarity_create(&found, model_file, &options));
            is_golden(found, by[i]);
            bough_similarity_destroy(&found);
            assert_null(found);
        }
}

static void wrong_uses_are_told(void **state)
{
    (void)state;
    static const struct {
        struct bough_similarity_options options;
        enum bough_status status;
        const char *text;
    } wrong[] = {
        {{.by = "cosin"}, BOUGH_INVALID, "by 'cosin': wanted cosine, cka or mmd; did you mean cos"},
        {{.by = "x"}, BOUGH_INVALID, "by 'x': wanted cosine, cka or mmd"},
        {{.rows = -1}, BOUGH_INVALID, "-1 rows"},
        {{.split = "elsewhere"}, BOUGH_DATA, "elsewhere"},
    };
    struct bough_similarity *found;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct bough_similarity_options options = wrong[i].options;
        options.data = data_file;
        assert_fails(bough_similarity_create(&found, model_file, &options), wrong[i].status,
                     wrong[i].text);
        assert_null(found);
    }
    assert_fails(bough_similarity_create(&found, "nowhere", &(struct bough_similarity_options){0}),
                 BOUGH_DATA, "nowhere");
}

static void rows_are_drawn(void **state)
{
    (void)state;
    double value[2][9];
    for (int i = 0; i < 2; i++) {
        struct bough_similarity *found;
        const struct bough_similarity_options options = {
            .by = "cka", .data = data_file, .rows = 17};
        assert_ok(bough_similarity_create(&found, model_file, &options));
        assert_int_equal(found->rows, 17);
        memcpy(value[i], found->value, sizeof value[i]);
        bough_similarity_destroy(&found);
    }
    assert_memory_equal(value[0], value[1], sizeof value[0]);
    assert_true(value[0][1] > 0 && value[0][1] < 1);
}

// ---- Every architecture ----

static const char text[] =
    "data: none\n"
    "trunk: [conv2d: {channels: 4, kernel: 3}, batch_norm, relu, max_pool2d: 2, dropout: 0.2,\n"
    "        flatten, linear: 6, tanh]\n"
    "tasks:\n"
    "  first: {target: top, loss: binary_cross_entropy, head: [linear: 1]}\n"
    "  second: {target: top, loss: binary_cross_entropy, head: [linear: 1]}\n"
    "optimizer: {name: sgd, lr: 0.1}\n"
    "weighting: {name: mgda, on: representation, every: 3}\n"
    "parameters: {\"*.bias\": {freeze: true}}\n"
    "train: {epochs: 2, batch_size: 128, seed: 3, validation: 0.25}\n";

static void measure(const char *dir, const char *by, double *value)
{
    struct bough_similarity *found;
    const struct bough_similarity_options options = {.by = by, .split = "validation"};
    assert_ok(bough_similarity_create(&found, dir, &options));
    assert_string_equal(found->by, by);
    assert_int_equal(found->rows, TRAINING_ROWS / 4);
    memcpy(value, found->value, 4 * sizeof *value);
    bough_similarity_destroy(&found);
    assert_true(value[0] == value[3] && value[1] == value[2]);
}

static void every_architecture_is_measured(void **state)
{
    (void)state;
    for (size_t i = 0; i < bough__architectures.count; i++) {
        const struct bough__row *row = bough__architectures.row[i];
        char override[100], dir[600];
        struct bough_run *run;
        struct bough_similarity *found;
        double cka[4], far[4], cosine[4];
        snprintf(override, sizeof override, "architecture=%s", row->name);
        snprintf(dir, sizeof dir, "%s/%s", test_folder(), row->name);
        const struct bough_config config = test_config_with(text, training_file, override, NULL);
        assert_ok(bough_train(&run, &config, &(struct bough_train_options){.run_dir = dir}));
        bough_run_destroy(&run);
        measure(dir, "cka", cka);
        measure(dir, "mmd", far);
        assert_true(cka[0] == 1 && cka[1] > 0 && cka[1] <= 1 + 1e-12);
        assert_true(far[0] == 0 && far[1] >= 0 && far[1] < 2);
        if (strcmp(row->name, "hard_sharing") == 0)
            assert_true(cka[1] == 1 && far[1] == 0);
        if (strcmp(row->name, "soft_sharing") == 0) {
            assert_fails(bough_similarity_create(
                             &found, dir, &(struct bough_similarity_options){.by = "cosine"}),
                         BOUGH_INVALID, "no parameters are shared");
            continue;
        }
        measure(dir, "cosine", cosine);
        assert_true(cosine[0] == 1 && cosine[1] >= -1 && cosine[1] <= 1);
    }
}

// ---- Groups ----

static void tasks_are_grouped_by_their_mean_similarity(void **state)
{
    (void)state;
    // 0 and 3 are the nearest; then 1 goes to 4; 2 is nearer to 1 alone than to both, of whose
    // pairs the mean counts: it goes to 0 and 3.
    static const double near[] = {1,   0.1, 0.5, 0.9, 0.1, 0.1, 1,   0.6, 0.1, 0.8, 0.5, 0.6, 1,
                                  0.5, 0.1, 0.9, 0.1, 0.5, 1,   0.1, 0.1, 0.8, 0.1, 0.1, 1};
    static const size_t wanted[][5] = {
        {0, 0, 0, 0, 0}, {0, 1, 0, 0, 1}, {0, 1, 2, 0, 1}, {0, 1, 2, 0, 3}, {0, 1, 2, 3, 4}};
    double far[25];
    size_t group[5];
    for (size_t i = 0; i < 25; i++)
        far[i] = 1 - near[i];
    for (size_t k = 1; k <= 5; k++) {
        assert_ok(bough_similarity_group(group, near, 5, 0, k));
        assert_memory_equal(group, wanted[k - 1], sizeof group);
        assert_ok(bough_similarity_group(group, far, 5, 1, k));
        assert_memory_equal(group, wanted[k - 1], sizeof group);
    }
    assert_fails(bough_similarity_group(group, near, 5, 0, 0), BOUGH_INVALID,
                 "0 groups of 5 tasks, wanted 1 to 5");
    assert_fails(bough_similarity_group(group, near, 5, 0, 6), BOUGH_INVALID, "6 groups");
}

static void nothing_is_less_similar_than_nan(void **state)
{
    (void)state;
    static const double near[] = {1, NAN, -1, NAN, NAN, NAN, -1, NAN, 1};
    static const size_t wanted[] = {0, 1, 0};
    size_t group[3];
    assert_ok(bough_similarity_group(group, near, 3, 0, 2));
    assert_memory_equal(group, wanted, sizeof group);
    assert_ok(bough_similarity_group(group, near, 3, 0, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(measures_are_as_by_hand),
        cmocka_unit_test(wrong_uses_are_told),
        cmocka_unit_test(rows_are_drawn),
        cmocka_unit_test(every_architecture_is_measured),
        cmocka_unit_test(tasks_are_grouped_by_their_mean_similarity),
        cmocka_unit_test(nothing_is_less_similar_than_nan),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
