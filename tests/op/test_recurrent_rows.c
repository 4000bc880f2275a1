// lstm and gru: each row of a batch has the bits that it has alone and without padding, whatever
// stands in the padding; and the gradients of the parameters are the sums of those of the rows.
#include "bench/op_call.h"
#include "support/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 21, LENGTH = 6, UNITS = 19, DIRS = 2, GX = DIRS * 4 * UNITS, Y = DIRS * UNITS };
enum { PARAMS = GX * UNITS + Y }; // weight_hh, and bias_hn of gru
static const int32_t lengths[ROWS] = {6, 0, 1, 6, 5, 4, 6, 2, 6, 3, 6,
                                      6, 1, 5, 0, 6, 2, 4, 6, 3, 6};

struct values {
    float gx[ROWS * LENGTH * GX], dy[ROWS * LENGTH * Y];
    float y[ROWS * LENGTH * Y], dgx[ROWS * LENGTH * GX];
    double dparams[PARAMS];
};

static void open_call(struct bough__call *call, struct bough_device *device,
                      const struct bough__op *op, int64_t rows, int64_t length)
{
    const int is_gru = op == &bough__op_gru, gates = is_gru ? 3 : 4;
    struct bough__call_setup setup = {.op = op,
                                      .inputs = 3 + is_gru,
                                      .x = {{3, {rows, length, DIRS * gates * UNITS}},
                                            {3, {DIRS, gates * UNITS, UNITS}},
                                            {2, {DIRS, UNITS}}},
                                      .integers = 1 << (2 + is_gru)};
    setup.x[2 + is_gru] = (struct bough_shape){1, {rows}};
    assert_ok(bough__call_init(call, device, &setup));
}

static void add_params(double *sum, const struct bough__op_call *op)
{
    static float value[PARAMS];
    for (int i = 1; i < op->inputs - 1; i++) {
        const int64_t count = bough_shape_elements(&op->x[i].shape);
        assert_ok(bough__read(op->dx[i].span, value, (size_t)count * sizeof *value));
        for (int64_t k = 0; k < count; k++)
            sum[k] += (double)value[k];
        sum += count;
    }
}

static void run(struct bough__call *call, const float *gx, const float *dy, const int32_t *length,
                struct values *to)
{
    struct bough__op_call *op = &call->call;
    const size_t x_bytes = (size_t)bough_shape_elements(&op->x[0].shape) * sizeof(float);
    const size_t y_bytes = (size_t)bough_shape_elements(&op->y.shape) * sizeof(float);
    const size_t rows = (size_t)op->x[0].shape.dim[0];
    assert_ok(bough__write(op->x[0].span, gx, x_bytes));
    assert_ok(bough__write(op->dy.span, dy, y_bytes));
    assert_ok(bough__write(op->x[op->inputs - 1].span, length, rows * sizeof *length));
    assert_ok(bough__sequence_run(&call->forward));
    assert_ok(bough__read(op->y.span, to->y, y_bytes));
    assert_ok(bough__sequence_run(&call->backward));
    assert_ok(bough__read(op->dx[0].span, to->dgx, x_bytes));
    add_params(to->dparams, op);
}

// In the padding NaN.
static void fill(float *value, int64_t width, unsigned key)
{
    for (int64_t row = 0; row < ROWS; row++)
        for (int64_t i = 0; i < LENGTH * width; i++)
            value[row * LENGTH * width + i] =
                i < lengths[row] * width
                    ? (float)((row * 7919 + i * 104729 + key) % 1000) / 250.0f - 2.0f
                    : NAN;
}

static void assert_same(const float *batch, const float *alone, int64_t width, int row)
{
    const int64_t own = lengths[row] * width;
    batch += row * LENGTH * width;
    assert_memory_equal(batch, alone, (size_t)own * sizeof(float));
    for (int64_t i = own; i < LENGTH * width; i++)
        assert_float_equal(batch[i], 0, 0);
}

static void assert_sums(const double *batch, const double *alone)
{
    double most = 0;
    for (int i = 0; i < PARAMS; i++)
        most = fmax(most, fabs(alone[i]));
    for (int i = 0; i < PARAMS; i++)
        assert_true(fabs(batch[i] - alone[i]) <= 1e-5 * most);
    assert_true(most > 0);
}

static void check(struct bough_device *device, const struct bough__op *op)
{
    static struct values batch, alone;
    batch = alone = (struct values){0};
    const int64_t width = (int64_t)DIRS * (op == &bough__op_gru ? 3 : 4) * UNITS;
    struct bough__call call;
    fill(batch.gx, width, 1);
    fill(batch.dy, Y, 2);
    open_call(&call, device, op, ROWS, LENGTH);
    run(&call, batch.gx, batch.dy, lengths, &batch);
    bough__call_fini(&call);
    for (int row = 0; row < ROWS; row++) {
        open_call(&call, device, op, 1, lengths[row]);
        run(&call, batch.gx + row * LENGTH * width, batch.dy + (int64_t)row * LENGTH * Y,
            &lengths[row], &alone);
        bough__call_fini(&call);
        assert_same(batch.y, alone.y, Y, row);
        assert_same(batch.dgx, alone.dgx, width, row);
    }
    assert_sums(batch.dparams, alone.dparams);
}

static void rows_alone(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *devices = test_devices(&count);
    for (size_t i = 0; i < count; i++) {
        check(devices[i], &bough__op_lstm);
        check(devices[i], &bough__op_gru);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_alone)};
    return cmocka_run_group_tests_name("recurrent rows", tests, NULL, test_devices_end);
}
