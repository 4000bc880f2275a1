// The tasks' gradients, for every architecture of the list and for every way to join inputs, by
// finite differences on every device. A row that is added later is tested without a line more.
#include "mtl/apart_support.h"

#include <math.h>

// Where the losses are looked at, in steps, and their weights in a slope: from both sides, and from
// one alone, as a relu may bend on the other.
static const struct stencil {
    float at[3], weight[3];
} stencils[] = {
    {{-1, 1}, {-0.5f, 0.5f}}, {{0, 1, 2}, {-1.5f, 2, -0.5f}}, {{0, -1, -2}, {1.5f, -2, 0.5f}}};

enum { STENCILS = sizeof stencils / sizeof *stencils };

static void losses_at(struct net *net, float *loss, struct bough__span number, float value)
{
    float both[2 * T];
    assert_ok(bough__write(number, &value, sizeof value));
    assert_ok(bough__sequence_run(&net->base.forward));
    assert_ok(bough__read(at(net, LOSSES), both, sizeof both));
    for (int t = 0; t < T; t++)
        loss[t] = both[2 * t];
}

// The slopes of all losses by one number.
static void slopes(struct net *net, double *slope, struct bough__span number,
                   const struct stencil *stencil, float h)
{
    float value, loss[T];
    memset(slope, 0, T * sizeof *slope);
    assert_ok(bough__read(number, &value, sizeof value));
    for (int k = 0; k < 3 && stencil->weight[k] != 0; k++) {
        losses_at(net, loss, number, value + stencil->at[k] * h);
        for (int t = 0; t < T; t++)
            slope[t] += (double)stencil->weight[k] * (double)loss[t] / (double)h;
    }
    assert_ok(bough__write(number, &value, sizeof value));
}

static float gradient_of(const struct result *result, int block, int64_t i, int t)
{
    if (block == 0)
        return result->jacobian[t][i];
    return block == 1 + t ? result->own[t][i] : 0;
}

// By smaller and smaller steps, down to where rounding could pass for a slope.
static int number_is_right(struct net *net, const struct result *result, int block, int64_t i)
{
    const struct bough__span number =
        bough__span_at(net->model->params.block[block].value, (size_t)i * sizeof(float));
    double slope[T];
    int right[T] = {0}, all = 0;
    for (float h = 1.0f / 128; h > 1.0f / 1024 && all < T; h /= 2)
        for (size_t k = 0; k < STENCILS && all < T; k++) {
            slopes(net, slope, number, &stencils[k], h);
            all = 0;
            for (int t = 0; t < T; t++) {
                right[t] |= fabs(slope[t] - (double)gradient_of(result, block, i, t)) <= 5e-5;
                all += right[t];
            }
        }
    for (int t = 0; t < T; t++)
        if (!right[t])
            print_message("block %d, number %d, task %d: gradient %g, slope %g\n", block, (int)i, t,
                          (double)gradient_of(result, block, i, t), slope[t]);
    return all == T;
}

static int all_are_right(struct bough_device *device, const struct bough_config *config,
                         const struct given *to, unsigned draw)
{
    static struct result result;
    struct net net;
    int right = 1;
    net_open(&net, device, config, to, &(struct way){.mode = BOUGH_PLAN_JACOBIAN, .draw = draw});
    run(&net, &result);
    for (int block = 0; block <= T; block++)
        for (int64_t i = 0; right && i < net.model->params.block[block].size; i++)
            right = number_is_right(&net, &result, block, i);
    net_close(&net);
    return right;
}

// For one draw of the inputs at least, as a relu may bend close by on either side.
static void check_differences(struct bough_device *device, const struct bough_config *config,
                              const struct given *to)
{
    for (unsigned draw = 0; draw < 3; draw++)
        if (all_are_right(device, config, to, draw))
            return;
    fail_msg("gradients of %s, %s on %s", config->architecture.row->name, config->join.row->name,
             bough_device_info(device)->id);
}

static void every_architecture_by_finite_differences(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t i = 0; i < bough__architectures.count; i++) {
        const struct bough_config config =
            config_of_architecture(bough__architectures.row[i], &given[1]);
        for (size_t d = 0; d < count; d++)
            check_differences(device[d], &config, &given[1]);
    }
}

static void every_join_by_finite_differences(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t i = 0; i < bough__joins.count; i++) {
        const struct bough_config config = config_of_join(bough__joins.row[i]);
        for (size_t d = 0; d < count; d++)
            check_differences(device[d], &config, &three);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_architecture_by_finite_differences),
        cmocka_unit_test(every_join_by_finite_differences),
    };
    return cmocka_run_group_tests(tests, NULL, test_devices_end);
}
