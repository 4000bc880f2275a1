#include "device/opencl/gemm/cl_gemm.h"

#include "base/error.h"

#include <stdlib.h>

// ---- Views ----

static struct gemm_axis axis(const struct bough__axis *from)
{
    return (struct gemm_axis){from->inner, from->stride, from->outer};
}

static gemm_long reach(const struct bough__axis *axis, gemm_long count)
{
    gemm_long last = count - 1;
    if (axis->inner == 0 || last < axis->inner)
        return last * axis->stride;
    return last / axis->inner * axis->outer + (axis->inner - 1) * axis->stride;
}

static void set_windows(struct gemm_view *view, const struct bough__windows *w, gemm_long positions)
{
    gemm_long images = positions / ((gemm_long)w->out_h * w->out_w);
    view->image_stride = w->image_stride;
    view->extent = (images - 1) * w->image_stride + (gemm_long)w->channels * w->height * w->width;
    view->height = w->height;
    view->width = w->width;
    view->kernel_h = w->kernel_h;
    view->kernel_w = w->kernel_w;
    view->out_h = w->out_h;
    view->out_w = w->out_w;
    view->stride_h = w->stride_h;
    view->stride_w = w->stride_w;
    view->padding_h = w->padding_h;
    view->padding_w = w->padding_w;
    view->dilation_h = w->dilation_h;
    view->dilation_w = w->dilation_w;
    view->input_dilation_h = w->input_dilation_h;
    view->input_dilation_w = w->input_dilation_w;
    view->flip = w->flip;
    if (w->stride_w == 1 && w->input_dilation_w <= 2)
        view->runs = w->input_dilation_w == 1 ? GEMM_ADJACENT : GEMM_DILATED;
    else if (w->stride_w == 2 && w->input_dilation_w == 1)
        view->runs = GEMM_SECONDS;
}

// Windows of one element that move by one are the image itself.
static int is_plain(const struct bough__windows *w)
{
    return w->kernel_h == 1 && w->kernel_w == 1 && w->stride_h == 1 && w->stride_w == 1 &&
           w->input_dilation_h == 1 && w->input_dilation_w == 1 && w->padding_h == 0 &&
           w->padding_w == 0 && w->out_h == w->height && w->out_w == w->width;
}

// A window as large as its image is the image in a row.
static int is_image(const struct bough__windows *w)
{
    return w->kernel_h == w->height && w->kernel_w == w->width && w->out_h == 1 && w->out_w == 1 &&
           w->input_dilation_h == 1 && w->input_dilation_w == 1 && w->padding_h == 0 &&
           w->padding_w == 0 && w->dilation_h == 1 && w->dilation_w == 1 && !w->flip;
}

// Runs of one are none.
static struct bough__axis simplify_axis(struct bough__axis x)
{
    return x.inner == 1 ? (struct bough__axis){.stride = x.outer} : x;
}

static struct bough__matrix simplify(const struct bough__matrix *x)
{
    struct bough__matrix plain = *x;
    const struct bough__windows *w = &x->windows;
    const int image = is_image(w);
    if (x->kind != BOUGH_PLAIN && (image || is_plain(w))) {
        const int64_t area = (int64_t)w->height * w->width, outputs = (int64_t)w->out_h * w->out_w;
        const struct bough__axis taps = {.stride = image ? 1 : area};
        const struct bough__axis positions = {outputs, 1, w->image_stride};
        plain.kind = BOUGH_PLAIN;
        plain.row = x->kind == BOUGH_WINDOWS ? taps : positions;
        plain.col = x->kind == BOUGH_WINDOWS ? positions : taps;
    }
    plain.row = simplify_axis(plain.row);
    plain.col = simplify_axis(plain.col);
    return plain;
}

// `positions_across` says which of the two kinds of windows has its positions along the output.
static struct gemm_view view(const struct bough__matrix *x, const struct bough__axis *across,
                             gemm_long across_count, const struct bough__axis *depth,
                             gemm_long depth_count, enum bough__matrix_kind positions_across)
{
    struct gemm_view view = {.across = axis(across), .depth = axis(depth)};
    view.batch_stride = x->batch_stride;
    if (x->kind == BOUGH_PLAIN) {
        view.extent = reach(across, across_count) + reach(depth, depth_count) + 1;
        view.deep = depth->stride == 1 && across->stride != 1;
        view.runs = depth->stride == 1 || across->stride == 1 ? GEMM_ADJACENT : GEMM_ANYHOW;
        return view;
    }
    view.kind = x->kind == positions_across ? GEMM_POSITIONS_ACROSS : GEMM_POSITIONS_DEEP;
    view.deep = view.kind == GEMM_POSITIONS_DEEP;
    set_windows(&view, &x->windows, view.deep ? depth_count : across_count);
    return view;
}

static struct gemm_params describe(const struct bough__gemm *g)
{
    struct gemm_params p = {.m = g->m, .n = g->n, .k = g->k, .batch = g->batch};
    if (g->k > 0) {
        p.a = view(&g->a, &g->a.row, g->m, &g->a.col, g->k, BOUGH_WINDOWS_TRANSPOSED);
        p.b = view(&g->b, &g->b.col, g->n, &g->b.row, g->k, BOUGH_WINDOWS);
    }
    p.c_row = axis(&g->c.row);
    p.c_col = axis(&g->c.col);
    p.c_batch = g->c.batch_stride;
    p.split_depth = g->k;
    p.splits = 1;
    p.alpha = g->alpha;
    p.beta = g->beta;
    p.bias_per_row = g->bias.buffer && g->bias_axis == BOUGH_BIAS_PER_ROW;
    p.bias_per_col = g->bias.buffer && g->bias_axis == BOUGH_BIAS_PER_COL;
    p.activation = (int)g->activation;
    p.slope = g->slope;
    return p;
}

void bough__cl_gemm_turn(struct bough__cl_gemm *g)
{
    struct gemm_params *p = &g->params;
    const struct gemm_params from = *p;
    const struct bough__matrix a = g->gemm.a;
    p->m = from.n;
    p->n = from.m;
    p->a = from.b;
    p->b = from.a;
    p->c_row = from.c_col;
    p->c_col = from.c_row;
    p->bias_per_row = from.bias_per_col;
    p->bias_per_col = from.bias_per_row;
    g->gemm.a = g->gemm.b;
    g->gemm.b = a;
}

// ---- Steps ----

gemm_long bough__cl_gemm_reserve(struct bough__cl_gemm *g, gemm_long count)
{
    gemm_long at = g->scratch;
    g->scratch += (count + 63) / 64 * 64;
    return at;
}

enum bough_status bough__cl_gemm_step(struct bough__cl_gemm *g, const char *family,
                                      const char *name, const size_t groups[3], size_t local)
{
    cl_kernel kernel = bough__cl_kernel_create(g->device, family, name);
    if (!kernel)
        return BOUGH_DEVICE;
    struct bough__cl_step step = {.name = name, .kernel = kernel, .dims = 3};
    for (int i = 0; i < 3; i++) {
        step.local[i] = i == 0 ? local : 1;
        step.global[i] = groups[i] * step.local[i];
    }
    g->launch->step[g->launch->steps++] = step;
    return BOUGH_OK;
}

enum bough_status bough__cl_gemm_items(struct bough__cl_gemm *g, const char *name, gemm_long count)
{
    size_t local = g->device->max_group < 64 ? 1 : 64;
    return bough__cl_gemm_step(g, "gemm/gemm", name,
                               (size_t[3]){((size_t)count + local - 1) / local, 1, 1}, local);
}

void bough__cl_gemm_split(struct bough__cl_gemm *g, gemm_long groups, gemm_long wanted,
                          gemm_long least)
{
    struct gemm_params *p = &g->params;
    gemm_long splits = wanted / groups, most = p->k / least;
    if (splits > most)
        splits = most;
    if (splits < 2)
        return;
    p->split_depth = ((p->k + splits - 1) / splits + 15) / 16 * 16;
    p->splits = (int)((p->k + p->split_depth - 1) / p->split_depth);
    if (p->splits > 1)
        p->partial_at = bough__cl_gemm_reserve(g, p->splits * p->batch * p->m * p->n);
}

enum bough_status bough__cl_gemm_reduce(struct bough__cl_gemm *g)
{
    if (g->params.splits == 1)
        return BOUGH_OK;
    return bough__cl_gemm_items(g, "gemm_reduce", g->params.batch * g->params.m * g->params.n);
}

static enum bough_status bind(struct bough__cl_gemm *g, cl_kernel kernel, const char *name)
{
    const struct bough__gemm *gemm = &g->gemm;
    const struct bough__span none = {0}; // last the scratch, bound when it is there
    const struct bough__span spans[] = {gemm->k ? gemm->a.data : none,
                                        gemm->k ? gemm->b.data : none, gemm->c.data, gemm->bias,
                                        none};
    cl_int error = CL_SUCCESS;
    cl_uint index = 0;
    for (size_t i = 0; i < sizeof spans / sizeof *spans && error == CL_SUCCESS; i++) {
        error = bough__cl_set_place(kernel, &index, g->device, bough__cl_memory(spans[i]),
                                    spans[i].offset);
    }
    if (error == CL_SUCCESS)
        error = clSetKernelArg(kernel, index++, sizeof g->params, &g->params);
    if (error != CL_SUCCESS)
        return bough__cl_fail(g->device, error, "clSetKernelArg %u of %s", index - 1, name);
    return BOUGH_OK;
}

// ---- One implementation ----

static enum bough_status fill(struct bough__cl_gemm *g,
                              const struct bough__cl_gemm_implementation *implementation)
{
    enum bough_status status;
    BOUGH_TRY(implementation->prepare(g));
    for (size_t i = 0; i < g->launch->steps; i++)
        if (g->launch->step[i].kernel)
            BOUGH_TRY(bind(g, g->launch->step[i].kernel, g->launch->step[i].name));
    if (g->scratch) {
        g->launch->wants_scratch = 1;
        BOUGH_TRY(bough__cl_scratch_reserve(g->device, (size_t)g->scratch * sizeof(float)));
        BOUGH_TRY(bough__cl_launch_begin(g->device, g->launch));
    }
done:
    return status;
}

struct bough__cl_gemm bough__cl_gemm_describe(struct bough__cl_device *device,
                                              const struct bough__gemm *gemm)
{
    struct bough__cl_gemm g = {.device = device, .gemm = *gemm};
    g.gemm.a = simplify(&gemm->a);
    g.gemm.b = simplify(&gemm->b);
    g.gemm.c = simplify(&gemm->c);
    g.params = describe(&g.gemm);
    return g;
}

enum bough_status bough__cl_gemm_try(struct bough__cl_launch **launch, struct bough__cl_gemm *g,
                                     const struct bough__cl_gemm_implementation *implementation)
{
    *launch = NULL;
    g->launch = calloc(1, sizeof *g->launch);
    if (!g->launch)
        return bough__no_memory();
    g->launch->base.device = &g->device->base;
    g->launch->basic = g->device->basic;
    enum bough_status status = fill(g, implementation);
    if (status != BOUGH_OK) {
        if (bough__cl_is_news(g->device, implementation))
            bough__log(BOUGH_LOG_WARNING, "device %s: GEMM %s is not used: %s",
                       g->device->base.info.id, implementation->name, bough_last_error());
        bough__cl_launch_destroy(&g->launch->base);
        return status;
    }
    g->launch->base.implementation = implementation->name;
    *launch = g->launch;
    return BOUGH_OK;
}
