// The run folder's log.jsonl, one event a line, and result.json.
#ifndef BOUGH_RUN_RECORD_H
#define BOUGH_RUN_RECORD_H

#include <bough/train.h>
#include <jansson.h>

struct bough__record;

// Opens the log for appending, keeping the events up to epoch `epochs_kept`, of -1 none, and
// dropping what a broken run left behind them. With run_dir NULL the record keeps nothing.
// Errors: DATA, INTERNAL.
enum bough_status bough__record_open(struct bough__record **record, const char *run_dir,
                                     int32_t epochs_kept);
void bough__record_close(struct bough__record **record);

// Appends an event; takes the reference. Errors: DATA, INTERNAL (also for NULL).
enum bough_status bough__record_event(struct bough__record *record, json_t *event);

// Puts {"left": {"loss": 0.4, "accuracy": 0.84, "confusion": [[...]]}, "exact_match": 0.7} under
// `key`; a number that is not finite is null. Nothing for NULL metrics. Not 0 when out of memory,
// and for a NULL object.
int bough__metrics_put(json_t *object, const char *key, const struct bough_metrics *metrics);

// Writes result.json, and in it what `more` holds. Errors: DATA, INTERNAL.
enum bough_status bough__record_result(const char *run_dir, const struct bough_result *result,
                                       json_t *more);

#endif
