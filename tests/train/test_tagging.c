// Sentences of tags by a linear chain: trained, saved and predicted as other tasks are, its
// parameters too.
#include "mtl/weighting.h"
#include "support/training.h"

#include "cl/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 90, TESTED = 40, MOST = 21, WIDTH = 3, TAGS = 5, TASKS = 3 };

static unsigned draw(int split, int row, int at, int number)
{
    return random_bits(7, 1, (unsigned)split, (unsigned)row, (unsigned)at, (unsigned)number).v[0];
}

struct rows {
    float x[ROWS * MOST * WIDTH], size[ROWS * MOST];
    int16_t tag[ROWS * MOST];
    int32_t length[ROWS];
};

// Spans of two types: what a token looks like tells its type, but not whether a span begins. Of
// type a all are of one token, of type b of two, or cut off. The padding makes no sense.
static void make_rows(struct rows *to, int split, int rows, int longest)
{
    *to = (struct rows){0};
    for (int n = 0; n < rows; n++) {
        to->length[n] = n * 5 % 13;
        for (int l = 0, left = 0, tag = 0; l < longest; l++) {
            const int inside = l < to->length[n], at = n * longest + l;
            if (left-- <= 0) {
                const unsigned kind = draw(split, n, l, 0) % 3;
                tag = (int[]){0, 1, 3}[kind];
                left = kind == 2;
            } else {
                tag = 4;
            }
            to->tag[at] = (int16_t)(inside ? tag : -1);
            to->size[at] = inside ? (float)tag : NAN;
            for (int i = 0; i < WIDTH; i++)
                to->x[at * WIDTH + i] =
                    inside ? (float)(i == (tag + 1) / 2) + random_unit(draw(split, n, l, 1 + i))
                           : 1e6f;
        }
    }
}

static void write_split(struct bough_tensor_writer *writer, const char *split, int rows,
                        int longest, int declare)
{
    static struct rows made;
    make_rows(&made, *split == 't' && split[1] == 'r', rows, longest);
    const struct bough_shape shape[] = {
        {3, {rows, longest, WIDTH}}, {2, {rows, longest}}, {3, {rows, longest, 1}}, {1, {rows}}};
    const struct {
        const char *field;
        enum bough_dtype dtype;
        const void *data;
        size_t bytes;
    } field[] = {{"x", BOUGH_F32, made.x, (size_t)(rows * longest * WIDTH) * 4},
                 {"tag", BOUGH_I16, made.tag, (size_t)(rows * longest) * 2},
                 {"size", BOUGH_F32, made.size, (size_t)(rows * longest) * 4},
                 {"length", BOUGH_I32, made.length, (size_t)rows * 4}};
    for (int i = 0; i < 4; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s/%s", split, field[i].field);
        if (declare)
            assert_ok(bough_tensor_writer_declare(writer, name, field[i].dtype, &shape[i]));
        else
            assert_ok(bough_tensor_writer_write(writer, field[i].data, field[i].bytes));
    }
}

static const char bio_names[] = "O\nB-a\nI-a\nB-b\nI-b";

// Borrowed until the next call but one.
static const char *write_data(const char *name, int longest, const char *names)
{
    static char path[2][600];
    static int turn;
    struct bough_tensor_writer *writer;
    char *to = path[turn++ % 2];
    snprintf(to, sizeof path[0], "%s/%s.safetensors", test_folder(), name);
    assert_ok(bough_tensor_writer_create(&writer, to));
    if (names)
        assert_ok(bough_tensor_writer_metadata(writer, "classes/tag", names));
    for (int declare = 1; declare >= 0; declare--) {
        write_split(writer, "train", ROWS, longest, declare);
        write_split(writer, "test", TESTED, longest, declare);
    }
    assert_ok(bough_tensor_writer_commit(writer));
    bough_tensor_writer_destroy(&writer);
    return to;
}

static const char text[] =
    "data: none\n"
    "input: {field: x, lengths: length}\n"
    "trunk: [linear: 8, tanh]\n"
    "tasks:\n"
    "  slots: {target: tag, loss: {name: crf, bio: true}, head: [linear: 5],\n"
    "    metrics: [accuracy, span_f1, exact_match]}\n"
    "  plain: {target: tag, loss: cross_entropy, head: [linear: 5],\n"
    "    metrics: [accuracy, span_f1, exact_match]}\n"
    "  size: {target: size, loss: mse, head: [linear: 1]}\n"
    "optimizer: {name: adam, lr: 0.02}\n"
    "train: {epochs: 12, batch_size: 9, seed: 3}\n";

static struct bough_run *train(const char *path, struct bough_device *device, const char *dir,
                               const char *change, const char *more)
{
    struct bough_config config = test_config_with(text, path, change, more, NULL);
    struct bough_run *run;
    assert_ok(bough_train(&run, &config,
                          &(struct bough_train_options){.device = device, .run_dir = dir}));
    return run;
}

static void check_alike(const struct bough_metrics *one, const struct bough_metrics *other,
                        double tolerance)
{
    assert_int_equal(one->count, other->count);
    for (size_t i = 0; i < one->count; i++) {
        const double value = one->value[i].value, wanted = other->value[i].value;
        if (!(fabs(value - wanted) <= tolerance * (1 + fabs(wanted))))
            fail_msg("%s.%s: %.9g, wanted %.9g", one->value[i].task, one->value[i].metric, value,
                     wanted);
    }
    assert_true(fabs(one->exact_match - other->exact_match) <= tolerance);
}

static double metric_of(const struct bough_metrics *metrics, const char *task, const char *metric)
{
    return bough_metrics_find(metrics, task, metric);
}

// ---- What it learns ----

static void a_chain_tells_spans_that_tokens_do_not(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    const char *close = write_data("close", 12, bio_names);
    const char *wide = write_data("wide", MOST, bio_names);
    struct bough_run *c = train(close, device[0], NULL, "train.epochs=12", NULL);
    for (size_t d = 0; d < count; d++) {
        struct bough_run *one = train(close, device[d], NULL, "train.epochs=12", NULL),
                         *other = train(wide, device[d], NULL, "train.epochs=12", NULL);
        const struct bough_metrics *test = bough_run_result(one)->test;
        assert_true(metric_of(test, "slots", "span_f1") > 0.9);
        assert_true(metric_of(test, "slots", "exact_match") > 0.7);
        assert_true(metric_of(test, "plain", "span_f1") < 0.8);
        assert_true(test->exact_match <= metric_of(test, "plain", "exact_match"));
        check_alike(test, bough_run_result(other)->test, 0);
        check_alike(test, bough_run_result(c)->test, 1e-3);
        bough_run_destroy(&one);
        bough_run_destroy(&other);
    }
    bough_run_destroy(&c);
}

// ---- Its parameters ----

static const char *dir_of(const char *name)
{
    static char dir[2][600];
    static int turn;
    char *to = dir[turn++ % 2];
    snprintf(to, sizeof dir[0], "%s/%s", test_folder(), name);
    return to;
}

// The largest of a parameter of a saved model.
static float largest_of(const char *dir, const char *name, int64_t elements)
{
    char path[700];
    struct bough_tensor_file *file;
    float largest = 0;
    snprintf(path, sizeof path, "%s/model.safetensors", dir);
    assert_ok(bough_tensor_file_open(&file, path));
    const struct bough_file_tensor *tensor = bough_tensor_file_find(file, name);
    assert_non_null(tensor);
    assert_int_equal(bough_shape_elements(&tensor->shape), elements);
    for (int64_t i = 0; i < elements; i++)
        largest = fmaxf(largest, fabsf(((const float *)tensor->data)[i]));
    bough_tensor_file_close(&file);
    assert_true(isfinite(largest));
    return largest;
}

static void its_parameters_are_saved_and_read_and_frozen(void **state)
{
    (void)state;
    const char *path = write_data("data", 12, bio_names);
    struct bough_run *run = train(path, NULL, dir_of("run"), "train.epochs=3", NULL), *again;
    assert_ok(bough_evaluate(&again, dir_of("run"), NULL, "test", NULL));
    check_alike(bough_run_result(again)->test, bough_run_result(run)->test, 0);
    bough_run_destroy(&again);
    bough_run_destroy(&run);
    assert_true(largest_of(dir_of("run"), "slots.transitions", TAGS * TAGS) > 0.1f);
    assert_true(largest_of(dir_of("run"), "slots.start", TAGS) > 0.1f);
    assert_true(largest_of(dir_of("run"), "slots.end", TAGS) > 0.1f);
    run = train(path, NULL, dir_of("frozen"), "train.epochs=3",
                "parameters={slots.transitions: {freeze: true}}");
    assert_true(largest_of(dir_of("frozen"), "slots.transitions", TAGS * TAGS) == 0);
    assert_true(largest_of(dir_of("frozen"), "slots.start", TAGS) > 0.1f);
    bough_run_destroy(&run);
}

static void they_are_counted_as_the_tasks(void **state)
{
    (void)state;
    struct bough_config config = test_config(text, NULL);
    const struct bough_shape sample = {2, {12, WIDTH}};
    struct bough_model_info *info;
    assert_ok(bough_model_info_create(&info, &config, &sample));
    assert_int_equal(info->owner[1].parameters, 8 * TAGS + TAGS + TAGS * TAGS + 2 * TAGS);
    assert_int_equal(info->owner[2].parameters, 8 * TAGS + TAGS);
    assert_int_equal(info->parameters, info->owner[0].parameters + info->owner[1].parameters +
                                           info->owner[2].parameters + info->owner[3].parameters);
    bough_model_info_destroy(&info);
}

// Whatever weighs the tasks: all of the chain moves, and the loss falls.
static void every_weighting_trains_it(void **state)
{
    (void)state;
    const char *path = write_data("data", 12, bio_names);
    for (size_t i = 0; i < bough__weightings.count; i++) {
        char weighting[128], name[128];
        const char *method = test_weighting(bough__weightings.row[i]);
        snprintf(weighting, sizeof weighting, "weighting=%s", method);
        snprintf(name, sizeof name, "%s-%zu", "run", i);
        struct bough_run *run = train(path, NULL, dir_of(name), weighting, "train.epochs=4");
        print_message("%s: slots %.3g\n", method,
                      metric_of(bough_run_result(run)->test, "slots", "loss"));
        assert_true(metric_of(bough_run_result(run)->test, "slots", "loss") < 1.5);
        assert_true(largest_of(dir_of(name), "slots.transitions", TAGS * TAGS) > 0.01f);
        assert_true(largest_of(dir_of(name), "slots.start", TAGS) > 0.01f);
        bough_run_destroy(&run);
    }
}

// ---- What is predicted ----

static enum bough_status keep(void *user, const char *bytes, size_t size)
{
    char *kept = user;
    strncat(kept, bytes, size);
    return BOUGH_OK;
}

// Untrained, a chain predicts what BIO allows, and nothing else.
static void predictions_are_bio(void **state)
{
    (void)state;
    static char csv[40000];
    const char *path = write_data("data", 12, bio_names);
    struct bough_run *run =
        train(path, NULL, dir_of("run"), "optimizer={name: sgd, lr: 1e-9}", "train.epochs=1");
    *csv = '\0';
    assert_ok(
        bough_predict(dir_of("run"), &(struct bough_predict_options){.write = keep, .user = csv}));
    int spans = 0;
    for (char *line = strchr(csv, '\n') + 1, *end; *line; line = end + 1) {
        const char *before = "O";
        end = strchr(line, '\n');
        *end = '\0';
        char *rest = strchr(line, ',') + 1;
        *strchr(rest, ',') = '\0';
        for (char *tag = strtok(rest, " "); tag; before = tag, tag = strtok(NULL, " ")) {
            spans += *tag == 'B';
            if (*tag == 'I')
                assert_true(*before != 'O' && before[2] == tag[2]);
        }
    }
    assert_true(spans > 0);
    bough_run_destroy(&run);
}

static void rows_are_right_in_several_tasks(void **state)
{
    (void)state;
    const char *path = write_data("data", 12, bio_names);
    struct bough_run *run = train(path, NULL, NULL, "train.validation=0.2",
                                  "train.early_stopping={patience: 3, metric: exact_match}");
    const struct bough_metrics *validation = bough_run_result(run)->validation;
    assert_true(validation->exact_match > 0);
    assert_true(validation->exact_match <= metric_of(validation, "slots", "exact_match"));
    bough_run_destroy(&run);
    run = train(path, NULL, NULL, "tasks.plain.metrics=[accuracy]", "train.epochs=1");
    assert_true(isnan(bough_run_result(run)->test->exact_match));
    bough_run_destroy(&run);
}

// ---- Mistakes ----

static void check_mistakes(const char *path, const char *const *change, size_t changes,
                           const char *wanted)
{
    struct bough_config *config = NULL;
    struct bough_run *run = NULL;
    enum bough_status status = bough_config_parse(&config, text, NULL, change, changes);
    if (status == BOUGH_OK) {
        struct bough_config own = *config;
        test_config_use(&own, path);
        status = bough_train(&run, &own, NULL);
    }
    assert_int_equal(status, BOUGH_INVALID);
    if (!strstr(bough_last_error(), wanted))
        fail_msg("%s\nwanted: %s", bough_last_error(), wanted);
    bough_config_close(&config);
}

static void check_mistake(const char *path, const char *change, const char *wanted)
{
    check_mistakes(path, &change, 1, wanted);
}

static void mistakes_are_told(void **state)
{
    (void)state;
    const char *path = write_data("data", 12, bio_names);
    static const char *const flat[] = {"input={field: x}", "trunk=[flatten, linear: 8]"};
    check_mistakes(path, flat, 2,
                   "tasks.slots.loss: crf wants scores of a sequence, [N, L, K], and the head "
                   "gives [5]");
    check_mistake(path, "train.early_stopping={metric: exact_mach}", "'exact_mach'; wanted mean");
    path = write_data("other", 12, "O\nB-a\nI-a\nB-b\nE-b");
    check_mistake(path, "tasks.plain.metrics=[accuracy]",
                  "tasks.slots.metrics: span_f1: a class is 'E-b', wanted O, B-x or I-x");
    check_mistake(path, "tasks.slots.metrics=[accuracy]", "tasks.plain.metrics: span_f1");
    path = write_data("unnamed", 12, NULL);
    check_mistake(path, "tasks.slots.metrics=[accuracy]", "the classes have no names");
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, test_folder_begin, test_folder_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_chain_tells_spans_that_tokens_do_not),
        IN_FOLDER(its_parameters_are_saved_and_read_and_frozen),
        cmocka_unit_test(they_are_counted_as_the_tasks),
        IN_FOLDER(every_weighting_trains_it),
        IN_FOLDER(predictions_are_bio),
        IN_FOLDER(rows_are_right_in_several_tasks),
        IN_FOLDER(mistakes_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, test_devices_end);
}
