// What the values of a tensor are like.
#ifndef BOUGH_DATA_FIELD_STATS_H
#define BOUGH_DATA_FIELD_STATS_H

#include "data_tool.h"

enum { STATS_CLASSES_MAX = 10000, STATS_CHANNELS_MAX = 16 };

// Zero-initialised before, and given to field_stats_fini after.
struct field_stats {
    int64_t missing; // -1 in a column of classes, NaN among numbers
    int64_t values;  // that are not missing
    double min, max; // of those; 0 if there are none
    // Per channel of images [N, C, H, W] of at most STATS_CHANNELS_MAX channels, else of all
    // values. Of U8 as a model reads it: x / 255.
    int channels;
    double mean[STATS_CHANNELS_MAX], deviation[STATS_CHANNELS_MAX];
    // A column [N] of whole numbers from -1 to STATS_CLASSES_MAX - 1 holds classes.
    int64_t *class_count; // NULL if not
    int64_t classes;      // the highest one, plus 1
};

// Errors: INTERNAL; INTERRUPTED.
enum bough_status field_stats_init(struct field_stats *stats,
                                   const struct bough_file_tensor *tensor);
void field_stats_fini(struct field_stats *stats);

#endif
