#include "data/gather.h"

#include "cl/step.h"
#include "device/device.h"
#include "support/support.h"

#include <math.h>
#include <string.h>

// A source of `ROWS` rows of three channels, gathered by an order that repeats and goes backwards.
enum { ROWS = 40, CHANNELS = 3, MOST = 65, PLANE_MOST = 33, FIRST = 5 };

struct batch {
    struct bough_device *device;
    struct bough__buffer *source, *order, *step, *scale, *shift, *x;
    struct bough__sequence sequence;
};

static int32_t order_at(int64_t i)
{
    return (int32_t)(i * 27 % ROWS);
}

static struct bough__span upload(struct bough__buffer **buffer, struct bough_device *device,
                                 const void *data, size_t size)
{
    const struct bough__span span = bough__whole(*buffer);
    if (span.buffer)
        return span;
    assert_ok(bough__buffer_create(buffer, device, size));
    assert_ok(bough__write(bough__whole(*buffer), data, size));
    return bough__whole(*buffer);
}

static struct bough__span upload_order(struct batch *b)
{
    int32_t order[FIRST + MOST];
    for (int i = 0; i < FIRST + MOST; i++)
        order[i] = order_at(i);
    return upload(&b->order, b->device, order, sizeof order);
}

static struct bough__span upload_step(struct batch *b)
{
    const struct step_state step = {.first = FIRST};
    return upload(&b->step, b->device, &step, sizeof step);
}

static void batch_fini(struct batch *b)
{
    bough__sequence_fini(&b->sequence);
    bough__buffer_destroy(&b->source);
    bough__buffer_destroy(&b->order);
    bough__buffer_destroy(&b->step);
    bough__buffer_destroy(&b->scale);
    bough__buffer_destroy(&b->shift);
    bough__buffer_destroy(&b->x);
}

// Runs it into `x` of rows * width elements of four bytes, with a guard behind them.
static void gather(struct batch *b, struct bough__gather *g, void *x)
{
    const size_t size = (size_t)(g->rows * g->width) * 4;
    const uint32_t guard[4] = {0x7fdeadbe, 0x7fdeadbe, 0x7fdeadbe, 0x7fdeadbe};
    uint32_t found[4];
    b->sequence.device = b->device;
    assert_ok(bough__buffer_create(&b->x, b->device, size + sizeof guard));
    g->x = bough__whole(b->x);
    assert_ok(bough__write(bough__span_at(g->x, size), guard, sizeof guard));
    assert_ok(bough__gather_write(&b->sequence, g));
    assert_ok(bough__sequence_run(&b->sequence));
    if (size)
        assert_ok(bough__read(g->x, x, size));
    assert_ok(bough__read(bough__span_at(g->x, size), found, sizeof found));
    assert_memory_equal(found, guard, sizeof guard);
    assert_int_equal(test_warnings(), 0);
}

// ---- Images ----

static const float means[CHANNELS] = {0.5f, 0.25f, 0.0f}, stds[CHANNELS] = {0.5f, 2.0f, 0.25f};

// `dtype` U8 or F32; the values are bytes in both.
static void check_images(struct bough_device *device, enum bough_dtype dtype, int64_t rows,
                         int64_t plane, int ordered)
{
    static uint8_t bytes[ROWS * CHANNELS * PLANE_MOST];
    static float floats[ROWS * CHANNELS * PLANE_MOST], x[MOST * CHANNELS * PLANE_MOST];
    const int64_t width = CHANNELS * plane;
    for (int64_t i = 0; i < ROWS * width; i++)
        floats[i] = bytes[i] = (uint8_t)(i * 37 % 251);
    float scale[CHANNELS], shift[CHANNELS];
    bough__gather_normalize(scale, shift, CHANNELS, dtype, means, stds, CHANNELS);
    struct batch b = {.device = device};
    struct bough__gather g = {
        .dtype = dtype,
        .rows = rows,
        .width = width,
        .channels = CHANNELS,
        .source = upload(&b.source, device, dtype == BOUGH_U8 ? (void *)bytes : (void *)floats,
                         (size_t)(ROWS * width) * bough_dtype_size(dtype)),
        .scale = upload(&b.scale, device, scale, sizeof scale),
        .shift = upload(&b.shift, device, shift, sizeof shift),
    };
    if (ordered) {
        g.order = upload_order(&b);
        g.step = upload_step(&b);
    }
    gather(&b, &g, x);
    for (int64_t i = 0; i < rows * width; i++) {
        const int64_t n = i / width, c = i % width / plane;
        const int64_t row = ordered ? order_at(FIRST + n) : n;
        const float value = floats[row * width + i % width] / (dtype == BOUGH_U8 ? 255.0f : 1.0f);
        const float wanted = (value - means[c]) / stds[c];
        assert_float_equal(x[i], wanted, 1e-6f * (1.0f + fabsf(wanted)));
    }
    batch_fini(&b);
}

static void images(void **state)
{
    (void)state;
    static const int64_t rows[] = {0, 1, 3, 17, 31, 32, 33, 63, 64, 65}, planes[] = {1, 7, 32, 33};
    size_t count;
    struct bough_device *const *devices = test_devices(&count);
    for (size_t d = 0; d < count; d++)
        for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
            for (size_t p = 0; p < sizeof planes / sizeof *planes; p++) {
                check_images(devices[d], BOUGH_U8, rows[r], planes[p], 1);
                check_images(devices[d], BOUGH_F32, rows[r], planes[p], 1);
            }
}

// A batch that was put together elsewhere: row n is row n.
static void images_without_order(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *devices = test_devices(&count);
    for (size_t d = 0; d < count; d++)
        check_images(devices[d], BOUGH_U8, 17, 33, 0);
}

// Many threads and groups of work-items.
static void large_images(void **state)
{
    (void)state;
    enum { SIDE = 4096, PICKED = 50 };
    static uint8_t source[ROWS * SIDE];
    static float x[PICKED * SIDE];
    size_t count;
    struct bough_device *const *devices = test_devices(&count);
    for (int i = 0; i < ROWS * SIDE; i++)
        source[i] = (uint8_t)(i * 37 % 251);
    for (size_t d = 0; d < count; d++) {
        float scale, shift;
        bough__gather_normalize(&scale, &shift, 1, BOUGH_U8, NULL, NULL, 0);
        struct batch b = {.device = devices[d]};
        struct bough__gather g = {
            .dtype = BOUGH_U8,
            .rows = PICKED,
            .width = SIDE,
            .source = upload(&b.source, devices[d], source, sizeof source),
            .order = upload_order(&b),
            .step = upload_step(&b),
            .scale = upload(&b.scale, devices[d], &scale, sizeof scale),
            .shift = upload(&b.shift, devices[d], &shift, sizeof shift),
        };
        gather(&b, &g, x);
        for (int i = 0; i < PICKED * SIDE; i++)
            assert_float_equal(
                x[i], (float)source[order_at(FIRST + i / SIDE) * SIDE + i % SIDE] / 255, 1e-6f);
        batch_fini(&b);
    }
}

// ---- Targets: the same bits ----

static void check_targets(struct bough_device *device, enum bough_dtype dtype, int64_t width)
{
    static uint32_t source[ROWS * 3], x[MOST * 3];
    const int32_t missing = -1;
    const float nan = NAN;
    for (int64_t i = 0; i < ROWS * width; i++) {
        const float number = (float)i / 3;
        const int32_t label = (int32_t)i;
        const int lacks = i % 5 == 0;
        if (dtype == BOUGH_I32)
            memcpy(&source[i], lacks ? &missing : &label, 4);
        else
            memcpy(&source[i], lacks ? &nan : &number, 4);
    }
    struct batch b = {.device = device};
    struct bough__gather g = {.dtype = dtype,
                              .rows = MOST,
                              .width = width,
                              .source = upload(&b.source, device, source, sizeof source),
                              .order = upload_order(&b),
                              .step = upload_step(&b)};
    gather(&b, &g, x);
    for (int64_t i = 0; i < MOST * width; i++)
        assert_int_equal(x[i], source[order_at(FIRST + i / width) * width + i % width]);
    batch_fini(&b);
}

static void targets(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *devices = test_devices(&count);
    for (size_t d = 0; d < count; d++) {
        check_targets(devices[d], BOUGH_I32, 1);
        check_targets(devices[d], BOUGH_F32, 1);
        check_targets(devices[d], BOUGH_F32, 3);
    }
}

// More columns than a launch takes, of different widths, beside bytes that are scaled.
static void check_copies(struct bough_device *device, int strided)
{
    enum { COPIES = 8, WIDE = 5, STRIDE = CHANNELS + 1, ALL = COPIES * MOST * WIDE };
    static uint8_t bytes[ROWS * STRIDE];
    static uint32_t source[ROWS * WIDE], copied[ALL];
    float x[MOST * CHANNELS];
    const float scale[CHANNELS] = {1, 2, 3}, shift[CHANNELS] = {0, 1, 2};
    for (int i = 0; i < ROWS * STRIDE; i++)
        bytes[i] = (uint8_t)i;
    for (int i = 0; i < ROWS * WIDE; i++)
        source[i] = (uint32_t)i;
    struct bough__buffer *words = NULL, *all;
    struct batch b = {.device = device};
    assert_ok(bough__buffer_create(&all, device, sizeof copied));
    assert_ok(bough__fill_zero(bough__whole(all), sizeof copied));
    const int stride = strided ? STRIDE : CHANNELS;
    struct bough__gather_copy copy[COPIES];
    for (int c = 0; c < COPIES; c++)
        copy[c] = (struct bough__gather_copy){
            .source = upload(&words, device, source, sizeof source),
            .width = 1 + c % WIDE,
            .stride = strided ? WIDE : 0,
            .x = bough__span_at(bough__whole(all), (size_t)c * MOST * WIDE * 4)};
    struct bough__gather g = {.dtype = BOUGH_U8,
                              .rows = MOST,
                              .width = CHANNELS,
                              .stride = strided ? STRIDE : 0,
                              .channels = CHANNELS,
                              .source = upload(&b.source, device, bytes, sizeof bytes),
                              .order = upload_order(&b),
                              .step = upload_step(&b),
                              .scale = upload(&b.scale, device, scale, sizeof scale),
                              .shift = upload(&b.shift, device, shift, sizeof shift),
                              .copy = copy,
                              .copies = COPIES};
    gather(&b, &g, x);
    assert_int_equal(b.sequence.count, 2);
    assert_ok(bough__read(bough__whole(all), copied, sizeof copied));
    for (int n = 0; n < MOST; n++) {
        const int row = order_at(FIRST + n);
        for (int i = 0; i < CHANNELS; i++)
            assert_float_equal(x[n * CHANNELS + i], bytes[row * stride + i] * scale[i] + shift[i],
                               0);
        for (int c = 0; c < COPIES; c++)
            for (int i = 0; i < WIDE; i++)
                assert_int_equal(
                    copied[(c * MOST) * WIDE + n * (1 + c % WIDE) + i % (1 + c % WIDE)],
                    row * (strided ? WIDE : 1 + c % WIDE) + i % (1 + c % WIDE));
    }
    for (int c = 0; c < COPIES; c++) // nothing behind a narrow one
        for (int i = MOST * (1 + c % WIDE); i < MOST * WIDE; i++)
            assert_int_equal(copied[c * MOST * WIDE + i], 0);
    bough__buffer_destroy(&words);
    bough__buffer_destroy(&all);
    batch_fini(&b);
}

static void copies(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *devices = test_devices(&count);
    for (size_t d = 0; d < count; d++)
        for (int strided = 0; strided < 2; strided++)
            check_copies(devices[d], strided);
}

// Rows that are not there: zeros, of numbers and of ids, whatever stands in their place.
static void check_blanks(struct bough_device *device, enum bough_dtype dtype, int64_t rows,
                         int64_t width)
{
    static uint32_t source[ROWS * PLANE_MOST], x[MOST * PLANE_MOST];
    float present[ROWS], taken[MOST];
    const float scale[] = {1}, shift[] = {0.5f}, nan = NAN;
    for (int n = 0; n < ROWS; n++)
        present[n] = n % 3 != 1;
    for (int64_t i = 0; i < ROWS * width; i++) {
        const float number = (float)i;
        source[i] = (uint32_t)i + 1;
        if (dtype == BOUGH_F32)
            memcpy(&source[i], present[i / width] ? &number : &nan, 4);
    }
    struct bough__buffer *column = NULL, *batch;
    struct batch b = {.device = device};
    assert_ok(bough__buffer_create(&batch, device, sizeof taken));
    const struct bough__gather_copy copy = {.source =
                                                upload(&column, device, present, sizeof present),
                                            .width = 1,
                                            .x = bough__whole(batch)};
    struct bough__gather g = {.dtype = dtype,
                              .rows = rows,
                              .width = width,
                              .source = upload(&b.source, device, source, sizeof source),
                              .order = upload_order(&b),
                              .step = upload_step(&b),
                              .present = bough__whole(batch),
                              .copy = &copy,
                              .copies = 1};
    if (dtype == BOUGH_F32) {
        g.scale = upload(&b.scale, device, scale, sizeof scale);
        g.shift = upload(&b.shift, device, shift, sizeof shift);
    }
    gather(&b, &g, x);
    for (int64_t i = 0; i < rows * width; i++) {
        const int row = order_at(FIRST + i / width);
        const float number = (float)(row * width + i % width) + 0.5f;
        uint32_t want = (uint32_t)(row * width + i % width) + 1;
        if (dtype == BOUGH_F32)
            memcpy(&want, &number, 4);
        assert_int_equal(x[i], present[row] ? want : 0);
    }
    bough__buffer_destroy(&column);
    bough__buffer_destroy(&batch);
    batch_fini(&b);
}

static void blanks(void **state)
{
    (void)state;
    static const int64_t rows[] = {0, 1, 3, 17, 64, 65}, widths[] = {1, 7, 32, 33};
    size_t count;
    struct bough_device *const *devices = test_devices(&count);
    for (size_t d = 0; d < count; d++)
        for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
            for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
                check_blanks(devices[d], BOUGH_F32, rows[r], widths[w]);
                check_blanks(devices[d], BOUGH_I32, rows[r], widths[w]);
            }
}

// ---- The rest ----

static void normalizing(void **state)
{
    (void)state;
    const float mean = 0.5f, std = 0.25f;
    float scale[2], shift[2];
    bough__gather_normalize(scale, shift, 2, BOUGH_F32, NULL, NULL, 0);
    assert_float_equal(scale[1], 1, 0);
    assert_float_equal(shift[1], 0, 0);
    bough__gather_normalize(scale, shift, 2, BOUGH_U8, &mean, &std, 1);
    assert_float_equal(scale[1] * 255, 4, 1e-6f);
    assert_float_equal(shift[1], -2, 0);
}

static void refusals(void **state)
{
    (void)state;
    size_t count;
    struct bough__sequence sequence = {.device = test_devices(&count)[0]};
    struct bough__buffer *buffer;
    assert_ok(bough__buffer_create(&buffer, sequence.device, 64));
    const struct bough__span span = bough__whole(buffer);
    struct bough__gather g = {.dtype = BOUGH_I64, .rows = 2, .width = 4};
    assert_fails(bough__gather_write(&sequence, &g), BOUGH_INVALID, "rows of I64");
    g.dtype = BOUGH_U8;
    assert_fails(bough__gather_write(&sequence, &g), BOUGH_INVALID, "U8 wants both");
    g.dtype = BOUGH_F32;
    g.scale = span;
    assert_fails(bough__gather_write(&sequence, &g), BOUGH_INVALID, "F32 wants both");
    g.dtype = BOUGH_I32;
    g.shift = span;
    assert_fails(bough__gather_write(&sequence, &g), BOUGH_INVALID, "I32 takes no");
    g.channels = 3;
    assert_fails(bough__gather_write(&sequence, &g), BOUGH_INVALID, "4 elements in 3 channels");
    g.width = 0;
    assert_fails(bough__gather_write(&sequence, &g), BOUGH_INVALID, "2 rows of 0 elements");
    bough__buffer_destroy(&buffer);
    bough__sequence_fini(&sequence);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images),       cmocka_unit_test(images_without_order),
        cmocka_unit_test(large_images), cmocka_unit_test(targets),
        cmocka_unit_test(copies),       cmocka_unit_test(blanks),
        cmocka_unit_test(normalizing),  cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, test_devices_end);
}
