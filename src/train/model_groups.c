// How a model's parameters are trained: at which rate, and from when on.
#include "base/error.h"
#include "train/model.h"

#include <fnmatch.h>

// Returns how many the group fits.
static int32_t take(struct bough__model *model, int32_t g)
{
    const struct bough__param_group *group = &model->config->parameters[g];
    int32_t fitting = 0;
    for (int32_t i = 0; i < model->params.count; i++) {
        struct bough__param *param = &model->params.param[i];
        if (fnmatch(group->pattern, param->name, 0) != 0)
            continue;
        param->group = g;
        fitting++;
    }
    return fitting;
}

enum bough_status bough__model_group(struct bough__model *model)
{
    enum bough_status status = BOUGH_OK;
    const struct bough_config *config = model->config;
    const struct bough__params *params = &model->params;
    for (int32_t i = 0; i < params->count; i++)
        params->param[i].group = -1;
    for (size_t g = 0; g < config->parameters_count; g++) {
        const struct bough__param_group *group = &config->parameters[g];
        if (!take(model, (int32_t)g))
            BOUGH_TRY(bough__fail(BOUGH_INVALID,
                                  "parameters.%s: fits no parameter; they are called %s, ..., %s",
                                  group->pattern, params->count ? params->param[0].name : "",
                                  params->count ? params->param[params->count - 1].name : ""));
    }
    bough__model_freeze(model, 0, 0);
done:
    return status;
}

int bough__model_freeze(struct bough__model *model, int32_t epochs, int shared)
{
    const struct bough__params *params = &model->params;
    int changed = 0;
    for (int32_t i = 0; i < params->count; i++) {
        struct bough__param *param = &params->param[i];
        const struct bough__param_group *group =
            param->group < 0 ? NULL : &model->config->parameters[param->group];
        const int frozen = (shared && param->block == 0) ||
                           (group && group->freeze && (!group->thaw || epochs < group->thaw));
        changed |= frozen != param->frozen;
        param->frozen = frozen;
    }
    return changed;
}
