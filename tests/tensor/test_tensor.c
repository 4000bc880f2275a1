#include "support/support.h"

#include <math.h>

static const struct {
    uint16_t bits;
    double value;
} halves[] =
    {
        {0x0000, 0.0},        {0x0001, 0x1p-24}, // smallest subnormal
        {0x03ff, 0x3ffp-24},                     // largest subnormal
        {0x0400, 0x1p-14},                       // smallest normal
        {0x3555, 0x1.554p-2},                    // about 1/3
        {0x3c00, 1.0},        {0x7bff, 65504.0}, {0x7c00, (double)INFINITY},  {0x8000, -0.0},
        {0x8001, -0x1p-24},   {0xc000, -2.0},    {0xfc00, -(double)INFINITY},
},
  brains[] = {
      {0x0000, 0.0},       {0x0001, 0x1p-133},  // smallest subnormal
      {0x007f, 0x7fp-133},                      // largest subnormal
      {0x0080, 0x1p-126},  {0x3eab, 0x1.56p-2}, // about 1/3
      {0x3f80, 1.0},       {0x7f7f, 0x1.fep127}, {0x7f80, (double)INFINITY},  {0x8000, -0.0},
      {0x8001, -0x1p-133}, {0xc000, -2.0},       {0xff80, -(double)INFINITY},
};

static void assert_same(double got, double wanted)
{
    if (got != wanted || !signbit(got) != !signbit(wanted))
        fail_msg("%a, wanted %a", got, wanted);
}

static void halves_are_widened_exactly(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof halves / sizeof *halves; i++)
        assert_same(bough_number_at(&halves[i].bits, BOUGH_F16, 0), halves[i].value);
    for (size_t i = 0; i < sizeof brains / sizeof *brains; i++)
        assert_same(bough_number_at(&brains[i].bits, BOUGH_BF16, 0), brains[i].value);
    const uint16_t nans[] = {0x7c01, 0x7e00, 0xfe00, 0x7f81, 0x7fc0, 0xffc0};
    for (int i = 0; i < 6; i++) {
        assert_true(isnan(bough_number_at(nans, i < 3 ? BOUGH_F16 : BOUGH_BF16, i)));
        assert_true(bough_integer_at(nans, i < 3 ? BOUGH_F16 : BOUGH_BF16, i) == INT64_MIN);
    }
    assert_int_equal(bough_integer_at(&halves[6].bits, BOUGH_F16, 0), 65504);
    assert_int_equal(bough_integer_at(&halves[4].bits, BOUGH_F16, 0), 0);
}

static void a_bool_is_0_or_1(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0, 1, 2, 255};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(bough_integer_at(bytes, BOUGH_BOOL, i), i > 0);
        assert_true(bough_number_at(bytes, BOUGH_BOOL, i) == (i > 0));
    }
}

static void samples_lose_and_gain_a_dimension(void **state)
{
    (void)state;
    const struct bough_shape images = {4, {64, 1, 28, 28}}, image = {3, {1, 28, 28}};
    const struct bough_shape numbers = {1, {64}}, number = {0};
    const struct bough_shape found[] = {
        bough_shape_sample(&images), bough_shape_sample(&numbers), bough_shape_sample(&number),
        bough_shape_samples(&image, 64), bough_shape_samples(&number, 64)};
    const struct bough_shape *const wanted[] = {&image, &number, &number, &images, &numbers};
    for (size_t i = 0; i < sizeof found / sizeof *found; i++)
        assert_true(bough_shape_equal(&found[i], wanted[i]));
}

static void every_type_has_a_name_and_a_size(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t size;
        int is_float;
    } wanted[] = {
        [BOUGH_F32] = {"F32", 4, 1},   [BOUGH_F64] = {"F64", 8, 1}, [BOUGH_U8] = {"U8", 1, 0},
        [BOUGH_I8] = {"I8", 1, 0},     [BOUGH_I16] = {"I16", 2, 0}, [BOUGH_I32] = {"I32", 4, 0},
        [BOUGH_I64] = {"I64", 8, 0},   [BOUGH_F16] = {"F16", 2, 1}, [BOUGH_BF16] = {"BF16", 2, 1},
        [BOUGH_BOOL] = {"BOOL", 1, 0},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        const enum bough_dtype dtype = (enum bough_dtype)i;
        assert_string_equal(bough_dtype_name(dtype), wanted[i].name);
        assert_int_equal(bough_dtype_size(dtype), wanted[i].size);
        assert_int_equal(bough_dtype_is_float(dtype), wanted[i].is_float);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(halves_are_widened_exactly),
        cmocka_unit_test(a_bool_is_0_or_1),
        cmocka_unit_test(samples_lose_and_gain_a_dimension),
        cmocka_unit_test(every_type_has_a_name_and_a_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
