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

struct sums {
    double sum, squares;
};

static void add_bytes(struct channel_stats *stats, struct sums *sums, const uint8_t *value,
                      int64_t count)
{
    uint64_t sum = 0, squares = 0;
    uint8_t min = 255, max = 0;
    for (int64_t i = 0; i < count; i++) {
        sum += value[i];
        squares += (uint64_t)value[i] * value[i];
        min = value[i] < min ? value[i] : min;
        max = value[i] > max ? value[i] : max;
    }
    stats->count += count;
    stats->min = fmin(stats->min, min); // fmin and fmax pass over NaN
    stats->max = fmax(stats->max, max);
    sums->sum += (double)sum;
    sums->squares += (double)squares;
}

static void add_values(struct channel_stats *stats, struct sums *sums,
                       const struct bough_file_tensor *tensor, int64_t from, int64_t count,
                       int minus_one_is_missing)
{
    if (tensor->dtype == BOUGH_U8) {
        add_bytes(stats, sums, (const uint8_t *)tensor->data + from, count);
        return;
    }
    for (int64_t i = from; i < from + count; i++) {
        const double value = value_at(tensor, i);
        if (isnan(value) || (minus_one_is_missing && value == -1)) {
            stats->missing++;
            continue;
        }
        stats->count++;
        stats->min = fmin(stats->min, value);
        stats->max = fmax(stats->max, value);
        sums->sum += value;
        sums->squares += value * value;
    }
}

static void take_sums(struct field_stats *stats, int c, const struct sums *sums, double scale)
{
    struct channel_stats *channel = &stats->channel[c];
    const double count = (double)channel->count, mean = sums->sum / count;
    const double variance = sums->squares / count - mean * mean;
    channel->mean = mean / scale;
    channel->deviation = (variance < 0 ? 0 : sqrt(variance)) / scale;
    stats->all.count += channel->count;
    stats->all.missing += channel->missing;
    stats->all.min = fmin(stats->all.min, channel->min);
    stats->all.max = fmax(stats->all.max, channel->max);
}

static int channels_of(const struct bough_shape *shape)
{
    const int many = shape->rank == 2 || shape->rank == 4;
    return many && shape->dim[1] > 0 && shape->dim[1] <= STATS_CHANNELS_MAX ? (int)shape->dim[1]
                                                                            : 1;
}

enum bough_status field_stats_init(struct field_stats *stats,
                                   const struct bough_file_tensor *tensor)
{
    enum bough_status status = BOUGH_OK;
    const int64_t *dim = tensor->shape.dim, total = bough_shape_elements(&tensor->shape);
    const int classes = holds_classes(tensor), channels = channels_of(&tensor->shape);
    struct sums sums[STATS_CHANNELS_MAX] = {{0}};
    *stats = (struct field_stats){.channels = channels, .all = {.min = NAN, .max = NAN}};
    for (int c = 0; c < channels; c++)
        stats->channel[c] = stats->all;
    const int64_t plane = tensor->shape.rank == 4 ? dim[2] * dim[3] : 1;
    const int64_t piece = channels > 1 ? plane : PIECE;
    for (int64_t at = 0, k = 0; at < total; at += piece, k = k + 1 < channels ? k + 1 : 0) {
        if (at % PIECE < piece)
            TRY(tool_step(tensor->name, at, total));
        add_values(&stats->channel[k], &sums[k], tensor, at,
                   total - at < piece ? total - at : piece, classes);
    }
    for (int c = 0; c < channels; c++)
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
