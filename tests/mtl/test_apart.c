// The tasks' gradients apart, for every layer of the list in a trunk, for every architecture of its
// list and for every way to join inputs: as T separate backward passes have them, both ways of the
// plan, on every device. A row that is added later is tested without a line more.
#include "mtl/apart_support.h"

static void solve(struct result *result, struct bough_device *device,
                  const struct bough_config *config, const struct given *to, struct way way)
{
    struct net net;
    net_open(&net, device, config, to, &way);
    run(&net, result);
    net_close(&net);
}

// ---- Against separate passes ----

static void solve_apart(struct result *want, struct bough_device *device,
                        const struct bough_config *config, const struct given *to)
{
    static struct result one;
    memset(want, 0, sizeof *want);
    for (int t = 0; t < T; t++) {
        solve(&one, device, config, to, (struct way){.mode = BOUGH_PLAN_SINGLE, .task = t});
        memcpy(want->jacobian[t], one.shared, sizeof one.shared);
        memcpy(want->own[t], one.own[t], sizeof one.own[t]);
        want->columns = one.columns;
    }
    for (int t = 0; t < T; t++)
        for (size_t i = 0; i < MOST; i++)
            want->shared[i] += weights[t] * want->jacobian[t][i];
    for (int t = 0; t < T; t++)
        for (int u = 0; u < T; u++) {
            double sum = 0;
            for (size_t i = 0; i < MOST; i++)
                sum += (double)want->jacobian[t][i] * (double)want->jacobian[u][i];
            want->gram[t][u] = (float)sum;
        }
}

static void compare(const struct result *got, const struct result *want, enum bough__plan_mode mode)
{
    for (int t = 0; t < T; t++) {
        test_close_to("what is a task's own", got->own[t], want->own[t], MOST);
        if (mode == BOUGH_PLAN_JACOBIAN)
            test_close_to("Jacobian", got->jacobian[t], want->jacobian[t], MOST);
    }
    if (mode == BOUGH_PLAN_GRAM && want->columns) {
        test_close_to("Gram matrix", got->gram[0], want->gram[0], (size_t)T * T);
        test_close_to("weighted", got->shared, want->shared, MOST);
    }
}

// All tasks at once, and one at a time.
static void check(struct bough_device *device, const struct bough_config *config,
                  const struct given *to)
{
    static struct result want, got;
    solve_apart(&want, device, config, to);
    for (int t = 0; t < T && want.columns; t++)
        assert_true(want.gram[t][t] > 0);
    for (enum bough__plan_mode mode = BOUGH_PLAN_JACOBIAN; mode <= BOUGH_PLAN_GRAM; mode++)
        for (size_t limit = 0; limit < 2; limit++) {
            solve(&got, device, config, to, (struct way){.mode = mode, .limit = limit});
            assert_int_equal(got.group, limit ? 1 : T);
            compare(&got, &want, mode);
        }
}

static void check_everywhere(const char *name, const struct bough_config *config,
                             const struct given *to)
{
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++) {
        print_message("%s, %s on %s\n", name, to->name, bough_device_info(device[d])->id);
        check(device[d], config, to);
    }
}

// Ids are given only to layers that take nothing else.
static int check_layer(const struct bough__row *layer, const struct given *to)
{
    char trunk[1000] = "";
    struct bough__model *model;
    bough__append(trunk, sizeof trunk, "%s{%s: {", to->before, layer->name);
    append_needed(trunk, sizeof trunk, layer);
    bough__append(trunk, sizeof trunk, "}}, tanh, flatten, linear: 7");
    const struct bough_config config = config_of(to, trunk, "mse", NULL);
    const struct bough_shape sample[2] = {to->sample, to->sample};
    const enum bough_status status = bough__model_create(&model, &config, sample, NULL, NULL);
    bough__model_destroy(&model);
    assert_true(status == BOUGH_OK || status == BOUGH_INVALID);
    if (status == BOUGH_OK)
        check_everywhere(layer->name, &config, to);
    return status == BOUGH_OK;
}

static void every_layer(void **state)
{
    (void)state;
    for (size_t i = 0; i < bough__layers.count; i++) {
        const struct bough__row *layer = bough__layers.row[i];
        int taken = 0;
        for (int g = 0; g <= IDS; g++)
            taken += (g < IDS || !taken) && check_layer(layer, &given[g]);
        if (!taken)
            fail_msg("%s takes nothing that is given here: %s", layer->name, bough_last_error());
    }
}

static void every_architecture(void **state)
{
    (void)state;
    for (size_t i = 0; i < bough__architectures.count; i++) {
        const struct bough__row *row = bough__architectures.row[i];
        const int meets = ((const struct bough__architecture *)(const void *)row)->meets;
        const struct bough_config config = config_of_architecture(row, &given[1]);
        check_everywhere(row->name, &config, &given[1]);
        if (meets)
            continue;
        const struct bough_config two = config_of_architecture(row, &given[TWO_ROWS]);
        check_everywhere(row->name, &two, &given[TWO_ROWS]);
    }
}

static void every_join(void **state)
{
    (void)state;
    for (size_t i = 0; i < bough__joins.count; i++) {
        const struct bough_config config = config_of_join(bough__joins.row[i]);
        check_everywhere(bough__joins.row[i]->name, &config, &three);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_layer),
        cmocka_unit_test(every_architecture),
        cmocka_unit_test(every_join),
    };
    return cmocka_run_group_tests(tests, NULL, test_devices_end);
}
