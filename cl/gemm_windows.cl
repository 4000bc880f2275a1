// Convolutions as GEMM on CPU devices, without a column buffer: B is windows, read where it lies in
// padded images. The forward pass, and the gradient of the input.
#include "bough.h"
#include "gemm_box.h"
#include "gemm_direct.h"

TILES(16, 2, 1)
TILES(8, 2, 2)

// ---- c = A * windows ----

// A strip of columns: up to 32 positions, in pieces of neighbours.
struct strip {
    int at[TILE_PIECES], out[TILE_PIECES], count[TILE_PIECES];
};

// Whole pieces are written where the lanes that are too many lie on positions yet to come.
static void strip_find(struct strip *s, struct tile *t, const struct gemm_params *p,
                       const struct box *box, int first)
{
    const int piece = p->boxes.piece, across = (p->b.out_w + piece - 1) / piece;
    for (int i = 0; i < 32 / piece; i++) {
        const int row = (first + i) / across, col = (first + i - row * across) * piece;
        const int inside = row < box->rows, end = (box->row + box->rows) * p->b.out_w;
        s->out[i] = (box->row + row) * p->b.out_w + col;
        s->count[i] = inside ? min(piece, p->b.out_w - col) : 0;
        if (inside && p->beta == 0.0f && s->out[i] + piece <= end)
            s->count[i] = piece;
        t->piece_at[i] = inside ? row * p->b.stride_h * p->boxes.pitch + col : 0;
    }
}

struct target {
    global float *c;          // of the image
    global const float *bias; // or NULL
};

static inline float16 get_half_strip(const struct strip *s, global const float *from, int piece,
                                     int at)
{
    if (piece == 16)
        return get16(from + s->out[at], s->count[at]);
    float both[24];
    vstore16(get16(from + s->out[at], s->count[at]), 0, both);
    vstore16(get16(from + s->out[at + 1], s->count[at + 1]), 0, both + 8);
    return vload16(0, both);
}

static void store_tile(const struct gemm_params *p, const struct target *t, const float *sums,
                       const struct strip *s, long row, int rows)
{
    const int piece = p->boxes.piece;
    for (int r = 0; r < rows; r++) {
        global float *to = t->c + gemm_axis_at(&p->c_row, row + r);
        const float bias = t->bias ? t->bias[row + r] : 0.0f;
        for (int i = 0; i < 2; i++) {
            const int at = i * 16 / piece;
            float16 value = p->alpha * vload16(r * 2 + i, sums);
            if (p->beta != 0.0f)
                value += get_half_strip(s, to, piece, at);
            value = gemm_activated(p, value + bias);
            if (piece == 16) {
                put16(value, to + s->out[at], s->count[at]);
            } else {
                float both[16];
                vstore16(value, 0, both);
                put8(vload8(0, both), to + s->out[at], s->count[at]);
                put8(vload8(1, both), to + s->out[at + 1], s->count[at + 1]);
            }
        }
    }
}

// All tiles of a box.
static void box_run(const struct gemm_params *p, struct tile *t, const struct target *target,
                    const struct box *box)
{
    const int piece = p->boxes.piece, pieces = (p->b.out_w + piece - 1) / piece * box->rows;
    const long tiles = (p->m + TILE_ROWS - 1) / TILE_ROWS;
    for (int first = 0; first < pieces; first += 32 / piece) {
        struct strip strip;
        strip_find(&strip, t, p, box, first);
        for (long i = 0; i < tiles; i++) {
            const long row = tile_row(p->m, tiles, i);
            const int rows = (int)(tile_row(p->m, tiles, i + 1) - row);
            float sums[TILE_ROWS * TILE_COLS];
            for (int r = 0; r < rows; r++)
                t->row_at[r] = (int)gemm_axis_at(&p->a.across, row + r);
            if (piece == 16)
                tile_rows_16(sums, t, rows);
            else
                tile_rows_8(sums, t, rows);
            store_tile(p, target, sums, &strip, row, rows);
        }
    }
}

// A group's operands, and its boxes: up to the last, not with it.
struct work {
    global const float *a, *b, *bias; // of the batch
    global float *c, *own;
    long first, last;
};

ONCE void windows_run(const struct gemm_params *p, const struct work *w)
{
    global int2 *step = (global int2 *)w->own;
    global float *image = w->own + p->boxes.image_at;
    for (int k = 0; k < p->k; k++)
        step[k] = (int2)((int)gemm_axis_at(&p->a.depth, k), tap_at(p, k));
    clear(image, p->boxes.own_size - p->boxes.image_at);
    struct tile tile;
    tile.a = w->a;
    tile.b = image;
    tile.step = step;
    tile.depth = (int)p->k;
    const int channels = (int)p->k / (p->b.kernel_h * p->b.kernel_w);
    for (long i = w->first; i < w->last; i++) {
        const struct box box = box_at(p, i);
        if (p->boxes.per_image > 1) // what is padded changes from box to box
            clear(image, p->boxes.own_size - p->boxes.image_at);
        pad(p, image, w->b + box.image * p->b.image_stride, box.row, channels);
        struct target target;
        target.c = w->c + gemm_axis_at(&p->c_col, box.image * p->b.out_h * p->b.out_w);
        target.bias = p->bias_per_row ? w->bias : 0;
        box_run(p, &tile, &target, &box);
    }
}

// Group (boxes, 1, batch).
kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
gemm_windows(ARG(a), ARG(b), ARG(c), ARG(bias), ARG(scratch), const struct gemm_params p)
{
    VIEW(const float, a);
    VIEW(const float, b);
    VIEW(const float, bias);
    VIEW(float, c);
    VIEW(float, scratch);
    const long group = get_group_id(0), batch = get_group_id(2);
    struct work w;
    w.a = a + batch * p.a.batch_stride;
    w.b = b + batch * p.b.batch_stride;
    w.bias = bias + batch * p.m;
    w.c = c + batch * p.c_batch;
    w.own = scratch + p.boxes.own_at + (batch * get_num_groups(0) + group) * p.boxes.own_size;
    w.first = first_box(&p, group);
    w.last = first_box(&p, group + 1);
    windows_run(&p, &w);
}
