#include "mtl/weighting.h"

#define BOUGH_WEIGHTING(name) &bough__weighting_##name.row,
static const struct bough__row *const all[] = {
#include "mtl/weighting_list.h"
};
#undef BOUGH_WEIGHTING
const struct bough__family bough__weightings = {"weighting", all, sizeof all / sizeof *all};

static const struct bough__row *const loss_rows[] = {
#define BOUGH_LOSS_WEIGHTING(name) &bough__weighting_##name.row,
#define BOUGH_WEIGHTING(name)
#include "mtl/weighting_list.h"
#undef BOUGH_WEIGHTING
};
const struct bough__family bough__loss_weightings = {"weighting by losses", loss_rows,
                                                     sizeof loss_rows / sizeof *loss_rows};

static const struct bough__row parameters = {.name = "parameters",
                                             .help = "the gradients of the shared parameters"},
                               representation = {
                                   .name = "representation",
                                   .help = "those of what the heads read, in their place: cheaper, "
                                           "and not the same",
                                   .paper = "Sener, Koltun, Multi-Task Learning as Multi-Objective "
                                            "Optimization, NeurIPS 2018"};
static const struct bough__row *const places[] = {&parameters, &representation};
const struct bough__family bough__gradient_places = {"place of gradients", places,
                                                     sizeof places / sizeof *places};

static const struct bough__row shared = {.name = "shared",
                                         .help = "all shared parameters, as one gradient"},
                               layer = {.name = "layer",
                                        .help = "each shared layer's, by weights of its own"},
                               tensor = {.name = "tensor", .help = "each shared tensor's"};
static const struct bough__row *const groups[] = {&shared, &layer, &tensor};
const struct bough__family bough__gradient_groups = {"group of gradients", groups,
                                                     sizeof groups / sizeof *groups};

int bough__first_leads(const void *options, size_t task)
{
    (void)options;
    return task == 0;
}

void bough__weighing_start(float *weights, const struct bough__weighing *config, size_t tasks)
{
    const struct bough__choice *losses = bough__weighing_losses(config);
    const struct bough__weighting *row = bough__weighting_of(losses);
    for (size_t t = 0; t < tasks; t++)
        weights[t] = 1;
    if (row->needs == BOUGH_NEEDS_NOTHING)
        row->start(weights, losses->options, tasks);
}
