// A group is a head of a sample. What its items do in one part they read in the next: between
// parts is a barrier.
#include "floats.h"

#include "attention_params.h"
#include "lengths.h"
#include "step.h"

enum { TILE = 8, STRETCH = 128 };
#define PARTS_END barrier(CLK_GLOBAL_MEM_FENCE)

// Row r of a tile; those behind the last are the last one again.
#define ROW_OF(r) (size_t) min(row + r, m - 1)

// c [m, n] = a [m, k] b [k, n]: rows of c are `c_row` floats apart, and so are those of b; a as
// told by both of its axes. `readable` floats may be read at b.
static inline void product(global float *c, int c_row, global const float *a, int a_row, int a_col,
                           global const float *b, int b_row, long readable, int m, int n, int k)
{
    for (int row = 0; row < m; row += TILE)
        for (int at = 0; at < n; at += LANES) {
            floats sum[TILE];
            EACH (r, TILE)
                sum[r] = 0.0f;
            for (int i = 0; i < k; i++) {
                const size_t place = (size_t)i * b_row + at;
                const floats value = load_floats(b + place, n - at, readable - (long)place, 0.0f);
                EACH (r, TILE)
                    sum[r] += a[ROW_OF(r) * a_row + (size_t)i * a_col] * value;
            }
            EACH (r, TILE)
                store_floats(sum[r], c + ROW_OF(r) * c_row + at, n - at);
        }
}

#if BOUGH_GROUP == 1
// c [m, n] = factor * a [m, k] b^T, b [n, k]: LANES rows of b are turned at a time, a stretch of
// each.
static inline void dots(global float *c, int c_row, global const float *a, int a_row,
                        global const float *b, int b_row, float factor, int m, int n, int k)
{
    float turned[STRETCH * LANES];
    for (int at = 0; at < n; at += LANES)
        for (int first = 0; first < k; first += STRETCH) {
            const int count = min(k - first, (int)STRETCH), lanes = min(n - at, LANES);
            for (int i = 0; i < count * LANES; i++)
                turned[i] = 0.0f;
            for (int l = 0; l < lanes; l++)
                for (int i = 0; i < count; i++)
                    turned[i * LANES + l] = factor * b[(size_t)(at + l) * b_row + first + i];
            for (int row = 0; row < m; row += TILE) {
                floats sum[TILE];
                EACH (r, TILE)
                    sum[r] = 0.0f;
                for (int i = 0; i < count; i++) {
                    const floats value = vload16(i, turned);
                    EACH (r, TILE)
                        sum[r] += a[ROW_OF(r) * a_row + first + i] * value;
                }
                // Rows behind the last one are not added twice.
                for (int r = 0; r < TILE && row + r < m; r++) {
                    global float *to = c + (size_t)(row + r) * c_row + at;
                    const floats before =
                        load_floats(to, first ? n - at : 0, first ? n - at : 0, 0.0f);
                    store_floats(sum[r] + before, to, n - at);
                }
            }
        }
}
#else
static inline void dots(global float *c, int c_row, global const float *a, int a_row,
                        global const float *b, int b_row, float factor, int m, int n, int k)
{
    for (int row = 0; row < m; row += TILE)
        for (int at = get_local_id(0); at < n; at += LANES) {
            float sum[TILE];
            EACH (r, TILE)
                sum[r] = 0.0f;
            for (int i = 0; i < k; i++) {
                const float value = b[(size_t)at * b_row + i];
                EACH (r, TILE)
                    sum[r] += a[ROW_OF(r) * a_row + i] * value;
            }
            EACH (r, TILE)
                c[ROW_OF(r) * c_row + at] = factor * sum[r];
        }
}
#endif

static inline void clear(global float *to, int row, int count, const struct attention_params p)
{
    for (int i = count * p.width + (int)get_local_id(0); i < p.length * p.width; i += BOUGH_GROUP)
        to[(size_t)(i / p.width) * row + i % p.width] = 0.0f;
}

// One item a row.
static inline void softmax_rows(global float *weights, int count, int length)
{
    for (int l = get_local_id(0); l < count; l += BOUGH_GROUP) {
        global float *x = weights + (size_t)l * length;
        float most = -INFINITY, sum = 0.0f;
        for (int i = 0; i < count; i++)
            most = x[i] > most ? x[i] : most;
        APART
        for (int i = 0; i < count; i++)
            x[i] = exp(x[i] - most);
        for (int i = 0; i < count; i++) {
            ANY_ORDER
            sum += x[i];
        }
        APART
        for (int i = 0; i < count; i++)
            x[i] /= sum;
    }
}

// Makes the weights negative that are dropped, and writes those that count to `to`.
static inline void drop_weights(global float *to, global float *weights, size_t first_row,
                                int count, global const struct step_state *step,
                                const struct attention_params p)
{
    const uint seed0 = step->seed[0], seed1 = step->seed[1], now = step->step;
    const int blocks = (p.length + 3) / 4, used = (count + 3) / 4;
    for (int block = get_local_id(0); block < count * used; block += BOUGH_GROUP) {
        const int row = block / used, at = block % used;
        const struct random4 draw =
            dropout_draw(seed0, seed1, now, p.stream, (uint)((first_row + row) * blocks + at));
        EACH (j, 4) {
            const size_t place = (size_t)row * p.length + 4 * at + j;
            if (4 * at + j < count) {
                const float value = weights[place];
                const bool drops = random_unit(draw.v[j]) < p.p;
                to[place] = drops ? 0.0f : value * p.kept;
                weights[place] = drops ? -value : value;
            }
        }
    }
}

ROW_KERNEL void attention_fwd(ARG(qkv), ARG(lengths), ARG(step), ARG(saved), ARG(scratch), ARG(y),
                              const ulong groups, const struct attention_params p)
{
    VIEW(const float, qkv);
    VIEW(const int, lengths);
    VIEW(const struct step_state, step);
    VIEW(float, saved);
    VIEW(float, scratch);
    VIEW(float, y);
    const size_t head = get_group_id(0), sample = head / p.heads;
    const int all = p.heads * p.width, row = 3 * all, at = (int)(head % p.heads) * p.width;
    const int count = row_length(HAS(lengths), lengths, sample, p.length);
    const long readable = (long)(groups / p.heads - sample) * p.length * row - at - 2 * all;
    global const float *q = qkv + sample * p.length * row + at;
    global float *weights = saved + head * p.length * p.length, *counted = weights;
    global float *to = y + sample * p.length * all + at;
    dots(weights, p.length, q, row, q + all, row, p.scale, count, count, p.width);
    PARTS_END;
    softmax_rows(weights, count, p.length);
    PARTS_END;
    if (p.p > 0.0f) {
        counted = scratch + head * p.length * p.length;
        drop_weights(counted, weights, head * p.length, count, step, p);
    }
    PARTS_END;
    product(to, all, counted, p.length, 1, q + 2 * all, row, readable, count, p.width, count);
    clear(to, all, count, p);
}

// The weights that count, of those that were saved.
static inline void counted_weights(global float *to, global const float *weights, int count,
                                   const struct attention_params p)
{
    for (int l = get_local_id(0); l < count; l += BOUGH_GROUP)
        APART
    for (size_t i = (size_t)l * p.length, end = i + count; i < end; i++)
        to[i] = weights[i] < 0.0f ? 0.0f : weights[i] * p.kept;
}

// The gradient of the scores, of that of the weights that count, in place: one item a row.
static inline void score_gradient(global float *d, global const float *weights, int count,
                                  const struct attention_params p)
{
    for (int l = get_local_id(0); l < count; l += BOUGH_GROUP) {
        global const float *w = weights + (size_t)l * p.length;
        global float *to = d + (size_t)l * p.length;
        float mean = 0.0f;
        APART
        for (int i = 0; i < count; i++)
            to[i] = w[i] < 0.0f ? 0.0f : to[i] * p.kept;
        for (int i = 0; i < count; i++) {
            ANY_ORDER
            mean += fabs(w[i]) * to[i];
        }
        APART
        for (int i = 0; i < count; i++)
            to[i] = p.scale * fabs(w[i]) * (to[i] - mean);
    }
}

ROW_KERNEL void attention_bwd(ARG(qkv), ARG(lengths), ARG(saved), ARG(dy), ARG(scratch), ARG(dx),
                              const ulong groups, const struct attention_params p)
{
    VIEW(const float, qkv);
    VIEW(const int, lengths);
    VIEW(const float, saved);
    VIEW(const float, dy);
    VIEW(float, scratch);
    VIEW(float, dx);
    const size_t head = get_group_id(0), sample = head / p.heads;
    const int all = p.heads * p.width, row = 3 * all, at = (int)(head % p.heads) * p.width;
    const int count = row_length(HAS(lengths), lengths, sample, p.length);
    const long left = (long)(groups / p.heads - sample) * p.length * row - at - 2 * all;
    const long left_dy = (long)(groups / p.heads - sample) * p.length * all - at;
    global const float *q = qkv + sample * p.length * row + at, *k = q + all, *v = k + all;
    global const float *weights = saved + head * p.length * p.length, *counted = weights;
    global float *d = scratch + head * p.length * p.length;
    global float *dq = dx + sample * p.length * row + at, *dk = dq + all, *dv = dk + all;
    dy += sample * p.length * all + at;
    if (p.p > 0.0f) {
        counted_weights(d, weights, count, p);
        counted = d;
    }
    PARTS_END;
    product(dv, row, counted, 1, p.length, dy, all, left_dy, count, p.width, count);
    PARTS_END;
    dots(d, p.length, dy, all, v, row, 1.0f, count, count, p.width);
    PARTS_END;
    score_gradient(d, weights, count, p);
    PARTS_END;
    product(dq, row, d, p.length, 1, k, row, left + all, count, p.width, count);
    product(dk, row, d, 1, p.length, q, row, left + 2 * all, count, p.width, count);
    clear(dq, row, count, p);
    clear(dk, row, count, p);
    clear(dv, row, count, p);
}
