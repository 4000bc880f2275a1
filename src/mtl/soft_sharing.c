// Soft sharing: scores[t] = head_t(trunk_t(x)), and the trunks drawn together: what is minimised
// beside the losses is alpha times the sum over pairs of tasks of the distance between their
// trunks' parameters, the sum of (a - b)^2, or of |a - b|. As weight decay it goes into the update
// as it is, whatever weighs the tasks.
#include "base/error.h"
#include "cl/soft_sharing_params.h"
#include "mtl/architecture.h"

#include <stdio.h>
#include <string.h>

struct soft_sharing_options {
    float alpha;
    const char *norm;
};

static const struct bough__row norm_squared = {.name = "squared", .help = "the sum of (a - b)^2"};
static const struct bough__row norm_l1 = {.name = "l1", .help = "the sum of |a - b|"};
static const struct bough__row *const norm_rows[] = {&norm_squared, &norm_l1};
static const struct bough__family norms = {"norm", norm_rows, 2};

static const struct bough__option soft_sharing_options[] = {
    {"alpha", BOUGH__OPTION_NUMBER, offsetof(struct soft_sharing_options, alpha),
     .range = &bough__range_not_negative, .number = {1e-3},
     .help = "factor of the distance between the tasks' trunks; 0: nothing is shared"},
    {"norm", BOUGH__OPTION_TEXT, offsetof(struct soft_sharing_options, norm), .family = &norms,
     .text = "squared", .help = "how the distance of two parameters counts"},
};

// ---- The distance ----

// Pairwise: the sum of small differences is exact where the trunks are the same.
BOUGH_TWIN static void soft_sharing(void *const *arg, const void *params, int64_t begin,
                                    int64_t end)
{
    const struct soft_sharing_params *p = params;
    const int64_t *trunk = arg[2];
    const float factor = p->norm == BOUGH_NORM_L1 ? p->alpha : 2.0f * p->alpha;
    for (int t = 0; t < p->tasks; t++) {
        const float *own = (const float *)arg[0] + trunk[t];
        float *gradient = (float *)arg[1] + trunk[t];
        for (int j = 0; j < p->tasks; j++) {
            const float *other = (const float *)arg[0] + trunk[j];
            if (p->norm == BOUGH_NORM_L1) {
#pragma omp simd
                for (int64_t i = begin; i < end; i++)
                    gradient[i] += factor * (float)((own[i] > other[i]) - (own[i] < other[i]));
            } else {
#pragma omp simd
                for (int64_t i = begin; i < end; i++)
                    gradient[i] += factor * (own[i] - other[i]);
            }
        }
    }
}

static const struct bough__kernel kernel_soft_sharing = {
    "soft_sharing",   "soft_sharing", soft_sharing,
    BOUGH_GRID_ITEMS, .args = 3,      .params_size = sizeof(struct soft_sharing_params)};

static const char *prefix_of(char *text, size_t size, const struct bough__task *task)
{
    snprintf(text, size, "trunks.%s", task->name);
    return text;
}

// Trained numbers of a trunk: they stand before the head's in its task's block, behind those that
// are `ahead`.
static int64_t trunk_elements(const struct bough__params *params, const struct bough__task *task)
{
    char prefix[100];
    const size_t length = strlen(prefix_of(prefix, sizeof prefix, task));
    int64_t elements = 0;
    for (int32_t i = 0; i < params->count; i++) {
        const struct bough__param *param = &params->param[i];
        if (!param->statistics && strncmp(param->name, prefix, length) == 0 &&
            param->name[length] == '.')
            elements += bough_shape_elements(&param->shape);
    }
    return elements;
}

static enum bough_status check_trunks(const struct bough__net *net,
                                      const struct bough__params *params, int64_t elements)
{
    for (size_t t = 1; t < net->tasks_count; t++) {
        const int64_t other = trunk_elements(params, &net->tasks[t]);
        if (other != elements)
            return bough__fail(BOUGH_INVALID,
                               "architecture soft_sharing: the trunks of '%s' and '%s' have %lld "
                               "and %lld numbers; wanted inputs of one shape, or stems that make "
                               "them so",
                               net->tasks[0].name, net->tasks[t].name, (long long)elements,
                               (long long)other);
    }
    return BOUGH_OK;
}

static enum bough_status regularize(struct bough__sequence *out, const struct bough__net *net,
                                    const struct bough__params *params)
{
    enum bough_status status;
    const struct soft_sharing_options *o = net->options;
    const int tasks = (int)net->tasks_count, l1 = strcmp(o->norm, norm_l1.name) == 0;
    const int64_t elements = trunk_elements(params, &net->tasks[0]);
    if (o->alpha == 0 || tasks < 2 || elements == 0)
        return BOUGH_OK;
    BOUGH_TRY(check_trunks(net, params, elements));
    status = BOUGH_KERNEL(
        out, &kernel_soft_sharing, elements, 2 * elements * tasks * tasks,
        &((struct soft_sharing_params){tasks, l1 ? BOUGH_NORM_L1 : BOUGH_NORM_SQUARED, o->alpha}),
        bough__whole(params->value), bough__whole(params->gradient),
        bough__span_at(bough__whole(params->first), sizeof(int64_t)));
done:
    return status;
}

// ---- The nets ----

static enum bough_status build(struct bough__builder *builder, struct bough__wiring *wiring,
                               int32_t x, const struct bough__net *net)
{
    enum bough_status status = BOUGH_OK;
    for (size_t t = 0; t < net->tasks_count; t++) {
        char prefix[100];
        int32_t trunk = x;
        BOUGH_TRY(bough__layers_build(builder, &trunk, net->trunk, 0, net->trunk_count,
                                      prefix_of(prefix, sizeof prefix, &net->tasks[t])));
        BOUGH_TRY(bough__head_build(builder, wiring, net, t, trunk));
    }
done:
    return status;
}

const struct bough__architecture bough__architecture_soft_sharing = {
    {.name = "soft_sharing",
     .help = "a net for each task, whose trunks are drawn together",
     .paper = "Duong et al., Low Resource Dependency Parsing: Cross-lingual Parameter Sharing in a "
              "Neural Network Parser, ACL 2015",
     .options = BOUGH_OPTIONS(soft_sharing_options, struct soft_sharing_options)},
    .needs_trunk = 1,
    .build = build,
    .regularize = regularize,
};

const struct bough__architecture bough__architecture_apart = {
    {.name = "apart", .help = "a net for each task"},
    .apart = 1,
    .build = build,
};
