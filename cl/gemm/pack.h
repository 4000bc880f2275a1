// Reading an operand by vectors: 16 neighbours across (a strip) times 16 of depth at a time.
#ifndef BOUGH_CL_GEMM_PACK_H
#define BOUGH_CL_GEMM_PACK_H

#include "gemm/gemm.h"

#define LANES 16
#define LANE  ((int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))

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
        run->w = place.w - lane * v->stride_w;
        lane = run->to;
    }
}

// All lanes are one run: on a plain operand, one load.
static inline int is_whole(const struct runs *runs)
{
    return runs->count == 1 && runs->run[0].to == LANES;
}

// What a run has to load beside the place on the other axis. Lane `odd` is at `at`.
struct load {
    long at;
    int from, to, odd;
};

// 0 if nothing is left of it.
static inline int clip(struct load *load, const struct gemm_view *v, const struct run *run,
                       struct gemm_place other)
{
    *load = (struct load){run->at + other.at, run->from, run->to, 0};
    if (v->kind == GEMM_PLAIN)
        return 1;
    int h = run->h + other.h, w = run->w + other.w, width = v->width;
    if (h < 0 || h % v->input_dilation_h != 0 || h / v->input_dilation_h >= v->height)
        return 0;
    if (v->runs == GEMM_SECONDS) {
        load->from = max(load->from, (1 - w) >> 1);
        load->to = min(load->to, (width - w + 1) >> 1);
    } else {
        load->from = max(load->from, -w);
        load->to = min(load->to, v->input_dilation_w * width - w);
        load->odd = v->runs == GEMM_DILATED ? w & 1 : 0;
        w = v->runs == GEMM_DILATED ? (w + load->odd) >> 1 : w;
    }
    load->at += (long)(h / v->input_dilation_h) * width + w;
    return load->from < load->to;
}

// May load_vector read this?
static inline int is_inside(const struct gemm_view *v, long first, long last)
{
    const int length = v->runs == GEMM_SECONDS   ? 2 * LANES
                       : v->runs == GEMM_DILATED ? LANES / 2
                                                 : LANES;
    return first >= 0 && last + length <= v->extent;
}

static inline float16 load_vector(global const float *x, const struct gemm_view *v, int odd)
{
    float16 value = 0.0f;
    if (v->runs == GEMM_ADJACENT)
        return vload16(0, x);
    if (v->runs == GEMM_SECONDS) {
        value.lo = vload16(0, x).even;
        value.hi = vload16(1, x).even;
    } else if (odd) {
        value.odd = vload8(0, x);
    } else {
        value.even = vload8(0, x);
    }
    return value;
}

static inline int16 load_mask(const struct load *load)
{
    return LANE >= load->from && LANE < load->to;
}

static inline float16 load_lanes(float16 value, global const float *x, const struct gemm_view *v,
                                 const struct load *load)
{
    float part[LANES];
    vstore16(value, 0, part);
    for (int lane = load->from; lane < load->to; lane++) {
        if (v->runs != GEMM_DILATED)
            part[lane] = x[load->at + lane * (v->runs == GEMM_SECONDS ? 2 : 1)];
        else if ((lane & 1) == load->odd)
            part[lane] = x[load->at + lane / 2];
    }
    return vload16(0, part);
}

static inline float16 load_runs(global const float *x, const struct gemm_view *v,
                                const struct runs *runs, struct gemm_place other)
{
    float16 value = 0.0f;
    for (int i = 0; i < runs->count; i++) {
        struct load load;
        if (!clip(&load, v, &runs->run[i], other))
            continue;
        if (is_inside(v, load.at, load.at)) // a vector does not reach over the view's ends
            value = select(value, load_vector(x + load.at, v, load.odd), load_mask(&load));
        else
            value = load_lanes(value, x, v, &load);
    }
    return value;
}

// The loads of one tap, the same for every channel but for the channel's place.
struct loads {
    int16 mask[LANES];
    long at[LANES];
    int odd[LANES], count;
};

// 0 if a vector would reach over the view's ends in one of the channels up to `reach` elements on.
static int loads_init(struct loads *loads, const struct gemm_view *v, const struct runs *runs,
                      struct gemm_place tap, long reach)
{
    loads->count = 0;
    for (int i = 0; i < runs->count; i++) {
        struct load load;
        if (!clip(&load, v, &runs->run[i], tap))
            continue;
        if (!is_inside(v, load.at, load.at + reach))
            return 0;
        loads->at[loads->count] = load.at;
        loads->odd[loads->count] = load.odd;
        loads->mask[loads->count++] = load_mask(&load);
    }
    return 1;
}

// rows[i] = 16 positions of windows at tap first + i. What hangs on the place in the kernel alone
// is done once for all channels.
static void taps_read(float16 *rows, global const float *x, const struct gemm_view *v,
                      const struct runs *runs, long first, int count)
{
    const int taps = v->kernel_h * v->kernel_w;
    const long channel = (long)v->height * v->width;
    for (int t = 0; t < min(taps, count); t++) {
        struct gemm_place tap = gemm_tap(v, first + t);
        struct loads loads;
        const int safe = loads_init(&loads, v, runs, tap, (count - 1 - t) / taps * channel);
        global const float *from = x;
        for (int row = t; row < count; row += taps) {
            float16 value = 0.0f;
            if (safe)
                for (int i = 0; i < loads.count; i++)
                    value = select(value, load_vector(from + loads.at[i], v, loads.odd[i]),
                                   loads.mask[i]);
            else
                value = load_runs(x, v, runs, tap);
            rows[row] = value;
            tap.at += channel;
            from += channel;
        }
    }
}

// ---- Strips ----

struct strip {
    long first;
    int lanes;                      // inside the operand
    struct gemm_place place[LANES]; // of each lane, where neighbours do not lie across
    struct runs runs;               // where they do
};

static void strip_init(struct strip *strip, const struct gemm_view *v, long first, long count)
{
    strip->first = first;
    strip->lanes = (int)clamp(count - first, 0L, (long)LANES);
    if (v->runs != GEMM_ANYHOW && !v->deep)
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

static inline void block_across(float16 *block, global const float *x, const struct gemm_view *v,
                                const struct strip *strip, long from, int depth)
{
    if (v->kind != GEMM_PLAIN) {
        taps_read(block, x, v, &strip->runs, from, depth);
        return;
    }
    const struct runs *runs = &strip->runs;
    for (int d = 0; d < depth; d++) {
        const struct gemm_place place = {gemm_axis_at(&v->depth, from + d), 0, 0};
        block[d] = is_whole(runs) ? vload16(0, x + runs->run[0].at + place.at)
                                  : load_runs(x, v, runs, place);
    }
}

static inline void block_deep(float16 *block, global const float *x, const struct gemm_view *v,
                              const struct strip *strip, long from, int depth)
{
    struct runs runs;
    runs_init(&runs, v, from, depth);
    if (v->kind != GEMM_PLAIN)
        taps_read(block, x, v, &runs, strip->first, strip->lanes);
    else
        for (int lane = 0; lane < strip->lanes; lane++)
            block[lane] = is_whole(&runs) ? vload16(0, x + runs.run[0].at + strip->place[lane].at)
                                          : load_runs(x, v, &runs, strip->place[lane]);
    for (int lane = strip->lanes; lane < LANES; lane++)
        block[lane] = 0.0f;
    transpose(block);
}

// block[d] = the strip at depth from + d, for d in 0..depth-1; the rest is anything. Lanes outside
// the operand are 0.
static inline void block_read(float16 *block, global const float *x, const struct gemm_view *v,
                              const struct strip *strip, long from, int depth)
{
    if (v->runs == GEMM_ANYHOW)
        block_by_lanes(block, x, v, strip, from, depth);
    else if (v->deep)
        block_deep(block, x, v, strip, from, depth);
    else
        block_across(block, x, v, strip, from, depth);
}

#endif
