// What the formulas of cl/loss.h come to over rows of classes and stretches of elements, for the
// ops and for the loss step. Inlined, so that each loss gets loops of its own.
#ifndef BOUGH_OP_LOSS_FORMULA_H
#define BOUGH_OP_LOSS_FORMULA_H

#include "op/lanes.h"

#include "cl/loss.h"

// ---- Of classes ----

struct class_loss {
    int kind;                   // enum loss_kind
    const float *class_weight;  // [classes]; NULL = all 1
    int64_t classes, positions; // of a sample; a class's scores are `positions` apart
    float smoothing, number;    // label smoothing; the loss's own number
};

BOUGH_IN_TWIN float weight_of(const struct class_loss *loss, int64_t c)
{
    return loss->class_weight ? loss->class_weight[c] : 1.0f;
}

BOUGH_IN_TWIN float sum_of_class_weights(const struct class_loss *loss)
{
    float sum = 0.0f;
    for (int64_t c = 0; c < loss->classes; c++)
        sum += weight_of(loss, c);
    return sum;
}

BOUGH_IN_TWIN int is_labelled(const struct class_loss *loss, int32_t label)
{
    return label >= 0 && label < loss->classes;
}

// Of a labelled row of scores, whose log-sum-exp is `lse`. The smoothing weighs class c's part by
// class weight c and is divided by the same sum as the rest, as PyTorch has it.
BOUGH_IN_TWIN float row_value(const struct class_loss *loss, const float *x, float lse,
                              int32_t label)
{
    const float smoothing = loss->smoothing;
    float smooth = 0.0f;
    for (int64_t c = 0; c < loss->classes && smoothing > 0.0f; c++)
        smooth += weight_of(loss, c) * (lse - x[c * loss->positions]);
    return (1.0f - smoothing) * weight_of(loss, label) *
               class_value(loss->kind, lse - x[label * loss->positions], loss->number) +
           smoothing / (float)loss->classes * smooth;
}

// Its gradient, times `factor`, where a sample is one position.
//   soft  smoothing / classes * factor
//   all   sum_of_class_weights
BOUGH_IN_TWIN void row_slopes(float *dx, const struct class_loss *loss, const float *x, float lse,
                              int32_t label, float factor, float soft, float all)
{
    const float hard = (1.0f - loss->smoothing) * weight_of(loss, label) *
                       class_slope(loss->kind, lse - x[label], loss->number);
    row_exp(dx, x, lse, factor * hard, loss->classes);
    dx[label] = factor * hard * (quick_exp(x[label] - lse) - 1.0f);
    for (int64_t c = 0; c < loss->classes && loss->smoothing > 0.0f; c++)
        dx[c] += soft * (all * quick_exp(x[c] - lse) - weight_of(loss, c));
}

// ---- By element: a target NaN is none ----

typedef float value_formula(float x, float t, float number);

struct value_sum {
    float sum, weight;
};

BOUGH_IN_TWIN struct value_sum sum_values(const float *x, const float *t, int64_t begin,
                                          int64_t end, float number, value_formula *value)
{
    float sum = 0.0f, weight = 0.0f;
#pragma omp simd reduction(+ : sum, weight)
    for (int64_t i = begin; i < end; i++) {
        const float of_x = value(x[i], t[i], number); // in any case: a branch would be slower
        sum += isnan(t[i]) ? 0.0f : of_x;
        weight += isnan(t[i]) ? 0.0f : 1.0f;
    }
    return (struct value_sum){sum, weight};
}

BOUGH_IN_TWIN void value_slopes(float *dx, const float *x, const float *t, int64_t begin,
                                int64_t end, float factor, float number, value_formula *slope)
{
#pragma omp simd
    for (int64_t i = begin; i < end; i++) {
        const float of_x = factor * slope(x[i], t[i], number); // in any case, as above
        dx[i] = isnan(t[i]) ? 0.0f : of_x;
    }
}

#endif
