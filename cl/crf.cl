#include "crf_params.h"
#include "floats.h"
#include "lengths.h"

#if BOUGH_GROUP == 1
#define GROUP_FENCE()
#else
#define GROUP_FENCE() barrier(CLK_GLOBAL_MEM_FENCE)
#endif

// e^(x - most), but at least e^CRF_LEAST; 0 of an x of -infinity.
static inline floats chance_of(floats x, float most)
{
    const floats d = x - most;
    return x == -INFINITY ? (floats)0.0f : exp(d < CRF_LEAST ? (floats)CRF_LEAST : d);
}

// One row.
ROW_KERNEL void crf_table(ARG(transitions), ARG(end), ARG(table), const ulong count,
                          const struct crf_params p)
{
    local float scratch[BOUGH_GROUP];
    VIEW(const float, transitions);
    VIEW(const float, end);
    VIEW(float, table);
    const long all = (long)p.classes * p.classes;
    floats top = -INFINITY, top_end = -INFINITY;
    for (long i = 0; i < all; i += LANES)
        top = larger_floats(top, load_floats(transitions + i, all - i, all - i, -INFINITY));
    for (int c = 0; c < p.classes; c += LANES) {
        const int left = p.classes - c;
        top_end = larger_floats(top_end, load_floats(end + c, left, left, -INFINITY));
    }
    const float most = GROUP_MAX(most_of_floats(top), scratch);
    const float most_end = GROUP_MAX(most_of_floats(top_end), scratch);
    for (int i = 0; i < p.padded; i++)
        for (int c = 0; c < p.padded; c += LANES) {
            const long at = (long)i * p.classes + c;
            const int left = i < p.classes ? p.classes - c : 0;
            const floats x = load_floats(transitions + at, left, all - at, -INFINITY);
            store_floats(chance_of(x, most), table + (size_t)i * p.padded + c, p.padded - c);
        }
    for (int c = 0; c < p.padded; c += LANES) {
        const int left = p.classes - c;
        store_floats(chance_of(load_floats(end + c, left, left, -INFINITY), most_end),
                     table + CRF_LAST(p) + c, p.padded - c);
    }
    if (get_local_id(0) == 0) {
        table[CRF_MOST(p)] = most;
        table[CRF_MOST(p) + 1] = most_end;
    }
    GROUP_FENCE();
    for (int j = 0; j < p.padded; j++)
        for (int i = get_local_id(0); i < p.padded; i += BOUGH_GROUP)
            table[CRF_BACK(p) + j * p.padded + i] = table[i * p.padded + j];
}

// The sums over i of x[i] m[i, c...].
static inline floats product(global const float *x, global const float *m, int c, int padded)
{
    floats a = 0.0f, b = 0.0f;
    for (int i = 0; i < padded; i += 2) {
        a += x[i] * load_floats(m + (size_t)i * padded + c, padded - c, padded - c, 0.0f);
        b += x[i + 1] * load_floats(m + (size_t)(i + 1) * padded + c, padded - c, padded - c, 0.0f);
    }
    return a + b;
}

// Positions of a row that count: none, where one of them has no label.
static inline int tokens_of(global const int *label, int length, int classes)
{
    int labelled = 1;
    for (int t = 0; t < length; t++)
        labelled &= label[t] >= 0 && label[t] < classes;
    return labelled ? length : 0;
}

static inline void clear_row(global float *x, int count)
{
    for (int c = get_local_id(0); c < count; c += BOUGH_GROUP)
        x[c] = 0.0f;
}

// The scores of a position, and the starts where they are given; returns the most of them.
static inline float take_scores(global float *g, global const float *score,
                                global const float *start, int classes, int padded, long readable,
                                local float *scratch)
{
    floats top = -INFINITY;
    for (int c = 0; c < padded; c += LANES) {
        const int left = classes - c;
        floats s = load_floats(score + c, left, readable - c, -INFINITY);
        if (start)
            s += load_floats(start + c, left, left, 0.0f);
        store_floats(s, g + c, padded - c);
        top = larger_floats(top, s);
    }
    return GROUP_MAX(most_of_floats(top), scratch);
}

// The chances u of a position's tags, of those of the position before it by `table`, NULL at the
// first; g, its scores, becomes what they were multiplied by. Returns what both were divided by.
static inline float take_chances(global float *u, global float *g, float most,
                                 global const float *table, int padded, local float *scratch)
{
    floats sum = 0.0f;
    for (int c = 0; c < padded; c += LANES) {
        const floats e = exp(load_floats(g + c, padded - c, padded - c, 0.0f) - most);
        const floats v = table ? e * product(u - padded, table, c, padded) : e;
        store_floats(e, g + c, padded - c);
        store_floats(v, u + c, padded - c);
        if (LANES == 16 || (int)get_local_id(0) < padded - c)
            sum += v;
    }
    const float total = GROUP_SUM(sum_floats(sum), scratch), inverse = 1.0f / total;
    APART
    for (int c = get_local_id(0); c < padded; c += BOUGH_GROUP) {
        u[c] *= inverse;
        g[c] *= inverse;
    }
    return total;
}

// A row is a sentence.
ROW_KERNEL void crf_fwd(ARG(x), ARG(label), ARG(transitions), ARG(start), ARG(end), ARG(lengths),
                        ARG(table), ARG(before), ARG(here), ARG(tokens), ARG(part),
                        const ulong count, const struct crf_params p)
{
    local float scratch[BOUGH_GROUP];
    VIEW(const float, x);
    VIEW(const int, label);
    VIEW(const float, transitions);
    VIEW(const float, start);
    VIEW(const float, end);
    VIEW(const int, lengths);
    VIEW(const float, table);
    VIEW(float, before);
    VIEW(float, here);
    VIEW(int, tokens);
    VIEW(float, part);
    const size_t row = get_group_id(0), first = row * p.length;
    const int told = row_length(HAS(lengths), lengths, row, p.length);
    label += first;
    before += first * p.padded;
    here += first * p.padded;
    const int length = tokens_of(label, told, p.classes);
    float value = 0.0f;
    for (int t = 0; t < length; t++) {
        global const float *score = x + (first + t) * p.classes;
        global float *u = before + (size_t)t * p.padded, *g = here + (size_t)t * p.padded;
        const long readable = (long)((size_t)p.rows * p.length - first - t) * p.classes;
        const float most =
            take_scores(g, score, t ? 0 : start, p.classes, p.padded, readable, scratch);
        const float total = take_chances(u, g, most, t ? table : 0, p.padded, scratch);
        const int mine = label[t];
        value += log(total) + (most - score[mine]);
        value +=
            t ? table[CRF_MOST(p)] - transitions[label[t - 1] * p.classes + mine] : -start[mine];
        GROUP_FENCE();
    }
    floats sum = 0.0f;
    for (int c = 0; length && c < p.padded; c += LANES) {
        const int left = p.padded - c;
        sum += load_floats(before + (size_t)(length - 1) * p.padded + c, left, left, 0.0f) *
               load_floats(table + CRF_LAST(p) + c, left, left, 0.0f);
    }
    const float total = GROUP_SUM(sum_floats(sum), scratch);
    if (length)
        value += log(total) + (table[CRF_MOST(p) + 1] - end[label[length - 1]]);
    clear_row(before + (size_t)length * p.padded, (p.length - length) * p.padded);
    if (get_local_id(0) == 0) {
        tokens[row] = length;
        part[row] = value;
        part[p.rows + row] = (float)length;
    }
}

// factor * (chance of each tag - label) at a position.
static inline void write_slope(global float *slope, global const float *u, global const float *q,
                               int mine, float factor, int classes, int padded)
{
    for (int c = 0; c < padded; c += LANES) {
        const floats chance = load_floats(u + c, padded - c, padded - c, 0.0f) *
                              load_floats(q + c, padded - c, padded - c, 0.0f);
        store_floats(factor * (chance - floats_at(mine - c, 1.0f, 0.0f)), slope + c, classes - c);
    }
}

ROW_KERNEL void crf_bwd(ARG(label), ARG(tokens), ARG(table), ARG(before), ARG(here), ARG(y),
                        ARG(dy), ARG(slope), ARG(after), const ulong count,
                        const struct crf_params p)
{
    local float scratch[BOUGH_GROUP];
    VIEW(const int, label);
    VIEW(const int, tokens);
    VIEW(const float, table);
    VIEW(const float, before);
    VIEW(const float, here);
    VIEW(const float, y);
    VIEW(const float, dy);
    VIEW(float, slope);
    VIEW(float, after);
    const size_t row = get_group_id(0), first = row * p.length;
    const int length = tokens[row], n = p.padded, ends = max(length - 1, 0);
    const float factor = length ? dy[0] / y[1] : 0.0f;
    label += first;
    before += first * n;
    here += first * n;
    after += first * n;
    slope += first * p.classes;
    clear_row(slope + (size_t)length * p.classes, (p.length - length) * p.classes);
    clear_row(after + (size_t)length * n, (p.length - length) * n);
    floats sum = 0.0f;
    for (int c = 0; length && c < n; c += LANES)
        sum += load_floats(before + (size_t)ends * n + c, n - c, n - c, 0.0f) *
               load_floats(table + CRF_LAST(p) + c, n - c, n - c, 0.0f);
    const float inverse = 1.0f / GROUP_SUM(sum_floats(sum), scratch);
    // What comes after position t stands one before it; after position 0, at the last one.
    global float *q = after + (size_t)(ends ? ends - 1 : 0) * n;
    for (int c = get_local_id(0); length && c < n; c += BOUGH_GROUP)
        q[c] = table[CRF_LAST(p) + c] * inverse;
    for (int t = ends; t > 0; t--) {
        global const float *g = here + (size_t)t * n;
        global float *next = after + (size_t)(t > 1 ? t - 2 : ends) * n;
        write_slope(slope + (size_t)t * p.classes, before + (size_t)t * n, q, label[t], factor,
                    p.classes, n);
        APART
        for (int c = get_local_id(0); c < n; c += BOUGH_GROUP)
            q[c] *= g[c];
        GROUP_FENCE();
        for (int c = 0; c < n; c += LANES)
            store_floats(product(q, table + CRF_BACK(p), c, n), next + c, n - c);
        q = next;
    }
    if (length) {
        write_slope(slope, before, q, label[0], factor, p.classes, n);
        clear_row(after + (size_t)ends * n, n);
    }
}

// A row is what transitions come from; then the starts, and the ends. Each item has columns of its
// own.
ROW_KERNEL void crf_params_bwd(ARG(label), ARG(tokens), ARG(table), ARG(pairs), ARG(slope), ARG(y),
                               ARG(dy), ARG(dtransitions), ARG(dstart), ARG(dend),
                               const ulong count, const struct crf_params p)
{
    VIEW(const int, label);
    VIEW(const int, tokens);
    VIEW(const float, table);
    VIEW(const float, pairs);
    VIEW(const float, slope);
    VIEW(const float, y);
    VIEW(const float, dy);
    VIEW(float, dtransitions);
    VIEW(float, dstart);
    VIEW(float, dend);
    const float factor = y[1] > 0.0f ? dy[0] / y[1] : 0.0f;
    const int begin = rows_begin(count), end = rows_end(count), rows = min(end, p.classes);
    for (int i = begin; HAS(dtransitions) && i < rows; i++)
        for (int j = get_local_id(0); j < p.classes; j += BOUGH_GROUP)
            dtransitions[i * p.classes + j] =
                factor * table[i * p.padded + j] * pairs[i * p.padded + j];
    for (int n = 0; HAS(dtransitions) && n < p.rows && begin < rows; n++)
        for (int t = 0; t + 1 < tokens[n]; t++) {
            global const int *at = label + (size_t)n * p.length + t;
            if (at[0] >= begin && at[0] < rows && at[1] % BOUGH_GROUP == (int)get_local_id(0))
                dtransitions[at[0] * p.classes + at[1]] -= factor;
        }
    for (int i = max(begin, p.classes); i < end; i++) {
        global float *sum = i > p.classes ? dend : dstart;
        const int wanted = i > p.classes ? HAS(dend) : HAS(dstart);
        for (int j = get_local_id(0); wanted && j < p.classes; j += BOUGH_GROUP) {
            float all = 0.0f;
            for (int n = 0; n < p.rows; n++) {
                const size_t at = (size_t)n * p.length + (i > p.classes ? tokens[n] - 1 : 0);
                all += tokens[n] ? slope[at * p.classes + j] : 0.0f;
            }
            sum[j] = all;
        }
    }
}
