// Two data sets, of classes and of numbers, and a config whose tasks have one each.
#ifndef BOUGH_TEST_DATA_SETS_SUPPORT_H
#define BOUGH_TEST_DATA_SETS_SUPPORT_H

#include "support/training.h"

#include "cl/random.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 6, MOST_ROWS = 300, LARGE_ROWS = 4000 };

static char few[600], many[600]; // paths: rows of classes, and of numbers
static const char *input = "x";  // field of what is written

// The input and, of classes or numbers, `kind` or `size`.
static inline void write_split(struct bough_tensor_writer *writer, const char *split, int rows,
                               int of_classes, int declare)
{
    static float x[LARGE_ROWS][WIDTH], size[LARGE_ROWS];
    static int64_t kind[LARGE_ROWS];
    const struct bough_shape shape[] = {{2, {rows, WIDTH}}, {1, {rows}}};
    char name[2][32];
    snprintf(name[0], sizeof name[0], "%s/%s", split, input);
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

// `splits` beside `train`, of 20 rows each.
static inline void write_splits(char *path, const char *name, int rows, int of_classes,
                                const char *const *splits)
{
    struct bough_tensor_writer *writer;
    snprintf(path, sizeof few, "%s/%s.safetensors", test_folder(), name);
    assert_ok(bough_tensor_writer_create(&writer, path));
    if (of_classes)
        assert_ok(bough_tensor_writer_metadata(writer, "classes/kind", "left\nright"));
    for (int declare = 1; declare >= 0; declare--) {
        write_split(writer, "train", rows, of_classes, declare);
        for (const char *const *split = splits; *split; split++)
            write_split(writer, *split, 20, of_classes, declare);
    }
    assert_ok(bough_tensor_writer_commit(writer));
    bough_tensor_writer_destroy(&writer);
}

static inline void write_data(char *path, const char *name, int rows, int of_classes)
{
    write_splits(path, name, rows, of_classes, (const char *const[]){"test", NULL});
}

static inline int start(void **state)
{
    test_folder_begin(state);
    write_data(few, "few", 70, 1);
    write_data(many, "many", MOST_ROWS, 0);
    return 0;
}

static inline int end(void **state)
{
    test_folder_end(state);
    return test_devices_end(state);
}

static inline const char *text_of(const char *tasks)
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

static inline struct bough_run *train(const struct bough_config *config,
                                      struct bough_device *device, const char *name)
{
    static char dir[600];
    struct bough_run *run;
    snprintf(dir, sizeof dir, "%s/%s", test_folder(), name);
    assert_ok(
        bough_train(&run, config, &(struct bough_train_options){.device = device, .run_dir = dir}));
    return run;
}

#endif
