// The gradient of a convolution's weight as GEMM on CPU devices, where it has few rows or few taps:
// vectors lie along positions, so that no lane idles and nothing is transposed. Each column of the
// windows has a copy of the image, in which the positions of a tile follow one another.
#define BOUGH_NO_STACK
#include "bough.h"
#include "gemm/direct.h"
#include "gemm/pack.h"
#include "gemm/padded_tile.h"

#define MOST_ROWS 8
#define MOST_TAPS 5

// Rows of A times taps; both are read by vectors of neighbours, from several images.
struct part {
    global const float *row[MOST_ROWS], *tap[MOST_TAPS];
    global float *sums; // vectors [row, tap]: added to
    int vectors, images;
    long row_image, tap_image; // floats from one image to the next
};

// A function that hands a float16 on makes clang 14 take registers of 512 bits for its caller.
static inline float16 load16(global const float *from)
{
    return AT16(from);
}

#define PART(rows, taps)                                                                           \
    ONCE void part_##rows##_##taps(const struct part *t)                                           \
    {                                                                                              \
        float16 sum[rows][taps];                                                                   \
        EACH (r, rows)                                                                             \
            EACH (i, taps)                                                                         \
                sum[r][i] = AT16(t->sums + (r * taps + i) * LANES);                                \
        for (int image = 0; image < t->images; image++) {                                          \
            global const float *row[rows], *tap[taps];                                             \
            EACH (r, rows)                                                                         \
                row[r] = t->row[r] + image * t->row_image;                                         \
            EACH (i, taps)                                                                         \
                tap[i] = t->tap[i] + image * t->tap_image;                                         \
            const long end = (long)t->vectors * LANES;                                             \
            for (long at = 0; at < end; at += LANES) {                                             \
                float16 x[taps];                                                                   \
                EACH (i, taps)                                                                     \
                    x[i] = load16(tap[i] + at);                                                    \
                EACH (r, rows) {                                                                   \
                    const float16 y = load16(row[r] + at);                                         \
                    EACH (i, taps)                                                                 \
                        sum[r][i] += y * x[i];                                                     \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
        EACH (r, rows)                                                                             \
            EACH (i, taps)                                                                         \
                AT16(t->sums + (r * taps + i) * LANES) = sum[r][i];                                \
    }

PART(5, 5)
PART(8, 3)

// Floats of one column's copy, of all copies of an image.
static int copy_size(const struct gemm_params *p)
{
    return (p->tiles.channel / p->tiles.pitch * p->b.out_w + 2 * LANES) / LANES * LANES;
}

static long copies_size(const struct gemm_params *p)
{
    return p->n / p->b.kernel_h * copy_size(p);
}

// The copies of one image: [channel, column of the windows, row, out_w]. What a vector writes
// behind a row is written again by the next one.
static void spread(const struct gemm_params *p, global float *to, global const float *image)
{
    const int channels = (int)p->n / (p->b.kernel_h * p->b.kernel_w), size = copy_size(p);
    const int rows = p->tiles.rows - 1 + (p->b.kernel_h - 1) * p->b.dilation_h + 1;
    for (int c = 0; c < channels; c++)
        for (int w = 0; w < p->b.kernel_w; w++, to += size) {
            const int tap =
                (c * p->b.kernel_h + (p->b.flip ? p->b.kernel_h - 1 : 0)) * p->b.kernel_w + w;
            global const float *from = image + tap_at(p, tap);
            for (int h = 0; h < rows; h++)
                for (int i = 0; i < p->b.out_w; i += LANES)
                    AT16(to + h * p->b.out_w + i) = AT16(from + h * p->tiles.pitch + i);
            AT16(to + rows * p->b.out_w) = (float16)(0.0f); // meets zeros: must be no NaN
        }
}

// Where the copies hold a tap.
static int copy_at(const struct gemm_params *p, int tap)
{
    const int row = tap / p->b.kernel_w, c = row / p->b.kernel_h, w = tap - row * p->b.kernel_w;
    const int h = row - c * p->b.kernel_h;
    return (c * p->b.kernel_w + w) * copy_size(p) +
           (p->b.flip ? p->b.kernel_h - 1 - h : h) * p->b.dilation_h * p->b.out_w;
}

// All parts: adds the products of `images` images to the sums.
static void parts_run(const struct gemm_params *p, const struct work *w, struct part *t,
                      global const float *a, global const float *copies, int is_rest)
{
    const int rows = p->tiles.part_rows, taps = p->tiles.taps;
    t->sums = w->own + p->tiles.panel_at;
    for (int row = 0; row < p->m; row += rows)
        for (int tap = 0; tap < p->n; tap += taps, t->sums += rows * taps * LANES) {
            for (int r = 0; r < rows; r++) {
                const long at = min((long)row + r, p->m - 1);
                t->row[r] = a + (is_rest ? at * LANES : gemm_axis_at(&p->a.across, at));
            }
            for (int i = 0; i < taps; i++)
                t->tap[i] = copies + copy_at(p, (int)min((long)tap + i, p->n - 1));
            if (rows == 5)
                part_5_5(t);
            else
                part_8_3(t);
        }
}

// Boxes of one size: `images` of them, or one of a part of an image.
static void padded_tiles_run(const struct gemm_params *p, const struct work *w,
                             const struct padded_tile *padded, int images)
{
    const long positions = p->b.out_h * p->b.out_w, count = padded->rows * p->b.out_w;
    const long whole = count / LANES * LANES, size = copies_size(p);
    const int channels = (int)p->n / (p->b.kernel_h * p->b.kernel_w);
    const long from = padded->image * positions + padded->row * p->b.out_w;
    const long next = gemm_axis_at(&p->a.depth, positions) - gemm_axis_at(&p->a.depth, 0);
    global const float *a = w->a + gemm_axis_at(&p->a.depth, from);
    global float *image = w->own + p->tiles.image_at, *copies = w->own + p->tiles.copies_at;
    global float *rest = w->own + p->tiles.rest_at;
    for (int i = 0; i < images; i++) {
        pad(p, image, w->b + (padded->image + i) * p->b.image_stride, padded->row, channels);
        spread(p, copies + i * size, image);
        for (int r = 0; r < p->m && whole < count; r++)
            AT16(rest + (i * p->m + r) * LANES) =
                get16(a + i * next + gemm_axis_at(&p->a.across, r) + whole, (int)(count - whole));
    }
    struct part part;
    part.images = images;
    part.tap_image = size;
    part.vectors = (int)(whole / LANES);
    part.row_image = next;
    if (whole > 0)
        parts_run(p, w, &part, a, copies, 0);
    part.vectors = 1;
    part.row_image = p->m * LANES;
    if (whole < count)
        parts_run(p, w, &part, rest, copies + whole, 1);
}

// partial[i] = the sum of vector i of the sums.
static void sum_lanes(const struct gemm_params *p, const struct work *w)
{
    global const float *sums = w->own + p->tiles.panel_at;
    for (long i = 0; i < p->tiles.slots; i += LANES) {
        float16 block[LANES], sum = 0.0f;
        for (int j = 0; j < LANES; j++)
            block[j] = AT16(sums + (i + j) * LANES);
        transpose(block);
        for (int j = 0; j < LANES; j++)
            sum += block[j];
        AT16(w->own + p->tiles.partial_at + i) = sum;
    }
}

ONCE void few_run(const struct gemm_params *p, const struct work *w)
{
    global float *image = w->own + p->tiles.image_at;
    const long size = p->tiles.copies_at - p->tiles.image_at;
    clear(image, size);
    clear(w->own + p->tiles.panel_at, p->tiles.partial_at - p->tiles.panel_at);
    for (long i = w->first; i < w->last;) {
        const struct padded_tile padded = padded_tile_at(p, i);
        if (p->tiles.per_image > 1) // what is padded changes from tile to tile
            clear(image, size);
        const int images =
            p->tiles.per_image > 1 ? 1 : (int)min((long)p->tiles.images, w->last - i);
        padded_tiles_run(p, w, &padded, images);
        i += images;
    }
    sum_lanes(p, w);
}

// Group (tiles, 1, batch). Leaves partial sums for gemm_windows_few_sum.
kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
gemm_windows_few(ARG(a), ARG(b), ARG(c), ARG(bias), ARG(scratch), const struct gemm_params p)
{
    VIEW(const float, a);
    VIEW(const float, b);
    VIEW(float, scratch);
    const struct work w = work_of(&p, a, b, scratch);
    few_run(&p, &w);
}

// ---- The end ----

// The rows of c that one row of parts holds. from: their partial sums of the first group.
ONCE void rows_run(const struct gemm_params *p, global float *c, global const float *bias,
                   global const float *from, long row, long batch)
{
    const int rows = p->tiles.part_rows, taps = p->tiles.taps;
    for (long tap = 0; tap < p->n; tap += taps, from += rows * taps) {
        float sums[2 * LANES];
        float16 low = 0.0f, high = 0.0f;
        global const float *part = from;
        for (long group = 0; group < p->splits; group++, part += p->tiles.own_size) {
            low += AT16(part);
            high += AT16(part + LANES);
        }
        vstore16(low, 0, sums);
        vstore16(high, 1, sums);
        for (int r = 0; r < rows && row + r < p->m; r++)
            for (int i = 0; i < taps && tap + i < p->n; i++)
                gemm_store(p, c, sums[r * taps + i], bias, batch, row + r, tap + i);
    }
}

// Group (rows of c that one row of parts holds, 1, batch).
kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
gemm_windows_few_sum(ARG(a), ARG(b), ARG(c), ARG(bias), ARG(scratch), const struct gemm_params p)
{
    VIEW(const float, bias);
    VIEW(float, c);
    VIEW(const float, scratch);
    const long part = get_group_id(0), batch = get_group_id(2);
    const int rows = p.tiles.part_rows, taps = p.tiles.taps;
    const long slots = (p.n + taps - 1) / taps * taps * rows;
    rows_run(&p, c, bias,
             scratch + p.tiles.own_at + p.tiles.partial_at + batch * p.splits * p.tiles.own_size +
                 part * slots,
             part * rows, batch);
}
