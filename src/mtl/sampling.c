#include "mtl/sampling.h"

#include <math.h>

struct temperature_options {
    float temperature;
};

static const struct bough__option temperature_options[] = {
    {"temperature", BOUGH__OPTION_NUMBER, offsetof(struct temperature_options, temperature),
     .range = &bough__range_positive, .number = {2},
     .help = "1 is as proportional, a large one as equal"},
};

static const struct bough__row equal = {.name = "equal", .help = "as many of each"};
static const struct bough__row proportional = {.name = "proportional",
                                               .help = "as the data sets' numbers of rows"};
static const struct bough__row temperature = {
    .name = "temperature",
    .help = "as these to the power of 1 / temperature",
    .options = BOUGH_OPTIONS(temperature_options, struct temperature_options)};
static const struct bough__row *const all[] = {&equal, &proportional, &temperature};
const struct bough__family bough__samplings = {"sampling", all, sizeof all / sizeof *all};

static double power_of(const struct bough__choice *sampling)
{
    if (sampling->row == &temperature)
        return 1 / (double)((const struct temperature_options *)sampling->options)->temperature;
    return sampling->row == &proportional;
}

int64_t bough__sampling_batch(const struct bough__choice *sampling, int64_t batch, int64_t rows,
                              int64_t most)
{
    const double share = pow((double)rows / (double)most, power_of(sampling));
    const int64_t wanted = llround((double)batch * share);
    if (wanted < 1)
        return 1;
    return wanted < rows ? wanted : rows;
}
