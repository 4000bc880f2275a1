// GEMM of windows: convolutions and their two gradients, against a direct convolution in double.
#include "device/gemm_support.h"

struct convolution {
    int32_t images, in, height, width, out, kernel_h, kernel_w;
    int32_t stride_h, stride_w, padding_h, padding_w, dilation_h, dilation_w; // strides from 1
    int32_t groups;
};

static const struct convolution convolutions[] = {
    // images, channels, image, channels out, kernel, stride, padding, dilation, groups
    {2, 1, 28, 28, 32, 3, 3, 1, 1, 1, 1, 1, 1, 1},
    {3, 32, 14, 14, 64, 3, 3, 1, 1, 1, 1, 1, 1, 1},
    {3, 4, 7, 5, 6, 3, 3, 1, 1, 0, 0, 1, 1, 1},
    {2, 3, 9, 11, 5, 3, 3, 2, 2, 1, 1, 1, 1, 1},
    {2, 3, 10, 8, 5, 3, 3, 2, 2, 1, 1, 1, 1, 1}, // a remainder that no window reaches
    {2, 3, 12, 13, 4, 3, 2, 1, 1, 2, 1, 2, 3, 1},
    {5, 17, 6, 7, 33, 1, 1, 1, 1, 0, 0, 1, 1, 1},
    {5, 7, 6, 7, 3, 1, 1, 2, 3, 0, 0, 1, 1, 1},
    {1, 2, 3, 3, 3, 5, 5, 1, 1, 2, 2, 1, 1, 1},  // a kernel larger than the image
    {2, 2, 5, 6, 3, 2, 2, 1, 1, 3, 2, 1, 1, 1},  // padding beyond the kernel
    {2, 6, 9, 8, 4, 3, 3, 1, 1, 1, 1, 1, 1, 2},  // two groups
    {3, 8, 7, 9, 8, 3, 3, 2, 1, 1, 1, 1, 1, 8},  // by channel
    {1, 3, 1, 65, 4, 1, 5, 1, 1, 0, 2, 1, 1, 1}, // one row
    {1, 3, 65, 1, 4, 5, 1, 1, 1, 2, 0, 1, 1, 1}, // one column
    {2, 3, 17, 64, 9, 3, 3, 1, 1, 1, 1, 1, 1, 1},
    {7, 5, 4, 4, 31, 4, 4, 1, 1, 0, 0, 1, 1, 1}, // one pixel comes out
    {70, 9, 1, 1, 7, 1, 1, 1, 1, 0, 0, 1, 1, 1}, // and goes in
    {2, 2, 20, 70, 3, 3, 3, 3, 3, 0, 1, 2, 2, 1},
    {1, 2, 40, 40, 3, 7, 7, 4, 4, 3, 3, 1, 1, 1},
    // widths whose vectors of pixels lie in one row, in two, in more
    {3, 3, 12, 12, 20, 5, 5, 1, 1, 0, 0, 1, 1, 1},
    {9, 2, 5, 12, 33, 3, 3, 1, 1, 1, 1, 1, 1, 1},
    {3, 2, 7, 15, 17, 3, 3, 1, 1, 1, 1, 1, 1, 1},
    {3, 2, 3, 31, 15, 3, 3, 1, 1, 1, 1, 1, 1, 1},
    {5, 2, 3, 10, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1},
    {2, 65, 5, 16, 2, 3, 3, 1, 1, 1, 1, 1, 1, 1},
    // gradients of few weights: many images, parts of one, parts of a row
    {40, 4, 12, 12, 20, 5, 5, 1, 1, 0, 0, 1, 1, 1},
    {90, 3, 5, 5, 3, 3, 3, 1, 1, 0, 0, 1, 1, 1},
    {9, 10, 14, 14, 20, 5, 5, 1, 1, 0, 0, 1, 1, 1},
    {2, 1, 45, 37, 6, 3, 3, 1, 1, 1, 1, 1, 1, 1},
    {1, 2, 1, 2500, 3, 1, 5, 1, 1, 0, 2, 1, 2, 1},
    // few taps, and pixels that make up whole vectors
    {3, 1, 28, 28, 17, 5, 5, 1, 1, 0, 0, 1, 1, 1},
    {9, 3, 32, 31, 7, 3, 3, 2, 2, 1, 1, 1, 1, 1},
};

static int32_t out_size(int32_t size, int32_t kernel, int32_t stride, int32_t padding,
                        int32_t dilation)
{
    return (size + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
}

// Everything that the sizes lead to.
struct sizes {
    int32_t out_h, out_w;
    int64_t in, out;       // channels of a group
    int64_t image, pixels; // of one channel
    int64_t taps, patch;   // of one channel, of one group
    int64_t x, w, y;       // all elements
};

static struct sizes sizes_of(const struct convolution *v)
{
    struct sizes s = {
        .out_h = out_size(v->height, v->kernel_h, v->stride_h, v->padding_h, v->dilation_h),
        .out_w = out_size(v->width, v->kernel_w, v->stride_w, v->padding_w, v->dilation_w),
        .in = v->in / v->groups,
        .out = v->out / v->groups,
        .image = (int64_t)v->height * v->width,
        .taps = (int64_t)v->kernel_h * v->kernel_w,
    };
    s.pixels = (int64_t)s.out_h * s.out_w;
    s.patch = s.in * s.taps;
    s.x = v->images * v->in * s.image;
    s.w = v->out * s.patch;
    s.y = v->images * v->out * s.pixels;
    return s;
}

// Calls `term` with the places in x, w and y of every product of the convolution.
static void each_product(const struct convolution *v, struct operands *o,
                         void (*term)(struct operands *o, int64_t x, int64_t w, int64_t y))
{
    struct sizes s = sizes_of(v);
    for (int64_t y = 0; y < s.y; y++) {
        const int64_t oc = y / s.pixels % v->out, n = y / s.pixels / v->out;
        const int64_t top = y % s.pixels / s.out_w * v->stride_h - v->padding_h;
        const int64_t left = y % s.out_w * v->stride_w - v->padding_w;
        const int64_t x = (n * v->in + oc / s.out * s.in) * s.image;
        int64_t w = oc * s.patch;
        for (int64_t c = 0; c < s.in; c++)
            for (int64_t kh = 0; kh < v->kernel_h; kh++)
                for (int64_t kw = 0; kw < v->kernel_w; kw++, w++) {
                    const int64_t ih = top + kh * v->dilation_h, iw = left + kw * v->dilation_w;
                    if (ih >= 0 && ih < v->height && iw >= 0 && iw < v->width)
                        term(o, x + c * s.image + ih * v->width + iw, w, y);
                }
    }
}

static struct bough__windows windows_of_x(const struct convolution *v)
{
    struct sizes s = sizes_of(v);
    return (struct bough__windows){
        .channels = (int32_t)s.in,
        .height = v->height,
        .width = v->width,
        .kernel_h = v->kernel_h,
        .kernel_w = v->kernel_w,
        .stride_h = v->stride_h,
        .stride_w = v->stride_w,
        .padding_h = v->padding_h,
        .padding_w = v->padding_w,
        .dilation_h = v->dilation_h,
        .dilation_w = v->dilation_w,
        .input_dilation_h = 1,
        .input_dilation_w = 1,
        .out_h = s.out_h,
        .out_w = s.out_w,
        .image_stride = v->in * s.image,
    };
}

static struct bough__windows windows_of_dy(const struct convolution *v)
{
    struct sizes s = sizes_of(v);
    return (struct bough__windows){
        .channels = (int32_t)s.out,
        .height = s.out_h,
        .width = s.out_w,
        .kernel_h = v->kernel_h,
        .kernel_w = v->kernel_w,
        .stride_h = 1,
        .stride_w = 1,
        .padding_h = v->dilation_h * (v->kernel_h - 1) - v->padding_h,
        .padding_w = v->dilation_w * (v->kernel_w - 1) - v->padding_w,
        .dilation_h = v->dilation_h,
        .dilation_w = v->dilation_w,
        .input_dilation_h = v->stride_h,
        .input_dilation_w = v->stride_w,
        .out_h = v->height,
        .out_w = v->width,
        .flip = 1,
        .image_stride = v->out * s.pixels,
    };
}

// ---- Views of x, w, y as plain matrices; one batch is one group ----

// [channels of a group, (n, pixel)]
static struct bough__matrix by_channel(int64_t channels, int64_t pixels, int64_t group)
{
    return (struct bough__matrix){.row.stride = pixels,
                                  .col = {pixels, 1, channels * pixels},
                                  .batch_stride = group * pixels};
}

// [out, (c, kh, kw)]
static struct bough__matrix weights(const struct sizes *s)
{
    return (struct bough__matrix){
        .row.stride = s->patch, .col.stride = 1, .batch_stride = s->out * s->patch};
}

// [in, (o, kh, kw)]
static struct bough__matrix weights_by_input(const struct sizes *s)
{
    return (struct bough__matrix){
        .row.stride = s->taps, .col = {s->taps, 1, s->patch}, .batch_stride = s->out * s->patch};
}

static struct bough__matrix transposed(struct bough__matrix x)
{
    struct bough__axis row = x.row;
    x.row = x.col;
    x.col = row;
    if (x.kind != BOUGH_PLAIN)
        x.kind = x.kind == BOUGH_WINDOWS ? BOUGH_WINDOWS_TRANSPOSED : BOUGH_WINDOWS;
    return x;
}

static struct bough__matrix windows(struct bough__windows w, int64_t batch_stride)
{
    return (struct bough__matrix){
        .kind = BOUGH_WINDOWS, .windows = w, .batch_stride = batch_stride};
}

// Runs C = A * B, and C' = B' * A'.
static void both_ways(struct operands *o, const struct bough__gemm *g)
{
    struct bough__gemm turned = *g;
    struct operands copy = {
        o->name, host_create(o->b.count), host_create(o->a.count), host_create(o->c.count), {0}};
    memcpy(copy.a.data, o->b.data, sizeof(float) * (size_t)(o->b.count + 2 * GUARD));
    memcpy(copy.b.data, o->a.data, sizeof(float) * (size_t)(o->a.count + 2 * GUARD));
    memcpy(copy.c.data, o->c.data, sizeof(float) * (size_t)(o->c.count + 2 * GUARD));
    memcpy(copy.c.want, o->c.want, sizeof(double) * (size_t)(o->c.count + 2 * GUARD));
    memcpy(copy.c.scale, o->c.scale, sizeof(double) * (size_t)(o->c.count + 2 * GUARD));
    if (o->bias.data) {
        copy.bias = host_create(o->bias.count);
        memcpy(copy.bias.data, o->bias.data, sizeof(float) * (size_t)(o->bias.count + 2 * GUARD));
    }
    turned.m = g->n;
    turned.n = g->m;
    turned.a = transposed(g->b);
    turned.b = transposed(g->a);
    turned.c = transposed(g->c);
    turned.bias_axis = BOUGH_BIAS_PER_COL;
    gemm_expect(o, g);
    gemm_expect(&copy, &turned);
    operands_destroy(&copy);
}

// ---- The three GEMMs ----

static void term_of_y(struct operands *o, int64_t x, int64_t w, int64_t y)
{
    host_want(&o->c, y, (double)o->a.data[GUARD + w] * (double)o->b.data[GUARD + x]);
}

static void forward(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof convolutions / sizeof *convolutions; i++) {
        const struct convolution *v = &convolutions[i];
        struct sizes s = sizes_of(v);
        char name[64];
        snprintf(name, sizeof name, "convolution %zu, forward", i);
        struct operands o = {name, host_create(s.w), host_create(s.x), host_create(s.y), {0}};
        host_fill(&o.a);
        host_fill(&o.b);
        o.bias = host_create(v->out);
        host_fill(&o.bias);
        each_product(v, &o, term_of_y);
        for (int64_t y = 0; y < s.y; y++) {
            host_want(&o.c, y, (double)o.bias.data[GUARD + y / s.pixels % v->out]);
            o.c.want[GUARD + y] = fmax(o.c.want[GUARD + y], 0);
        }
        both_ways(&o, &(struct bough__gemm){.m = s.out,
                                            .n = v->images * s.pixels,
                                            .k = s.patch,
                                            .batch = v->groups,
                                            .alpha = 1,
                                            .a = weights(&s),
                                            .b = windows(windows_of_x(v), s.in * s.image),
                                            .c = by_channel(v->out, s.pixels, s.out),
                                            .activation = BOUGH_RELU});
        operands_destroy(&o);
    }
}

static void term_of_dw(struct operands *o, int64_t x, int64_t w, int64_t y)
{
    host_want(&o->c, w, (double)o->a.data[GUARD + y] * (double)o->b.data[GUARD + x]);
}

static int64_t along(const struct bough__axis *axis, int64_t i)
{
    return axis->inner ? i / axis->inner * axis->outer + i % axis->inner * axis->stride
                       : i * axis->stride;
}

// Weights that lie as `to` says, from those that weights() describes.
static struct host laid_out(const struct host *from, const struct sizes *s,
                            const struct bough__matrix *to, int64_t count)
{
    struct host host = host_create(count);
    for (int64_t w = 0; w < s->w; w++) {
        const int64_t group = w / s->patch / s->out, out = w / s->patch % s->out;
        const int64_t at =
            GUARD + group * to->batch_stride + along(&to->row, out) + along(&to->col, w % s->patch);
        host.data[at] = from->data[GUARD + w];
        host.want[at] = from->want[GUARD + w];
        host.scale[at] = from->scale[GUARD + w];
    }
    return host;
}

// How the weights lie: as they should, and by runs of 3 whose ends cut tiles.
enum lie { WHOLE, OUT_CUT, PATCH_CUT, LIES };

static struct bough__matrix weights_that_lie(const struct sizes *s, enum lie lie)
{
    struct bough__matrix x = weights(s);
    if (lie == OUT_CUT) {
        x.row = (struct bough__axis){3, 1, 3 * s->patch};
        x.col.stride = 3;
        x.batch_stride = (s->out + 2) / 3 * 3 * s->patch;
    } else if (lie == PATCH_CUT) {
        x.row.stride = 1;
        x.col = (struct bough__axis){3, s->out, 3 * s->out + 2};
        x.batch_stride = (s->patch + 2) / 3 * (3 * s->out + 2);
    }
    return x;
}

// Of the operands, whose c is as weights() describes.
static void check_weights(const struct convolution *v, const struct operands *whole, enum lie lie)
{
    const struct sizes s = sizes_of(v);
    const struct bough__matrix c = weights_that_lie(&s, lie);
    struct operands o = *whole;
    o.c = laid_out(&whole->c, &s, &c, v->groups * c.batch_stride);
    both_ways(&o, &(struct bough__gemm){.m = s.out,
                                        .n = s.patch,
                                        .k = v->images * s.pixels,
                                        .batch = v->groups,
                                        .alpha = 1,
                                        .beta = 1,
                                        .a = by_channel(v->out, s.pixels, s.out),
                                        .b = transposed(windows(windows_of_x(v), s.in * s.image)),
                                        .c = c});
    host_destroy(&o.c);
}

static void gradient_of_the_weights(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof convolutions / sizeof *convolutions; i++) {
        const struct convolution *v = &convolutions[i];
        const struct sizes s = sizes_of(v);
        char name[64];
        struct operands o = {name, host_create(s.y), host_create(s.x), host_create(s.w), {0}};
        host_fill(&o.a);
        host_fill(&o.b);
        host_fill(&o.c);
        for (int64_t w = 0; w < s.w; w++)
            host_want(&o.c, w, (double)o.c.data[GUARD + w]); // beta = 1
        each_product(v, &o, term_of_dw);
        for (int lie = 0; lie < LIES; lie++) {
            snprintf(name, sizeof name, "convolution %zu, gradient of the weights, lie %d", i, lie);
            check_weights(v, &o, (enum lie)lie);
        }
        operands_destroy(&o);
    }
}

static void term_of_dx(struct operands *o, int64_t x, int64_t w, int64_t y)
{
    host_want(&o->c, x, (double)o->a.data[GUARD + w] * (double)o->b.data[GUARD + y]);
}

static void gradient_of_the_input(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof convolutions / sizeof *convolutions; i++) {
        const struct convolution *v = &convolutions[i];
        struct sizes s = sizes_of(v);
        char name[64];
        snprintf(name, sizeof name, "convolution %zu, gradient of the input", i);
        struct operands o = {name, host_create(s.w), host_create(s.y), host_create(s.x), {0}};
        host_fill(&o.a);
        host_fill(&o.b);
        for (int64_t x = 0; x < s.x; x++)
            host_want(&o.c, x, 0); // every element is written
        each_product(v, &o, term_of_dx);
        both_ways(&o, &(struct bough__gemm){.m = s.in,
                                            .n = v->images * s.image,
                                            .k = s.out * s.taps,
                                            .batch = v->groups,
                                            .alpha = 1,
                                            .a = weights_by_input(&s),
                                            .b = windows(windows_of_dy(v), s.out * s.pixels),
                                            .c = by_channel(v->in, s.image, s.in)});
        operands_destroy(&o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forward),
        cmocka_unit_test(gradient_of_the_weights),
        cmocka_unit_test(gradient_of_the_input),
        cmocka_unit_test(test_forced_gemm_ran),
    };
    return cmocka_run_group_tests(tests, NULL, test_devices_end);
}
