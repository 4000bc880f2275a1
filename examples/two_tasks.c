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

int main(int argc, char **argv)
{
    const struct bough_layer trunk[] = {{.kind = "linear", .units = 32}, {.kind = "tanh"}};
    const struct bough_layer two = {.kind = "linear", .units = 2};
    const struct bough_layer one = {.kind = "linear", .units = 1};
    const struct bough_task tasks[] = {
        {"inside", "inside", .loss.name = "cross_entropy", .head = &two, .head_count = 1},
        {"distance", "distance", .loss.name = "mse", .head = &one, .head_count = 1},
    };
    struct bough_config config = {.data = argc > 1 ? argv[1] : "two_tasks.safetensors"};
    config.input.field = "point";
    config.trunk = trunk, config.trunk_count = 2;
    config.tasks = tasks, config.tasks_count = 2;
    config.optimizer.lr = 0.01f;
    config.train = (struct bough_train){.epochs = 20, .validation = 0.25f};
    struct bough_run *run = NULL;
    if (write_data(config.data) || bough_train(&run, &config, &(struct bough_train_options){0}))
        return fprintf(stderr, "%s\n", bough_last_error()), 1;
    const struct bough_scores *scores = bough_run_result(run)->validation;
    printf("inside: accuracy %.3f\n", bough_scores_find(scores, "inside", "accuracy"));
    printf("distance: mean squared error %.4f\n", bough_scores_find(scores, "distance", "mse"));
    bough_run_destroy(&run);
}
