// Metrics of rows as a whole: what stands at all their positions.
#include "base/error.h"
#include "nn/metric.h"
#include "nn/tags.h"

#include <math.h>
#include <stdlib.h>

// ---- Rows that are right ----

enum bough__exactness bough__exactness(const struct bough__outcome *outcome, int64_t row)
{
    const int classes = outcome->kind == BOUGH_TARGET_CLASS;
    const int64_t width = classes ? 1 : outcome->width, count = outcome->positions * width;
    int any = 0, right = 1;
    for (int64_t i = row * count; i < (row + 1) * count; i++) {
        const int labelled = classes ? outcome->label[i] >= 0 : !isnan(outcome->number[i]);
        any |= labelled;
        if (labelled && classes)
            right &= outcome->label[i] == bough__outcome_class(outcome, i);
        else if (labelled)
            right &= (outcome->number[i] > 0.5f) == (outcome->score[i] > 0);
    }
    return !any ? BOUGH_UNLABELLED : right ? BOUGH_EXACT : BOUGH_INEXACT;
}

static enum bough_status exact_match(double *value, const struct bough__outcome *outcome, int k)
{
    (void)k;
    int64_t count[BOUGH_EXACT + 1] = {0};
    for (int64_t n = 0; n < outcome->rows / outcome->positions; n++)
        count[bough__exactness(outcome, n)]++;
    const int64_t all = count[BOUGH_EXACT] + count[BOUGH_INEXACT];
    *value = all ? (double)count[BOUGH_EXACT] / (double)all : NAN;
    return BOUGH_OK;
}

const struct bough__metric bough__metric_exact_match = {
    {.name = "exact_match", .help = "share of rows that are right at every labelled position"},
    .kinds = 1 << BOUGH_TARGET_CLASS | 1 << BOUGH_TARGET_BINARY,
    .measure = exact_match};

// ---- Spans ----

static enum bough_status count_spans(struct bough__spans *spans, int *labelled,
                                     const struct bough__outcome *outcome)
{
    enum bough_status status = BOUGH_OK;
    struct bough__tag *tag = malloc((size_t)outcome->width * sizeof *tag + 1);
    int32_t *predicted = malloc((size_t)outcome->positions * sizeof *predicted + 1);
    BOUGH_TRY_MEMORY(tag);
    BOUGH_TRY_MEMORY(predicted);
    bough__tags_read(tag, outcome->names, outcome->width);
    for (int64_t n = 0; n < outcome->rows; n += outcome->positions) {
        for (int64_t i = 0; i < outcome->positions; i++) {
            *labelled |= outcome->label[n + i] >= 0;
            predicted[i] = (int32_t)bough__outcome_class(outcome, n + i);
        }
        bough__spans_count(spans, tag, outcome->label + n, predicted, outcome->positions);
    }
done:
    free(tag);
    free(predicted);
    return status;
}

// 0 where there are no spans at all, as conlleval has it.
static enum bough_status span_f1(double *value, const struct bough__outcome *outcome, int k)
{
    struct bough__spans spans = {0};
    int labelled = 0;
    const enum bough_status status = count_spans(&spans, &labelled, outcome);
    const int64_t either = spans.labelled + spans.predicted;
    (void)k;
    *value = !labelled ? NAN : either ? 2.0 * (double)spans.right / (double)either : 0;
    return status;
}

const struct bough__metric bough__metric_span_f1 = {
    {.name = "span_f1", .help = "F1 of the spans of BIO tags, of all types together"},
    .kinds = 1 << BOUGH_TARGET_CLASS,
    .of_tags = 1,
    .measure = span_f1};
