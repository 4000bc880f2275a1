#include "resize.h"

#include <math.h>
#include <stdlib.h>

// Fills `line` of `count` values from `from_count` values that are `step` apart.
static void resize_line(float *line, int64_t count, const float *from, int64_t from_count,
                        int64_t step)
{
    const double scale = (double)from_count / (double)count;
    const double reach = scale > 1 ? scale : 1; // of the triangle on either side
    for (int64_t i = 0; i < count; i++) {
        const double centre = ((double)i + 0.5) * scale - 0.5;
        int64_t first = (int64_t)ceil(centre - reach), last = (int64_t)floor(centre + reach);
        double sum = 0, weights = 0;
        first = first < 0 ? 0 : first;
        last = last >= from_count ? from_count - 1 : last;
        for (int64_t k = first; k <= last; k++) {
            const double weight = 1 - fabs((double)k - centre) / reach;
            sum += weight * (double)from[k * step];
            weights += weight;
        }
        line[i] = (float)(sum / weights);
    }
}

// Rows first, into `wide` [from_height, width]; then columns.
static void resize_plane(uint8_t *to, int64_t height, int64_t width, const uint8_t *from,
                         int64_t from_height, int64_t from_width, float *wide, float *line)
{
    for (int64_t y = 0; y < from_height; y++) {
        for (int64_t x = 0; x < from_width; x++)
            line[x] = (float)from[y * from_width + x];
        resize_line(wide + y * width, width, line, from_width, 1);
    }
    for (int64_t x = 0; x < width; x++) {
        resize_line(line, height, wide + x, from_height, width);
        for (int64_t y = 0; y < height; y++)
            to[y * width + x] = (uint8_t)(line[y] + 0.5f);
    }
}

enum bough_status resize_planes(uint8_t *to, int64_t height, int64_t width, const uint8_t *from,
                                int64_t from_height, int64_t from_width, int64_t planes)
{
    const int64_t longest = height > from_width ? height : from_width;
    float *wide = malloc((size_t)(from_height * width + longest) * sizeof *wide);
    if (!wide)
        return tool_no_memory();
    for (int64_t p = 0; p < planes; p++)
        resize_plane(to + p * height * width, height, width, from + p * from_height * from_width,
                     from_height, from_width, wide, wide + from_height * width);
    free(wide);
    return BOUGH_OK;
}

void resize_nearest(uint8_t *to, int64_t height, int64_t width, const uint8_t *from,
                    int64_t from_height, int64_t from_width)
{
    for (int64_t y = 0; y < height; y++) {
        const uint8_t *row = from + (2 * y + 1) * from_height / (2 * height) * from_width;
        for (int64_t x = 0; x < width; x++)
            to[y * width + x] = row[(2 * x + 1) * from_width / (2 * width)];
    }
}
