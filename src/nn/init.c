#include "nn/init.h"

#include "cl/random.h"

#include <math.h>

static double kaiming_scale(const void *options, const struct bough__init_source *source)
{
    (void)options;
    return source->fan_in > 0 ? sqrt(2.0 / (double)source->fan_in) : 0.0;
}

static double xavier_scale(const void *options, const struct bough__init_source *source)
{
    (void)options;
    const int64_t fans = source->fan_in + source->fan_out;
    return fans > 0 ? sqrt(2.0 / (double)fans) : 0.0;
}

static double default_scale(const void *options, const struct bough__init_source *source)
{
    (void)options;
    return source->fan_in > 0 ? sqrt(1.0 / (3.0 * (double)source->fan_in)) : 0.0;
}

struct normal_options {
    float std;
};

static const struct bough__option normal_options[] = {
    {"std", BOUGH__OPTION_NUMBER, offsetof(struct normal_options, std),
     .range = &bough__range_positive, .number = {0.01}, .help = "standard deviation"},
};

static double normal_scale(const void *options, const struct bough__init_source *source)
{
    (void)source;
    return (double)((const struct normal_options *)options)->std;
}

static double uniform_scale(const void *options, const struct bough__init_source *source)
{
    (void)source;
    return (double)((const struct bough__uniform_options *)options)->bound / sqrt(3.0);
}

static double zero(const void *options, const struct bough__init_source *source)
{
    (void)options;
    (void)source;
    return 0.0;
}

static double one(const void *options, const struct bough__init_source *source)
{
    (void)options;
    (void)source;
    return 1.0;
}

const struct bough__init bough__init_kaiming_uniform = {{.name = "kaiming_uniform",
                                                         .help = "up to sqrt(6 / inputs)",
                                                         .paper = "He, Zhang, Ren, Sun, 2015"},
                                                        .distribution = BOUGH_UNIFORM,
                                                        .scale = kaiming_scale};
const struct bough__init bough__init_kaiming_normal = {{.name = "kaiming_normal",
                                                        .help = "of deviation sqrt(2 / inputs)",
                                                        .paper = "He, Zhang, Ren, Sun, 2015"},
                                                       .distribution = BOUGH_NORMAL,
                                                       .scale = kaiming_scale};
const struct bough__init bough__init_xavier_uniform = {
    {.name = "xavier_uniform",
     .help = "up to sqrt(6 / (inputs + outputs))",
     .paper = "Glorot, Bengio, 2010"},
    .distribution = BOUGH_UNIFORM,
    .scale = xavier_scale};
const struct bough__init bough__init_xavier_normal = {
    {.name = "xavier_normal",
     .help = "of deviation sqrt(2 / (inputs + outputs))",
     .paper = "Glorot, Bengio, 2010"},
    .distribution = BOUGH_NORMAL,
    .scale = xavier_scale};
const struct bough__init bough__init_normal = {
    {.name = "normal",
     .help = "of the deviation given",
     .options = BOUGH_OPTIONS(normal_options, struct normal_options)},
    .distribution = BOUGH_NORMAL,
    .scale = normal_scale};
const struct bough__init bough__init_zeros = {
    {.name = "zeros", .help = "all 0"}, .distribution = BOUGH_CONSTANT, .scale = zero};
const struct bough__init bough__init_ones = {
    {.name = "ones", .help = "all 1"}, .distribution = BOUGH_CONSTANT, .scale = one};
const struct bough__init bough__init_uniform = {{.name = "uniform", .help = "up to the bound"},
                                                .distribution = BOUGH_UNIFORM,
                                                .scale = uniform_scale};
static const struct bough__init by_default = {{.name = "default", .help = "as in PyTorch"},
                                              .distribution = BOUGH_UNIFORM,
                                              .scale = default_scale};

#define BOUGH_INIT(name) &bough__init_##name.row,
static const struct bough__row *const all[] = {
#include "nn/init_list.h"
};
#undef BOUGH_INIT
const struct bough__family bough__inits = {"initialiser", all, sizeof all / sizeof *all};

// Draws of step 0, which training never reaches, so dropout never sees the same ones.
static struct random4 draw(const struct bough__init_source *source, uint64_t index)
{
    return random_bits((uint32_t)source->seed, (uint32_t)(source->seed >> 32), (uint32_t)index,
                       (uint32_t)(index >> 32), source->tensor, 0);
}

// Of mean 0 and deviation 1.
static double draw_uniform(const struct random4 *bits)
{
    return sqrt(3.0) * (2.0 * (double)random_unit(bits->v[0]) - 1.0);
}

// Box, Muller, "A note on the generation of random normal deviates", 1958.
static double draw_normal(const struct random4 *bits)
{
    const double radius = 1.0 - (double)random_unit(bits->v[0]); // (0, 1]
    const double angle = 6.283185307179586 * (double)random_unit(bits->v[1]);
    return sqrt(-2.0 * log(radius)) * cos(angle);
}

void bough__init_fill(float *value, int64_t count, const struct bough__choice *choice,
                      const struct bough__init_source *source)
{
    const struct bough__init *init =
        choice->row ? (const struct bough__init *)(const void *)choice->row : &by_default;
    const double scale = init->scale(choice->options, source);
    for (int64_t i = 0; i < count; i++) {
        double unit = 1.0;
        if (init->distribution != BOUGH_CONSTANT) {
            const struct random4 bits = draw(source, (uint64_t)i);
            unit = init->distribution == BOUGH_UNIFORM ? draw_uniform(&bits) : draw_normal(&bits);
        }
        value[i] = (float)(scale * unit);
    }
}
