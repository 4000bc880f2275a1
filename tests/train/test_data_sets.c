// Tasks with data sets of their own: an update is the sum of the tasks', rows come as often as the
// sampling says, trainings go on bit for bit, and what is told of a model is told by data set.
#include "support/training.h"

#include "data/tensor_file.h"
#include "mtl/architecture.h"
#include "train/trainer.h"

#include "cl/random.h"

#include <bough/model.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 6, MOST_ROWS = 300, LARGE_ROWS = 4000 };

static char few[600], many[600]; // paths: rows of classes, and of numbers

// Fields `x` and, of classes or numbers, `kind` or `size`.
static void write_split(struct bough_tensor_writer *writer, const char *split, int rows,
                        int of_classes, int declare)
{
    static float x[LARGE_ROWS][WIDTH], size[LARGE_ROWS];
    static int64_t kind[LARGE_ROWS];
    const struct bough_shape shape[] = {{2, {rows, WIDTH}}, {1, {rows}}};
    char name[2][32];
    snprintf(name[0], sizeof name[0], "%s/x", split);
    snprintf(name[1], sizeof name[1], "%s/%s", split, of_classes ? "kind" : "size");
    for (int i = 0; i < rows; i++) {
        for (int j = 0; j < WIDTH; j++)
            x[i][j] = 2 * random_unit(random_bits(5, (unsigned)of_classes, (unsigned)i, (unsigned)j,
                                                  *split == 't', 0)
                                          .v[0]) -
                      1;
        kind[i] = x[i][0] > x[i][1];
        size[i] = x[i][0] * x[i][2];
    }
    if (declare) {
        assert_ok(bough_tensor_writer_declare(writer, name[0], BOUGH_F32, &shape[0]));
        assert_ok(bough_tensor_writer_declare(writer, name[1], of_classes ? BOUGH_I64 : BOUGH_F32,
                                              &shape[1]));
        return;
    }
    assert_ok(bough_tensor_writer_write(writer, x, (size_t)rows * sizeof x[0]));
    if (of_classes)
        assert_ok(bough_tensor_writer_write(writer, kind, (size_t)rows * sizeof kind[0]));
    else
        assert_ok(bough_tensor_writer_write(writer, size, (size_t)rows * sizeof size[0]));
}

static void write_data(char *path, const char *name, int rows, int of_classes)
{
    struct bough_tensor_writer *writer;
    snprintf(path, sizeof few, "%s/%s.safetensors", test_folder(), name);
    assert_ok(bough_tensor_writer_create(&writer, path));
    if (of_classes)
        assert_ok(bough_tensor_writer_metadata(writer, "classes/kind", "left\nright"));
    for (int declare = 1; declare >= 0; declare--) {
        write_split(writer, "train", rows, of_classes, declare);
        write_split(writer, "test", 20, of_classes, declare);
    }
    assert_ok(bough_tensor_writer_commit(writer));
    bough_tensor_writer_destroy(&writer);
}

static int start(void **state)
{
    test_folder_begin(state);
    write_data(few, "few", 70, 1);
    write_data(many, "many", MOST_ROWS, 0);
    return 0;
}

static int end(void **state)
{
    test_folder_end(state);
    return test_devices_end(state);
}

static const char *text_of(const char *tasks)
{
    static char text[2000];
    snprintf(text, sizeof text,
             "data: %s\n"
             "inputs: {a: {field: x}, b: {field: x, data: %s}}\n"
             "trunk: [linear: 8, tanh, linear: 5, batch_norm, relu]\n"
             "tasks:\n"
             "%s"
             "optimizer: {name: sgd, lr: 0.1}\n"
             "train: {epochs: 2, batch_size: 32, seed: 3}\n",
             many, few, tasks);
    return text;
}

static const char both[] =
    "  size: {inputs: [a], target: size, loss: mse, head: [linear: 1]}\n"
    "  kind: {inputs: [b], target: kind, loss: cross_entropy, head: [linear: 2]}\n";

static struct bough_run *train(const struct bough_config *config, struct bough_device *device,
                               const char *name)
{
    static char dir[600];
    struct bough_run *run;
    snprintf(dir, sizeof dir, "%s/%s", test_folder(), name);
    assert_ok(
        bough_train(&run, config, &(struct bough_train_options){.device = device, .run_dir = dir}));
    return run;
}

// ---- The update ----

static void read_weight(float *weight, const char *run, const char *name, size_t count)
{
    struct bough_tensor_file *file;
    char path[700];
    snprintf(path, sizeof path, "%s/%s/model.safetensors", test_folder(), run);
    assert_ok(bough_tensor_file_open(&file, path));
    const struct bough_file_tensor *tensor = bough_tensor_file_find(file, name);
    assert_non_null(tensor);
    assert_int_equal(tensor->bytes, count * sizeof *weight);
    memcpy(weight, tensor->data, tensor->bytes);
    bough_tensor_file_close(&file);
}

// From the same parameters, by one step on all rows.
static void an_update_is_the_sum_of_the_tasks(void **state)
{
    (void)state;
    enum { COUNT = 8 * WIDTH };
    static const char *const tasks[] = {
        both, "  size: {inputs: [a], target: size, loss: mse, head: [linear: 1]}\n",
        "  kind: {inputs: [b], target: kind, loss: cross_entropy, head: [linear: 2]}\n"};
    static const char *const name[] = {"both", "size", "kind"};
    float weight[4][COUNT];
    char from[700];
    struct bough_run *run;
    const struct bough_config first = test_config(text_of(both), NULL);
    run = train(&first, NULL, "begun");
    bough_run_destroy(&run);
    read_weight(weight[3], "begun", "trunk.0.weight", COUNT);
    snprintf(from, sizeof from, "from=%s/begun", test_folder());
    for (int i = 0; i < 3; i++) {
        const struct bough_config config =
            test_config(text_of(tasks[i]), from, "train.batch_size=300", "train.epochs=1",
                        "trunk=[linear: 8, tanh, linear: 5, relu]", NULL);
        run = train(&config, NULL, name[i]);
        bough_run_destroy(&run);
        read_weight(weight[i], name[i], "trunk.0.weight", COUNT);
    }
    for (int i = 0; i < COUNT; i++) {
        assert_true(weight[1][i] != weight[3][i]);
        assert_float_equal(weight[0][i] - weight[3][i],
                           weight[1][i] - weight[3][i] + weight[2][i] - weight[3][i], 1e-6);
    }
}

// ---- Sampling ----

static void count_rows(const struct bough__source *source, int64_t trained)
{
    int times[MOST_ROWS] = {0};
    const int64_t least = source->feed.count / trained;
    for (int64_t i = 0; i < source->feed.count; i++)
        times[source->feed.order[i]]++;
    for (int64_t i = 0; i < trained; i++)
        assert_in_range(times[i], least, least + (source->feed.count % trained != 0));
}

static void rows_come_as_often_as_the_sampling_says(void **state)
{
    (void)state;
    static const struct {
        const char *sampling, *batch_size;
        int steps, batch[2];
    } cases[] = {
        {"train.sampling=equal", "train.batch_size=32", 10, {32, 32}},
        {"train.sampling=proportional", "train.batch_size=32", 10, {32, 7}},
        {"train.sampling={name: temperature, temperature: 2}", "train.batch_size=32", 10, {32, 15}},
        {"train.sampling={name: temperature, temperature: 1}", "train.batch_size=32", 10, {32, 7}},
        {"train.sampling=equal", "train.batch_size=100", 3, {100, 70}},
        {"train.sampling=proportional", "train.batch_size=1", 300, {1, 1}},
        {"train.sampling=equal", "train.batch_size=1000", 1, {300, 70}},
        {"train.sampling=proportional", "train.batch_size=1000", 1, {300, 70}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct bough_config config =
            test_config(text_of(both), cases[i].sampling, cases[i].batch_size, NULL);
        const struct bough_train_options options = {0};
        struct bough__trainer *trainer;
        float lr;
        assert_ok(bough__trainer_create(&trainer, &config, &options));
        assert_int_equal(trainer->training->steps, cases[i].steps);
        assert_ok(bough__trainer_shuffle(trainer));
        for (size_t s = 0; s < 2; s++) {
            const struct bough__source *source = &trainer->training->data.source[s];
            assert_int_equal(source->batch, cases[i].batch[s]);
            assert_int_equal(source->feed.count, cases[i].steps * cases[i].batch[s]);
            count_rows(source, trainer->set[s].trained);
        }
        assert_ok(bough__runner_begin(trainer->training));
        for (int step = 0; step < cases[i].steps; step++)
            assert_ok(bough__trainer_step(trainer, &lr));
        bough__trainer_destroy(&trainer);
    }
}

// ---- Trainings ----

static const char *const ways[][2] = {
    {NULL, NULL},
    {"weighting=mgda", "diagnostics=true"},
    {"weighting=graddrop", "train.batch_size=50"},
    {"weighting=modo", NULL},
    {"weighting=dwa", "train.sampling=proportional"},
    {"train.regime=alternating", "train.batch_size=1000"},
    {"train.regime={name: alternating, draw: proportional}", NULL},
    {"train.regime=independent", NULL},
    {"train.regime=parallel", NULL},
    {"train.regime=sequential", NULL},
    {"architecture={name: mmoe, experts: 3}", NULL},
    {"architecture=adapters", "weighting=pcgrad"},
    {"architecture={name: cgc, shared: 1, own: 1}", NULL},
    {"train.validation=0.2", "train.early_stopping={patience: 2}"},
};
enum { WAYS = sizeof ways / sizeof *ways };

static struct bough_config config_of(int way)
{
    const char *const *override = ways[way];
    return override[0] ? test_config(text_of(both), override[0], override[1], NULL)
                       : test_config(text_of(both), NULL);
}

static void stop_in_the_second_epoch(void *user, const struct bough_event *event)
{
    *(volatile int *)user = event->kind == BOUGH_EVENT_EPOCH;
}

static void trainings_go_on_bit_for_bit(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++)
        for (int way = 0; way < WAYS; way++) {
            const struct bough_config config = config_of(way);
            char whole[40], dir[2][700];
            volatile int stop = 0;
            struct bough_run *run;
            snprintf(whole, sizeof whole, "whole-%zu-%d", d, way);
            snprintf(dir[0], sizeof dir[0], "%s/%s", test_folder(), whole);
            snprintf(dir[1], sizeof dir[1], "%s/parts-%zu-%d", test_folder(), d, way);
            run = train(&config, device[d], whole);
            bough_run_destroy(&run);
            assert_fails(
                bough_train(&run, &config,
                            &(struct bough_train_options){.device = device[d],
                                                          .run_dir = dir[1],
                                                          .observe = stop_in_the_second_epoch,
                                                          .user = (void *)&stop,
                                                          .stop = &stop}),
                BOUGH_INTERRUPTED, "in epoch 2");
            assert_ok(bough_train(
                &run, NULL, &(struct bough_train_options){.device = device[d], .resume = dir[1]}));
            bough_run_destroy(&run);
            training_same_tensors(dir[0], dir[1], "last.safetensors");
        }
}

static int is_brought(const struct bough_config *config, struct bough_device *device)
{
    struct bough__trainer *trainer;
    const struct bough_train_options options = {.device = device};
    assert_ok(bough__trainer_create(&trainer, config, &options));
    const int brought =
        !trainer->set[0].train.table.resident && !trainer->set[1].train.table.resident;
    bough__trainer_destroy(&trainer);
    return brought;
}

// What does not stay on the device comes batch by batch, and is the same.
static void batches_that_are_brought_are_the_same(void **state)
{
    (void)state;
    static const uint64_t memory = 300000; // of a device: a quarter of it holds neither
    char path[2][sizeof few], data[2][sizeof few + 20];
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    write_data(path[0], "large", LARGE_ROWS, 0);
    write_data(path[1], "large-kinds", LARGE_ROWS - 500, 1);
    snprintf(data[0], sizeof data[0], "data=%s", path[0]);
    snprintf(data[1], sizeof data[1], "inputs.b.data=%s", path[1]);
    for (size_t d = 0; d < count; d++)
        for (int way = 0; way < 4; way++) {
            const char *const override = ways[way][0] ? ways[way][0] : "train.epochs=2";
            const struct bough_config config =
                test_config(text_of(both), data[0], data[1], override, "train.batch_size=50", NULL);
            const uint64_t whole = device[d]->info.memory;
            char name[2][40], dir[2][700];
            for (int i = 0; i < 2; i++) {
                snprintf(name[i], sizeof name[i], "%s-%zu-%d", i ? "brought" : "stays", d, way);
                snprintf(dir[i], sizeof dir[i], "%s/%s", test_folder(), name[i]);
                device[d]->info.memory = i ? memory : whole;
                assert_int_equal(is_brought(&config, device[d]), i);
                struct bough_run *run = train(&config, device[d], name[i]);
                bough_run_destroy(&run);
            }
            device[d]->info.memory = whole;
            training_same_tensors(dir[0], dir[1], "model.safetensors");
        }
}

static void devices_agree(void **state)
{
    (void)state;
    static const char *const metric[][2] = {{"size", "loss"}, {"kind", "loss"}};
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (int way = 0; way < WAYS; way++) {
        const struct bough_config config = config_of(way);
        double want[2] = {0};
        for (size_t d = 0; d < count; d++) {
            struct bough_run *run;
            assert_ok(
                bough_train(&run, &config, &(struct bough_train_options){.device = device[d]}));
            const struct bough_metrics *test = bough_run_result(run)->test;
            for (int i = 0; i < 2; i++) {
                const double found = bough_metrics_find(test, metric[i][0], metric[i][1]);
                assert_false(isnan(found));
                if (d)
                    assert_float_equal(found, want[i], 1e-4);
                want[i] = found;
            }
            bough_run_destroy(&run);
        }
    }
}

// ---- The model ----

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
    char dir[700], head[200] = "";
    snprintf(dir, sizeof dir, "%s/told", test_folder());
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
    assert_non_null(strstr(head, "row,size,kind,kind_probability\n")); // both read `x`
    assert_true(strstr(head, "left") || strstr(head, "right"));
    assert_fails(bough_predict(dir, &(struct bough_predict_options){.write = keep, .user = head}),
                 BOUGH_INVALID, "the tasks have data sets of their own");
    bough_run_destroy(&run);
    bough_run_destroy(&alone);
    bough_run_destroy(&all);
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
        const struct bough_rows rows[] = {{x[0], BOUGH_F32}, {x[i], BOUGH_F32}};
        assert_ok(bough_model_run(model, (float *const[]){size[i], kind[i]}, rows, 2));
    }
    assert_memory_equal(size[0], size[1], sizeof size[0]);
    assert_memory_not_equal(kind[0], kind[1], sizeof kind[0]);
    bough_model_close(&model);
    bough_run_destroy(&run);
}

// ---- What does not go together ----

static void tasks_that_meet_read_the_same(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        {"architecture=cross_stitch", "'size' and 'kind' read others"},
        {"architecture=ltb", "'size' and 'kind' read others"},
        {"architecture=ple", "'size' and 'kind' read others"},
        {"weighting={name: mgda, on: representation}", "'size' and 'kind' read other inputs"},
        {"alignment=mmd", "'size' and 'kind' read others"},
        {"tasks.kind.inputs=[a, b]", "tasks.kind.inputs: a and b are of two data sets"},
        {"tasks.kind.inputs=[c]", "unknown input 'c'"},
        {"tasks.kind.inputs=[b, b]", "b is given twice"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct bough_config *config;
        assert_fails(bough_config_parse(&config, text_of(both), NULL, &wrong[i][0], 1),
                     BOUGH_INVALID, wrong[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_update_is_the_sum_of_the_tasks),
        cmocka_unit_test(rows_come_as_often_as_the_sampling_says),
        cmocka_unit_test(trainings_go_on_bit_for_bit),
        cmocka_unit_test(batches_that_are_brought_are_the_same),
        cmocka_unit_test(devices_agree),
        cmocka_unit_test(a_file_stands_for_the_data_sets_whose_fields_it_has),
        cmocka_unit_test(scores_go_by_the_inputs_that_a_task_reads),
        cmocka_unit_test(tasks_that_meet_read_the_same),
    };
    return cmocka_run_group_tests(tests, start, end);
}
