#include "device/c/gemm/gemm_view.h"

#include "device/c/gemm/c_gemm.h"

// ---- Cuts ----

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t parts(int64_t total, int64_t size)
{
    return (total + size - 1) / size;
}

// The size of equal parts that are no larger than `largest`.
static int64_t even(int64_t total, int64_t largest)
{
    return parts(total, parts(total, largest > 1 ? largest : 1));
}

struct bough__c_cut bough__c_cut_make(int64_t images, int64_t rows, int64_t cols, int64_t largest,
                                      int64_t grain)
{
    struct bough__c_cut cut = {images,          rows,          cols,
                               .box_images = 1, .box_rows = 1, .box_cols = cols};
    if (cols > largest) {
        cut.box_cols = even(cols, largest);
        if (images * rows == 1)
            cut.box_cols = least(cols, parts(cut.box_cols, grain) * grain);
    } else if (rows * cols > largest) {
        cut.box_rows = even(rows, largest / cols);
    } else {
        cut.box_rows = rows;
        cut.box_images = even(images, largest / (rows * cols));
    }
    cut.count =
        parts(images, cut.box_images) * parts(rows, cut.box_rows) * parts(cols, cut.box_cols);
    return cut;
}

struct bough__c_box bough__c_cut_box(const struct bough__c_cut *cut, int64_t index)
{
    int64_t across = parts(cut->cols, cut->box_cols), down = parts(cut->rows, cut->box_rows);
    struct bough__c_box box = {
        .image = index / across / down * cut->box_images,
        .row = index / across % down * cut->box_rows,
        .col = index % across * cut->box_cols,
    };
    box.images = least(cut->box_images, cut->images - box.image);
    box.rows = least(cut->box_rows, cut->rows - box.row);
    box.cols = least(cut->box_cols, cut->cols - box.col);
    box.first = (box.image * cut->rows + box.row) * cut->cols + box.col;
    box.count = box.images * box.rows * box.cols;
    return box;
}

// ---- Sides ----

// Whether all that a window reads along one axis lies in the image.
static int axis_inside(int64_t out, int64_t stride, int64_t kernel, int64_t dilation,
                       int64_t padding, int64_t input_dilation, int64_t size)
{
    return input_dilation == 1 && padding <= 0 &&
           (out - 1) * stride + (kernel - 1) * dilation - padding < size;
}

void bough__c_side_init(struct bough__c_side *side, const struct bough__matrix *matrix,
                        enum bough__c_across across, int64_t rows, int64_t cols)
{
    const struct bough__windows *w = &matrix->windows;
    int turned = across == C_ROWS_ACROSS;
    *side = (struct bough__c_side){
        .data = bough__c_pointer(matrix->data),
        .batch_stride = matrix->batch_stride,
        .lanes = turned ? rows : cols,
        .k = turned ? cols : rows,
        .lane_axis = turned ? matrix->row : matrix->col,
        .k_axis = turned ? matrix->col : matrix->row,
        .windows = *w,
    };
    if (matrix->kind == BOUGH_PLAIN)
        return;
    side->kind = turned == (matrix->kind == BOUGH_WINDOWS_TRANSPOSED) ? C_SIDE_PIXELS_ACROSS
                                                                      : C_SIDE_PIXELS_DOWN;
    side->inside = axis_inside(w->out_h, w->stride_h, w->kernel_h, w->dilation_h, w->padding_h,
                               w->input_dilation_h, w->height) &&
                   axis_inside(w->out_w, w->stride_w, w->kernel_w, w->dilation_w, w->padding_w,
                               w->input_dilation_w, w->width);
}

static struct bough__c_cut cut_pixels(const struct bough__c_side *side, int64_t pixels,
                                      int64_t largest)
{
    const struct bough__windows *w = &side->windows;
    return bough__c_cut_make(pixels / ((int64_t)w->out_h * w->out_w), w->out_h, w->out_w, largest,
                             1);
}

struct bough__c_cut bough__c_side_cut_lanes(const struct bough__c_side *side, int64_t largest,
                                            int64_t grain)
{
    if (side->kind == C_SIDE_PIXELS_ACROSS)
        return cut_pixels(side, side->lanes, largest);
    return bough__c_cut_make(1, 1, side->lanes, largest, grain);
}

struct bough__c_cut bough__c_side_cut_k(const struct bough__c_side *side, int64_t largest)
{
    const struct bough__windows *w = &side->windows;
    if (side->kind == C_SIDE_PIXELS_DOWN)
        return cut_pixels(side, side->k, largest);
    // Whole channels, so that none is copied twice.
    int64_t taps = side->kind == C_SIDE_PLAIN ? 1 : (int64_t)w->kernel_h * w->kernel_w;
    return bough__c_cut_make(1, 1, side->k, largest, taps < largest ? taps : 1);
}

// ---- Blocks ----

static int64_t padded(int64_t count, int64_t stride, int64_t kernel, int64_t dilation)
{
    return (count - 1) * stride + (kernel - 1) * dilation + 1;
}

static int64_t padded_rows(const struct bough__windows *w, int64_t rows)
{
    return padded(rows, w->stride_h, w->kernel_h, w->dilation_h);
}

static int64_t padded_cols(const struct bough__windows *w, int64_t cols)
{
    return padded(cols, w->stride_w, w->kernel_w, w->dilation_w);
}

int64_t bough__c_block_scratch(const struct bough__c_side *side, const struct bough__c_cut *lanes,
                               const struct bough__c_cut *k)
{
    if (side->kind == C_SIDE_PLAIN || (side->inside && !side->shifted))
        return 0;
    const struct bough__windows *w = &side->windows;
    const struct bough__c_cut *pixels = side->kind == C_SIDE_PIXELS_ACROSS ? lanes : k;
    const struct bough__c_cut *taps = side->kind == C_SIDE_PIXELS_ACROSS ? k : lanes;
    int64_t channels = taps->box_cols / ((int64_t)w->kernel_h * w->kernel_w) + 2;
    int64_t width =
        side->shifted ? w->kernel_w * pixels->box_cols : padded_cols(w, pixels->box_cols);
    return pixels->box_images * least(channels, w->channels) * padded_rows(w, pixels->box_rows) *
               width +
           16;
}

// Zeros in place of `rows` rows.
static void pad_zeros(const struct bough__c_isa *isa, float *out, int64_t rows, int64_t width)
{
    isa->pad(out, 1, rows * width, 0, 0, out, 0);
}

// The image's elements, input_dilation_w apart.
static void dilate_row(const struct bough__windows *w, float *out, int64_t width, const float *data,
                       int64_t first)
{
    for (int64_t i = first < 0 ? 0 : parts(first, w->input_dilation_w); i < w->width; i++) {
        int64_t at = i * w->input_dilation_w - first;
        if (at >= width)
            break;
        out[at] = data[i];
    }
}

// A channel whose elements stand apart, with zeros between them.
static void pad_dilated(const struct bough__c_isa *isa, const struct bough__windows *w, float *out,
                        const float *data, const struct bough__c_box *pixels)
{
    int64_t width = padded_cols(w, pixels->cols), rows = padded_rows(w, pixels->rows);
    int64_t first_row = pixels->row * w->stride_h - w->padding_h;
    int64_t first_col = pixels->col * w->stride_w - w->padding_w;
    for (int64_t r = 0; r < rows; r++, out += width) {
        int64_t row = first_row + r;
        pad_zeros(isa, out, 1, width);
        if (row >= 0 && row % w->input_dilation_h == 0 && row / w->input_dilation_h < w->height)
            dilate_row(w, out, width, data + row / w->input_dilation_h * w->width, first_col);
    }
}

// What of `size` elements a padded range of `width` from `first` on holds.
struct part {
    int64_t before, from, count, after;
};

static struct part part_of(int64_t first, int64_t width, int64_t size)
{
    struct part p = {.before = least(first < 0 ? -first : 0, width), .from = first < 0 ? 0 : first};
    p.count = least(size - p.from, width - p.before);
    if (p.count <= 0)
        p.count = p.from = 0;
    p.after = width - p.before - p.count;
    return p;
}

// Copies `width` columns from `first_col` on of the block's images, with their padding.
static void pad_images(const struct bough__c_isa *isa, const struct bough__c_block *block,
                       const struct bough__c_box *pixels, float *out, int64_t first_col,
                       int64_t channels)
{
    const struct bough__windows *w = &block->side->windows;
    const int64_t width = block->row;
    const struct part rows =
        part_of(pixels->row * w->stride_h - w->padding_h, padded_rows(w, pixels->rows), w->height);
    const struct part cols = part_of(first_col, width, w->width);
    for (int64_t n = 0; n < pixels->images; n++) {
        const float *data = block->data + n * w->image_stride + rows.from * w->width + cols.from;
        float *to = out + n * block->image;
        for (int64_t c = 0; c < channels; c++, to += block->channel) {
            float *at = to + rows.before * width;
            if (rows.before)
                pad_zeros(isa, to, rows.before, width);
            isa->pad(at, rows.count, cols.before, cols.count, cols.after, data, w->width);
            if (rows.after)
                pad_zeros(isa, at + rows.count * width, rows.after, width);
            data += (int64_t)w->height * w->width;
        }
    }
}

static void dilate_images(const struct bough__c_isa *isa, const struct bough__c_block *block,
                          const struct bough__c_box *pixels, float *out, int64_t channels)
{
    const struct bough__windows *w = &block->side->windows;
    for (int64_t n = 0; n < pixels->images; n++)
        for (int64_t c = 0; c < channels; c++)
            pad_dilated(isa, w, out + n * block->image + c * block->channel,
                        block->data + n * w->image_stride + c * w->height * w->width, pixels);
}

void bough__c_block_open(struct bough__c_block *block, const struct bough__c_isa *isa,
                         const struct bough__c_side *side, int64_t batch,
                         const struct bough__c_box *lanes, const struct bough__c_box *k,
                         float *scratch)
{
    const struct bough__windows *w = &side->windows;
    *block = (struct bough__c_block){.side = side, .lanes = lanes, .k = k};
    block->data = side->data + batch * side->batch_stride;
    if (side->kind == C_SIDE_PLAIN)
        return;
    const struct bough__c_box *pixels = side->kind == C_SIDE_PIXELS_ACROSS ? lanes : k;
    const struct bough__c_box *taps = side->kind == C_SIDE_PIXELS_ACROSS ? k : lanes;
    int64_t window = (int64_t)w->kernel_h * w->kernel_w, area = (int64_t)w->height * w->width;
    int64_t first = taps->first / window,
            channels = parts(taps->first + taps->count, window) - first;
    block->first_channel = first;
    block->data += pixels->image * w->image_stride + first * area;
    block->tap = w->dilation_w;
    if (side->inside && !side->shifted) {
        block->image = w->image_stride;
        block->channel = area;
        block->row = w->width;
        block->data += (pixels->row * w->stride_h - w->padding_h) * w->width +
                       pixels->col * w->stride_w - w->padding_w;
        return;
    }
    block->row = side->shifted ? pixels->cols : padded_cols(w, pixels->cols);
    block->channel = block->row * padded_rows(w, pixels->rows);
    block->image = block->channel * channels;
    if (side->shifted)
        block->tap = block->image * pixels->images;
    const int64_t first_col = pixels->col * w->stride_w - w->padding_w;
    if (w->input_dilation_h > 1 || w->input_dilation_w > 1)
        dilate_images(isa, block, pixels, scratch, channels);
    else
        for (int64_t i = 0; i < (side->shifted ? w->kernel_w : 1); i++)
            pad_images(isa, block, pixels, scratch + i * block->tap, first_col + i * w->dilation_w,
                       channels);
    block->data = scratch;
}

// ---- Offsets ----

static void along_axis(const struct bough__axis *axis, int64_t first, int64_t count,
                       int64_t *offset)
{
    int64_t inner = axis->inner ? axis->inner : INT64_MAX;
    for (int64_t run; count > 0; first += run, count -= run, offset += run) {
        int64_t at = bough__c_axis(axis, first);
        run = least(count, inner - first % inner);
        for (int64_t i = 0; i < run; i++)
            offset[i] = at + i * axis->stride;
    }
}

// Pixels of the box, counted from its first one.
static void along_pixels(const struct bough__c_block *block, const struct bough__c_box *pixels,
                         int64_t first, int64_t count, int64_t *offset)
{
    const struct bough__windows *w = &block->side->windows;
    int64_t ow = first % pixels->cols, oh = first / pixels->cols % pixels->rows;
    int64_t n = first / pixels->cols / pixels->rows;
    for (int64_t i = 0; i < count; i++) {
        offset[i] = n * block->image + oh * w->stride_h * block->row + ow * w->stride_w;
        if (++ow == pixels->cols) {
            ow = 0;
            if (++oh == pixels->rows) {
                oh = 0;
                n++;
            }
        }
    }
}

// Taps (c, kh, kw), counted from the first one of all channels.
static void along_taps(const struct bough__c_block *block, int64_t first, int64_t count,
                       int64_t *offset)
{
    const struct bough__windows *w = &block->side->windows;
    int64_t kw = first % w->kernel_w, kh = first / w->kernel_w % w->kernel_h;
    int64_t c = first / w->kernel_w / w->kernel_h - block->first_channel;
    for (int64_t i = 0; i < count; i++) {
        int64_t h = w->flip ? w->kernel_h - 1 - kh : kh, v = w->flip ? w->kernel_w - 1 - kw : kw;
        offset[i] = c * block->channel + h * w->dilation_h * block->row + v * block->tap;
        if (++kw == w->kernel_w) {
            kw = 0;
            if (++kh == w->kernel_h) {
                kh = 0;
                c++;
            }
        }
    }
}

void bough__c_block_lanes(const struct bough__c_block *block, int64_t first, int64_t count,
                          int64_t *offset)
{
    if (block->side->kind == C_SIDE_PLAIN)
        along_axis(&block->side->lane_axis, block->lanes->first + first, count, offset);
    else if (block->side->kind == C_SIDE_PIXELS_ACROSS)
        along_pixels(block, block->lanes, first, count, offset);
    else
        along_taps(block, block->lanes->first + first, count, offset);
}

struct bough__c_steps bough__c_block_steps(const struct bough__c_block *block, int64_t *step,
                                           int64_t *group)
{
    int64_t count = block->k->count, groups = 0, begin = 0;
    if (block->side->kind == C_SIDE_PLAIN)
        along_axis(&block->side->k_axis, block->k->first, count, step);
    else if (block->side->kind == C_SIDE_PIXELS_ACROSS)
        along_taps(block, block->k->first, count, step);
    else
        along_pixels(block, block->k, 0, count, step);
    for (int64_t k = 1; k <= count; k++) {
        if (k < count && step[k] == step[k - 1] + 1 && k - begin < 4)
            continue;
        group[groups++] = begin;
        begin = k;
    }
    group[groups] = count;
    return (struct bough__c_steps){step, count, group, groups};
}

// ---- Reading unpacked ----

struct bough__c_runs bough__c_block_runs(const struct bough__c_block *block, int64_t *run)
{
    const struct bough__c_side *side = block->side;
    const struct bough__c_box *k = block->k;
    if (side->kind == C_SIDE_PLAIN) {
        run[0] = bough__c_axis(&side->k_axis, k->first);
        return (struct bough__c_runs){run, 1, side->k_axis.stride};
    }
    for (int64_t n = 0, i = 0; n < k->images; n++)
        for (int64_t oh = 0; oh < k->rows; oh++)
            run[i++] = n * block->image + oh * side->windows.stride_h * block->row;
    return (struct bough__c_runs){run, k->images * k->rows, side->windows.stride_w};
}

void bough__c_block_pairs(const struct bough__c_block *block, struct bough__c_pair *pair)
{
    const struct bough__c_box *pixels = block->lanes;
    const int64_t down = block->side->windows.stride_h * block->row;
    int64_t ow = 0, oh = 0, here = 0, image = 0;
    for (int64_t first = 0; first < pixels->count; first += 16, pair++) {
        const int64_t left = pixels->cols - ow, at = here + ow;
        *pair = (struct bough__c_pair){at, at, 0};
        for (ow += 16; ow >= pixels->cols; ow -= pixels->cols) {
            here += down;
            if (++oh == pixels->rows) {
                oh = 0;
                here = image += block->image;
            }
            if (first + left < pixels->count && left < 16 && !pair->mask)
                *pair = (struct bough__c_pair){at, here - left, 0xffffu << left & 0xffffu};
        }
    }
}

int64_t bough__c_block_stretches(const struct bough__c_block *block,
                                 const struct bough__axis *k_axis, struct bough__c_stretch *stretch)
{
    const struct bough__c_box *k = block->k;
    const int64_t area = k->rows * k->cols, full = area / 16;
    struct bough__c_stretch *rest = stretch + k->images * full;
    for (int64_t n = 0; n < k->images; n++) {
        const int64_t a = n * block->image, b = bough__c_axis(k_axis, k->first + n * area);
        for (int64_t i = 0; i < full; i++)
            *stretch++ = (struct bough__c_stretch){a + 16 * i, b + 16 * i};
        if (area % 16)
            *rest++ = (struct bough__c_stretch){a + 16 * full, b + 16 * full};
    }
    return area % 16;
}
