// Two tasks on one trunk, without a config file: does a point lie inside a circle, and how far is
// it from the middle?   usage: two_tasks DATA_FILE (is written)
#include <bough/bough.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 4000 };
static float point[ROWS][2], distance[ROWS];
static int64_t inside[ROWS];

static enum bough_status write_data(const char *path)
{
    const struct bough_file_tensor field[] = {
        {"train/point", BOUGH_F32, {2, {ROWS, 2}}, point, sizeof point},
        {"train/distance", BOUGH_F32, {1, {ROWS}}, distance, sizeof distance},
        {"train/inside", BOUGH_I64, {1, {ROWS}}, inside, sizeof inside},
    };
    for (int i = 0; i < ROWS; i++) {
        point[i][0] = (float)rand() / (float)RAND_MAX * 2 - 1;
        point[i][1] = (float)rand() / (float)RAND_MAX * 2 - 1;
        distance[i] = hypotf(point[i][0], point[i][1]);
        inside[i] = distance[i] < 0.75f;
    }
    struct bough_tensor_writer *file = NULL;
    enum bough_status status = bough_tensor_writer_create(&file, path);
    for (int i = 0; i < 3 && !status; i++)
        status = bough_tensor_writer_declare(file, field[i].name, field[i].dtype, &field[i].shape);
    for (int i = 0; i < 3 && !status; i++)
        status = bough_tensor_writer_write(file, field[i].data, field[i].bytes);
    status = status ? status : bough_tensor_writer_commit(file);
    bough_tensor_writer_destroy(&file);
    return status;
}

static const char text[] = "data: two_tasks.safetensors\n"
                           "input: {field: point}\n"
                           "trunk: [linear: 32, tanh]\n"
                           "tasks:\n"
                           "  inside: {target: inside, loss: cross_entropy, head: [linear: 2]}\n"
                           "  distance: {target: distance, loss: mse, head: [linear: 1]}\n"
                           "optimizer: {lr: 0.01}\n"
                           "train: {epochs: 20, validation: 0.25}\n";

int main(int argc, char **argv)
{
    char data[4200];
    const char *const overrides[] = {data};
    struct bough_config *config = NULL;
    struct bough_run *run = NULL;
    snprintf(data, sizeof data, "data=%s", argc > 1 ? argv[1] : "");
    if (bough_config_parse(&config, text, NULL, overrides, argc > 1) ||
        write_data(bough_config_data(config)) ||
        bough_train(&run, config, &(struct bough_train_options){0}))
        return fprintf(stderr, "%s\n", bough_last_error()), 1;
    const struct bough_metrics *metrics = bough_run_result(run)->validation;
    printf("inside: accuracy %.3f\n", bough_metrics_find(metrics, "inside", "accuracy"));
    printf("distance: mean squared error %.4f\n", bough_metrics_find(metrics, "distance", "mse"));
    bough_run_destroy(&run);
    bough_config_close(&config);
}
