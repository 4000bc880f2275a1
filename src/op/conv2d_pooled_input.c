// An output of the pooling gives its dy times a few runs of the weight to a dx that is turned, and
// then turned back: a quarter of the work of a product, as in conv2d_pooled.c.
#include "base/error.h"
#include "op/conv2d_pooled.h"

// What an image works in: dx turned, and behind it the outputs of a row of the pooling, sorted.
struct place {
    int64_t elements; // that the windows of such a row cover
    int64_t capacity; // outputs that may take the same element, at most
    int64_t turned;   // floats of dx turned
    int64_t floats;   // of all
};

static struct place place_of(const struct bough__op_call *conv, const struct bough__op_call *pool)
{
    const struct bough__attr *attr = pool->attr;
    const int64_t *y = conv->y.shape.dim;
    const int overlap = (attr->kernel[1] + attr->stride[1] - 1) / attr->stride[1];
    struct place place = {.elements = attr->kernel[0] * y[3], .capacity = y[1] * overlap};
    place.turned = bough__conv2d_turned(conv).image + BOUGH_LANES;
    place.floats = place.turned + (place.elements + 1) * (2 * place.capacity + 1);
    place.floats = (place.floats + BOUGH_LANES - 1) / BOUGH_LANES * BOUGH_LANES;
    return place;
}

int bough__conv2d_pooled_does_input(const struct bough__op_call *conv,
                                    const struct bough__op_call *pool)
{
    const struct bough__conv2d_turned t = bough__conv2d_turned(conv);
    return bough__conv2d_pooled_does_weight(conv, pool) && !t.windows &&
           place_of(conv, pool).floats <= INT32_MAX &&
           conv->y.shape.dim[1] * t.taps * t.lanes <= INT32_MAX;
}

size_t bough__conv2d_pooled_work(const struct bough__op_call *conv,
                                 const struct bough__op_call *pool, int64_t images)
{
    if (!bough__conv2d_pooled_does_weight(conv, pool))
        return 0;
    const int64_t floats = bough__conv2d_pooled_does_input(conv, pool)
                               ? place_of(conv, pool).floats
                               : bough__conv2d_turned(conv).image + BOUGH_LANES;
    return (size_t)(images * floats) * sizeof(float);
}

static void conv2d_turn_weight(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct pooled_weight_params *p = params;
    const float *weight = arg[0];
    float *turned = arg[1];
    for (int64_t i = begin; i < end; i++) {
        const int64_t lane = i % p->lanes, line = i / p->lanes;
        const int64_t plane = line / p->taps * p->channels + lane % p->channels;
        turned[i] = lane < (int64_t)p->width * p->channels
                        ? weight[(plane * p->taps + line % p->taps) * p->width + lane / p->channels]
                        : 0.0f;
    }
}

// An output of the pooling that took an element.
struct output {
    int at;   // its channel's weight, turned
    int from; // its dy, among those of the image
};

// The outputs of a row of the pooling, by the element from which each was taken: those of element i
// lie from i * capacity to end[i]. The elements are those of the convolution's rows from `first`
// on; what took none is written behind them.
struct taken {
    struct output *output;
    int *end;
    int first;
};

BOUGH_IN_TWIN void sort_outputs(struct taken *taken, const int *index, int row,
                                const struct pooled_input_params *p)
{
    const int channels = p->outputs.channels, line = p->line, elements = p->elements;
    const int size = p->outputs.taps * p->outputs.lanes;
    const int top = row * p->pool_stride - p->pool_padding;
    taken->first = top > 0 ? top : 0;
    const int before = taken->first * p->outputs.width;
    for (int i = 0; i <= elements; i++)
        taken->end[i] = i * p->capacity;
    for (int o = 0; o < channels; o++)
        for (int i = 0; i < line; i++) {
            const int at = o * p->outputs.plane + row * line + i;
            const int from = index[at], element = from < 0 ? elements : from - before;
            const int end = taken->end[element];
            taken->output[end] = (struct output){o * size, at};
            taken->end[element] = end + (from >= 0);
        }
}

// dx [16 * vectors] of each += the runs of the weight of some outputs, each times its dy.
BOUGH_IN_TWIN void add_weights(const struct members *m, const float *weight,
                               const struct output *output, const struct output *end, int members,
                               int vectors)
{
    floats total[BOUGH_POOLED_TOGETHER][6];
    for (int k = 0; k < members; k++)
        for (int v = 0; v < vectors; v++)
            total[k][v] = *(const floats_at *)(m->sum + k * m->next_sum + BOUGH_LANES * v);
    for (; output < end; output++)
        for (int v = 0; v < vectors; v++) {
            const floats run = *(const floats_at *)(weight + output->at + BOUGH_LANES * v);
            for (int k = 0; k < members; k++)
                total[k][v] += m->dy[k * m->next_dy + output->from] * run;
        }
    for (int k = 0; k < members; k++)
        for (int v = 0; v < vectors; v++)
            *(floats_at *)(m->sum + k * m->next_sum + BOUGH_LANES * v) = total[k][v];
}

BOUGH_IN_TWIN void add_elements(const struct members *m, int64_t dx, const float *weight,
                                const struct taken *taken, const struct pooled_input_params *p,
                                int members, int vectors)
{
    int i = 0;
    for (int y = 0; y < p->pool_rows; y++)
        for (int x = 0; x < p->outputs.width; x++, i++) {
            const struct output *output = taken->output + (int64_t)i * p->capacity;
            const struct output *end = taken->output + taken->end[i];
            struct members here = *m;
            here.sum += dx + (int64_t)y * p->outputs.row + x * p->outputs.column;
            if (output < end)
                add_weights(&here, weight, output, end, members, vectors);
        }
}

BOUGH_IN_TWIN void add_taken(const struct members *m, const float *weight,
                             const struct taken *taken, const struct pooled_input_params *p,
                             int members)
{
    int64_t dx = (int64_t)taken->first * p->outputs.row;
    for (int tap = 0; tap < p->outputs.taps; tap++) {
        int i = 0;
        for (; i + 96 <= p->outputs.lanes; i += 96)
            add_elements(m, dx + i, weight + i, taken, p, members, 6);
        for (; i + 48 <= p->outputs.lanes; i += 48)
            add_elements(m, dx + i, weight + i, taken, p, members, 3);
        for (; i < p->outputs.lanes; i += 16)
            add_elements(m, dx + i, weight + i, taken, p, members, 1);
        dx += p->outputs.tap_row;
        weight += p->outputs.lanes;
    }
}

BOUGH_IN_TWIN void turn_back(float *dx, const float *turned, const struct turn_params *p, int add)
{
    for (int y = 0; y < p->height; y++)
        for (int c = 0; c < p->channels; c++) {
            const int64_t element = (int64_t)(y + p->padding_h) * p->columns + p->padding_w;
            const float *from = turned + element * p->channels + c;
            float *to = dx + ((int64_t)c * p->height + y) * p->width;
            for (int x = 0; x < p->width; x++)
                to[x] = (add ? to[x] : 0.0f) + from[(int64_t)x * p->channels];
        }
}

// The images of a range take turns in the place of its first, which stays in a cache. What pooling
// took, and the weight, the members share.
BOUGH_IN_TWIN void add_images(int members, void *const *arg, const size_t *stride,
                              const struct pooled_input_params *p, int64_t begin, int64_t end)
{
    const int64_t outputs = (int64_t)p->outputs.channels * p->outputs.plane;
    const int64_t image = (int64_t)p->turn.channels * p->turn.height * p->turn.width;
    struct members m = {.sum = (float *)arg[3] + begin * p->work,
                        .next_dy = (int64_t)(stride[0] / sizeof(float)),
                        .next_sum = (int64_t)(stride[3] / sizeof(float))};
    struct taken taken = {.output = (struct output *)(m.sum + p->turned)};
    taken.end = (int *)(taken.output + (int64_t)(p->elements + 1) * p->capacity);
    for (int64_t n = begin; n < end; n++) {
        m.dy = (const float *)arg[0] + n * outputs;
        for (int k = 0; k < members; k++)
            for (int64_t i = 0; i < p->turned; i++)
                m.sum[k * m.next_sum + i] = 0.0f;
        for (int row = 0; row * p->line < p->outputs.plane; row++) {
            sort_outputs(&taken, (const int *)arg[1] + n * outputs, row, p);
            add_taken(&m, arg[2], &taken, p, members);
        }
        for (int k = 0; k < members; k++)
            turn_back((float *)((char *)arg[4] + (size_t)k * stride[4]) + n * image,
                      m.sum + k * m.next_sum, &p->turn, p->outputs.add);
    }
}

BOUGH_TWIN static void conv2d_pooled_input_bwd(void *const *arg, const void *params, int64_t begin,
                                               int64_t end)
{
    static const size_t none[5];
    add_images(1, arg, none, params, begin, end);
}

BOUGH_TWIN static void conv2d_pooled_input_stack(void *const *arg, const size_t *stride,
                                                 int64_t members, const void *params, int64_t begin,
                                                 int64_t end)
{
    BOUGH_BY_MEMBERS(members, add_images, arg, stride, params, begin, end);
}

static const struct bough__kernel kernel_turn_weight = {.name = "conv2d_turn_weight",
                                                        .source = "conv2d_pooled_input",
                                                        .run = conv2d_turn_weight,
                                                        .grid = BOUGH_GRID_ITEMS,
                                                        .args = 2,
                                                        .params_size =
                                                            sizeof(struct pooled_weight_params)};
static const struct bough__kernel kernel_input_bwd = {.name = "conv2d_pooled_input_bwd",
                                                      .source = "conv2d_pooled_input",
                                                      .run = conv2d_pooled_input_bwd,
                                                      .grid = BOUGH_GRID_SHORT_ROWS,
                                                      .args = 5,
                                                      .params_size =
                                                          sizeof(struct pooled_input_params),
                                                      .run_stack = conv2d_pooled_input_stack,
                                                      .together = bough__pooled_together};

// Once, for all parts of the batch and the whole stack.
static enum bough_status turn_weight(struct bough__sequence *out, const struct bough__op_call *conv,
                                     struct bough__span turned)
{
    const struct bough__conv2d_turned t = bough__conv2d_turned(conv);
    const struct pooled_weight_params params = {(int)conv->x[0].shape.dim[1], (int)t.taps,
                                                (int)t.width, (int)t.lanes, 0};
    const int64_t count = conv->y.shape.dim[1] * t.taps * t.lanes, stack = out->stack;
    out->stack = 1;
    enum bough_status status =
        BOUGH_KERNEL(out, &kernel_turn_weight, count, count, &params, conv->x[1].span, turned);
    out->stack = stack;
    return status;
}

enum bough_status bough__conv2d_pooled_input(struct bough__sequence *out,
                                             const struct bough__conv2d_pooled *pooled)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__op_call *conv = pooled->conv, *pool = pooled->pool;
    const struct bough__conv2d_turned t = bough__conv2d_turned(conv);
    const struct place place = place_of(conv, pool);
    struct pooled_input_params params = {
        .outputs = bough__conv2d_pooled_params(pooled, &t),
        .turn = bough__conv2d_turn_params(conv, &t),
        .line = (int)pool->y.shape.dim[3],
        .elements = (int)place.elements,
        .capacity = (int)place.capacity,
        .pool_rows = pool->attr->kernel[0],
        .pool_stride = pool->attr->stride[0],
        .pool_padding = pool->attr->padding[0],
        .turned = (int)place.turned,
        .work = (int)place.floats,
    };
    params.outputs.add = conv->add_dx[0];
    struct bough__span weight = pooled->weight;
    weight.stride = 0;
    if (pooled->first)
        BOUGH_TRY(turn_weight(out, conv, weight));
    BOUGH_TRY(BOUGH_KERNEL(out, &kernel_input_bwd, params.outputs.batch,
                           bough_shape_elements(&pool->y.shape) * t.taps * t.lanes, &params,
                           pool->dy.span, pool->saved, weight, pooled->work, conv->dx[0].span));
done:
    return status;
}
