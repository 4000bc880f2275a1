#include "support/points.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *folder;

const char *points_path(const char *name)
{
    static char path[6][600];
    static int next;
    next = (next + 1) % 6;
    snprintf(path[next], sizeof path[next], "%s/%s", folder, name);
    return path[next];
}

static float draw(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (float)(*seed >> 8) / (float)(1 << 24) * 2 - 1;
}

// `order[k]` is the number of class k in this file.
static void make_rows(struct points *rows, const int *order, unsigned seed)
{
    for (int i = 0; i < POINTS; i++) {
        float x = draw(&seed), y = draw(&seed);
        rows->point[i][0] = 500 + 20 * x;
        rows->point[i][1] = 3 * y;
        rows->kind[i] = order[x < -0.3f ? 0 : x < 0.3f ? 1 : 2];
        rows->side[i] = y > 0;
        rows->level[i] = 10000 + 50 * x - 20 * y;
        snprintf(rows->id[i], sizeof rows->id[i], i == 1 ? "a,\"b\"" : "r%d", i);
    }
    rows->kind[5] = -1;
    rows->level[6] = NAN;
}

void points_declare(struct bough_tensor_writer *file, const char *split, int64_t rows)
{
    const struct bough_file_tensor field[] = {
        {"point", BOUGH_F32, {2, {rows, 2}}, NULL, 0}, {"kind", BOUGH_I64, {1, {rows}}, NULL, 0},
        {"side", BOUGH_I64, {1, {rows}}, NULL, 0},     {"level", BOUGH_F32, {1, {rows}}, NULL, 0},
        {"id", BOUGH_U8, {2, {rows, 8}}, NULL, 0},
    };
    for (size_t i = 0; i < sizeof field / sizeof *field; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s/%s", split, field[i].name);
        assert_ok(bough_tensor_writer_declare(file, name, field[i].dtype, &field[i].shape));
    }
}

void points_write_split(struct bough_tensor_writer *file, const struct points *rows, size_t count)
{
    assert_ok(bough_tensor_writer_write(file, rows->point, count * sizeof rows->point[0]));
    assert_ok(bough_tensor_writer_write(file, rows->kind, count * sizeof rows->kind[0]));
    assert_ok(bough_tensor_writer_write(file, rows->side, count * sizeof rows->side[0]));
    assert_ok(bough_tensor_writer_write(file, rows->level, count * sizeof rows->level[0]));
    assert_ok(bough_tensor_writer_write(file, rows->id, count * sizeof rows->id[0]));
}

const char *points_write(const char *name, const char *names, const struct points *train,
                         const struct points *test)
{
    struct bough_tensor_writer *file;
    const char *path = points_path(name);
    assert_ok(bough_tensor_writer_create(&file, path));
    if (names)
        assert_ok(bough_tensor_writer_metadata(file, "classes/kind", names));
    assert_ok(bough_tensor_writer_metadata(file, "text/id", "utf-8"));
    points_declare(file, "train", POINTS);
    if (test)
        points_declare(file, "test", POINTS_TEST);
    points_write_split(file, train, POINTS);
    if (test)
        points_write_split(file, test, POINTS_TEST);
    assert_ok(bough_tensor_writer_commit(file));
    bough_tensor_writer_destroy(&file);
    return path;
}

static const int straight[] = {0, 1, 2}, turned[] = {2, 0, 1};
const char points_names[] = "left\nmid, or so\nright";
const char points_turned_names[] = "mid, or so\nright\nleft";
struct points points_train, points_test, points_turned;

const char points_text[] =
    "data: none\n"
    "input: {field: point, normalize: auto}\n"
    "trunk: [linear: 16, relu]\n"
    "tasks:\n"
    "  kind: {target: kind, loss: cross_entropy, head: [linear: 3], metrics: [accuracy,\n"
    "         confusion]}\n"
    "  side: {target: side, loss: binary_cross_entropy, head: [linear: 1]}\n"
    "  level: {target: {field: level, standardize: true}, loss: mse, head: [linear: 1]}\n"
    "optimizer: {lr: 0.02}\n"
    "train: {epochs: 12, batch_size: 32, seed: 3, validation: 0.25}\n";

struct bough_config points_config(const char *data)
{
    return test_config_with(points_text, data, NULL);
}

int points_start(void **state)
{
    (void)state;
    folder = test_folder_create();
    make_rows(&points_train, straight, 1);
    make_rows(&points_test, straight, 2);
    make_rows(&points_turned, turned, 2);
    return 0;
}

int points_end(void **state)
{
    test_folder_end(state);
    return test_devices_end(state);
}

const char *points_trained(void)
{
    static char dir[600];
    struct bough_run *run;
    if (*dir)
        return dir;
    struct bough_config config =
        points_config(points_write("data.safetensors", points_names, &points_train, &points_test));
    snprintf(dir, sizeof dir, "%s", points_path("run"));
    assert_ok(bough_train(&run, &config, &(struct bough_train_options){.run_dir = dir}));
    const struct bough_metrics *test = bough_run_result(run)->test;
    assert_true(bough_metrics_find(test, "kind", "accuracy") > 0.8);
    assert_true(bough_metrics_find(test, "side", "accuracy") > 0.8);
    bough_run_destroy(&run);
    return dir;
}

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char *text = calloc(1, 1 << 20);
    assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
    fclose(file);
    return text;
}

char *points_predict(const char *model, struct bough_predict_options options)
{
    options.out = points_path("out.csv");
    assert_ok(bough_predict(model, &options));
    return read_text(options.out);
}
