// Feeds: an order's batches reach the device, from a resident table and from one that streams.
#include "support/support.h"

#include "cl/step.h"
#include "data/feed.h"
#include "data/gather.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS = 23, WIDTH = 3, BATCH = 5, COUNT = ROWS - 2 };

static float values[ROWS * WIDTH];
static int32_t labels[ROWS];

// Walks through the feed, from `begin` on, in an order of its own for each `begin`, and compares
// every batch with the host's rows.
static void walk_from(struct bough_device *device, struct bough__table *table,
                      struct bough__feed *feed, int64_t begin)
{
    struct bough__buffer *x, *y, *step;
    int32_t order[COUNT];
    for (int32_t i = 0; i < COUNT; i++)
        order[i] = (i * 5 + 3 + (int32_t)begin) % ROWS;
    assert_ok(bough__feed_order(feed, order));
    assert_ok(bough__buffer_create(&x, device, BATCH * WIDTH * 4));
    assert_ok(bough__buffer_create(&y, device, BATCH * 4));
    assert_ok(bough__buffer_create(&step, device, sizeof(struct step_state)));
    for (int64_t first = begin; first < COUNT; first += BATCH) {
        int64_t rows = COUNT - first < BATCH ? COUNT - first : BATCH;
        struct bough__sequence sequence = {.device = device};
        struct step_state state = {.first = (unsigned)first};
        struct bough__gather gather = {.source = {table->column[0].buffer, 0},
                                       .dtype = BOUGH_F32,
                                       .rows = rows,
                                       .width = WIDTH,
                                       .order = {feed->device_order, 0},
                                       .step = {step, 0},
                                       .x = {x, 0}};
        float got[BATCH * WIDTH];
        int32_t got_label[BATCH];
        assert_ok(bough__feed_fetch(feed, first, rows));
        assert_ok(bough__write((struct bough__span){step, 0}, &state, sizeof state));
        assert_ok(bough__gather_write(&sequence, &gather));
        gather.source.buffer = table->column[1].buffer;
        gather.dtype = BOUGH_I32;
        gather.width = 1;
        gather.x.buffer = y;
        assert_ok(bough__gather_write(&sequence, &gather));
        assert_ok(bough__sequence_run(&sequence));
        assert_ok(bough__read((struct bough__span){x, 0}, got, (size_t)rows * WIDTH * 4));
        assert_ok(bough__read((struct bough__span){y, 0}, got_label, (size_t)rows * 4));
        for (int64_t n = 0; n < rows; n++) {
            assert_memory_equal(got + n * WIDTH, values + order[first + n] * WIDTH, WIDTH * 4);
            assert_int_equal(got_label[n], labels[order[first + n]]);
        }
        bough__sequence_fini(&sequence);
    }
    bough__buffer_destroy(&x);
    bough__buffer_destroy(&y);
    bough__buffer_destroy(&step);
}

static void walk(struct bough_device *device, uint64_t budget)
{
    struct bough__column column[2] = {
        {.host = values, .dtype = BOUGH_F32, .width = WIDTH},
        {.host = labels, .dtype = BOUGH_I32, .width = 1},
    };
    struct bough__table table;
    struct bough__feed feed;
    assert_ok(bough__table_init(&table, device, column, 2, ROWS, BATCH, budget));
    assert_int_equal(table.window, budget ? ROWS : BATCH);
    assert_ok(bough__feed_init(&feed, &table, COUNT));
    walk_from(device, &table, &feed, 0);
    walk_from(device, &table, &feed, 2 * BATCH);
    walk_from(device, &table, &feed, 0);
    bough__feed_fini(&feed);
    bough__table_fini(&table);
}

static void batches_follow_the_order(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (int i = 0; i < ROWS * WIDTH; i++)
        values[i] = (float)i / 2;
    for (int i = 0; i < ROWS; i++)
        labels[i] = i % 4 - 1;
    for (size_t d = 0; d < count; d++) {
        walk(device[d], 1 << 20);
        walk(device[d], 0);
    }
}

static void a_shuffle_is_a_permutation_of_its_seed(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    int32_t a[COUNT], b[COUNT], seen[COUNT] = {0};
    bough__shuffle(a, COUNT, 1, 1);
    bough__shuffle(b, COUNT, 1, 1);
    assert_memory_equal(a, b, sizeof a);
    bough__shuffle(b, COUNT, 1, 2);
    assert_memory_not_equal(a, b, sizeof a);
    bough__shuffle(b, COUNT, 2, 1);
    assert_memory_not_equal(a, b, sizeof a);
    int moved = 0;
    for (int i = 0; i < COUNT; i++) {
        seen[a[i]]++;
        moved += a[i] != i;
    }
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(seen[i], 1);
    assert_true(moved > 950);
}

// Each of the 24 orders of four as often as any other, within five standard deviations.
static void a_shuffle_is_even(void **state)
{
    (void)state;
    enum { TIMES = 24000, MEAN = TIMES / 24, FIVE_DEVIATIONS = 155 };
    int times[256] = {0}, orders = 0;
    for (uint32_t i = 0; i < TIMES; i++) {
        int32_t order[4];
        bough__shuffle(order, 4, 7, i);
        times[order[0] << 6 | order[1] << 4 | order[2] << 2 | order[3]]++;
    }
    for (int i = 0; i < 256; i++) {
        orders += times[i] > 0;
        assert_true(times[i] == 0 || abs(times[i] - MEAN) < FIVE_DEVIATIONS);
    }
    assert_int_equal(orders, 24);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_follow_the_order),
        cmocka_unit_test(a_shuffle_is_a_permutation_of_its_seed),
        cmocka_unit_test(a_shuffle_is_even),
    };
    return cmocka_run_group_tests(tests, NULL, test_devices_end);
}
