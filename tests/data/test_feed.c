// Feeds: an order's batches reach the device, from a resident table and from one that streams.
#include "support/support.h"

#include "cl/step.h"
#include "data/feed.h"
#include "data/gather.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

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
        struct bough__gather gather = {.source = bough__whole(table->column[0].buffer),
                                       .dtype = BOUGH_F32,
                                       .rows = rows,
                                       .width = WIDTH,
                                       .order = bough__whole(feed->device_order),
                                       .step = bough__whole(step),
                                       .x = bough__whole(x)};
        float got[BATCH * WIDTH];
        int32_t got_label[BATCH];
        assert_ok(bough__feed_fetch(feed, first, rows));
        assert_ok(bough__write(bough__whole(step), &state, sizeof state));
        assert_ok(bough__gather_write(&sequence, &gather));
        gather.source.buffer = table->column[1].buffer;
        gather.dtype = BOUGH_I32;
        gather.width = 1;
        gather.x.buffer = y;
        assert_ok(bough__gather_write(&sequence, &gather));
        assert_ok(bough__sequence_run(&sequence));
        assert_ok(bough__read(bough__whole(x), got, (size_t)rows * WIDTH * 4));
        assert_ok(bough__read(bough__whole(y), got_label, (size_t)rows * 4));
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
    assert_int_equal(table.capacity, budget ? ROWS : BATCH);
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

// ---- Files that change while they are read ----

enum { FILE_ROWS = 3000, FILE_WIDTH = 16, FILE_BATCH = 300 }; // more pages than one

static const char *write_data(void)
{
    static float image[FILE_ROWS * FILE_WIDTH];
    static char path[400];
    const struct bough_shape shape = {2, {FILE_ROWS, FILE_WIDTH}};
    struct bough_tensor_writer *writer;
    for (int i = 0; i < FILE_ROWS * FILE_WIDTH; i++)
        image[i] = (float)i;
    snprintf(path, sizeof path, "%s/data.safetensors", test_folder());
    assert_ok(bough_tensor_writer_create(&writer, path));
    assert_ok(bough_tensor_writer_declare(writer, "train/image", BOUGH_F32, &shape));
    assert_ok(bough_tensor_writer_write(writer, image, sizeof image));
    assert_ok(bough_tensor_writer_commit(writer));
    bough_tensor_writer_destroy(&writer);
    return path;
}

struct read {
    struct bough_tensor_file *file;
    struct bough__column column;
    struct bough__table table;
    struct bough__feed feed;
    char path[400];
};

static void open_read(struct read *r)
{
    snprintf(r->path, sizeof r->path, "%s", write_data());
    assert_ok(bough_tensor_file_open(&r->file, r->path));
    r->column = (struct bough__column){.file = r->file,
                                       .tensor = bough_tensor_file_at(r->file, 0),
                                       .dtype = BOUGH_F32,
                                       .width = FILE_WIDTH};
}

static enum bough_status make_table(struct read *r, struct bough_device *device, uint64_t budget)
{
    return bough__table_init(&r->table, device, &r->column, 1, FILE_ROWS, FILE_BATCH, budget);
}

// Streams from the file in a mixed order. Its first batch is right.
static void start_streaming(struct read *r, struct bough_device *device)
{
    static int32_t order[FILE_ROWS];
    static float got[FILE_BATCH * FILE_WIDTH];
    assert_ok(make_table(r, device, 0));
    assert_ok(bough__feed_init(&r->feed, &r->table, FILE_ROWS));
    bough__shuffle(order, FILE_ROWS, 1, 1);
    assert_ok(bough__feed_order(&r->feed, order));
    assert_ok(bough__feed_fetch(&r->feed, 0, FILE_BATCH));
    assert_ok(bough__read(bough__whole(r->table.column[0].buffer), got, sizeof got));
    for (int n = 0; n < FILE_BATCH; n++)
        for (int i = 0; i < FILE_WIDTH; i++)
            assert_float_equal(got[n * FILE_WIDTH + i], order[n] * FILE_WIDTH + i, 0);
}

static void end_read(struct read *r)
{
    bough__feed_fini(&r->feed);
    bough__table_fini(&r->table);
    bough_tensor_file_close(&r->file);
}

// The status of the batches behind the first one: that of the first which fails.
static enum bough_status fetch_all(struct read *r)
{
    enum bough_status status = BOUGH_OK;
    for (int64_t at = FILE_BATCH; at < FILE_ROWS && status == BOUGH_OK; at += FILE_BATCH)
        status = bough__feed_fetch(&r->feed, at, FILE_BATCH);
    return status;
}

// Where files may not grow there is no memory that is one, and each row is a call.
static void rows_come_one_by_one_too(void **state)
{
    (void)state;
    struct read r;
    size_t count;
    struct rlimit before, none;
    struct bough_device *device = test_devices(&count)[0];
    open_read(&r);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    start_streaming(&r, device);
    const int shared = r.feed.staging.shared;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_false(shared);
    assert_ok(fetch_all(&r));
    assert_int_equal(truncate(r.path, 20000), 0);
    assert_fails(bough__feed_fetch(&r.feed, 0, FILE_BATCH), BOUGH_DATA, "has 20000 bytes");
    end_read(&r);
}

static void a_cut_file_is_told(void **state)
{
    (void)state;
    struct read r;
    size_t count;
    struct bough_device *device = test_devices(&count)[0];
    open_read(&r);
    start_streaming(&r, device);
    assert_int_equal(truncate(r.path, 20000), 0);
    assert_fails(fetch_all(&r), BOUGH_DATA, "data.safetensors");
    assert_fails(bough__feed_fetch(&r.feed, 0, FILE_BATCH), BOUGH_DATA, "while it was in use");
    end_read(&r);
    open_read(&r);
    assert_int_equal(truncate(r.path, 20000), 0);
    assert_fails(make_table(&r, device, 1 << 30), BOUGH_DATA, "has 20000 bytes");
    bough_tensor_file_close(&r.file);
}

static void an_overwritten_file_is_told(void **state)
{
    (void)state;
    struct read r;
    size_t count;
    struct bough_device *device = test_devices(&count)[0];
    const struct timespec long_ago[2] = {{1000, 0}, {1000, 0}};
    open_read(&r);
    start_streaming(&r, device);
    FILE *file = fopen(r.path, "r+");
    assert_non_null(file);
    assert_int_equal(fseek(file, -4, SEEK_END), 0);
    assert_int_equal(fwrite("x", 1, 1, file), 1);
    assert_int_equal(fclose(file), 0);
    // The clock of the file system may not have gone on since the file was made.
    assert_int_equal(utimensat(AT_FDCWD, r.path, long_ago, 0), 0);
    assert_fails(fetch_all(&r), BOUGH_DATA, "data.safetensors: was written to");
    end_read(&r);
}

static void a_new_file_in_its_place_is_no_matter(void **state)
{
    (void)state;
    struct read r;
    size_t count;
    struct bough_device *device = test_devices(&count)[0];
    open_read(&r);
    start_streaming(&r, device);
    write_data();
    assert_ok(fetch_all(&r));
    end_read(&r);
}

// ---- Shuffling ----

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
        cmocka_unit_test_setup_teardown(rows_come_one_by_one_too, test_folder_begin,
                                        test_folder_end),
        cmocka_unit_test_setup_teardown(a_cut_file_is_told, test_folder_begin, test_folder_end),
        cmocka_unit_test_setup_teardown(an_overwritten_file_is_told, test_folder_begin,
                                        test_folder_end),
        cmocka_unit_test_setup_teardown(a_new_file_in_its_place_is_no_matter, test_folder_begin,
                                        test_folder_end),
        cmocka_unit_test(a_shuffle_is_a_permutation_of_its_seed),
        cmocka_unit_test(a_shuffle_is_even),
    };
    return cmocka_run_group_tests(tests, NULL, test_devices_end);
}
