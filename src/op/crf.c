// crf, a linear chain over the tags of a sentence, as a loss (Lafferty, McCallum, Pereira 2001):
//   scores [N, L, K], labels I32 [N, L], transitions [K, K] from row to column, start [K], end [K],
//   lengths I32 [N] or absent: all are L -> y [2]
// A sentence's score of tags is the sum of its positions' scores, of the transitions between them,
// and of the start and end there; its loss -log of the softmax of that over all that there are. y
// is the mean over tokens: the sum of the losses of sentences / the sum of their lengths, which is
// the weight. A sentence with a position that has no label (one in 0..K-1), or none at all, adds
// nothing. What lies behind the length is not read.
//
// The passes go by chances relative to their sum, which float holds whatever the scores are: for
// that, a transition that is more than 34 below the highest counts as 34 below it, and so does an
// end; -infinity counts as none.
#include "base/error.h"
#include "cl/crf_params.h"
#include "op/lanes.h"
#include "op/loss_mean.h"
#include "op/padding.h"

#define AT(pointer) (*(lanes_16 *)(pointer))

// ---- The table of a step ----

BOUGH_IN_TWIN float chance_of(float x, float most)
{
    const float d = x - most;
    return x == -INFINITY ? 0.0f : quick_exp(d < CRF_LEAST ? CRF_LEAST : d);
}

BOUGH_TWIN static void crf_table(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct crf_params p = *(const struct crf_params *)params;
    const float *transitions = arg[0], *last = arg[1];
    float *restrict table = arg[2], *restrict back = table + CRF_BACK(p);
    const float most = row_most(transitions, (int64_t)p.classes * p.classes);
    const float most_end = row_most(last, p.classes);
    (void)begin, (void)end;
    memset(table, 0, (size_t)CRF_TABLE(p) * sizeof *table);
    for (int64_t i = 0; i < p.classes; i++)
        for (int64_t j = 0; j < p.classes; j++)
            table[i * p.padded + j] = chance_of(transitions[i * p.classes + j], most);
    for (int64_t j = 0; j < p.classes; j++)
        for (int64_t i = 0; i < p.classes; i++)
            back[j * p.padded + i] = table[i * p.padded + j];
    for (int64_t j = 0; j < p.classes; j++)
        table[CRF_LAST(p) + j] = chance_of(last[j], most_end);
    table[CRF_MOST(p)] = most;
    table[CRF_MOST(p) + 1] = most_end;
}

// ---- Products of a row with it ----

// y[c...] = the sum over i of x[i] m[i, c...], so many vectors of it; an unrolled turn takes `each`
// of the sums.
BOUGH_IN_TWIN void product_of(float *y, const float *x, const float *m, int64_t padded, int vectors,
                              int each)
{
    lanes_16 sum[4] = {{0}};
    for (int64_t i = 0; i < padded; i += each)
        for (int e = 0; e < each; e++)
            for (int v = 0; v < vectors; v++)
                sum[e * vectors + v] += x[i + e] * AT(m + (i + e) * padded + 16 * v);
    for (int e = 1; e < each; e++)
        for (int v = 0; v < vectors; v++)
            sum[v] += sum[e * vectors + v];
    for (int v = 0; v < vectors; v++)
        AT(y + 16 * v) = sum[v];
}

BOUGH_IN_TWIN void product(float *y, const float *x, const float *m, int64_t padded)
{
    int64_t c = 0;
    for (; c + 32 <= padded; c += 32)
        product_of(y + c, x, m + c, padded, 2, 2);
    if (c < padded)
        product_of(y + c, x, m + c, padded, 1, 4);
}

BOUGH_IN_TWIN float padded_dot(const float *a, const float *b, int64_t padded)
{
    lanes_16 sum = {0};
    for (int64_t c = 0; c < padded; c += 16)
        sum += AT(a + c) * AT(b + c);
    return sum_16(&sum);
}

BOUGH_IN_TWIN void clear(float *x, int64_t count)
{
    memset(x, 0, (size_t)count * sizeof *x);
}

// ---- Forward ----

// Positions of row n that count: none, where one of them has no label.
BOUGH_IN_TWIN int64_t tokens_of(const int32_t *label, const int32_t *lengths, int64_t n,
                                const struct crf_params *p)
{
    const int64_t length = row_length(lengths, n, p->length);
    for (int64_t t = 0; t < length; t++)
        if (label[t] < 0 || label[t] >= p->classes)
            return 0;
    return length;
}

// y = e^(x - its most), which is returned; y may be x.
BOUGH_IN_TWIN float row_chances(float *y, const float *x, const struct crf_params *p)
{
    const float most = row_most(x, p->classes);
    row_exp(y, x, most, 1.0f, p->classes);
    clear(y + p->classes, p->padded - p->classes);
    return most;
}

// u = v * g over the sum, by which g is divided, too; returns its logarithm.
BOUGH_IN_TWIN float normalize(float *u, float *g, int64_t padded)
{
    lanes_16 sum = {0};
    for (int64_t c = 0; c < padded; c += 16)
        sum += AT(u + c) *= AT(g + c);
    const float total = sum_16(&sum), inverse = 1.0f / total;
    for (int64_t c = 0; c < padded; c += 16) {
        AT(u + c) *= inverse;
        AT(g + c) *= inverse;
    }
    return quick_log(total);
}

BOUGH_TWIN static void crf_fwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct crf_params p = *(const struct crf_params *)params;
    const float *transitions = arg[2], *start = arg[3], *last = arg[4], *table = arg[6];
    const int32_t *lengths = arg[5];
    for (int64_t n = begin; n < end; n++) {
        const int64_t first = n * p.length;
        const int32_t *label = (const int32_t *)arg[1] + first;
        const float *x = (const float *)arg[0] + first * p.classes;
        float *u = (float *)arg[7] + first * p.padded, *g = (float *)arg[8] + first * p.padded;
        float *part = arg[10], value = 0.0f;
        const int64_t length = tokens_of(label, lengths, n, &p);
        for (int64_t t = 0; t < length; t++, u += p.padded, g += p.padded, x += p.classes) {
            for (int64_t c = 0; c < p.classes && t == 0; c++)
                g[c] = x[c] + start[c];
            for (int64_t c = 0; c < p.padded && t == 0; c++)
                u[c] = 1.0f;
            if (t > 0)
                product(u, u - p.padded, table, p.padded);
            const float most = row_chances(g, t ? x : g, &p);
            value += normalize(u, g, p.padded) + (most - x[label[t]]);
            value += t ? table[CRF_MOST(p)] - transitions[label[t - 1] * p.classes + label[t]]
                       : -start[label[t]];
        }
        if (length > 0)
            value += quick_log(padded_dot(u - p.padded, table + CRF_LAST(p), p.padded)) +
                     (table[CRF_MOST(p) + 1] - last[label[length - 1]]);
        clear(u, (p.length - length) * p.padded);
        ((int32_t *)arg[9])[n] = (int32_t)length;
        part[n] = value;
        part[p.rows + n] = (float)length;
    }
}

// ---- Backward ----

// dx = factor * (chance of each tag - label) at a position.
BOUGH_IN_TWIN void write_slope(float *restrict dx, const float *u, const float *q, int32_t label,
                               float factor, int64_t classes)
{
    for (int64_t c = 0; c < classes; c++)
        dx[c] = factor * (u[c] * q[c]);
    dx[label] -= factor;
}

// Where the chances of what comes after position t are worked in: a row of those of the position
// before it, or what stays 0 in the end, of the last.
BOUGH_IN_TWIN float *after_of(float *after, int64_t t, int64_t length, int64_t padded)
{
    return after + (t > 0 ? t - 1 : length - 1) * padded;
}

BOUGH_TWIN static void crf_bwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct crf_params p = *(const struct crf_params *)params;
    const int32_t *tokens = arg[1];
    const float *table = arg[2], *y = arg[5], *dy = arg[6], *last = table + CRF_LAST(p);
    for (int64_t n = begin; n < end; n++) {
        const int64_t first = n * p.length, length = tokens[n];
        const int32_t *label = (const int32_t *)arg[0] + first;
        const float *u = (const float *)arg[3] + first * p.padded;
        const float *g = (const float *)arg[4] + first * p.padded;
        float *dx = (float *)arg[7] + first * p.classes;
        float *after = (float *)arg[8] + first * p.padded;
        const float factor = length ? dy[0] / y[1] : 0.0f;
        clear(dx + length * p.classes, (p.length - length) * p.classes);
        clear(after + length * p.padded, (p.length - length) * p.padded);
        if (!length)
            continue;
        float *q = after_of(after, length - 1, length, p.padded);
        const float inverse = 1.0f / padded_dot(u + (length - 1) * p.padded, last, p.padded);
        for (int64_t c = 0; c < p.padded; c++)
            q[c] = last[c] * inverse;
        for (int64_t t = length - 1; t >= 0; t--) {
            write_slope(dx + t * p.classes, u + t * p.padded, q, label[t], factor, p.classes);
            if (t == 0)
                break;
            for (int64_t c = 0; c < p.padded; c += 16)
                AT(q + c) *= *(const lanes_16 *)(g + t * p.padded + c);
            float *next = after_of(after, t - 1, length, p.padded);
            product(next, q, table + CRF_BACK(p), p.padded);
            q = next;
        }
        clear(after + (length - 1) * p.padded, p.padded);
    }
}

// Takes the pairs that are labelled from the transitions of rows `begin` to `end`.
BOUGH_IN_TWIN void take_labelled(float *dtransitions, const int32_t *label, int64_t length,
                                 int64_t begin, int64_t end, float factor, int64_t classes)
{
    for (int64_t t = 0; t + 1 < length; t++)
        if (label[t] >= begin && label[t] < end)
            dtransitions[label[t] * classes + label[t + 1]] -= factor;
}

BOUGH_IN_TWIN void sum_slopes(float *restrict sum, const float *slope, const int32_t *tokens,
                              const struct crf_params *p, int at_end)
{
    clear(sum, p->classes);
    for (int64_t n = 0; n < p->rows; n++) {
        const int64_t at = n * p->length + (at_end ? tokens[n] - 1 : 0);
        for (int64_t c = 0; c < p->classes && tokens[n]; c++)
            sum[c] += slope[at * p->classes + c];
    }
}

BOUGH_TWIN static void crf_params_bwd(void *const *arg, const void *params, int64_t begin,
                                      int64_t end)
{
    const struct crf_params p = *(const struct crf_params *)params;
    const int32_t *label = arg[0], *tokens = arg[1];
    const float *table = arg[2], *pairs = arg[3], *slope = arg[4], *y = arg[5], *dy = arg[6];
    const float factor = y[1] > 0.0f ? dy[0] / y[1] : 0.0f;
    float *restrict dtransitions = arg[7];
    const int64_t rows = end < p.classes ? end : p.classes;
    for (int64_t i = begin; dtransitions && i < rows; i++)
        for (int64_t j = 0; j < p.classes; j++)
            dtransitions[i * p.classes + j] =
                factor * table[i * p.padded + j] * pairs[i * p.padded + j];
    for (int64_t n = 0; dtransitions && n < p.rows; n++)
        take_labelled(dtransitions, label + n * p.length, tokens[n], begin, rows, factor,
                      p.classes);
    if (arg[8] && begin <= p.classes && p.classes < end)
        sum_slopes(arg[8], slope, tokens, &p, 0);
    if (arg[9] && begin <= p.classes + 1 && p.classes + 1 < end)
        sum_slopes(arg[9], slope, tokens, &p, 1);
}

// ---- The op ----

static const struct bough__kernel kernel_table = {
    "crf_table",     "crf",     crf_table,
    BOUGH_GRID_ROWS, .args = 3, .params_size = sizeof(struct crf_params)};
static const struct bough__kernel kernel_fwd = {
    "crf_fwd",       "crf",      crf_fwd,
    BOUGH_GRID_ROWS, .args = 11, .params_size = sizeof(struct crf_params)};
static const struct bough__kernel kernel_bwd = {
    "crf_bwd",       "crf",     crf_bwd,
    BOUGH_GRID_ROWS, .args = 9, .params_size = sizeof(struct crf_params)};
static const struct bough__kernel kernel_params_bwd = {
    "crf_params_bwd",      "crf",      crf_params_bwd,
    BOUGH_GRID_SHORT_ROWS, .args = 10, .params_size = sizeof(struct crf_params)};

enum { SCORES, LABELS, TRANSITIONS, START, END, LENGTHS };

static struct crf_params params_of(const struct bough__op_call *call)
{
    const int64_t *dim = call->x[SCORES].shape.dim;
    return (struct crf_params){(int)dim[0], (int)dim[1], (int)dim[2],
                               (int)((dim[2] + CRF_PAD - 1) / CRF_PAD * CRF_PAD)};
}

// What the forward pass saves, and both work in; one after the other.
struct places {
    struct bough__span table, before, here, tokens; // saved
    struct bough__span after, pairs, slope;         // scratch of the backward pass
    size_t saved, scratch;
};

static struct places places_of(const struct bough__op_call *call)
{
    const struct crf_params p = params_of(call);
    const size_t positions = (size_t)p.rows * (size_t)p.length, one = sizeof(float);
    const size_t table = (size_t)CRF_TABLE(p) * one, wide = positions * (size_t)p.padded * one;
    const size_t pairs = (size_t)p.padded * (size_t)p.padded * one;
    const size_t slope = positions * (size_t)p.classes * one, parts = 2 * (size_t)p.rows * one;
    struct places at = {.table = call->saved, .after = call->scratch};
    at.before = bough__span_at(at.table, table);
    at.here = bough__span_at(at.before, wide);
    at.tokens = bough__span_at(at.here, wide);
    at.pairs = bough__span_at(at.after, wide);
    at.slope =
        call->dx[SCORES].span.buffer ? call->dx[SCORES].span : bough__span_at(at.pairs, pairs);
    at.saved = table + 2 * wide + (size_t)p.rows * one;
    at.scratch = wide + pairs + slope > parts ? wide + pairs + slope : parts;
    return at;
}

static int is_vector(const struct bough__tensor *x, int64_t length)
{
    return x->shape.rank == 1 && x->shape.dim[0] == length;
}

static enum bough_status check_inputs(const struct bough__op_call *call)
{
    const struct bough_shape *x = &call->x[SCORES].shape, *label = &call->x[LABELS].shape;
    const struct bough_shape *pairs = &call->x[TRANSITIONS].shape;
    char text[2][128];
    if (x->rank != 3 || x->dim[2] < 1 || label->rank != 2 || label->dim[0] != x->dim[0] ||
        label->dim[1] != x->dim[1])
        return bough__fail(BOUGH_INVALID, "scores %s and labels %s, wanted [N, L, K] and [N, L]",
                           bough_shape_format(x, text[0], sizeof text[0]),
                           bough_shape_format(label, text[1], sizeof text[1]));
    if (call->x[LABELS].dtype != BOUGH_I32)
        return bough__fail(BOUGH_INVALID, "labels of type %s, wanted I32",
                           bough_dtype_name(call->x[LABELS].dtype));
    if (pairs->rank != 2 || pairs->dim[0] != x->dim[2] || !is_vector(&call->x[START], x->dim[2]) ||
        pairs->dim[1] != x->dim[2] || !is_vector(&call->x[END], x->dim[2]))
        return bough__fail(BOUGH_INVALID,
                           "scores %s and transitions %s, wanted [N, L, K] and [K, K], and start "
                           "and end [K]",
                           bough_shape_format(x, text[0], sizeof text[0]),
                           bough_shape_format(pairs, text[1], sizeof text[1]));
    if (x->dim[2] > CRF_MOST_CLASSES)
        return bough__fail(BOUGH_INVALID, "%lld classes, wanted at most %d", (long long)x->dim[2],
                           CRF_MOST_CLASSES);
    if (call->inputs > LENGTHS &&
        (!is_vector(&call->x[LENGTHS], x->dim[0]) || call->x[LENGTHS].dtype != BOUGH_I32))
        return bough__fail(BOUGH_INVALID, "lengths %s of type %s, wanted [%lld] of I32",
                           bough_shape_format(&call->x[LENGTHS].shape, text[0], sizeof text[0]),
                           bough_dtype_name(call->x[LENGTHS].dtype), (long long)x->dim[0]);
    return BOUGH_OK;
}

static enum bough_status crf_shape(struct bough__op_need *need, const struct bough__op_call *call)
{
    const enum bough_status status = check_inputs(call);
    if (status != BOUGH_OK)
        return status;
    need->y = (struct bough_shape){1, {2}};
    need->saved = places_of(call).saved;
    need->scratch = places_of(call).scratch;
    return BOUGH_OK;
}

static enum bough_status crf_forward(struct bough__sequence *out, const struct bough__op_call *call)
{
    enum bough_status status;
    const struct crf_params p = params_of(call);
    const struct places at = places_of(call);
    const int64_t pairs = (int64_t)p.classes * p.classes;
    BOUGH_TRY(BOUGH_KERNEL(out, &kernel_table, 1, 2 * pairs, &p, call->x[TRANSITIONS].span,
                           call->x[END].span, at.table));
    BOUGH_TRY(BOUGH_KERNEL(out, &kernel_fwd, p.rows, pairs * p.rows * p.length, &p,
                           call->x[SCORES].span, call->x[LABELS].span, call->x[TRANSITIONS].span,
                           call->x[START].span, call->x[END].span, call->x[LENGTHS].span, at.table,
                           at.before, at.here, at.tokens, call->scratch));
    BOUGH_TRY(bough__loss_mean(out, call->y.span, call->scratch, p.rows));
done:
    return status;
}

// What the transitions' chances are multiplied by, summed over the positions: a product of what
// comes before with what comes after.
static enum bough_status pair_sums(struct bough__sequence *out, const struct crf_params *p,
                                   const struct places *at)
{
    return bough__sequence_gemm(
        out, &(struct bough__gemm){
                 .m = p->classes,
                 .n = p->classes,
                 .k = (int64_t)p->rows * p->length,
                 .a = {.data = at->before, .row = {.stride = 1}, .col = {.stride = p->padded}},
                 .b = {.data = at->after, .row = {.stride = p->padded}, .col = {.stride = 1}},
                 .c = {.data = at->pairs, .row = {.stride = p->padded}, .col = {.stride = 1}},
             });
}

static enum bough_status crf_backward(struct bough__sequence *out,
                                      const struct bough__op_call *call)
{
    enum bough_status status;
    const struct crf_params p = params_of(call);
    const struct places at = places_of(call);
    const struct bough__span dpairs = call->dx[TRANSITIONS].span;
    const int64_t pairs = (int64_t)p.classes * p.classes;
    BOUGH_TRY(BOUGH_KERNEL(out, &kernel_bwd, p.rows, pairs * p.rows * p.length, &p,
                           call->x[LABELS].span, at.tokens, at.table, at.before, at.here,
                           call->y.span, call->dy.span, at.slope, at.after));
    if (dpairs.buffer)
        BOUGH_TRY(pair_sums(out, &p, &at));
    if (dpairs.buffer || call->dx[START].span.buffer || call->dx[END].span.buffer)
        BOUGH_TRY(BOUGH_KERNEL(out, &kernel_params_bwd, p.classes + 2, pairs, &p,
                               call->x[LABELS].span, at.tokens, at.table, at.pairs, at.slope,
                               call->y.span, call->dy.span, dpairs, call->dx[START].span,
                               call->dx[END].span));
done:
    return status;
}

const struct bough__op bough__op_crf = {
    .name = "crf",
    .inputs_min = 5,
    .inputs_max = 6,
    .flags = BOUGH__OP_BACKWARD_READS_X | BOUGH__OP_BACKWARD_READS_Y | BOUGH__OP_ENDS_SEQUENCE,
    .no_gradient = 1u << LABELS | 1u << LENGTHS,
    .shape = crf_shape,
    .forward = crf_forward,
    .backward = crf_backward,
};
