// Rows of a data set on their way to the device.
//
// A table holds a split's columns: all of their rows on the device where they fit, and else the
// rows of one batch. A feed is an order of a table's rows, from which batches are gathered; where
// the table holds one batch only, a thread copies the next one together while this one is in use.
#ifndef BOUGH_DATA_FEED_H
#define BOUGH_DATA_FEED_H

#include "data/prefetch.h"
#include "data/staging.h"
#include "data/tensor_file.h"
#include "device/sequence.h"

#include <bough/tensor.h>

// Rows [rows, width] of U8, F32 or I32, borrowed: those of a tensor, read from its file, or on the
// host. Of width 0 it is empty.
struct bough__column {
    const struct bough_tensor_file *file; // NULL: on the host
    const struct bough_file_tensor *tensor;
    const void *host;
    enum bough_dtype dtype;
    int64_t width;
    struct bough__buffer *buffer; // made by the table
};

struct bough__table {
    struct bough_device *device;
    struct bough__column *column; // owned
    int columns;
    int64_t rows;
    int64_t capacity; // rows that the buffers hold: all of them, or a batch
    int resident;     // all of them, and they are there
};

// Copies the columns' descriptions and puts their rows on the device if all of them fit in `budget`
// bytes, else makes room for `batch` rows. Errors: DATA if a file was cut or written to, DEVICE,
// INTERNAL.
enum bough_status bough__table_init(struct bough__table *table, struct bough_device *device,
                                    const struct bough__column *column, int columns, int64_t rows,
                                    int64_t batch, uint64_t budget);
void bough__table_fini(struct bough__table *table);

// What the device can spare for a split's tables, of the three splits that a training may hold: a
// quarter of its memory.
uint64_t bough__table_budget(const struct bough_device *device);

struct bough__feed {
    const struct bough__table *table;
    int32_t *order; // [count] row numbers, owned
    int64_t count;
    unsigned version;                   // counts its orders, from 1
    struct bough__buffer *device_order; // [count] places in the table's buffers
    // Where not all is resident, NULL and unused otherwise.
    struct bough__prefetch *prefetch;
    struct bough__staging staging; // one batch, column after column
    int64_t prepared; // the batch that `prefetch` has in hand begins there in the order; -1 = none
};

// A feed of `count` rows, at first 0, 1, 2, ... It stays where it is: its thread knows the address.
enum bough_status bough__feed_init(struct bough__feed *feed, const struct bough__table *table,
                                   int64_t count);
void bough__feed_fini(struct bough__feed *feed);

// Takes a new order: `count` row numbers, copied.
enum bough_status bough__feed_order(struct bough__feed *feed, const int32_t *order);

// Before each batch: brings rows first..first+rows-1 of the order to the device unless they are
// there. `first` is a multiple of the table's batch. Errors: DATA if a file was cut or written to,
// DEVICE.
enum bough_status bough__feed_fetch(struct bough__feed *feed, int64_t first, int64_t rows);
// Likewise, where the batch that is wanted behind it does not follow in the order: it begins at
// `next`, past the end = there is none.
enum bough_status bough__feed_fetch_before(struct bough__feed *feed, int64_t first, int64_t rows,
                                           int64_t next);

// A permutation of 0..count-1, the same for the same seed and number (Fisher and Yates, by
// counter-based draws of 32 bits: a place's chance is even to a part in 2^32 / count).
void bough__shuffle(int32_t *order, int64_t count, uint64_t seed, uint32_t number);

#endif
