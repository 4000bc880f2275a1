// Tasks with data sets of their own: an update is the sum of the tasks', rows come as often as the
// sampling says, trainings go on bit for bit.
#include "train/data_sets_support.h"

#include "data/tensor_file.h"
#include "train/trainer.h"

#include <stdlib.h>

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
    char from[700], data[700];
    const char *const inputs[] = {"input=null", "inputs={a: x}", "inputs={b: x}"};
    struct bough_run *run;
    const struct bough_config first = test_config(text_of(both), NULL);
    run = train(&first, NULL, "begun");
    bough_run_destroy(&run);
    read_weight(weight[3], "begun", "trunk.0.weight", COUNT);
    snprintf(from, sizeof from, "from=%s/begun", test_folder());
    for (int i = 0; i < 3; i++) {
        snprintf(data, sizeof data, "data=%s", i == 2 ? few : many);
        const struct bough_config config =
            test_config(text_of(tasks[i]), from, data, inputs[i], "train.batch_size=300",
                        "train.epochs=1", "trunk=[linear: 8, tanh, linear: 5, relu]", NULL);
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
        {"train.sampling={name: temperature, temperature: 0.5}",
         "train.batch_size=1000",
         1,
         {300, 16}},
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
            if (source->feed.count != trainer->set[s].trained) // not the same ones in every epoch
                assert_memory_not_equal(source->feed.order, trainer->set[s].row,
                                        (size_t)source->batch * sizeof(int32_t));
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
    {"weighting=sdmgrad", NULL},
    {"weighting=auto_lambda", NULL},
    {"weighting=forum", NULL},
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
    {"train.folds=3", "schedule=plateau"},
    {"parameters={trunk.0.*: {lr: 0.5}, kind.*: {freeze: true, thaw: 1}}", NULL},
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
            print_message("%s\n", ways[way][0] ? ways[way][0] : "");
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
            char name[2][60], dir[2][700];
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
                    assert_float_equal(found, want[i], 1e-5);
                want[i] = found;
            }
            bough_run_destroy(&run);
        }
    }
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
        {"inputs.a.data=other.safetensors", "data: no input reads "},
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
        cmocka_unit_test(tasks_that_meet_read_the_same),
    };
    return cmocka_run_group_tests(tests, start, end);
}
