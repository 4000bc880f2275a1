#include "data/feed.h"

#include "base/error.h"
#include "cl/random.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE_BYTES = 4 << 20 };

static size_t row_bytes(const struct bough__column *column)
{
    return (size_t)column->width * bough_dtype_size(column->dtype);
}

uint64_t bough__table_budget(const struct bough_device *device)
{
    return device->info.memory / 4;
}

static int fits(const struct bough__table *table, uint64_t budget)
{
    uint64_t total = 0;
    for (int c = 0; c < table->columns; c++) {
        uint64_t bytes = (uint64_t)table->rows * row_bytes(&table->column[c]);
        total += bytes;
        if (bytes > table->device->info.max_buffer)
            return 0;
    }
    return total <= budget;
}

// A file's rows go there in pieces.
static enum bough_status send_rows(const struct bough__column *column, size_t bytes)
{
    enum bough_status status = BOUGH_OK;
    char *piece = NULL;
    if (!column->file)
        return bough__write(bough__whole(column->buffer), column->host, bytes);
    BOUGH_TRY_MEMORY(piece = malloc(PIECE_BYTES));
    for (size_t at = 0; at < bytes;) {
        const size_t size = bytes - at < PIECE_BYTES ? bytes - at : PIECE_BYTES;
        BOUGH_TRY(bough__tensor_read(column->file, column->tensor, at, piece, size));
        BOUGH_TRY(bough__write(bough__span_at(bough__whole(column->buffer), at), piece, size));
        at += size;
    }
    BOUGH_TRY(bough__tensor_file_check(column->file));
done:
    free(piece);
    return status;
}

enum bough_status bough__table_init(struct bough__table *table, struct bough_device *device,
                                    const struct bough__column *column, int columns, int64_t rows,
                                    int64_t batch, uint64_t budget)
{
    enum bough_status status = BOUGH_OK;
    *table = (struct bough__table){.device = device, .columns = columns, .rows = rows};
    table->column = calloc((size_t)columns + 1, sizeof *table->column);
    BOUGH_TRY_MEMORY(table->column);
    memcpy(table->column, column, (size_t)columns * sizeof *column);
    table->resident = fits(table, budget);
    table->capacity = table->resident ? rows : batch;
    for (int c = 0; c < columns; c++) {
        struct bough__column *made = &table->column[c];
        size_t bytes = (size_t)table->capacity * row_bytes(made);
        made->buffer = NULL;
        BOUGH_TRY(bough__buffer_create(&made->buffer, device, bytes));
        if (table->resident && bytes)
            BOUGH_TRY(send_rows(made, bytes));
    }
done:
    if (status != BOUGH_OK)
        bough__table_fini(table);
    return status;
}

void bough__table_fini(struct bough__table *table)
{
    for (int c = 0; table->column && c < table->columns; c++)
        bough__buffer_destroy(&table->column[c].buffer);
    free(table->column);
    *table = (struct bough__table){0};
}

// ---- Batches of what is not resident ----

static int64_t batch_rows(const struct bough__feed *feed, int64_t first)
{
    int64_t left = feed->count - first;
    return left < feed->table->capacity ? left : feed->table->capacity;
}

// The system copies them out of the file's mapping, which a call for each row would take many times
// as long for; where it refuses, the calls tell why, if they do not come through.
static enum bough_status read_rows(struct bough__staging *staging, size_t at,
                                   const struct bough__column *column, const int32_t *order,
                                   int64_t rows)
{
    enum bough_status status = BOUGH_OK;
    const size_t bytes = row_bytes(column);
    const int copied = bough__staging_copy(staging, at, column->tensor->data, bytes, order, rows);
    for (int64_t n = 0; n < rows && !copied; n++)
        BOUGH_TRY(bough__tensor_read(column->file, column->tensor, (size_t)order[n] * bytes,
                                     staging->data + at + (size_t)n * bytes, bytes));
    BOUGH_TRY(bough__tensor_file_check(column->file));
done:
    return status;
}

static enum bough_status copy_rows(struct bough__staging *staging, size_t at,
                                   const struct bough__column *column, const int32_t *order,
                                   int64_t rows)
{
    const size_t bytes = row_bytes(column);
    if (column->file)
        return read_rows(staging, at, column, order, rows);
    for (int64_t n = 0; n < rows && bytes; n++)
        memcpy(staging->data + at + (size_t)n * bytes,
               (const char *)column->host + (size_t)order[n] * bytes, bytes);
    return BOUGH_OK;
}

// The work of the thread: the batch that begins at `first`, to the staging.
static enum bough_status prepare(void *user, int64_t first)
{
    enum bough_status status = BOUGH_OK;
    struct bough__feed *feed = user;
    const struct bough__table *table = feed->table;
    size_t at = 0;
    for (int c = 0; c < table->columns; c++) {
        const struct bough__column *column = &table->column[c];
        BOUGH_TRY(
            copy_rows(&feed->staging, at, column, feed->order + first, batch_rows(feed, first)));
        at += (size_t)table->capacity * row_bytes(column);
    }
done:
    return status;
}

static void prefetch_batch(struct bough__feed *feed, int64_t first)
{
    feed->prepared = first < feed->count ? first : -1;
    if (feed->prepared >= 0)
        bough__prefetch_start(feed->prefetch, first);
}

static enum bough_status init_staging(struct bough__feed *feed)
{
    enum bough_status status;
    const struct bough__table *table = feed->table;
    size_t bytes = 0;
    for (int c = 0; c < table->columns; c++)
        bytes += (size_t)table->capacity * row_bytes(&table->column[c]);
    BOUGH_TRY(bough__staging_init(&feed->staging, bytes));
    BOUGH_TRY(bough__prefetch_create(&feed->prefetch, prepare, feed));
done:
    return status;
}

enum bough_status bough__feed_fetch(struct bough__feed *feed, int64_t first, int64_t rows)
{
    return bough__feed_fetch_before(feed, first, rows, first + feed->table->capacity);
}

enum bough_status bough__feed_fetch_before(struct bough__feed *feed, int64_t first, int64_t rows,
                                           int64_t next)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__table *table = feed->table;
    if (table->resident)
        return BOUGH_OK;
    BOUGH_TRY(bough__prefetch_wait(feed->prefetch));
    if (feed->prepared != first)
        BOUGH_TRY(prepare(feed, first));
    const char *from = feed->staging.data;
    for (int c = 0; c < table->columns; c++) {
        size_t bytes = row_bytes(&table->column[c]);
        if (bytes)
            BOUGH_TRY(
                bough__write(bough__whole(table->column[c].buffer), from, (size_t)rows * bytes));
        from += (size_t)table->capacity * bytes;
    }
    prefetch_batch(feed, next);
done:
    return status;
}

// ---- Feeds ----

enum bough_status bough__feed_init(struct bough__feed *feed, const struct bough__table *table,
                                   int64_t count)
{
    enum bough_status status = BOUGH_OK;
    *feed = (struct bough__feed){.table = table, .count = count, .version = 1, .prepared = -1};
    feed->order = malloc((size_t)count * sizeof *feed->order + 1);
    BOUGH_TRY_MEMORY(feed->order);
    for (int64_t i = 0; i < count; i++)
        feed->order[i] = (int32_t)(i % table->capacity);
    size_t bytes = (size_t)count * sizeof *feed->order;
    BOUGH_TRY(bough__buffer_create(&feed->device_order, table->device, bytes));
    BOUGH_TRY(bough__write(bough__whole(feed->device_order), feed->order, bytes));
    for (int64_t i = 0; i < count; i++)
        feed->order[i] = (int32_t)i;
    if (!table->resident)
        BOUGH_TRY(init_staging(feed));
done:
    if (status != BOUGH_OK)
        bough__feed_fini(feed);
    return status;
}

void bough__feed_fini(struct bough__feed *feed)
{
    bough__prefetch_destroy(&feed->prefetch);
    bough__buffer_destroy(&feed->device_order);
    free(feed->order);
    bough__staging_fini(&feed->staging);
    *feed = (struct bough__feed){0};
}

enum bough_status bough__feed_order(struct bough__feed *feed, const int32_t *order)
{
    size_t bytes = (size_t)feed->count * sizeof *order;
    if (feed->prefetch) // what it did for the old order does not matter
        bough__prefetch_wait(feed->prefetch);
    memcpy(feed->order, order, bytes);
    feed->version++;
    if (feed->table->resident)
        return bough__write(bough__whole(feed->device_order), order, bytes);
    prefetch_batch(feed, 0); // on the device the buffers hold a batch in its order already
    return BOUGH_OK;
}

// ---- Shuffling ----

// A block of random words: four of each of some counters from `first` on.
enum { COUNTERS = 64, WORDS = 4 * COUNTERS };

BOUGH_TWIN static void draw(uint32_t (*restrict word)[COUNTERS], uint64_t seed, uint32_t first,
                            uint32_t counters, uint32_t number)
{
    static const uint32_t purpose = 0x73687566; // keeps these draws apart from all others
    for (uint32_t i = 0; i < counters; i++) {
        struct random4 drawn =
            random_bits((uint32_t)seed, (uint32_t)(seed >> 32), first + i, number, 0, purpose);
        for (int w = 0; w < 4; w++)
            word[w][i] = drawn.v[w];
    }
}

// Fisher and Yates's shuffle, "inside out": Knuth, The Art of Computer Programming, vol. 2, 3.4.2.
void bough__shuffle(int32_t *order, int64_t count, uint64_t seed, uint32_t number)
{
    uint32_t word[4][COUNTERS];
    for (int64_t i = 0; i < count; i++) {
        const int64_t at = i % WORDS, left = count - i;
        if (at == 0)
            draw(word, seed, (uint32_t)(i / 4), left < WORDS ? (uint32_t)(left + 3) / 4 : COUNTERS,
                 number);
        const uint64_t drawn = word[at % 4][at / 4];
        const int64_t j = (int64_t)(drawn * (uint64_t)(i + 1) >> 32);
        order[i] = j < i ? order[j] : 0;
        order[j] = (int32_t)i;
    }
}
