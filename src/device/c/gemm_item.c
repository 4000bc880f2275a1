// One item of the fast GEMM: packing, the micro-kernel, storing.
#include "device/c/c_gemm.h"
#include "device/c/gemm_packed.h"

#include <string.h>

// ---- Packing ----

struct work {
    const struct bough__c_packed *l;
    struct bough__c_target target;
    int64_t batch;
    int first, last; // block of k
    float *a, *b, *image;
    int64_t *step, *group;
};

static int64_t row_panels(const struct bough__c_packed *l, int64_t rows)
{
    return (rows + l->isa->rows - 1) / l->isa->rows;
}

// Rows of C are dealt to panels evenly: 9 are 5 and 4, so that no panel is too thin.
static int64_t panel_row(int64_t panel, int64_t panels, int64_t rows)
{
    return rows * panel / panels;
}

static void pack_a(const struct work *w, const struct bough__c_block *block,
                   const struct bough__c_steps *steps, int64_t first, int64_t rows)
{
    int64_t panels = row_panels(w->l, rows), size = bough__c_panel_floats(steps->count, C_ROWS);
    for (int64_t i = 0; i < panels; i++) {
        int64_t lane[C_ROWS], begin = panel_row(i, panels, rows);
        int64_t count = panel_row(i + 1, panels, rows) - begin;
        bough__c_block_lanes(block, first + begin, count, lane);
        for (int64_t j = count; j < C_ROWS; j++) // of no use, but there to be read
            lane[j] = lane[count - 1];
        w->l->isa->pack(w->a + i * size, C_ROWS, block->data, lane, steps);
    }
    if (w->l->alpha != 1)
        for (int64_t i = 0; i < panels * size; i++)
            w->a[i] *= w->l->alpha;
}

static void pack_b(const struct work *w, const struct bough__c_block *block,
                   const struct bough__c_steps *steps)
{
    const struct bough__c_isa *isa = w->l->isa;
    int64_t wide = 2 * isa->lanes, size = bough__c_panel_floats(steps->count, wide);
    for (int64_t j = 0; j < block->lanes->count; j += wide) {
        int64_t lane[C_MAX_LANES], count = bough__c_least(wide, block->lanes->count - j);
        int64_t width = count > isa->lanes ? wide : isa->lanes;
        bough__c_block_lanes(block, j, count, lane);
        for (int64_t i = count; i < width; i++)
            lane[i] = lane[count - 1];
        isa->pack(w->b + j / wide * size, (int)width, block->data, lane, steps);
    }
}

// ---- Storing ----

static float *target_row(const struct bough__c_target *t, int64_t batch, int64_t row)
{
    return t->data + batch * t->batch_stride + bough__c_axis(&t->row, row);
}

enum direction { FROM_TARGET, TO_TARGET };

// Copies `count` columns from `first` on between a row of the target and `x`.
static void move_row(const struct bough__c_target *t, float *row, float *x, int64_t first,
                     int64_t count, enum direction direction)
{
    int64_t inner = t->col.inner ? t->col.inner : INT64_MAX, stride = t->col.stride;
    for (int64_t run; count > 0; first += run, count -= run, x += run) {
        float *c = row + bough__c_axis(&t->col, first);
        run = bough__c_least(count, inner - first % inner);
        if (direction == TO_TARGET && stride == 1)
            memcpy(c, x, (size_t)run * sizeof *c);
        else if (direction == TO_TARGET)
            for (int64_t i = 0; i < run; i++)
                c[i * stride] = x[i];
        else
            for (int64_t i = 0; i < run; i++)
                x[i] = c[i * stride];
    }
}

// `count` of an axis's indices from `first` on lie `stride` apart.
static int is_even(const struct bough__axis *axis, int64_t first, int64_t count)
{
    return !axis->inner || first % axis->inner + count <= axis->inner;
}

// The rows of a panel of A in the target.
struct rows {
    int64_t first, count, offset;
    int even;
};

struct cols {
    int64_t first, count, offset;
    int vectors, direct; // direct: they lie as the micro-kernel writes them
};

static struct cols cols_of(const struct work *w, int64_t first, int64_t count)
{
    const struct bough__axis *axis = &w->target.col;
    int vectors = count > w->l->isa->lanes ? 2 : 1;
    int direct =
        count == vectors * w->l->isa->lanes && axis->stride == 1 && is_even(axis, first, count);
    return (struct cols){first, count, bough__c_axis(axis, first), vectors, direct};
}

// A tile that the micro-kernel cannot write where it belongs goes through a buffer.
static void run_aside(const struct work *w, struct bough__c_tile *tile, const struct rows *rows,
                      const struct cols *cols)
{
    const struct bough__c_target *t = &w->target;
    _Alignas(64) float sum[C_ROWS * C_MAX_LANES], bias[C_MAX_LANES] = {0};
    tile->ldc = cols->vectors * w->l->isa->lanes;
    tile->c = sum;
    if (tile->lane_bias) {
        memcpy(bias, tile->lane_bias, (size_t)cols->count * sizeof *bias);
        tile->lane_bias = bias;
    }
    for (int64_t i = 0; tile->add && i < rows->count; i++)
        move_row(t, target_row(t, w->batch, rows->first + i), sum + i * tile->ldc, cols->first,
                 cols->count, FROM_TARGET);
    w->l->isa->tile[rows->count - 1][cols->vectors - 1](tile);
    for (int64_t i = 0; i < rows->count; i++)
        move_row(t, target_row(t, w->batch, rows->first + i), sum + i * tile->ldc, cols->first,
                 cols->count, TO_TARGET);
}

static void run_tile(const struct work *w, struct bough__c_tile *tile, const struct rows *rows,
                     const struct cols *cols)
{
    const struct bough__c_target *t = &w->target;
    tile->add = !w->first || t->beta;
    if (w->last) {
        tile->relu = t->relu;
        tile->row_bias = t->row_bias ? t->row_bias + w->batch * w->l->m + rows->first : NULL;
        tile->lane_bias = t->col_bias ? t->col_bias + w->batch * w->l->n + cols->first : NULL;
    }
    if (!cols->direct || !rows->even) {
        run_aside(w, tile, rows, cols);
        return;
    }
    tile->c = t->data + w->batch * t->batch_stride + rows->offset + cols->offset;
    tile->ldc = t->row.stride;
    w->l->isa->tile[rows->count - 1][cols->vectors - 1](tile);
}

static void run_panels(const struct work *w, int64_t k, int64_t row, int64_t rows,
                       const struct bough__c_box *box)
{
    int64_t panels = row_panels(w->l, rows), wide = 2 * w->l->isa->lanes;
    struct rows panel[C_MOST_PANELS];
    for (int64_t i = 0; i < panels; i++) {
        int64_t begin = panel_row(i, panels, rows), count = panel_row(i + 1, panels, rows) - begin;
        panel[i] = (struct rows){row + begin, count, bough__c_axis(&w->target.row, row + begin),
                                 is_even(&w->target.row, row + begin, count)};
    }
    for (int64_t j = 0; j < box->count; j += wide) {
        const struct cols cols = cols_of(w, box->first + j, bough__c_least(wide, box->count - j));
        for (int64_t i = 0; i < panels; i++) {
            struct bough__c_tile tile = {.k = k,
                                         .a = w->a + i * bough__c_panel_floats(k, C_ROWS),
                                         .b = w->b + j / wide * bough__c_panel_floats(k, wide)};
            run_tile(w, &tile, &panel[i], &cols);
        }
    }
}

// ---- Items ----

static void run_block(const struct work *w, const struct bough__c_box *rows,
                      const struct bough__c_box *cols, const struct bough__c_box *k)
{
    const struct bough__c_packed *l = w->l;
    struct bough__c_block block;
    bough__c_block_open(&block, l->isa, &l->b, w->batch, cols, k, w->image);
    struct bough__c_steps steps = bough__c_block_steps(&block, w->step, w->group);
    pack_b(w, &block, &steps);
    bough__c_block_open(&block, l->isa, &l->a, w->batch, rows, k, w->image);
    steps = bough__c_block_steps(&block, w->step, w->group);
    for (int64_t i = 0; i < rows->count; i += C_BLOCK_ROWS) {
        int64_t count = bough__c_least(C_BLOCK_ROWS, rows->count - i);
        pack_a(w, &block, &steps, i, count);
        run_panels(w, k->count, rows->first + i, count, cols);
    }
}

// The sums of one share of k, [m, n] for each share and batch.
static float *partial(const struct bough__c_packed *l, float *scratch, int64_t share)
{
    return scratch + l->partial_at + share * l->batch * l->m * l->n;
}

void bough__c_run_item(const struct bough__c_packed *l, float *scratch, float *own, int64_t item)
{
    struct bough__c_box cols = bough__c_cut_box(&l->col_cut, item % l->col_cut.count);
    int64_t rest = item / l->col_cut.count;
    struct bough__c_box rows = bough__c_cut_box(&l->row_cut, rest % l->row_cut.count);
    rest /= l->row_cut.count;
    int64_t share = rest % l->shares;
    int64_t begin = l->k_cut.count * share / l->shares;
    int64_t end = l->k_cut.count * (share + 1) / l->shares;
    struct work w = {
        .l = l,
        .target = l->c,
        .batch = rest / l->shares,
        .a = own + l->a_at,
        .b = own + l->b_at,
        .image = own + l->image_at,
        .step = (int64_t *)(void *)(own + l->steps_at),
    };
    w.group = w.step + l->k_cut.box_images * l->k_cut.box_rows * l->k_cut.box_cols + 1;
    if (l->shares > 1)
        w.target = (struct bough__c_target){.data = partial(l, scratch, share),
                                            .row.stride = l->n,
                                            .col.stride = 1,
                                            .batch_stride = l->m * l->n};
    for (int64_t i = begin; i < end; i++) {
        struct bough__c_box k = bough__c_cut_box(&l->k_cut, i);
        w.first = i == begin;
        w.last = i + 1 == end;
        run_block(&w, &rows, &cols, &k);
    }
}

void bough__c_add_shares(const struct bough__c_packed *l, float *scratch, int64_t index)
{
    const struct bough__c_target *t = &l->c;
    float *sum = partial(l, scratch, 0) + index * l->n;
    int64_t batch = index / l->m;
    float *row = target_row(t, batch, index % l->m);
    for (int64_t share = 1; share < l->shares; share++) {
        const float *other = partial(l, scratch, share) + index * l->n;
        for (int64_t i = 0; i < l->n; i++)
            sum[i] += other[i];
    }
    if (t->beta) {
        float *before = partial(l, scratch, 1) + index * l->n; // has been added
        move_row(t, row, before, 0, l->n, FROM_TARGET);
        for (int64_t i = 0; i < l->n; i++)
            sum[i] += before[i];
    }
    for (int64_t i = 0; t->row_bias && i < l->n; i++)
        sum[i] += t->row_bias[index];
    for (int64_t i = 0; t->col_bias && i < l->n; i++)
        sum[i] += t->col_bias[batch * l->n + i];
    for (int64_t i = 0; t->relu && i < l->n; i++)
        sum[i] = sum[i] < 0 ? 0 : sum[i];
    move_row(t, row, sum, 0, l->n, TO_TARGET);
}
