#include "cl/random.h"
#include "nn/init.h"
#include "support/configs.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { COUNT = 100000 };

static float value[COUNT], again[COUNT];

static const struct bough__init_source source = {
    .seed = 42, .tensor = 3, .fan_in = 50, .fan_out = 25};

// By its name, or with options: "{name: normal, std: 0.5}".
static struct bough__choice init_of(const char *text)
{
    char layer[200];
    snprintf(layer, sizeof layer, "linear: {units: 1, init: %s}", text);
    const struct bough_config config = test_layers(layer);
    const struct bough__option *option = bough__option_find(&config.trunk[0].row->options, "init");
    return *(const struct bough__choice *)(const void *)((const char *)config.trunk[0].options +
                                                         option->offset +
                                                         option->section->option->offset);
}

static void fill(float *to, const char *name, const struct bough__init_source *from)
{
    struct bough__choice choice = {.row = NULL};
    if (name && strcmp(name, "ones") == 0)
        choice.row = &bough__init_ones.row;
    else if (name)
        choice = init_of(name);
    bough__init_fill(to, COUNT, &choice, from);
}

// Mean, deviation and largest of what was drawn. A hundred thousand draws tell a deviation to 1 %.
static void check(const char *name, double deviation, double largest)
{
    double sum = 0, squares = 0, most = 0;
    fill(value, name, &source);
    for (int i = 0; i < COUNT; i++) {
        sum += (double)value[i];
        squares += (double)value[i] * (double)value[i];
        most = fmax(most, fabs((double)value[i]));
    }
    const double found = sqrt(squares / COUNT);
    if (fabs(sum / COUNT) > 0.02 * deviation || fabs(found / deviation - 1) > 0.01)
        fail_msg("%s: mean %g, deviation %g, wanted 0 and %g", name, sum / COUNT, found, deviation);
    if (most > largest || most < 0.99 * largest)
        fail_msg("%s: the largest is %g, wanted %g", name, most, largest);
}

static void distributions(void **state)
{
    (void)state;
    check(NULL, sqrt(1.0 / 150), sqrt(1.0 / 50) * (1 + 1e-6));
    check("kaiming_uniform", sqrt(2.0 / 50), sqrt(6.0 / 50) * (1 + 1e-6));
    check("xavier_uniform", sqrt(2.0 / 75), sqrt(6.0 / 75) * (1 + 1e-6));
}

// The share of draws beyond one and two deviations, which a uniform draw would miss.
static void check_normal(const char *name, double deviation)
{
    int one = 0, two = 0;
    double sum = 0, squares = 0;
    fill(value, name, &source);
    for (int i = 0; i < COUNT; i++) {
        const double unit = (double)value[i] / deviation;
        sum += unit;
        squares += unit * unit;
        one += fabs(unit) > 1;
        two += fabs(unit) > 2;
    }
    assert_true(fabs(sum / COUNT) < 0.02);
    assert_true(fabs(sqrt(squares / COUNT) - 1) < 0.01);
    assert_true(fabs((double)one / COUNT - 0.3173) < 0.006);
    assert_true(fabs((double)two / COUNT - 0.0455) < 0.003);
}

static void normal_distributions(void **state)
{
    (void)state;
    check_normal("kaiming_normal", sqrt(2.0 / 50));
    check_normal("xavier_normal", sqrt(2.0 / 75));
    check_normal("normal", 0.01);
    fill(again, "normal", &source);
    fill(value, "{name: normal, std: 0.5}", &source);
    for (int i = 0; i < 100; i++)
        assert_float_equal(value[i], 50 * again[i], 1e-6f);
}

static void constants(void **state)
{
    (void)state;
    fill(value, "zeros", &source);
    fill(again, "ones", &source);
    for (int i = 0; i < COUNT; i++)
        assert_true(value[i] == 0.0f && again[i] == 1.0f);
}

static void no_inputs(void **state)
{
    (void)state;
    static const char *const names[] = {NULL, "kaiming_uniform", "kaiming_normal", "xavier_uniform",
                                        "xavier_normal"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        fill(value, names[i], &(struct bough__init_source){.seed = 1});
        for (int j = 0; j < 100; j++)
            assert_true(value[j] == 0.0f);
    }
}

static void draws_depend_on_seed_tensor_and_position(void **state)
{
    (void)state;
    struct bough__init_source other = source;
    fill(value, NULL, &source);
    fill(again, NULL, &source);
    assert_memory_equal(value, again, sizeof value);
    assert_true(value[0] != value[1]);
    other.tensor++;
    fill(again, NULL, &other);
    assert_memory_not_equal(value, again, 16);
    other = source;
    other.seed += (uint64_t)1 << 32;
    fill(again, NULL, &other);
    assert_memory_not_equal(value, again, 16);
}

// Known answers of the authors' own test (Random123, kat_vectors).
static void philox(void **state)
{
    (void)state;
    static const unsigned int zeros[] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
    static const unsigned int ones[] = {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd};
    const unsigned int f = 0xffffffff;
    struct random4 bits = random_bits(0, 0, 0, 0, 0, 0);
    assert_memory_equal(bits.v, zeros, sizeof zeros);
    bits = random_bits(f, f, f, f, f, f);
    assert_memory_equal(bits.v, ones, sizeof ones);
    assert_true(random_unit(f) < 1.0f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distributions),
        cmocka_unit_test(normal_distributions),
        cmocka_unit_test(constants),
        cmocka_unit_test(no_inputs),
        cmocka_unit_test(draws_depend_on_seed_tensor_and_position),
        cmocka_unit_test(philox),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
