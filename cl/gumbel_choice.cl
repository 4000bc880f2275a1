#include "bough.h"

#include "quick_math.h"

#include "gumbel_choice_params.h"

// One item per row.
ITEM_KERNEL void gumbel_choice_fwd(ARG(x), ARG(step), ARG(y), const ulong count,
                                   const struct gumbel_choice_params p)
{
    VIEW(const float, x);
    VIEW(const struct step_state, step);
    VIEW(float, y);
    const uint seed0 = step->seed[0], seed1 = step->seed[1], now = step->step, stream = p.stream;
    const int training = p.training;
    for (size_t row = items_begin(count), end = items_end(count); row < end; row++) {
        const size_t first = row * p.classes;
        float most = -INFINITY;
        int chosen = 0;
        for (int c = 0; c < p.classes; c++) {
            const float value =
                x[first + c] +
                (training ? gumbel_noise(seed0, seed1, (uint)first + c, stream, now) : 0.0f);
            chosen = value > most ? c : chosen;
            most = value > most ? value : most;
        }
        for (int c = 0; c < p.classes; c++)
            y[first + c] = c == chosen ? 1.0f : 0.0f;
    }
}

ITEM_KERNEL void gumbel_choice_bwd(ARG(x), ARG(step), ARG(dy), ARG(dx), const ulong count,
                                   const struct gumbel_choice_params p)
{
    VIEW(const float, x);
    VIEW(const struct step_state, step);
    VIEW(const float, dy);
    VIEW(float, dx);
    const uint seed0 = step->seed[0], seed1 = step->seed[1], now = step->step, stream = p.stream;
    const int training = p.training;
    const float rate = gumbel_rate(training, step->epoch, step->epochs);
    for (size_t row = items_begin(count), end = items_end(count); row < end; row++) {
        const size_t first = row * p.classes;
        float most = -INFINITY, sum = 0.0f, dot = 0.0f;
        for (int c = 0; c < p.classes; c++) {
            const float value =
                rate *
                (x[first + c] +
                 (training ? gumbel_noise(seed0, seed1, (uint)first + c, stream, now) : 0.0f));
            dx[first + c] = value;
            most = value > most ? value : most;
        }
        for (int c = 0; c < p.classes; c++) {
            const float part = quick_exp(dx[first + c] - most);
            dx[first + c] = part;
            sum += part;
            dot += part * dy[first + c];
        }
        for (int c = 0; c < p.classes; c++)
            dx[first + c] = rate * dx[first + c] / sum * (dy[first + c] - dot / sum);
    }
}
