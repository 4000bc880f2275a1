#include "train/groups.h"

#include "base/error.h"

#include <string.h>

// ---- Which ----

// Of "trunk.0.weight", "trunk.0": so many characters.
static size_t layer_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot ? (size_t)(dot - name) : strlen(name);
}

static int same_layer(const char *a, const char *b)
{
    return layer_of(a) == layer_of(b) && strncmp(a, b, layer_of(a)) == 0;
}

static int parts(const char *by, const char *last, const char *name)
{
    return strcmp(by, "tensor") == 0 || (strcmp(by, "layer") == 0 && !same_layer(last, name));
}

static void take(struct bough__group *group, const struct bough__param *param, size_t tasks)
{
    group->columns += bough_shape_elements(&param->shape);
    for (size_t t = 0; t < tasks; t++)
        group->reached[t] |= !param->reached || param->reached[t];
}

enum bough_status bough__groups_find(struct bough__groups *groups, struct bough__arena *arena,
                                     const struct bough__params *params, const char *by,
                                     size_t tasks)
{
    const size_t most = (size_t)params->count + 1;
    const char *last = NULL;
    unsigned char *reached = BOUGH_NEW(arena, unsigned char, most *tasks);
    *groups = (struct bough__groups){.group = BOUGH_NEW(arena, struct bough__group, most)};
    if (!groups->group || !reached)
        return bough__no_memory();
    groups->group[0].reached = reached; // there is one, be it empty
    groups->count = 1;
    for (int32_t i = 0; i < params->count; i++) {
        const struct bough__param *param = &params->param[i];
        if (param->block != 0)
            continue;
        if (last && parts(by, last, param->name))
            groups->group[groups->count++] =
                (struct bough__group){.first = param->offset, .reached = reached += tasks};
        take(&groups->group[groups->count - 1], param, tasks);
        last = param->name;
    }
    return BOUGH_OK;
}

// ---- Together ----

void bough__groups_mean(float *mean, const struct bough__groups *groups, const float *weights,
                        size_t tasks)
{
    for (size_t t = 0; t < tasks; t++) {
        double sum = 0, columns = 0;
        for (size_t g = 0; g < groups->count; g++) {
            sum += (double)groups->group[g].columns * (double)weights[g * tasks + t];
            columns += (double)groups->group[g].columns;
        }
        mean[t] = (float)(sum / columns);
    }
}

void bough__groups_gram(float *sum, const struct bough__groups *groups, const float *gram,
                        size_t tasks)
{
    for (size_t i = 0; i < tasks * tasks; i++) {
        double all = 0;
        for (size_t g = 0; g < groups->count; g++)
            all += (double)gram[g * tasks * tasks + i];
        sum[i] = (float)all;
    }
}

void bough__groups_parts(double *parts, const struct bough__groups *groups, const float *gram,
                         const float *weights, size_t tasks)
{
    memset(parts, 0, tasks * sizeof *parts);
    for (size_t g = 0; g < groups->count; g++, gram += tasks * tasks, weights += tasks)
        for (size_t t = 0; t < tasks; t++) {
            double along = 0;
            for (size_t u = 0; u < tasks; u++)
                along += (double)gram[t * tasks + u] * (double)weights[u];
            parts[t] += (double)weights[t] * along;
        }
}
