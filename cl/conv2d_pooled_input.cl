// The gradient of a convolution's input where max pooling stands behind it: see
// op/conv2d_pooled_input.c.
#include "bough.h"

#include "conv2d_pooled_params.h"

ITEM_KERNEL void conv2d_turn_weight(ARG(weight), ARG(turned), const ulong count,
                                    const struct pooled_weight_params p)
{
    VIEW(const float, weight);
    VIEW(float, turned);
    EACH_ITEM (i) {
        const size_t lane = i % p.lanes, line = i / p.lanes;
        const size_t plane = line / p.taps * p.channels + lane % p.channels;
        turned[i] = lane < (size_t)p.width * p.channels
                        ? weight[(plane * p.taps + line % p.taps) * p.width + lane / p.channels]
                        : 0.0f;
    }
}

static inline void turn_back(global float *dx, global const float *turned,
                             const struct turn_params p, int add)
{
    for (int c = get_local_id(0); c < p.channels; c += BOUGH_GROUP)
        for (int y = 0; y < p.height; y++) {
            const size_t element = (size_t)(y + p.padding_h) * p.columns + p.padding_w;
            global const float *from = turned + element * p.channels + c;
            global float *to = dx + ((size_t)c * p.height + y) * p.width;
            for (int x = 0; x < p.width; x++)
                to[x] = (add ? to[x] : 0.0f) + from[(size_t)x * p.channels];
        }
}

#if BOUGH_GROUP == 1

// What an output of the pooling gives, where it took an element.
struct pooled_output {
    int at; // its channel's weight, turned
    float dy;
};

// The outputs of a row of the pooling, by the element from which each was taken: those of element i
// lie from i * capacity to end[i]. The elements are those of the convolution's rows from `first`
// on; what took none is written behind them.
static void sort_outputs(global struct pooled_output *output, global int *end,
                         global const float *dy, global const int *index, int first,
                         const struct pooled_input_params p)
{
    const int size = p.outputs.taps * p.outputs.lanes, before = first * p.outputs.width;
    for (int i = 0; i <= p.elements; i++)
        end[i] = i * p.capacity;
    for (int o = 0; o < p.outputs.channels; o++, dy += p.outputs.plane, index += p.outputs.plane)
        for (int i = 0; i < p.line; i++) {
            const int from = index[i], element = from < 0 ? p.elements : from - before;
            const int at = end[element];
            output[at].at = o * size;
            output[at].dy = dy[i];
            end[element] = at + (from >= 0);
        }
}

// dx [16 * vectors] += the runs of the weight of some outputs, each times its dy; this for every
// element.
#define ADD_ELEMENTS(vectors)                                                                      \
    static inline void add_weights_##vectors(global float *dx, global const float *weight,         \
                                             global const struct pooled_output *output, int count) \
    {                                                                                              \
        float16 total[vectors];                                                                    \
        EACH (v, vectors)                                                                          \
            total[v] = vload16(v, dx);                                                             \
        for (int i = 0; i < count; i++)                                                            \
            EACH (v, vectors)                                                                      \
                total[v] += output[i].dy * vload16(v, weight + output[i].at);                      \
        EACH (v, vectors)                                                                          \
            vstore16(total[v], v, dx);                                                             \
    }                                                                                              \
    static void add_elements_##vectors(global float *dx, global const float *weight,               \
                                       global const struct pooled_output *output,                  \
                                       global const int *end, const struct pooled_input_params p)  \
    {                                                                                              \
        int i = 0;                                                                                 \
        for (int y = 0; y < p.pool_rows; y++, dx += p.outputs.row)                                 \
            for (int x = 0; x < p.outputs.width; x++, i++) {                                       \
                const int count = end[i] - i * p.capacity;                                         \
                if (count > 0)                                                                     \
                    add_weights_##vectors(dx + (size_t)x * p.outputs.column, weight,               \
                                          output + (size_t)i * p.capacity, count);                 \
            }                                                                                      \
    }
ADD_ELEMENTS(6)
ADD_ELEMENTS(3)
ADD_ELEMENTS(1)

static void add_taken(global float *dx, global const float *weight,
                      global const struct pooled_output *output, global const int *end,
                      const struct pooled_input_params p)
{
    for (int tap = 0; tap < p.outputs.taps; tap++) {
        int i = 0;
        for (; i + 96 <= p.outputs.lanes; i += 96)
            add_elements_6(dx + i, weight + i, output, end, p);
        for (; i + 48 <= p.outputs.lanes; i += 48)
            add_elements_3(dx + i, weight + i, output, end, p);
        for (; i < p.outputs.lanes; i += 16)
            add_elements_1(dx + i, weight + i, output, end, p);
        dx += p.outputs.tap_row;
        weight += p.outputs.lanes;
    }
}

// One row per image. Those of a group take turns in the place of its first, which stays in a cache.
ROW_KERNEL void conv2d_pooled_input_bwd(ARG(dy), ARG(index), ARG(weight), ARG(work), ARG(dx),
                                        const ulong count, const struct pooled_input_params p)
{
    VIEW(const float, dy);
    VIEW(const int, index);
    VIEW(const float, weight);
    VIEW(float, work);
    VIEW(float, dx);
    const size_t outputs = (size_t)p.outputs.channels * p.outputs.plane;
    const size_t image = (size_t)p.turn.channels * p.turn.height * p.turn.width;
    global float *turned = work + rows_begin(count) * p.work;
    global struct pooled_output *output = (global struct pooled_output *)(turned + p.turned);
    global int *end = (global int *)(output + (size_t)(p.elements + 1) * p.capacity);
    EACH_ROW (n) {
        for (int i = 0; i < p.turned; i++)
            turned[i] = 0.0f;
        for (int row = 0; row * p.line < p.outputs.plane; row++) {
            const size_t at = n * outputs + (size_t)row * p.line;
            const int first = max(row * p.pool_stride - p.pool_padding, 0);
            sort_outputs(output, end, dy + at, index + at, first, p);
            add_taken(turned + (size_t)first * p.outputs.row, weight, output, end, p);
        }
        turn_back(dx + n * image, turned, p.turn, p.outputs.add);
    }
}

#else

// An item has channels of its own: no two write the same element.
ROW_KERNEL void conv2d_pooled_input_bwd(ARG(dy), ARG(index), ARG(weight), ARG(work), ARG(dx),
                                        const ulong count, const struct pooled_input_params p)
{
    VIEW(const float, dy);
    VIEW(const int, index);
    VIEW(const float, weight);
    VIEW(float, work);
    VIEW(float, dx);
    const struct pooled_params q = p.outputs;
    const size_t n = get_group_id(0), image = (size_t)p.turn.height * p.turn.width;
    const float inverse = 1.0f / (float)q.width;
    work += n * p.work;
    dy += n * q.channels * q.plane;
    index += n * q.channels * q.plane;
    for (int c = get_local_id(0); c < p.turn.channels; c += BOUGH_GROUP) {
        for (int i = c; i < p.turned; i += p.turn.channels)
            work[i] = 0.0f;
        for (int j = 0; j < q.channels * q.plane; j++) {
            const int from = index[j], y = POOLED_ROW(from, inverse);
            global const float *run = weight + (size_t)(j / q.plane) * q.taps * q.lanes;
            global float *to = work + y * q.row + (from - y * q.width) * q.column;
            for (int tap = 0; from >= 0 && tap < q.taps; tap++, to += q.tap_row, run += q.lanes)
                for (int i = c; i < q.lanes; i += p.turn.channels)
                    to[i] += dy[j] * run[i];
        }
    }
    turn_back(dx + n * p.turn.channels * image, work, p.turn, q.add);
}

#endif
