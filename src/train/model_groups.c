// How a model's parameters are trained: at which rate, and from when on.
#include "base/error.h"
#include "train/model.h"

#include <fnmatch.h>

static enum bough_status take(struct bough__model *model, int32_t g)
{
    const char *pattern = model->config->parameters[g].pattern;
    struct bough__param *param = model->params.param;
    const int32_t count = bough__model_named(model);
    int32_t fitting = 0, trained = 0;
    for (int32_t i = 0; i < count; i++) {
        if (fnmatch(pattern, param[i].name, 0) != 0)
            continue;
        param[i].group = g;
        fitting++;
        trained += !param[i].statistics;
    }
    if (fitting && !trained)
        return bough__fail(
            BOUGH_INVALID,
            "parameters.%s: fits only what batch_norm remembers, which stays where its bias is "
            "frozen; wanted a pattern that fits that too",
            pattern);
    return fitting ? BOUGH_OK
                   : bough__fail(BOUGH_INVALID,
                                 "parameters.%s: fits no parameter; they are called %s, ..., %s",
                                 pattern, count ? param[0].name : "",
                                 count ? param[count - 1].name : "");
}

enum bough_status bough__model_group(struct bough__model *model)
{
    enum bough_status status = BOUGH_OK;
    const struct bough_config *config = model->config;
    const struct bough__params *params = &model->params;
    for (int32_t i = 0; i < params->count; i++)
        params->param[i].group = -1;
    for (size_t g = 0; g < config->parameters_count; g++)
        BOUGH_TRY(take(model, (int32_t)g));
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
