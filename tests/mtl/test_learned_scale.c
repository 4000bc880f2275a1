// uncertainty and imtl_l against ten steps of PyTorch (golden/learned_scale.json), on every device.
#include "mtl/weighting_support.h"
#include "nn/optimizer.h"

enum { STEPS = 10, TASKS = 3, NUMBERS = 4 };

static json_t *golden;

static int open_golden(void **state)
{
    golden = test_golden_open(state, "mtl/golden/learned_scale.json");
    return golden == NULL;
}

static double number(const json_t *array, size_t index)
{
    return json_number_value(json_array_get(array, index));
}

static const json_t *member(const char *name)
{
    return json_object_get(golden, name);
}

// ---- The model: a_t mean((x - b_t)^2), x by sgd on the host, s by adam on the device ----

struct model {
    struct bough__buffer *losses, *factor, *s, *weights, *ds, *step, *slot[2];
    struct bough__sequence sequence;
    struct bough__optimization optimizer; // adam with PyTorch's defaults
    double x[NUMBERS];
};

static void model_init(struct model *m, struct bough_device *device, const json_t *row)
{
    char text[64];
    snprintf(text, sizeof text, "{name: %s, start: %g}",
             json_string_value(json_object_get(row, "weighting")),
             json_number_value(json_object_get(row, "start")));
    const struct bough__choice choice = weighting_as(text);
    const struct bough__weighting *weighting = bough__weighting_of(&choice);
    static const float zeros[2 * TASKS];
    float s[TASKS], factor[TASKS];
    *m = (struct model){
        .sequence.device = device,
        .optimizer =
            test_config(test_config_small, "optimizer={name: adam, lr: 0.125}", NULL).optimizer,
    };
    assert_int_equal(weighting->params(NULL, choice.options, TASKS), TASKS);
    assert_int_equal(weighting->params(s, choice.options, TASKS), TASKS);
    for (size_t t = 0; t < TASKS; t++)
        factor[t] = (float)number(member("factor"), t);
    const struct bough__weigh weigh = {
        .options = choice.options,
        .tasks = TASKS,
        .losses = put(&m->losses, device, zeros, sizeof zeros),
        .factor = put(&m->factor, device, factor, sizeof factor),
        .params = put(&m->s, device, s, sizeof s),
        .weights = put(&m->weights, device, s, sizeof s),
        .params_gradient = put(&m->ds, device, s, sizeof s),
        .step = put(&m->step, device, &(struct step_state){.step = 1}, sizeof(struct step_state)),
    };
    const struct bough__block block = {
        .count = TASKS,
        .params = weigh.params,
        .grads = weigh.params_gradient,
        .slot = {put(&m->slot[0], device, zeros, sizeof s),
                 put(&m->slot[1], device, zeros, sizeof s)},
        .step = weigh.step,
    };
    assert_ok(weighting->write(&m->sequence, &weigh));
    assert_ok(bough__optimizer_adam.write(&m->sequence, m->optimizer.choice.options, &block));
}

static void model_fini(struct model *m)
{
    struct bough__buffer **all[] = {&m->losses, &m->factor, &m->s,       &m->weights,
                                    &m->ds,     &m->step,   &m->slot[0], &m->slot[1]};
    bough__sequence_fini(&m->sequence);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        bough__buffer_destroy(all[i]);
}

static double loss_of(const struct model *m, size_t t)
{
    double sum = 0;
    for (size_t i = 0; i < NUMBERS; i++) {
        const double far = m->x[i] - number(json_array_get(member("b"), t), i);
        sum += far * far;
    }
    return number(member("a"), t) * sum / NUMBERS;
}

static int is_missing(size_t step, size_t t)
{
    const json_t *missing = json_array_get(member("missing"), step);
    for (size_t i = 0; i < json_array_size(missing); i++)
        if (json_integer_value(json_array_get(missing, i)) == (json_int_t)t)
            return 1;
    return 0;
}

static void descend(struct model *m, const float *weights)
{
    const double lr = json_number_value(member("lr"));
    double gradient[NUMBERS] = {0};
    for (size_t t = 0; t < TASKS; t++)
        for (size_t i = 0; i < NUMBERS; i++)
            gradient[i] += (double)weights[t] * number(member("a"), t) * 2 / NUMBERS *
                           (m->x[i] - number(json_array_get(member("b"), t), i));
    for (size_t i = 0; i < NUMBERS; i++)
        m->x[i] -= lr * gradient[i];
}

static void check_step(struct model *m, const json_t *row, size_t step)
{
    struct step_state state = {.seed = {0}};
    float losses[TASKS][2], weights[TASKS];
    for (size_t t = 0; t < TASKS; t++) {
        const double wanted = number(json_array_get(json_object_get(row, "losses"), step), t);
        assert_float_equal(loss_of(m, t), wanted, 1e-5 * wanted);
        losses[t][0] = is_missing(step, t) ? 0 : (float)loss_of(m, t);
        losses[t][1] = is_missing(step, t) ? 0 : 8;
    }
    bough__optimizer_set_step(&state, &m->optimizer, (uint32_t)step + 1,
                              bough__optimizer_lr(&m->optimizer));
    assert_ok(bough__write(bough__whole(m->step), &state, sizeof state));
    assert_ok(bough__write(bough__whole(m->losses), losses, sizeof losses));
    assert_ok(bough__sequence_run(&m->sequence));
    assert_ok(bough__read(bough__whole(m->weights), weights, sizeof weights));
    for (size_t t = 0; t < TASKS; t++)
        assert_float_equal(weights[t],
                           number(json_array_get(json_object_get(row, "weights"), step), t), 1e-5);
    descend(m, weights);
}

static void matches_pytorch(void **state)
{
    (void)state;
    size_t devices_count, at;
    json_t *row;
    struct bough_device *const *devices = test_devices(&devices_count);
    for (size_t d = 0; d < devices_count; d++)
        json_array_foreach(member("rows"), at, row)
        {
            struct model model;
            float s[TASKS];
            model_init(&model, devices[d], row);
            for (size_t step = 0; step < STEPS; step++)
                check_step(&model, row, step);
            assert_ok(bough__read(bough__whole(model.s), s, sizeof s));
            for (size_t t = 0; t < TASKS; t++)
                assert_float_equal(s[t], number(json_object_get(row, "s"), t), 1e-5);
            model_fini(&model);
        }
    assert_int_equal(test_warnings(), 0);
}

// Its scale would run away.
static void a_task_of_weight_0_learns_nothing(void **state)
{
    (void)state;
    static const float losses[2 * TASKS] = {1, 4, 2, 4, 3, 4}, factor[TASKS] = {1, 0, 2};
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++) {
        struct model m;
        float weights[TASKS], gradient[TASKS];
        model_init(&m, device[d], json_array_get(member("rows"), 0));
        assert_ok(bough__write(bough__whole(m.losses), losses, sizeof losses));
        assert_ok(bough__write(bough__whole(m.factor), factor, sizeof factor));
        assert_ok(bough__sequence_run(&m.sequence));
        assert_ok(bough__read(bough__whole(m.weights), weights, sizeof weights));
        assert_ok(bough__read(bough__whole(m.ds), gradient, sizeof gradient));
        assert_true(weights[1] == 0 && gradient[1] == 0);
        assert_true(weights[0] > 0 && weights[2] > 0);
        model_fini(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_pytorch),
        cmocka_unit_test(a_task_of_weight_0_learns_nothing),
    };
    return cmocka_run_group_tests(tests, open_golden, test_golden_close);
}
