#include "nn/init.h"

#include "base/error.h"
#include "cl/random.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum distribution { UNIFORM, NORMAL, CONSTANT };

static double kaiming_scale(const struct bough_init *init, const struct bough__init_source *source)
{
    (void)init;
    return source->fan_in > 0 ? sqrt(2.0 / (double)source->fan_in) : 0.0;
}

static double xavier_scale(const struct bough_init *init, const struct bough__init_source *source)
{
    (void)init;
    const int64_t fans = source->fan_in + source->fan_out;
    return fans > 0 ? sqrt(2.0 / (double)fans) : 0.0;
}

static double default_scale(const struct bough_init *init, const struct bough__init_source *source)
{
    (void)init;
    return source->fan_in > 0 ? sqrt(1.0 / (3.0 * (double)source->fan_in)) : 0.0;
}

static double normal_scale(const struct bough_init *init, const struct bough__init_source *source)
{
    (void)source;
    return init->std != 0.0f ? (double)init->std : 0.01;
}

static double zero(const struct bough_init *init, const struct bough__init_source *source)
{
    (void)init;
    (void)source;
    return 0.0;
}

static double one(const struct bough_init *init, const struct bough__init_source *source)
{
    (void)init;
    (void)source;
    return 1.0;
}

// `scale` is the standard deviation, or the constant.
static const struct initializer {
    const char *name;
    enum distribution distribution;
    double (*scale)(const struct bough_init *init, const struct bough__init_source *source);
} initializers[] = {
    {"kaiming_uniform", UNIFORM, kaiming_scale},
    {"kaiming_normal", NORMAL, kaiming_scale},
    {"xavier_uniform", UNIFORM, xavier_scale},
    {"xavier_normal", NORMAL, xavier_scale},
    {"normal", NORMAL, normal_scale},
    {"zeros", CONSTANT, zero},
    {"ones", CONSTANT, one},
};
static const struct initializer by_default = {"default", UNIFORM, default_scale};

static const struct initializer *find(const char *name)
{
    if (!name)
        return &by_default;
    for (size_t i = 0; i < sizeof initializers / sizeof *initializers; i++)
        if (strcmp(initializers[i].name, name) == 0)
            return &initializers[i];
    return NULL;
}

const char *bough__init_name(size_t index)
{
    return index < sizeof initializers / sizeof *initializers ? initializers[index].name : NULL;
}

int bough__init_known(const char *name)
{
    return find(name) != NULL;
}

static enum bough_status fail_unknown(const char *name)
{
    char known[256] = "";
    for (size_t i = 0; i < sizeof initializers / sizeof *initializers; i++)
        snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", i ? ", " : "",
                 initializers[i].name);
    return bough__fail(BOUGH_INVALID, "init: no initialiser %s; there are %s", name, known);
}

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

enum bough_status bough__init_fill(float *value, int64_t count, const struct bough_init *init,
                                   const struct bough__init_source *source)
{
    const struct initializer *initializer = find(init->name);
    if (!initializer)
        return fail_unknown(init->name);
    const double scale = initializer->scale(init, source);
    for (int64_t i = 0; i < count; i++) {
        double unit = 1.0;
        if (initializer->distribution != CONSTANT) {
            const struct random4 bits = draw(source, (uint64_t)i);
            unit = initializer->distribution == UNIFORM ? draw_uniform(&bits) : draw_normal(&bits);
        }
        value[i] = (float)(scale * unit);
    }
    return BOUGH_OK;
}
