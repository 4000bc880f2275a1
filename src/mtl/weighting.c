#include "mtl/weighting.h"

#define BOUGH_WEIGHTING(name) &bough__weighting_##name.row,
static const struct bough__row *const all[] = {
#include "mtl/weighting_list.h"
};
#undef BOUGH_WEIGHTING
const struct bough__family bough__weightings = {"weighting", all, sizeof all / sizeof *all};
