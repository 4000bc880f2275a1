// The threads of plain C: the caller's, and others that it starts with the first work for them.
//
// A piece of work is so many items. Every thread has a range of them to itself and then takes from
// the others' ends, so work waits for no thread that sleeps or was put aside by a busy machine:
// only for items that one has begun. A thread without work watches for more a little while, so
// that launches close to each other wake nobody, and then sleeps.
#ifndef BOUGH_DEVICE_C_C_POOL_H
#define BOUGH_DEVICE_C_C_POOL_H

#include <bough/status.h>
#include <stdint.h>

struct bough__c_pool;

// Does one item of what `context` describes. `thread` is below the number of threads; no two items
// are done at once under the same one.
typedef void bough__c_item_fn(const void *context, int64_t item, int thread);

// As many threads as BOUGH_THREADS says, or as the process may use cores; 1 where it says nonsense,
// which pool_create tells as INVALID.
int bough__c_threads_wanted(void);
enum bough_status bough__c_pool_create(struct bough__c_pool **pool);
// Takes NULL, sets NULL. In a child of the process that started the threads, which has none of
// them, work is done by the caller alone and this frees what there is.
void bough__c_pool_destroy(struct bough__c_pool **pool);
int bough__c_pool_threads(const struct bough__c_pool *pool);

// Does items 0..count-1, at most 2^31 - 1 of them, and returns when all are done. Not from two
// threads at once. Allocates nothing after the first call.
void bough__c_pool_run(struct bough__c_pool *pool, bough__c_item_fn *fn, const void *context,
                       int64_t count);

#endif
