// A batch of sentences gives what its sentences give alone, without padding.
#include "cl/random.h"
#include "op/op.h"
#include "support/support.h"

#include <math.h>

enum { ROWS = 6, LONGEST = 9, TAGS = 21, INPUTS = 6 };

static const int32_t lengths[ROWS] = {9, 0, 1, 5, 8, 3};

static struct {
    float score[ROWS * LONGEST * TAGS], transitions[TAGS * TAGS], start[TAGS], end[TAGS];
    int32_t label[ROWS * LONGEST];
} data;

static void draw(float *x, int count, unsigned key)
{
    for (int i = 0; i < count; i++)
        x[i] = 6 * random_unit(random_bits(key, 7, (unsigned)i, 0, 0, 0).v[0]) - 3;
}

// In the padding stands what is no number.
static void make_data(void)
{
    draw(data.score, ROWS * LONGEST * TAGS, 1);
    draw(data.transitions, TAGS * TAGS, 2);
    draw(data.start, TAGS, 3);
    draw(data.end, TAGS, 4);
    for (int i = 0; i < ROWS * LONGEST; i++) {
        const int inside = i % LONGEST < lengths[i / LONGEST];
        data.label[i] =
            inside ? (int32_t)(random_bits(5, 7, (unsigned)i, 0, 0, 0).v[0] % TAGS) : 99;
        for (int c = 0; c < TAGS && !inside; c++)
            data.score[i * TAGS + c] = NAN;
    }
}

// What came out: y, and the gradients of scores, transitions, start and end.
struct result {
    float y[2], score[ROWS * LONGEST * TAGS], transitions[TAGS * TAGS], start[TAGS], end[TAGS];
};

static struct bough__span place(struct bough__buffer **buffer, struct bough_device *device,
                                size_t size, const void *value)
{
    assert_ok(bough__buffer_create(buffer, device, size));
    if (value && size)
        assert_ok(bough__write(bough__whole(*buffer), value, size));
    return bough__whole(*buffer);
}

// Rows from `first` on, so many, of `length` positions each; alone they have no lengths.
static void run(struct result *result, struct bough_device *device, int first, int rows,
                int64_t length)
{
    const float dy = 1;
    const int64_t tokens = rows * length, inputs = rows > 1 ? INPUTS : INPUTS - 1;
    const struct bough__attr attr = {0};
    struct bough__buffer *buffer[16] = {NULL};
    struct bough__sequence forward = {.device = device}, backward = {.device = device};
    struct bough__op_need need;
    struct bough__op_call call = {.attr = &attr,
                                  .inputs = (int)inputs,
                                  .x = {{.shape = {3, {rows, length, TAGS}}},
                                        {.shape = {2, {rows, length}}, .dtype = BOUGH_I32},
                                        {.shape = {2, {TAGS, TAGS}}},
                                        {.shape = {1, {TAGS}}},
                                        {.shape = {1, {TAGS}}},
                                        {.shape = {1, {rows}}, .dtype = BOUGH_I32}}};
    const void *value[] = {data.score + first * LONGEST * TAGS,
                           data.label + first * LONGEST,
                           data.transitions,
                           data.start,
                           data.end,
                           lengths};
    float *gradient[] = {result->score, NULL, result->transitions, result->start, result->end};
    int made = 0;
    *result = (struct result){0};
    assert_ok(bough__op_shape(&need, &bough__op_crf, &call));
    for (int i = 0; i < inputs; i++) {
        const size_t size = (size_t)bough_shape_elements(&call.x[i].shape) * 4;
        call.x[i].span = place(&buffer[made++], device, size, value[i]);
        call.dx[i].shape = call.x[i].shape;
        if (i < 5 && gradient[i])
            call.dx[i].span = place(&buffer[made++], device, size, NULL);
    }
    call.y = (struct bough__tensor){place(&buffer[made++], device, 8, NULL), need.y, BOUGH_F32};
    call.dy = (struct bough__tensor){place(&buffer[made++], device, 4, &dy), {1, {1}}, BOUGH_F32};
    call.saved = place(&buffer[made++], device, need.saved, NULL);
    call.scratch = place(&buffer[made++], device, need.scratch, NULL);
    assert_ok(bough__op_write(&forward, &bough__op_crf, BOUGH_FORWARD, &call, &need));
    assert_ok(bough__op_write(&backward, &bough__op_crf, BOUGH_BACKWARD, &call, &need));
    assert_ok(bough__sequence_run(&forward));
    assert_ok(bough__sequence_run(&backward));
    assert_ok(bough__read(call.y.span, result->y, sizeof result->y));
    for (int i = 0; i < 5; i++)
        if (gradient[i] && tokens)
            assert_ok(bough__read(call.dx[i].span, gradient[i],
                                  (size_t)bough_shape_elements(&call.x[i].shape) * 4));
    bough__sequence_fini(&forward);
    bough__sequence_fini(&backward);
    while (made)
        bough__buffer_destroy(&buffer[--made]);
}

static void add(float *to, const float *from, int count, float factor)
{
    for (int i = 0; i < count; i++)
        to[i] += factor * from[i];
}

static void a_batch_gives_what_its_rows_do(void **state)
{
    (void)state;
    static struct result batch, one, all;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    make_data();
    for (size_t d = 0; d < count; d++) {
        run(&batch, device[d], 0, ROWS, LONGEST);
        assert_true(batch.y[1] == 26);
        all = (struct result){0};
        for (int n = 0; n < ROWS; n++) {
            const float share = (float)lengths[n] / batch.y[1];
            run(&one, device[d], n, 1, lengths[n]);
            assert_true(one.y[1] == (float)lengths[n]);
            all.y[0] += share * one.y[0];
            add(all.score + n * LONGEST * TAGS, one.score, lengths[n] * TAGS, share);
            add(all.transitions, one.transitions, TAGS * TAGS, share);
            add(all.start, one.start, TAGS, share);
            add(all.end, one.end, TAGS, share);
        }
        assert_true(fabsf(batch.y[0] - all.y[0]) < 1e-6f * all.y[0]);
        assert_true(test_nmse(batch.score, all.score, ROWS * LONGEST * TAGS) < 1e-12);
        assert_true(test_nmse(batch.transitions, all.transitions, TAGS * TAGS) < 1e-12);
        assert_true(test_nmse(batch.start, all.start, TAGS) < 1e-12);
        assert_true(test_nmse(batch.end, all.end, TAGS) < 1e-12);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_batch_gives_what_its_rows_do)};
    return cmocka_run_group_tests(tests, NULL, test_devices_end);
}
