// What no comparison of values tells about dropout: how often it drops, what the draws depend on,
// and that every device draws the very same mask.
#include "cl/step.h"
#include "op/op.h"
#include "support/support.h"

#include <string.h>

// COUNT is no multiple of four; [N, C, 7] has CHANNELS channels.
enum { COUNT = 70007, CHANNELS = COUNT / 7 };

static struct bough__buffer *create(struct bough_device *device, const void *data, size_t size)
{
    struct bough__buffer *buffer;
    assert_ok(bough__buffer_create(&buffer, device, size));
    if (data)
        assert_ok(bough__write(bough__whole(buffer), data, size));
    return buffer;
}

// Of ones.
static void apply(float *y, struct bough_device *device, const char *name,
                  const struct bough__attr *attr, const struct step_state *state)
{
    static float ones[COUNT];
    for (int i = 0; i < COUNT; i++)
        ones[i] = 1;
    struct bough__buffer *x = create(device, ones, sizeof ones);
    struct bough__buffer *out = create(device, NULL, sizeof ones);
    struct bough__buffer *step = create(device, state, sizeof *state);
    struct bough__op_call call = {.attr = attr, .inputs = 1, .step = bough__whole(step)};
    call.x[0] = (struct bough__tensor){bough__whole(x), {3, {CHANNELS / 73, 73, 7}}, BOUGH_F32};
    call.y = (struct bough__tensor){bough__whole(out), call.x[0].shape, BOUGH_F32};
    assert_int_equal(bough_shape_elements(&call.y.shape), COUNT);
    struct bough__sequence sequence = {.device = device};
    assert_ok(bough__op_find(name)->forward(&sequence, &call));
    assert_ok(bough__sequence_run(&sequence));
    assert_ok(bough__read(bough__whole(out), y, sizeof ones));
    bough__sequence_fini(&sequence);
    bough__buffer_destroy(&x);
    bough__buffer_destroy(&out);
    bough__buffer_destroy(&step);
}

static float share_dropped(const float *y, float kept)
{
    int dropped = 0;
    for (int i = 0; i < COUNT; i++) {
        assert_true(y[i] == 0 || y[i] == kept);
        dropped += y[i] == 0;
    }
    return (float)dropped / COUNT;
}

static float a[COUNT], b[COUNT];
static const struct bough__attr attr = {.value = 0.3f, .stream = 5};
static const struct step_state state3 = {.seed = {7, 11}, .step = 3};

static void same_mask_on_every_device(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *devices = test_devices(&count);
    static const char *const names[] = {"dropout", "dropout2d"};
    for (int i = 0; i < 2; i++) {
        apply(a, devices[0], names[i], &attr, &state3);
        for (size_t d = 1; d < count; d++) {
            apply(b, devices[d], names[i], &attr, &state3);
            assert_memory_equal(a, b, sizeof a);
        }
    }
    assert_int_equal(test_warnings(), 0);
}

static void drops_its_share(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *c = test_devices(&count)[0];
    apply(a, c, "dropout", &attr, &state3);
    assert_float_equal(share_dropped(a, 1 / 0.7f), 0.3f, 0.01f);
    apply(a, c, "dropout2d", &attr, &state3);
    assert_float_equal(share_dropped(a, 1 / 0.7f), 0.3f, 0.02f);
    for (int i = 0; i < COUNT; i++)
        assert_true(a[i] == a[i / 7 * 7]);
}

static void none_and_all(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *c = test_devices(&count)[0];
    static const char *const names[] = {"dropout", "dropout2d"};
    for (int i = 0; i < 2; i++) {
        apply(a, c, names[i], &(struct bough__attr){.value = 0}, &state3);
        assert_float_equal(share_dropped(a, 1), 0, 0);
        apply(a, c, names[i], &(struct bough__attr){.value = 1}, &state3);
        assert_float_equal(share_dropped(a, 1), 1, 0);
    }
}

// Two masks that have nothing to do with each other agree in 0.3^2 + 0.7^2 of the places.
static void check_apart(const struct bough__attr *other, const struct step_state *state)
{
    size_t count;
    struct bough_device *c = test_devices(&count)[0];
    int same = 0;
    apply(a, c, "dropout", &attr, &state3);
    apply(b, c, "dropout", other, state);
    for (int i = 0; i < COUNT; i++)
        same += a[i] == b[i];
    assert_float_equal((float)same / COUNT, 0.58f, 0.01f);
}

static void draws_depend_on_seed_step_and_stream(void **state)
{
    (void)state;
    struct step_state other = state3;
    other.seed[0]++;
    check_apart(&attr, &other);
    other = state3;
    other.seed[1]++;
    check_apart(&attr, &other);
    other = state3;
    other.step++;
    check_apart(&attr, &other);
    struct bough__attr stream = attr;
    stream.stream++;
    check_apart(&stream, &state3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_mask_on_every_device),
        cmocka_unit_test(drops_its_share),
        cmocka_unit_test(none_and_all),
        cmocka_unit_test(draws_depend_on_seed_step_and_stream),
    };
    return cmocka_run_group_tests(tests, NULL, test_devices_end);
}
