#include "support/rows.h"

#include <math.h>
#include <stdio.h>

enum { WIDTH = 7 };

static const char text[] = "data: none\n"
                           "trunk: [linear: 5, tanh, linear: 4]\n"
                           "optimizer: {name: sgd, lr: 0.05, clip_norm: 0.7}\n"
                           "tasks:\n"
                           "  a: {target: y, loss: mse, head: [linear: 1]}\n"
                           "  b: {target: y, loss: mse, weight: 0.5, head: [linear: 1]}\n"
                           "  c: {target: y, loss: mse, head: [linear: 1]}\n";

static float x[ROWS][WIDTH];
float rows_label[ROWS_TASKS][ROWS];

void rows_fill(void)
{
    for (int n = 0; n < ROWS; n++) {
        for (int i = 0; i < WIDTH; i++)
            x[n][i] = (float)((n * 37 + i * 11) % 17) / 8 - 1;
        for (int t = 0; t < ROWS_TASKS; t++)
            rows_label[t][n] = sinf((float)(n * (t + 2)));
    }
}

void rows_open(struct rows_net *net, struct bough_device *device, const struct rows_want *want,
               const char *trunk)
{
    struct bough__column column[1 + ROWS_TASKS] = {{.host = x, .dtype = BOUGH_F32, .width = WIDTH}};
    char weighting[160], batch[64];
    snprintf(weighting, sizeof weighting, "weighting=%s", want->weighting);
    snprintf(batch, sizeof batch, "train.batch_size=%d", want->batch);
    *net = (struct rows_net){.config = test_config(text, weighting, batch, trunk, NULL)};
    for (int t = 0; t < ROWS_TASKS; t++)
        column[1 + t] =
            (struct bough__column){.host = rows_label[t], .dtype = BOUGH_F32, .width = 1};
    assert_ok(bough__model_create(&net->model, &net->config, &(struct bough_shape){1, {WIDTH}},
                                  device, NULL));
    assert_true(net->model->params.elements <= ROWS_MOST_VALUES);
    net->split = (struct bough__split){0};
    assert_ok(bough__table_init(&net->split.table, device, column, 1 + ROWS_TASKS, ROWS,
                                want->batch, want->resident ? bough__table_budget(device) : 0));
    assert_int_equal(net->split.table.resident, want->resident);
    assert_ok(bough__runner_create_one(&net->runner, net->model, &net->split, NULL, ROWS,
                                       BOUGH_TRAINING));
    assert_ok(bough__runner_begin(net->runner));
}

void rows_close(struct rows_net *net)
{
    bough__runner_destroy(&net->runner);
    bough__table_fini(&net->split.table);
    bough__model_destroy(&net->model);
}

void rows_step(struct rows_net *net, int64_t index, uint32_t number, float lr)
{
    struct step_state state = {.seed = {5}};
    bough__optimizer_set_step(&state, &net->config.optimizer, number, lr);
    assert_ok(bough__runner_step(net->runner, index, &state));
}
