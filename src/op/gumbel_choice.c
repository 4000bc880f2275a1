// One of K by logits: x [..., K] -> y [..., K], 1 at one place of a row and 0 elsewhere. In
// training (attr.training) that of the largest x + Gumbel noise, so that a place is drawn with
// probability softmax(x); else that of the largest x, of equals the first. The gradient is that of
// softmax((x + noise) / temperature), straight through; the temperature is (epochs / 20) /
// sqrt(epoch + 1). In the first hundredth of a training there is none. Reads of attr: training,
// stream. Reads of the step's state: seed, step, epoch, epochs.
#include "base/error.h"
#include "op/op.h"
#include "op/quick_math.h"

#include "cl/gumbel_choice_params.h"

#include <math.h>

// ---- Kernels: one item per row ----

static float noise_of(const struct gumbel_choice_params *p, const struct step_state *step,
                      int64_t index)
{
    return p->training ? gumbel_noise(step->seed[0], step->seed[1], (unsigned int)index, p->stream,
                                      step->step)
                       : 0.0f;
}

BOUGH_TWIN static void gumbel_choice_fwd(void *const *arg, const void *params, int64_t begin,
                                         int64_t end)
{
    const struct gumbel_choice_params p = *(const struct gumbel_choice_params *)params;
    const struct step_state step = *(const struct step_state *)arg[1];
    for (int64_t row = begin; row < end; row++) {
        const float *x = (const float *)arg[0] + row * p.classes;
        float *y = (float *)arg[2] + row * p.classes, most = -INFINITY;
        int chosen = 0;
        for (int c = 0; c < p.classes; c++) {
            const float value = x[c] + noise_of(&p, &step, row * p.classes + c);
            chosen = value > most ? c : chosen;
            most = value > most ? value : most;
        }
        for (int c = 0; c < p.classes; c++)
            y[c] = c == chosen ? 1.0f : 0.0f;
    }
}

BOUGH_TWIN static void gumbel_choice_bwd(void *const *arg, const void *params, int64_t begin,
                                         int64_t end)
{
    const struct gumbel_choice_params p = *(const struct gumbel_choice_params *)params;
    const struct step_state step = *(const struct step_state *)arg[1];
    const float rate = gumbel_rate(p.training, step.epoch, step.epochs);
    for (int64_t row = begin; row < end; row++) {
        const float *x = (const float *)arg[0] + row * p.classes;
        const float *dy = (const float *)arg[2] + row * p.classes;
        float *dx = (float *)arg[3] + row * p.classes, most = -INFINITY, sum = 0, dot = 0;
        for (int c = 0; c < p.classes; c++) {
            dx[c] = rate * (x[c] + noise_of(&p, &step, row * p.classes + c));
            most = dx[c] > most ? dx[c] : most;
        }
        for (int c = 0; c < p.classes; c++) {
            dx[c] = quick_exp(dx[c] - most);
            sum += dx[c];
            dot += dx[c] * dy[c];
        }
        for (int c = 0; c < p.classes; c++)
            dx[c] = rate * dx[c] / sum * (dy[c] - dot / sum);
    }
}

static const struct bough__kernel kernel_fwd = {
    "gumbel_choice_fwd", "gumbel_choice", gumbel_choice_fwd,
    BOUGH_GRID_ITEMS,    .args = 3,       .params_size = sizeof(struct gumbel_choice_params)};
static const struct bough__kernel kernel_bwd = {
    "gumbel_choice_bwd", "gumbel_choice", gumbel_choice_bwd,
    BOUGH_GRID_ITEMS,    .args = 4,       .params_size = sizeof(struct gumbel_choice_params)};

// ---- The op ----

static enum bough_status gumbel_choice_shape(struct bough__op_need *need,
                                             const struct bough__op_call *call)
{
    const struct bough_shape *x = &call->x[0].shape;
    char text[128];
    if (x->rank < 1 || x->dim[x->rank - 1] < 1)
        return bough__fail(BOUGH_INVALID, "input %s, wanted [..., K]",
                           bough_shape_format(x, text, sizeof text));
    need->y = *x;
    return BOUGH_OK;
}

static struct gumbel_choice_params params_of(const struct bough__op_call *call)
{
    const struct bough_shape *x = &call->x[0].shape;
    return (struct gumbel_choice_params){.stream = call->attr->stream,
                                         .classes = (int)x->dim[x->rank - 1],
                                         .training = call->attr->training};
}

static enum bough_status gumbel_choice_forward(struct bough__sequence *out,
                                               const struct bough__op_call *call)
{
    const struct gumbel_choice_params params = params_of(call);
    const int64_t elements = bough_shape_elements(&call->x[0].shape);
    return BOUGH_KERNEL(out, &kernel_fwd, elements / params.classes, elements, &params,
                        call->x[0].span, call->step, call->y.span);
}

static enum bough_status gumbel_choice_backward(struct bough__sequence *out,
                                                const struct bough__op_call *call)
{
    const struct gumbel_choice_params params = params_of(call);
    const int64_t elements = bough_shape_elements(&call->x[0].shape);
    return BOUGH_KERNEL(out, &kernel_bwd, elements / params.classes, elements, &params,
                        call->x[0].span, call->step, call->dy.span, call->dx[0].span);
}

const struct bough__op bough__op_gumbel_choice = {
    .name = "gumbel_choice",
    .inputs_min = 1,
    .inputs_max = 1,
    .flags = BOUGH__OP_BACKWARD_READS_X,
    .shape = gumbel_choice_shape,
    .forward = gumbel_choice_forward,
    .backward = gumbel_choice_backward,
};
