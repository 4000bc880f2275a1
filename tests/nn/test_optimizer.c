#include "device/device.h"
#include "nn/optimizer.h"
#include "support/configs.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 5, BLOCKS = 2, MOST = 70 };

static json_t *golden;

static int open_golden(void **state)
{
    golden = test_golden_open(state, "nn/golden/optimizer.json");
    return golden == NULL;
}

static int64_t read_numbers(float *to, const json_t *array)
{
    assert_in_range(json_array_size(array), 1, MOST);
    for (size_t i = 0; i < json_array_size(array); i++)
        to[i] = (float)json_real_value(json_array_get(array, i));
    return (int64_t)json_array_size(array);
}

// ---- A golden row as a config: PyTorch's defaults where it is silent ----

static struct bough__optimization config_of(const json_t *row)
{
    json_t *options = json_deep_copy(row);
    json_object_del(options, "params");
    char *text = json_dumps(options, 0), override[1000];
    snprintf(override, sizeof override, "optimizer=%s", text);
    struct bough__optimization config = test_config(test_config_small, override, NULL).optimizer;
    json_decref(options);
    free(text);
    return config;
}

// ---- A model of two blocks on a device ----

struct model {
    struct bough_device *device;
    struct bough__optimization config;
    const struct bough__optimizer *optimizer;
    struct bough__buffer *params[BLOCKS], *grads[BLOCKS], *slot[BLOCKS][BOUGH_MAX_SLOTS];
    struct bough__buffer *step, *sums, *factor;
    int64_t count[BLOCKS];
    struct bough__sequence sequence;
};

static struct bough__span span_of(struct bough__buffer *buffer)
{
    return bough__whole(buffer);
}

static struct bough__span zeros(struct bough__buffer **buffer, struct bough_device *device,
                                int64_t count)
{
    assert_ok(bough__buffer_create(buffer, device, (size_t)count * sizeof(float)));
    assert_ok(bough__fill_zero(span_of(*buffer), (size_t)count * sizeof(float)));
    return span_of(*buffer);
}

static void write_clipping(struct model *m)
{
    int64_t sums = 0;
    for (int b = 0; b < BLOCKS; b++)
        sums += bough__clip_sums(m->count[b]);
    zeros(&m->sums, m->device, sums);
    zeros(&m->factor, m->device, 1);
    size_t at = 0;
    for (int b = 0; b < BLOCKS; b++) {
        assert_ok(bough__clip_write_sums(&m->sequence, span_of(m->grads[b]), m->count[b],
                                         bough__span_at(span_of(m->sums), at * sizeof(float))));
        at += (size_t)bough__clip_sums(m->count[b]);
    }
    assert_ok(bough__clip_write_factor(&m->sequence, span_of(m->sums), sums, span_of(m->step),
                                       span_of(m->factor)));
}

static void model_init(struct model *m, struct bough_device *device, const json_t *row)
{
    *m = (struct model){.device = device, .config = config_of(row), .sequence.device = device};
    m->optimizer = bough__optimizer_of(&m->config);
    float start[MOST];
    assert_ok(bough__buffer_create(&m->step, device, sizeof(struct step_state)));
    for (int b = 0; b < BLOCKS; b++) {
        m->count[b] = read_numbers(start, json_array_get(json_object_get(golden, "start"), b));
        zeros(&m->grads[b], device, m->count[b]);
        assert_ok(bough__write(zeros(&m->params[b], device, m->count[b]), start,
                               (size_t)m->count[b] * sizeof(float)));
    }
    if (m->config.clip_norm > 0)
        write_clipping(m);
    for (int b = 0; b < BLOCKS; b++) {
        struct bough__block block = {.count = m->count[b],
                                     .params = span_of(m->params[b]),
                                     .grads = span_of(m->grads[b]),
                                     .step = span_of(m->step),
                                     .factor = span_of(m->factor)};
        for (int slot = 0; slot < m->optimizer->slots(m->config.choice.options); slot++)
            block.slot[slot] = zeros(&m->slot[b][slot], device, m->count[b]);
        assert_ok(m->optimizer->write(&m->sequence, m->config.choice.options, &block));
    }
}

static void model_fini(struct model *m)
{
    bough__sequence_fini(&m->sequence);
    for (int b = 0; b < BLOCKS; b++) {
        bough__buffer_destroy(&m->params[b]);
        bough__buffer_destroy(&m->grads[b]);
        for (int slot = 0; slot < BOUGH_MAX_SLOTS; slot++)
            bough__buffer_destroy(&m->slot[b][slot]);
    }
    bough__buffer_destroy(&m->step);
    bough__buffer_destroy(&m->sums);
    bough__buffer_destroy(&m->factor);
}

static void model_train(struct model *m)
{
    for (uint32_t step = 1; step <= STEPS; step++) {
        struct step_state state = {.seed = {0}};
        bough__optimizer_set_step(&state, &m->config, step, bough__optimizer_lr(&m->config));
        assert_ok(bough__write(span_of(m->step), &state, sizeof state));
        for (int b = 0; b < BLOCKS; b++) {
            float grads[MOST];
            read_numbers(grads, json_array_get(
                                    json_array_get(json_object_get(golden, "grads"), step - 1), b));
            assert_ok(
                bough__write(span_of(m->grads[b]), grads, (size_t)m->count[b] * sizeof(float)));
        }
        assert_ok(bough__sequence_run(&m->sequence));
    }
}

// Compares how far the parameters went, not where they are: start and end are close.
static void check_way(const struct model *m, const json_t *row, int b)
{
    float start[MOST], wanted[MOST], got[MOST];
    read_numbers(start, json_array_get(json_object_get(golden, "start"), b));
    read_numbers(wanted, json_array_get(json_object_get(row, "params"), b));
    assert_ok(bough__read(span_of(m->params[b]), got, (size_t)m->count[b] * sizeof(float)));
    for (int64_t i = 0; i < m->count[b]; i++) {
        wanted[i] -= start[i];
        got[i] -= start[i];
    }
    const double nmse = test_nmse(got, wanted, (size_t)m->count[b]);
    if (!(nmse < 1e-11)) {
        char *text = json_dumps(row, JSON_COMPACT);
        fail_msg("block %d on %s: NMSE %g: %.100s", b, m->device->info.id, nmse, text);
    }
}

static void matches_pytorch(void **state)
{
    (void)state;
    size_t devices_count, at;
    json_t *row;
    struct bough_device *const *devices = test_devices(&devices_count);
    assert_true(json_array_size(json_object_get(golden, "rows")) > 0);
    for (size_t i = 0; i < devices_count; i++)
        json_array_foreach(json_object_get(golden, "rows"), at, row)
        {
            struct model model;
            model_init(&model, devices[i], row);
            model_train(&model);
            for (int b = 0; b < BLOCKS; b++)
                check_way(&model, row, b);
            model_fini(&model);
        }
    assert_int_equal(test_warnings(), 0);
}

static void every_optimizer_has_a_golden_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < bough__optimizers.count; i++) {
        int found = 0;
        size_t at;
        json_t *row;
        json_array_foreach(json_object_get(golden, "rows"), at, row) found +=
            strcmp(json_string_value(json_object_get(row, "name")),
                   bough__optimizers.row[i]->name) == 0;
        assert_true(found > 0);
    }
}

static void bias_correction(void **state)
{
    (void)state;
    const struct bough__optimization config =
        test_config(test_config_small, "optimizer={betas: [0.5, 0], clip_norm: 3}", NULL).optimizer;
    struct step_state step;
    bough__optimizer_set_step(&step, &config, 3, 0.25f);
    assert_int_equal(step.step, 3);
    assert_float_equal(step.bias1, 0.875f, 1e-7f);
    assert_float_equal(step.bias2, 1.0f, 0.0f);
    assert_float_equal(step.lr, 0.25f, 0.0f);
    assert_float_equal(step.clip_norm, 3.0f, 0.0f);
}

// ---- Clipping over many chunks ----

static float factor_of(struct bough_device *device, const float *grads, int64_t count,
                       float clip_norm)
{
    struct bough__buffer *data, *sums, *step, *factor;
    struct bough__sequence sequence = {.device = device};
    const struct step_state state = {.clip_norm = clip_norm};
    float result;
    assert_ok(bough__write(zeros(&data, device, count), grads, (size_t)count * sizeof(float)));
    assert_ok(bough__buffer_create(&step, device, sizeof state));
    assert_ok(bough__write(span_of(step), &state, sizeof state));
    assert_ok(bough__clip_write_sums(&sequence, span_of(data), count,
                                     zeros(&sums, device, bough__clip_sums(count))));
    assert_ok(bough__clip_write_factor(&sequence, span_of(sums), bough__clip_sums(count),
                                       span_of(step), zeros(&factor, device, 1)));
    assert_ok(bough__sequence_run(&sequence));
    assert_ok(bough__read(span_of(factor), &result, sizeof result));
    bough__sequence_fini(&sequence);
    bough__buffer_destroy(&data);
    bough__buffer_destroy(&sums);
    bough__buffer_destroy(&step);
    bough__buffer_destroy(&factor);
    return result;
}

static void clipping(void **state)
{
    (void)state;
    static const int64_t counts[] = {1, 63, 64, 65, 4095, 4096, 4097, 100000};
    size_t devices_count;
    struct bough_device *const *devices = test_devices(&devices_count);
    float *grads = malloc(100000 * sizeof *grads);
    assert_non_null(grads);
    for (int i = 0; i < 100000; i++)
        grads[i] = i % 2 ? 0.5f : -0.5f;
    for (size_t d = 0; d < devices_count; d++) {
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
            const float norm = 0.5f * sqrtf((float)counts[i]);
            assert_float_equal(factor_of(devices[d], grads, counts[i], 0.1f), 0.1f / norm,
                               1e-5f / norm);
            assert_float_equal(factor_of(devices[d], grads, counts[i], 2 * norm), 1.0f, 0.0f);
            assert_float_equal(factor_of(devices[d], grads, counts[i], 0), 1.0f, 0.0f);
        }
        grads[4096] = NAN;
        assert_true(isnan(factor_of(devices[d], grads, 4097, 1.0f)));
        grads[4096] = -0.5f;
    }
    free(grads);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_pytorch),
        cmocka_unit_test(every_optimizer_has_a_golden_row),
        cmocka_unit_test(bias_correction),
        cmocka_unit_test(clipping),
    };
    return cmocka_run_group_tests(tests, open_golden, test_golden_close);
}
