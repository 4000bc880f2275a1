// One item of the fast GEMM: packing, the micro-kernel, storing.
#include "device/c/gemm/c_gemm.h"
#include "device/c/gemm/gemm_packed.h"

#include <string.h>

// ---- Packing ----

struct work {
    const struct bough__c_packed *l;
    struct bough__c_target target;
    int64_t batch;
    int first, last; // block of k
    float *a, *b, *image;
    int64_t *step, *group; // twice k + 1 of each: for b, then for a
    struct bough__c_pair *pair;
};

static int64_t row_panels(const struct bough__c_packed *l, int64_t rows)
{
    const int64_t most = l->form == C_SUMS ? C_SUMS_SIDE : l->isa->rows;
    return (rows + most - 1) / most;
}

// Rows of C are dealt to panels evenly: 9 are 5 and 4, so that no panel is too thin.
static int64_t panel_row(int64_t panel, int64_t panels, int64_t rows)
{
    return rows * panel / panels;
}

static void pack_a(const struct work *w, const struct bough__c_block *block,
                   const struct bough__c_steps *steps, int64_t first, int64_t rows)
{
    int64_t panels = row_panels(w->l, rows);
    int64_t width = w->l->isa->panel_rows, size = bough__c_panel_floats(steps->count, width);
    for (int64_t i = 0; i < panels; i++) {
        int64_t lane[C_MAX_ROWS], begin = panel_row(i, panels, rows);
        int64_t count = panel_row(i + 1, panels, rows) - begin;
        bough__c_block_lanes(block, first + begin, count, lane);
        for (int64_t j = count; j < width; j++) // of no use, but there to be read
            lane[j] = lane[count - 1];
        w->l->isa->pack(w->a + i * size, (int)width, block->data, lane, steps);
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
    int split;
    int64_t jump;
};

static struct cols cols_of(const struct work *w, int64_t first, int64_t count)
{
    const struct bough__axis *axis = &w->target.col;
    const struct bough__c_isa *isa = w->l->isa;
    int64_t here = axis->inner ? axis->inner - first % axis->inner : count;
    struct cols cols = {.first = first,
                        .count = count,
                        .offset = bough__c_axis(axis, first),
                        .vectors = count > isa->lanes ? 2 : 1,
                        .split = (int)bough__c_least(here, count)};
    if (w->l->form == C_SUMS)
        cols.direct = axis->stride == 1 && count <= here;
    else if (isa->masks)
        cols.direct = axis->stride == 1 && count <= here + axis->inner;
    else
        cols.direct = axis->stride == 1 && count <= here && count == cols.vectors * isa->lanes;
    if (here < count)
        cols.jump = bough__c_axis(axis, first + here) - here - cols.offset;
    return cols;
}

static void run_form(const struct work *w, const struct bough__c_tile *tile, int64_t rows,
                     const struct cols *cols)
{
    if (w->l->form == C_SUMS)
        w->l->isa->sums[rows - 1][cols->count - 1](tile);
    else
        bough__c_tile_of(w->l->isa, w->l->form, rows, cols->vectors)(tile);
}

// A tile that the micro-kernel cannot write where it belongs goes through a buffer.
static void run_aside(const struct work *w, struct bough__c_tile *tile, const struct rows *rows,
                      const struct cols *cols)
{
    const struct bough__c_target *t = &w->target;
    _Alignas(64) float sum[C_MAX_ROWS * C_MAX_LANES], bias[C_MAX_LANES] = {0};
    tile->lanes = tile->split = cols->vectors * w->l->isa->lanes;
    tile->ldc = tile->lanes;
    tile->c = sum;
    if (tile->lane_bias) {
        memcpy(bias, tile->lane_bias, (size_t)cols->count * sizeof *bias);
        tile->lane_bias = bias;
    }
    for (int64_t i = 0; tile->add && i < rows->count; i++)
        move_row(t, target_row(t, w->batch, rows->first + i), sum + i * tile->ldc, cols->first,
                 cols->count, FROM_TARGET);
    run_form(w, tile, rows->count, cols);
    for (int64_t i = 0; i < rows->count; i++)
        move_row(t, target_row(t, w->batch, rows->first + i), sum + i * tile->ldc, cols->first,
                 cols->count, TO_TARGET);
}

static void run_tile(const struct work *w, struct bough__c_tile *tile, const struct rows *rows,
                     const struct cols *cols)
{
    const struct bough__c_target *t = &w->target;
    if (w->last) {
        tile->row_bias = t->row_bias ? t->row_bias + w->batch * w->l->m + rows->first : NULL;
        tile->lane_bias = t->col_bias ? t->col_bias + w->batch * w->l->n + cols->first : NULL;
    }
    if (!cols->direct || !rows->even) {
        run_aside(w, tile, rows, cols);
        return;
    }
    tile->c = t->data + w->batch * t->batch_stride + rows->offset + cols->offset;
    tile->ldc = t->row.stride;
    tile->lanes = (int)cols->count;
    tile->split = cols->split;
    tile->jump = cols->jump;
    run_form(w, tile, rows->count, cols);
}

// What the micro-kernel reads: a block of B, and the rows of A from `first` of their block on.
struct operands {
    const struct bough__c_block *a, *b;
    struct bough__c_steps b_steps;
    struct bough__c_runs runs;
    int64_t k, rest;
};

// What all tiles of a block have in common.
static struct bough__c_tile tile_of(const struct work *w, const struct operands *o)
{
    struct bough__c_tile tile = {.k = o->k, .a_step = w->l->isa->panel_rows};
    tile.add = !w->first || w->target.beta;
    tile.relu = w->last && w->target.relu;
    if (w->l->form == C_WINDOWS) {
        tile.b = o->b->data;
        tile.step = o->b_steps.step;
    }
    if (w->l->form == C_ROWS) {
        tile.a = o->a->data;
        tile.a_step = o->runs.step;
        tile.run = o->runs.run;
        tile.runs = o->runs.count;
        tile.run_k = o->k / o->runs.count;
    }
    if (w->l->form == C_SUMS) {
        tile.a = o->a->data;
        tile.stretch = (const struct bough__c_stretch *)(const void *)w->step;
        tile.full = o->a->k->images * (o->a->k->rows * o->a->k->cols / 16);
        tile.rest = o->rest;
        tile.b_step = w->l->b.lane_axis.stride;
    }
    return tile;
}

// Sets the columns from `j` of the block on.
static void set_cols(const struct work *w, const struct operands *o, struct bough__c_tile *tile,
                     int64_t j, int vectors)
{
    if (w->l->form == C_SUMS) {
        tile->b = o->b->data + (o->b->lanes->first + j) * tile->b_step;
        return;
    }
    const int64_t lanes = w->l->isa->lanes;
    if (w->l->form == C_WINDOWS) {
        tile->pair = w->pair + j / 16;
        return;
    }
    tile->b = w->b + j / (2 * lanes) * bough__c_panel_floats(tile->k, 2 * lanes);
    tile->b_step = vectors * lanes;
}

static void run_panels(const struct work *w, const struct operands *o, int64_t first, int64_t rows,
                       const struct bough__c_box *box)
{
    const int sums = w->l->form == C_SUMS, in_place = sums || w->l->form == C_ROWS;
    int64_t panels = row_panels(w->l, rows), wide = sums ? C_SUMS_SIDE : 2 * w->l->isa->lanes;
    int64_t row = o->a->lanes->first + first, offset[C_BLOCK_ROWS];
    int64_t size = bough__c_panel_floats(o->k, w->l->isa->panel_rows);
    struct bough__c_tile tile = tile_of(w, o);
    struct rows panel[C_MOST_PANELS];
    if (in_place)
        bough__c_block_lanes(o->a, first, rows, offset);
    for (int64_t i = 0; i < panels; i++) {
        int64_t begin = panel_row(i, panels, rows), count = panel_row(i + 1, panels, rows) - begin;
        panel[i] = (struct rows){row + begin, count, bough__c_axis(&w->target.row, row + begin),
                                 is_even(&w->target.row, row + begin, count)};
    }
    for (int64_t j = 0; j < box->count; j += wide) {
        const struct cols cols = cols_of(w, box->first + j, bough__c_least(wide, box->count - j));
        set_cols(w, o, &tile, j, cols.vectors);
        for (int64_t i = 0; i < panels; i++) {
            if (in_place)
                tile.row = offset + panel[i].first - row;
            else
                tile.a = w->a + i * size;
            run_tile(w, &tile, &panel[i], &cols);
        }
    }
}

// ---- Items ----

// Where one of C's two axes is contiguous, along that one.
static void activate(const struct work *w, const struct bough__c_box *rows,
                     const struct bough__c_box *cols)
{
    const struct bough__c_target *t = &w->target;
    const int down = t->row.stride == 1;
    const struct bough__axis *along = down ? &t->row : &t->col, *other = down ? &t->col : &t->row;
    const struct bough__c_box *box = down ? rows : cols, *others = down ? cols : rows;
    const int64_t end = box->first + box->count, inner = along->inner ? along->inner : end;
    for (int64_t o = others->first; o < others->first + others->count; o++) {
        float *c = t->data + w->batch * t->batch_stride + bough__c_axis(other, o);
        for (int64_t i = box->first, run; i < end; i += run) {
            run = along->stride == 1 ? bough__c_least(inner - i % inner, end - i) : 1;
            bough__c_activate(c + bough__c_axis(along, i), run, t->activation);
        }
    }
}

static void run_block(const struct work *w, const struct bough__c_box *rows,
                      const struct bough__c_box *cols, const struct bough__c_box *k)
{
    const struct bough__c_packed *l = w->l;
    struct bough__c_block a, b;
    // Windows are on one side at most: only one copies its image.
    bough__c_block_open(&b, l->isa, &l->b, w->batch, cols, k, w->image);
    bough__c_block_open(&a, l->isa, &l->a, w->batch, rows, k, w->image);
    struct operands o = {.a = &a, .b = &b, .k = k->count};
    int64_t *step = w->step + k->count + 1, *group = w->group + k->count + 1;
    struct bough__c_steps a_steps;
    if (l->form == C_SUMS)
        o.rest = bough__c_block_stretches(&a, &l->b.k_axis, (void *)w->step);
    else
        o.b_steps = bough__c_block_steps(&b, w->step, w->group);
    if (l->form == C_WINDOWS)
        bough__c_block_pairs(&b, w->pair);
    else if (l->form != C_SUMS)
        pack_b(w, &b, &o.b_steps);
    if (l->form == C_ROWS)
        o.runs = bough__c_block_runs(&a, step);
    else if (l->form != C_SUMS)
        a_steps = bough__c_block_steps(&a, step, group);
    for (int64_t i = 0; i < rows->count; i += C_BLOCK_ROWS) {
        int64_t count = bough__c_least(C_BLOCK_ROWS, rows->count - i);
        if (l->form != C_ROWS && l->form != C_SUMS)
            pack_a(w, &a, &a_steps, i, count);
        run_panels(w, &o, i, count, cols);
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
        .pair = (struct bough__c_pair *)(void *)(own + l->pairs_at),
    };
    w.group = w.step + 2 * (bough__c_largest_box(&l->k_cut) + 1);
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
    if (w.target.activation.kind)
        activate(&w, &rows, &cols);
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
    if (t->activation.kind)
        bough__c_activate(sum, l->n, t->activation);
    move_row(t, row, sum, 0, l->n, TO_TARGET);
}
