// Rows of an image and a table, each of which rows may lack, and two tasks; and trainings on them.
#ifndef BOUGH_TEST_MODALITIES_SUPPORT_H
#define BOUGH_TEST_MODALITIES_SUPPORT_H

#include "support/configs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 90, TEST_ROWS = 20, AREA = 9, WIDTH = 3 };

// Rows of `train`, of which `test` has the first.
static struct {
    uint8_t image[ROWS][AREA], seen[ROWS];
    float table[ROWS][WIDTH], has[ROWS][1], level[ROWS];
    int64_t kind[ROWS];
} rows;

static const struct {
    const char *name;
    enum bough_dtype dtype;
    struct bough_shape sample;
    const void *data;
} fields[] = {
    {"image", BOUGH_U8, {3, {1, 3, 3}}, rows.image},
    {"table", BOUGH_F32, {1, {3}}, rows.table},
    {"seen", BOUGH_U8, {0}, rows.seen},
    {"has", BOUGH_F32, {1, {1}}, rows.has},
    {"kind", BOUGH_I64, {0}, rows.kind},
    {"level", BOUGH_F32, {0}, rows.level},
};
enum { FIELDS = sizeof fields / sizeof *fields };

static const char text[] =
    "data: none\n"
    "inputs:\n"
    "  image: {normalize: auto, present: seen, stem: [conv2d: {channels: 2, kernel: 2},\n"
    "          relu, flatten, linear: 4]}\n"
    "  table: {normalize: auto, optional: true, stem: [linear: 4, tanh]}\n"
    "join: gate\n"
    "trunk: [linear: 8, relu]\n"
    "tasks:\n"
    "  kind: {target: kind, loss: cross_entropy, head: [linear: 2]}\n"
    "  level: {target: level, loss: mse, head: [linear: 1]}\n"
    "train: {epochs: 2, batch_size: 20, seed: 5, validation: 0.25}\n";
static const char *const joins[] = {"join=concat", "join=sum", "join=gate"};
enum { JOINS = sizeof joins / sizeof *joins };
static const char by_field[] = "inputs.table.present=has";

static inline float draw(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (float)(*seed >> 8) / (float)(1 << 24);
}

static inline int lacks_image(int n)
{
    return n % 4 == 1;
}
static inline int lacks_table(int n)
{
    return n % 3 == 0;
}
static inline int lacks_both(int n)
{
    return lacks_image(n) && lacks_table(n);
}

// What rows lack stands in its place as `image` and `table`; those that lack both have no label,
// and none of `level` those that lack the table.
static inline void make_rows(uint8_t image, float table)
{
    unsigned seed = 1;
    for (int n = 0; n < ROWS; n++) {
        for (int i = 0; i < AREA; i++)
            rows.image[n][i] = (uint8_t)(200 * draw(&seed));
        for (int i = 0; i < WIDTH; i++)
            rows.table[n][i] = 10 + draw(&seed);
        rows.kind[n] = lacks_both(n) ? -1 : rows.image[n][4] > 100;
        rows.level[n] = lacks_table(n) ? NAN : rows.table[n][1];
        rows.seen[n] = !lacks_image(n);
        rows.has[n][0] = !lacks_table(n);
        if (lacks_image(n))
            memset(rows.image[n], image, AREA);
        if (lacks_table(n))
            rows.table[n][n % WIDTH] = table;
    }
}

static inline const char *path_of(const char *name)
{
    static char path[4][600];
    static int next;
    next = (next + 1) % 4;
    snprintf(path[next], sizeof path[next], "%s/%s", test_folder(), name);
    return path[next];
}

static inline const char *write_data(void)
{
    const char *path = path_of("data.safetensors");
    struct bough_tensor_writer *writer;
    assert_ok(bough_tensor_writer_create(&writer, path));
    for (int pass = 0; pass < 2; pass++)
        for (int test = 0; test < 2; test++)
            for (size_t f = 0; f < FIELDS; f++) {
                const struct bough_shape shape =
                    bough_shape_samples(&fields[f].sample, test ? TEST_ROWS : ROWS);
                const size_t bytes =
                    (size_t)bough_shape_elements(&shape) * bough_dtype_size(fields[f].dtype);
                char name[64];
                snprintf(name, sizeof name, "%s/%s", test ? "test" : "train", fields[f].name);
                if (pass)
                    assert_ok(bough_tensor_writer_write(writer, fields[f].data, bytes));
                else
                    assert_ok(bough_tensor_writer_declare(writer, name, fields[f].dtype, &shape));
            }
    assert_ok(bough_tensor_writer_commit(writer));
    bough_tensor_writer_destroy(&writer);
    return path;
}

// On the rows as they stand; the overrides may be NULL.
static inline struct bough_config config_with(const char *a, const char *b)
{
    return test_config_with(text, write_data(), a ? a : b, a ? b : NULL, NULL);
}

static inline void train_by(const char *name, struct bough_device *device,
                            const struct bough_config *config)
{
    char command[700];
    struct bough_run *run;
    const struct bough_train_options options = {.device = device, .run_dir = path_of(name)};
    snprintf(command, sizeof command, "rm -rf %s", path_of(name));
    assert_int_equal(system(command), 0);
    assert_ok(bough_train(&run, config, &options));
    bough_run_destroy(&run);
}

static inline void train(const char *name, struct bough_device *device, const char *a,
                         const char *b)
{
    const struct bough_config config = config_with(a, b);
    train_by(name, device, &config);
}

static inline struct bough_tensor_file *open_model(const char *run)
{
    char path[700];
    struct bough_tensor_file *file;
    snprintf(path, sizeof path, "%s/model.safetensors", path_of(run));
    assert_ok(bough_tensor_file_open(&file, path));
    return file;
}

// Byte for byte, or with a largest difference.
static inline void same_weights(const char *run_a, const char *run_b, float tolerance)
{
    struct bough_tensor_file *a = open_model(run_a), *b = open_model(run_b);
    assert_true(bough_tensor_file_count(a) >= 10);
    assert_int_equal(bough_tensor_file_count(a), bough_tensor_file_count(b));
    for (size_t i = 0; i < bough_tensor_file_count(a); i++) {
        const struct bough_file_tensor *x = bough_tensor_file_at(a, i),
                                       *y = bough_tensor_file_find(b, x->name);
        assert_non_null(y);
        assert_int_equal(x->bytes, y->bytes);
        if (!tolerance)
            assert_memory_equal(x->data, y->data, x->bytes);
        for (size_t n = 0; tolerance && n < x->bytes / sizeof(float); n++)
            assert_float_equal(((const float *)x->data)[n], ((const float *)y->data)[n], tolerance);
    }
    bough_tensor_file_close(&a);
    bough_tensor_file_close(&b);
}

static inline void trains(const char *architecture, const char *regime)
{
    make_rows(9, NAN);
    train("run", NULL, architecture, regime);
}

static inline int end(void **state)
{
    test_folder_end(state);
    return test_devices_end(state);
}

#endif
