// What the values of a tensor are like.
#ifndef BOUGH_DATA_FIELD_STATS_H
#define BOUGH_DATA_FIELD_STATS_H

#include "data_tool.h"

enum { STATS_CLASSES_MAX = 10000, STATS_CHANNELS_MAX = 64 };

// One channel, one column, or all values.
struct channel_stats {
    int64_t count, missing; // of values; of NaN, or -1 in a column of classes
    double min, max;        // of the values; NaN if there are none
    double mean, deviation; // likewise; of U8 as a model reads it: x / 255
};

// Zero-initialised before, and given to field_stats_fini after.
struct field_stats {
    // Of images [N, C, H, W] the channels, of tables [N, D] the columns, if there are at most
    // STATS_CHANNELS_MAX; else one of all values.
    int channels;
    struct channel_stats channel[STATS_CHANNELS_MAX];
    struct channel_stats all; // its mean and deviation are not told
    // A column [N] of whole numbers from -1 to STATS_CLASSES_MAX - 1 holds classes.
    int64_t *class_count; // NULL if not
    int64_t classes;      // the highest one, plus 1
};

// Errors: INTERNAL; INTERRUPTED.
enum bough_status field_stats_init(struct field_stats *stats,
                                   const struct bough_file_tensor *tensor);
void field_stats_fini(struct field_stats *stats);

#endif
