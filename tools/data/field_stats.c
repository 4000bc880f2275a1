#include "field_stats.h"

#include <math.h>
#include <stdlib.h>

enum { PIECE = 1 << 20 };

static double value_at(const struct bough_file_tensor *tensor, int64_t i)
{
    return bough_number_at(tensor->data, tensor->dtype, i);
}

// ---- Classes ----

static int holds_classes(const struct bough_file_tensor *tensor)
{
    if (bough_dtype_is_float(tensor->dtype) || tensor->shape.rank != 1)
        return 0;
    for (int64_t i = 0; i < tensor->shape.dim[0]; i++) {
        const double value = value_at(tensor, i);
        if (value < -1 || value >= STATS_CLASSES_MAX)
            return 0;
    }
    return 1;
}

static enum bough_status count_classes(struct field_stats *stats,
                                       const struct bough_file_tensor *tensor)
{
    stats->class_count = calloc(STATS_CLASSES_MAX, sizeof *stats->class_count);
    if (!stats->class_count)
        return tool_no_memory();
    for (int64_t i = 0; i < tensor->shape.dim[0]; i++) {
        const int64_t class = (int64_t)value_at(tensor, i);
        if (class < 0)
            continue;
        stats->class_count[class]++;
        if (class >= stats->classes)
            stats->classes = class + 1;
    }
    return BOUGH_OK;
}

// ---- Moments ----

// Sums over one channel of one or more images.
struct sums {
    int64_t count, missing;
    double sum, squares, min, max;
};

static void add_bytes(struct sums *sums, const uint8_t *value, int64_t count)
{
    uint64_t sum = 0, squares = 0;
    uint8_t min = 255, max = 0;
    for (int64_t i = 0; i < count; i++) {
        sum += value[i];
        squares += (uint64_t)value[i] * value[i];
        min = value[i] < min ? value[i] : min;
        max = value[i] > max ? value[i] : max;
    }
    sums->count += count;
    sums->sum += (double)sum;
    sums->squares += (double)squares;
    sums->min = fmin(sums->min, min);
    sums->max = fmax(sums->max, max);
}

static void add_values(struct sums *sums, const struct bough_file_tensor *tensor, int64_t from,
                       int64_t count, int minus_one_is_missing)
{
    if (tensor->dtype == BOUGH_U8) {
        add_bytes(sums, (const uint8_t *)tensor->data + from, count);
        return;
    }
    for (int64_t i = from; i < from + count; i++) {
        const double value = value_at(tensor, i);
        if (isnan(value) || (minus_one_is_missing && value == -1)) {
            sums->missing++;
            continue;
        }
        sums->count++;
        sums->sum += value;
        sums->squares += value * value;
        sums->min = fmin(sums->min, value);
        sums->max = fmax(sums->max, value);
    }
}

static void take_sums(struct field_stats *stats, int channel, const struct sums *sums, double scale)
{
    stats->missing += sums->missing;
    if (sums->count == 0)
        return;
    stats->min = stats->values ? fmin(stats->min, sums->min) : sums->min;
    stats->max = stats->values ? fmax(stats->max, sums->max) : sums->max;
    stats->values += sums->count;
    const double mean = sums->sum / (double)sums->count;
    const double variance = sums->squares / (double)sums->count - mean * mean;
    stats->mean[channel] = mean / scale;
    stats->deviation[channel] = sqrt(variance > 0 ? variance : 0) / scale;
}

enum bough_status field_stats_init(struct field_stats *stats,
                                   const struct bough_file_tensor *tensor)
{
    enum bough_status status = BOUGH_OK;
    const int64_t *dim = tensor->shape.dim, total = bough_shape_elements(&tensor->shape);
    const int classes = holds_classes(tensor);
    const int images = tensor->shape.rank == 4 && dim[1] <= STATS_CHANNELS_MAX && total > 0;
    struct sums sums[STATS_CHANNELS_MAX];
    *stats = (struct field_stats){.channels = images ? (int)dim[1] : 1};
    for (int c = 0; c < stats->channels; c++)
        sums[c] = (struct sums){.min = INFINITY, .max = -INFINITY};
    const int64_t piece = images ? dim[2] * dim[3] : PIECE;
    for (int64_t at = 0, k = 0; at < total; at += piece, k++) {
        TRY(tool_step(tensor->name, at, total));
        add_values(&sums[k % stats->channels], tensor, at, total - at < piece ? total - at : piece,
                   classes);
    }
    for (int c = 0; c < stats->channels; c++)
        take_sums(stats, c, &sums[c], tensor->dtype == BOUGH_U8 && !classes ? 255 : 1);
    if (classes)
        TRY(count_classes(stats, tensor));
done:
    return status;
}

void field_stats_fini(struct field_stats *stats)
{
    free(stats->class_count);
    stats->class_count = NULL;
}
