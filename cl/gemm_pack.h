// Reading an operand by vectors: 16 neighbours across (a strip) times 16 of depth at a time.
#ifndef BOUGH_CL_GEMM_PACK_H
#define BOUGH_CL_GEMM_PACK_H

#include "gemm.h"

#define LANES 16

// Lanes from..to-1 of a vector along memory: one row of windows, or the inside of one axis level.
// `at` and `w` are those of lane 0.
struct run {
    long at;
    int from, to, h, w;
};

struct runs {
    struct run run[LANES];
    int count;
};

static void runs_init(struct runs *runs, const struct gemm_view *v, long first, int lanes)
{
    const struct gemm_axis *axis = v->deep ? &v->depth : &v->across;
    const long length = v->kind != GEMM_PLAIN ? v->out_w : axis->inner;
    runs->count = 0;
    for (int lane = 0; lane < lanes;) {
        const long i = first + lane, left = length ? length - i % length : LANES;
        struct run *run = &runs->run[runs->count++];
        const struct gemm_place place = v->deep ? gemm_depth(v, i) : gemm_across(v, i);
        run->from = lane;
        run->to = (int)min((long)lanes, lane + left);
        run->at = v->kind == GEMM_PLAIN ? place.at - lane : place.at;
        run->h = place.h;
        run->w = place.w - lane;
        lane = run->to;
    }
}

// Lanes from..to-1 of x[at + lane]; a vector that would reach over the view's ends goes by lanes.
static inline float16 load_lanes(float16 value, global const float *x, long at, long extent,
                                 int from, int to)
{
    if (at >= 0 && at + LANES <= extent) {
        const int16 lane = (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        return select(value, vload16(0, x + at), lane >= from && lane < to);
    }
    float part[LANES];
    vstore16(value, 0, part);
    for (int lane = from; lane < to; lane++)
        part[lane] = x[at + lane];
    return vload16(0, part);
}

static inline float16 load_runs(global const float *x, const struct gemm_view *v,
                                const struct runs *runs, struct gemm_place other)
{
    float16 value = 0.0f;
    for (int i = 0; i < runs->count; i++) {
        const struct run *run = &runs->run[i];
        long at = run->at + other.at;
        int from = run->from, to = run->to;
        if (v->kind != GEMM_PLAIN) {
            const int h = run->h + other.h, w = run->w + other.w;
            if (h < 0 || h >= v->height)
                continue;
            from = max(from, -w);
            to = min(to, v->width - w);
            at += (long)h * v->width + w;
        }
        if (from < to)
            value = load_lanes(value, x, at, v->extent, from, to);
    }
    return value;
}

// ---- Strips ----

struct strip {
    struct gemm_place place[LANES]; // of each lane
    int lanes;                      // inside the operand
    struct runs runs;               // where neighbours lie across
};

static void strip_init(struct strip *strip, const struct gemm_view *v, long first, long count)
{
    strip->lanes = (int)min((long)LANES, count - first);
    if (v->runs && !v->deep)
        runs_init(&strip->runs, v, first, strip->lanes);
    else
        for (int lane = 0; lane < strip->lanes; lane++)
            strip->place[lane] = gemm_across(v, first + lane);
}

// Rows become columns: four times, the first half of the rows is interleaved with the second.
static inline void transpose(float16 *v)
{
    float16 t[LANES];
#pragma unroll
    for (int round = 0; round < 4; round++) {
#pragma unroll
        for (int i = 0; i < LANES / 2; i++) {
            const float16 a = v[i], b = v[i + LANES / 2];
            t[2 * i].even = a.lo;
            t[2 * i].odd = b.lo;
            t[2 * i + 1].even = a.hi;
            t[2 * i + 1].odd = b.hi;
        }
#pragma unroll
        for (int i = 0; i < LANES; i++)
            v[i] = t[i];
    }
}

static void block_by_lanes(float16 *block, global const float *x, const struct gemm_view *v,
                           const struct strip *strip, long from, int depth)
{
    float part[LANES];
    for (int lane = 0; lane < LANES; lane++)
        part[lane] = 0.0f;
    for (int d = 0; d < depth; d++) {
        const struct gemm_place place = gemm_depth(v, from + d);
        for (int lane = 0; lane < strip->lanes; lane++)
            part[lane] = gemm_fetch(x, v, strip->place[lane], place);
        block[d] = vload16(0, part);
    }
}

// block[d] = the strip at depth from + d, for d in 0..depth-1; the rest is anything. Lanes outside
// the operand are 0.
static inline void block_read(float16 *block, global const float *x, const struct gemm_view *v,
                              const struct strip *strip, long from, int depth)
{
    if (!v->runs) {
        block_by_lanes(block, x, v, strip, from, depth);
    } else if (!v->deep) {
        for (int d = 0; d < depth; d++)
            block[d] = load_runs(x, v, &strip->runs, gemm_depth(v, from + d));
    } else {
        struct runs runs;
        float16 rows[LANES];
        runs_init(&runs, v, from, depth);
        for (int lane = 0; lane < LANES; lane++)
            rows[lane] = lane < strip->lanes ? load_runs(x, v, &runs, strip->place[lane]) : 0.0f;
        transpose(rows);
#pragma unroll
        for (int d = 0; d < LANES; d++)
            block[d] = rows[d];
    }
}

#endif
