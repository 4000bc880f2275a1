// Variances are taken over the deviations from the mean, whose own rounding is taken out again.
#include "bough.h"

#include "activation.h"
#include "norm_params.h"
#include "walk.h"

// ---- batch_norm: one row per channel; saved [2, C] is its mean and 1 / standard deviation ----

// Outside of every block whose sums may be taken in any order.
static inline float deviation(float x, float mean)
{
    return x - mean;
}

static inline float normal(float x, float mean, float inverse)
{
    return (x - mean) * inverse;
}

static inline float shifted(float x, float gain, float shift)
{
    return x * gain + shift;
}

ROW_KERNEL void batch_norm_fwd(ARG(x), ARG(gamma), ARG(beta), ARG(running_mean), ARG(running_var),
                               ARG(saved), ARG(y), const ulong count,
                               const struct batch_norm_params p)
{
    VIEW(const float, x);
    VIEW(const float, gamma);
    VIEW(const float, beta);
    VIEW(float, running_mean);
    VIEW(float, running_var);
    VIEW(float, saved);
    VIEW(float, y);
    local float scratch[BOUGH_GROUP];
    const size_t c = get_group_id(0);
    const struct walk walk = walk_of(p.plane);
    const int batch = p.training ? p.batch : 0; // no barrier inside a condition
    const float elements = (float)p.batch * (float)p.plane;
    float sum = 0.0f, rest = 0.0f, squares = 0.0f, mean, var;
    EACH_PLACE (i, c, batch, p.channels, p.plane) {
        ANY_ORDER
        sum += x[i];
    }
    const float about = GROUP_SUM(sum, scratch) / elements;
    EACH_PLACE (i, c, batch, p.channels, p.plane) {
        ANY_ORDER
        const float d = deviation(x[i], about);
        rest += d;
        squares += d * d;
    }
    rest = GROUP_SUM(rest, scratch) / elements;
    squares = GROUP_SUM(squares, scratch) / elements;
    if (p.training) {
        mean = about + rest;
        var = squares - rest * rest;
        var = var < 0.0f ? 0.0f : var;
    } else {
        mean = running_mean[c];
        var = running_var[c];
    }
    if (p.training && get_local_id(0) == 0) {
        const float unbiased = elements > 1.0f ? var * (elements / (elements - 1.0f)) : var;
        running_mean[c] = p.momentum * mean + (1.0f - p.momentum) * running_mean[c];
        running_var[c] = p.momentum * unbiased + (1.0f - p.momentum) * running_var[c];
    }
    const float inverse = 1.0f / sqrt(var + p.eps);
    if (get_local_id(0) == 0) {
        saved[c] = mean;
        saved[p.channels + c] = inverse;
    }
    const float factor = inverse * gamma[c], term = beta[c];
    const float below = activation_slope(p.activation).below;
    EACH_PLACE (i, c, p.batch, p.channels, p.plane)
        y[i] = kinked(below, (x[i] - mean) * factor + term);
}

ROW_KERNEL void batch_norm_bwd(ARG(x), ARG(gamma), ARG(beta), ARG(saved), ARG(dy), ARG(dx),
                               ARG(dgamma), ARG(dbeta), const ulong count,
                               const struct batch_norm_params p)
{
    VIEW(const float, x);
    VIEW(const float, gamma);
    VIEW(const float, beta);
    VIEW(const float, saved);
    VIEW(const float, dy);
    VIEW(float, dx);
    VIEW(float, dgamma);
    VIEW(float, dbeta);
    local float scratch[BOUGH_GROUP];
    const size_t c = get_group_id(0);
    const struct walk walk = walk_of(p.plane);
    const float mean = saved[c], inverse = saved[p.channels + c];
    const float factor = inverse * gamma[c], term = beta[c];
    const float below = activation_slope(p.activation).below;
    float sum = 0.0f, dot = 0.0f;
    EACH_PLACE (i, c, p.batch, p.channels, p.plane) {
        ANY_ORDER
        const float centred = deviation(x[i], mean);
        const float dz = kinked_back(below, shifted(centred, factor, term), dy[i]);
        sum += dz;
        dot += dz * (centred * inverse);
    }
    sum = GROUP_SUM(sum, scratch);
    dot = GROUP_SUM(dot, scratch);
    if (get_local_id(0) == 0 && HAS(dgamma))
        dgamma[c] = p.add_dgamma ? dgamma[c] + dot : dot;
    if (get_local_id(0) == 0 && HAS(dbeta))
        dbeta[c] = p.add_dbeta ? dbeta[c] + sum : sum;
    if (HAS(dx)) {
        // Running statistics are constants; those of the batch depend on x.
        const float share = p.training ? 1.0f / ((float)p.batch * (float)p.plane) : 0.0f;
        EACH_PLACE (i, c, p.batch, p.channels, p.plane) {
            const float centred = (x[i] - mean) * inverse;
            const float dz =
                kinked_back(below, shifted(deviation(x[i], mean), factor, term), dy[i]);
            const float value = factor * (dz - sum * share - centred * (dot * share));
            dx[i] = p.add_dx ? dx[i] + value : value;
        }
    }
}

// ---- layer_norm: one row per sample; saved [2, N] is its mean and 1 / standard deviation ----

#define EACH_COLUMN(i)                                                                             \
    APART                                                                                          \
    for (int i = get_local_id(0); i < p.width; i += BOUGH_GROUP)

ROW_KERNEL void layer_norm_fwd(ARG(x), ARG(gamma), ARG(beta), ARG(saved), ARG(y), const ulong count,
                               const struct layer_norm_params p)
{
    VIEW(const float, x);
    VIEW(const float, gamma);
    VIEW(const float, beta);
    VIEW(float, saved);
    VIEW(float, y);
    local float scratch[BOUGH_GROUP];
    const size_t row = get_group_id(0);
    x += row * p.width;
    y += row * p.width;
    float sum = 0.0f, rest = 0.0f, squares = 0.0f;
    EACH_COLUMN (i) {
        ANY_ORDER
        sum += x[i];
    }
    const float about = GROUP_SUM(sum, scratch) / (float)p.width;
    EACH_COLUMN (i) {
        ANY_ORDER
        const float d = deviation(x[i], about);
        rest += d;
        squares += d * d;
    }
    rest = GROUP_SUM(rest, scratch) / (float)p.width;
    const float mean = about + rest;
    const float var = GROUP_SUM(squares, scratch) / (float)p.width - rest * rest;
    const float inverse = 1.0f / sqrt((var < 0.0f ? 0.0f : var) + p.eps);
    if (get_local_id(0) == 0) {
        saved[row] = mean;
        saved[p.batch + row] = inverse;
    }
    const float below = activation_slope(p.activation).below;
    EACH_COLUMN (i)
        y[i] = kinked(below, (x[i] - mean) * inverse * gamma[i] + beta[i]);
}

ROW_KERNEL void layer_norm_bwd(ARG(x), ARG(gamma), ARG(beta), ARG(saved), ARG(dy), ARG(dx),
                               const ulong count, const struct layer_norm_params p)
{
    VIEW(const float, x);
    VIEW(const float, gamma);
    VIEW(const float, beta);
    VIEW(const float, saved);
    VIEW(const float, dy);
    VIEW(float, dx);
    local float scratch[BOUGH_GROUP];
    const size_t row = get_group_id(0);
    const float mean = saved[row], inverse = saved[p.batch + row];
    x += row * p.width;
    dy += row * p.width;
    dx += row * p.width;
    const float below = activation_slope(p.activation).below;
    float sum = 0.0f, dot = 0.0f;
    EACH_COLUMN (i) {
        ANY_ORDER
        const float at = normal(x[i], mean, inverse);
        const float g = kinked_back(below, shifted(at, gamma[i], beta[i]), dy[i]) * gamma[i];
        sum += g;
        dot += g * at;
    }
    sum = GROUP_SUM(sum, scratch) / (float)p.width;
    dot = GROUP_SUM(dot, scratch) / (float)p.width;
    EACH_COLUMN (i) {
        const float at = normal(x[i], mean, inverse);
        const float g = kinked_back(below, shifted(at, gamma[i], beta[i]), dy[i]) * gamma[i];
        const float value = inverse * (g - sum - at * dot);
        dx[i] = p.add_dx ? dx[i] + value : value;
    }
}

// Columns that a work-item sums at once.
enum { WIDE = BOUGH_GROUP == 1 ? 64 : 1 };

// One item per column: the sums over the samples.
ITEM_KERNEL void layer_norm_affine_bwd(ARG(x), ARG(gamma), ARG(beta), ARG(saved), ARG(dy),
                                       ARG(dgamma), ARG(dbeta), const ulong count,
                                       const struct layer_norm_params p)
{
    VIEW(const float, x);
    VIEW(const float, gamma);
    VIEW(const float, beta);
    VIEW(const float, saved);
    VIEW(const float, dy);
    VIEW(float, dgamma);
    VIEW(float, dbeta);
    const float below = activation_slope(p.activation).below;
    for (size_t i = items_begin(count), end = items_end(count); i < end; i += WIDE) {
        const int wide = (int)min((size_t)WIDE, end - i);
        float sum[WIDE] = {0.0f}, dot[WIDE] = {0.0f};
        for (int n = 0; n < p.batch; n++) {
            const size_t at = (size_t)n * p.width + i;
            const float mean = saved[n], inverse = saved[p.batch + n];
            APART
            for (int j = 0; j < wide; j++) {
                const float normal_x = normal(x[at + j], mean, inverse);
                const float dz =
                    kinked_back(below, shifted(normal_x, gamma[i + j], beta[i + j]), dy[at + j]);
                sum[j] += dz;
                dot[j] += dz * normal_x;
            }
        }
        for (int j = 0; j < wide && HAS(dgamma); j++)
            dgamma[i + j] = p.add_dgamma ? dgamma[i + j] + dot[j] : dot[j];
        for (int j = 0; j < wide && HAS(dbeta); j++)
            dbeta[i + j] = p.add_dbeta ? dbeta[i + j] + sum[j] : sum[j];
    }
}
