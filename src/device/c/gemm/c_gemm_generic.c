// GEMM element by element, summed in double: slow, short, and right for every view.
#include "base/error.h"
#include "device/c/gemm/c_gemm.h"

#include <stdlib.h>

struct generic_launch {
    struct bough__c_launch base;
    struct bough__gemm gemm;
    const float *a, *b, *bias;
    float *c;
};

// Where kernel element `k` of output `o` falls in the image; -1 if on no element.
static int64_t window_at(int64_t o, int64_t k, int64_t stride, int64_t dilation, int64_t padding,
                         int64_t input_dilation, int64_t size)
{
    int64_t i = o * stride + k * dilation - padding;
    if (i < 0 || i % input_dilation)
        return -1;
    i /= input_dilation;
    return i < size ? i : -1;
}

static float window(const struct bough__windows *w, const float *data, int64_t row, int64_t col)
{
    int64_t kw = row % w->kernel_w, kh = row / w->kernel_w % w->kernel_h;
    int64_t c = row / w->kernel_w / w->kernel_h;
    int64_t ow = col % w->out_w, oh = col / w->out_w % w->out_h, n = col / w->out_w / w->out_h;
    if (w->flip) {
        kw = w->kernel_w - 1 - kw;
        kh = w->kernel_h - 1 - kh;
    }
    int64_t ih =
        window_at(oh, kh, w->stride_h, w->dilation_h, w->padding_h, w->input_dilation_h, w->height);
    int64_t iw =
        window_at(ow, kw, w->stride_w, w->dilation_w, w->padding_w, w->input_dilation_w, w->width);
    if (ih < 0 || iw < 0)
        return 0;
    return data[n * w->image_stride + (c * w->height + ih) * w->width + iw];
}

static float element(const struct bough__matrix *x, const float *data, int64_t row, int64_t col)
{
    if (x->kind == BOUGH_WINDOWS)
        return window(&x->windows, data, row, col);
    if (x->kind == BOUGH_WINDOWS_TRANSPOSED)
        return window(&x->windows, data, col, row);
    return data[bough__c_axis(&x->row, row) + bough__c_axis(&x->col, col)];
}

static void row_of_c(const void *launch, int64_t item, int thread)
{
    (void)thread;
    const struct generic_launch *l = launch;
    const struct bough__gemm *g = &l->gemm;
    int64_t batch = item / g->m, r = item % g->m;
    const float *a = l->a + batch * g->a.batch_stride, *b = l->b + batch * g->b.batch_stride;
    float *row = l->c + batch * g->c.batch_stride + bough__c_axis(&g->c.row, r);
    for (int64_t col = 0; col < g->n; col++) {
        double sum = 0;
        for (int64_t i = 0; i < g->k; i++)
            sum += (double)element(&g->a, a, r, i) * (double)element(&g->b, b, i, col);
        float *c = row + bough__c_axis(&g->c.col, col);
        float value = (float)((double)g->alpha * sum);
        if (g->beta != 0)
            value += *c;
        if (l->bias)
            value += g->bias_axis == BOUGH_BIAS_PER_ROW ? l->bias[batch * g->m + r]
                                                        : l->bias[batch * g->n + col];
        *c = value;
        bough__c_activate(c, 1, (struct activation){(int)g->activation, g->slope});
    }
}

static void run(const struct bough__c_launch *launch)
{
    const struct generic_launch *l = (const struct generic_launch *)launch;
    int64_t rows = l->gemm.batch * l->gemm.m;
    if (rows * l->gemm.n * (l->gemm.k + 1) > 4096)
        bough__c_pool_run(bough__c_pool_of(launch), row_of_c, l, rows);
    else
        for (int64_t i = 0; i < rows; i++)
            row_of_c(l, i, 0);
}

static void destroy(struct bough__c_launch *launch)
{
    free(launch);
}

static int applicable(const struct bough__c_gemm *self, const struct bough__gemm *gemm)
{
    (void)self;
    (void)gemm;
    return 1;
}

static enum bough_status prepare(const struct bough__c_gemm *self, struct bough__launch **launch,
                                 struct bough_device *device, const struct bough__gemm *gemm)
{
    (void)self;
    struct generic_launch *l = calloc(1, sizeof *l);
    if (!l)
        return bough__no_memory();
    l->base = (struct bough__c_launch){{.device = device}, run, destroy};
    l->gemm = *gemm;
    l->a = bough__c_pointer(gemm->a.data);
    l->b = bough__c_pointer(gemm->b.data);
    l->c = bough__c_pointer(gemm->c.data);
    l->bias = bough__c_pointer(gemm->bias);
    *launch = &l->base.base;
    return BOUGH_OK;
}

const struct bough__c_gemm bough__c_gemm_generic = {"generic", NULL, applicable, prepare};
