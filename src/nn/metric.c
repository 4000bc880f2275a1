#include "nn/metric.h"

#include "base/error.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// ---- Counting ----

int64_t bough__predicted_class(const float *score, int64_t classes)
{
    int64_t best = 0;
    for (int64_t c = 1; c < classes; c++)
        if (score[c] > score[best])
            best = c;
    return best;
}

int64_t bough__confusion_classes(const struct bough__outcome *outcome)
{
    if (outcome->kind == BOUGH_TARGET_NUMBER)
        return 0;
    return outcome->kind == BOUGH_TARGET_BINARY ? 2 : outcome->width;
}

void bough__confusion_count(int64_t *count, const struct bough__outcome *outcome)
{
    if (outcome->kind == BOUGH_TARGET_CLASS) {
        for (int64_t n = 0; n < outcome->rows; n++)
            if (outcome->label[n] >= 0)
                count[outcome->label[n] * outcome->width + bough__outcome_class(outcome, n)]++;
        return;
    }
    for (int64_t i = 0; i < outcome->rows * outcome->width; i++)
        if (!isnan(outcome->number[i]))
            count[2 * (outcome->number[i] > 0.5f) + (outcome->score[i] > 0)]++;
}

static enum bough_status confusion_of(int64_t **count, int64_t *classes,
                                      const struct bough__outcome *outcome)
{
    *classes = bough__confusion_classes(outcome);
    *count = calloc((size_t)(*classes * *classes) + 1, sizeof **count);
    if (!*count)
        return bough__no_memory();
    bough__confusion_count(*count, outcome);
    return BOUGH_OK;
}

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : NAN;
}

// ---- Of classes ----

static enum bough_status accuracy(double *value, const struct bough__outcome *outcome, int k)
{
    (void)k;
    int64_t right = 0, all = 0;
    if (outcome->kind == BOUGH_TARGET_CLASS) {
        for (int64_t n = 0; n < outcome->rows; n++) {
            right += outcome->label[n] == bough__outcome_class(outcome, n);
            all += outcome->label[n] >= 0;
        }
    } else {
        int64_t count[4] = {0};
        bough__confusion_count(count, outcome);
        right = count[0] + count[3];
        all = right + count[1] + count[2];
    }
    *value = ratio((double)right, (double)all);
    return BOUGH_OK;
}

// The share of rows whose label's score is beaten by fewer than k others.
static enum bough_status top(double *value, const struct bough__outcome *outcome, int k)
{
    int64_t right = 0, all = 0;
    for (int64_t n = 0; n < outcome->rows; n++) {
        const float *score = outcome->score + n * outcome->width;
        int32_t label = outcome->label[n];
        if (label < 0)
            continue;
        int64_t above = 0;
        for (int64_t c = 0; c < outcome->width; c++)
            above += score[c] > score[label] || (score[c] == score[label] && c < label);
        right += above < k;
        all++;
    }
    *value = ratio((double)right, (double)all);
    return BOUGH_OK;
}

// F1 of one class: 2 tp / (2 tp + fp + fn); 0 where the class neither occurs nor is predicted, as
// scikit-learn has it.
static double f1_of(const int64_t *count, int64_t classes, int64_t c)
{
    int64_t hit = count[c * classes + c], either = 0;
    for (int64_t o = 0; o < classes; o++)
        either += count[c * classes + o] + count[o * classes + c];
    return either ? 2.0 * (double)hit / (double)either : 0;
}

// The mean over the classes that occur or are predicted.
static enum bough_status f1_macro(double *value, const struct bough__outcome *outcome, int k)
{
    (void)k;
    int64_t *count, classes;
    enum bough_status status = confusion_of(&count, &classes, outcome);
    if (status != BOUGH_OK)
        return status;
    double sum = 0;
    int64_t seen = 0;
    for (int64_t c = 0; c < classes; c++) {
        int64_t either = 0;
        for (int64_t o = 0; o < classes; o++)
            either += count[c * classes + o] + count[o * classes + c];
        seen += either > 0;
        sum += f1_of(count, classes, c);
    }
    free(count);
    *value = ratio(sum, (double)seen);
    return BOUGH_OK;
}

static enum bough_status f1_binary(double *value, const struct bough__outcome *outcome, int k)
{
    (void)k;
    int64_t *count, classes;
    enum bough_status status = confusion_of(&count, &classes, outcome);
    if (status != BOUGH_OK)
        return status;
    int64_t all = 0;
    for (int64_t i = 0; i < classes * classes; i++)
        all += count[i];
    *value = all && classes > 1 ? f1_of(count, classes, 1) : NAN;
    free(count);
    return BOUGH_OK;
}

// ---- Area under the ROC curve ----

struct ranked {
    double score;
    int positive;
};

static int by_score(const void *a, const void *b)
{
    double x = ((const struct ranked *)a)->score, y = ((const struct ranked *)b)->score;
    return x < y ? -1 : x > y;
}

// The Mann-Whitney statistic, equal scores counting one half; NaN if a score is. Sorts `row`.
static double area(struct ranked *row, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (isnan(row[i].score))
            return NAN; // it has no place in an order
    qsort(row, (size_t)count, sizeof *row, by_score);
    double rank_sum = 0, positives = 0;
    for (int64_t first = 0, end; first < count; first = end) {
        int64_t inside = 0;
        for (end = first; end < count && row[end].score == row[first].score; end++)
            inside += row[end].positive;
        rank_sum += (double)inside * (double)(first + 1 + end) / 2;
        positives += (double)inside;
    }
    double negatives = (double)count - positives;
    return ratio(rank_sum - positives * (positives + 1) / 2, positives * negatives);
}

// The labelled rows of class `c` against the rest, ranked by odds[n, c].
static int64_t rank_class(struct ranked *row, const double *odds,
                          const struct bough__outcome *outcome, int64_t c)
{
    int64_t count = 0;
    for (int64_t n = 0; n < outcome->rows; n++)
        if (outcome->label[n] >= 0)
            row[count++] = (struct ranked){odds[n * outcome->width + c], outcome->label[n] == c};
    return count;
}

// log(sum of exp(score)) over all classes but one; -1 = over all.
static double log_sum(const float *score, int64_t classes, int64_t but)
{
    double highest = -INFINITY, sum = 0;
    for (int64_t c = 0; c < classes; c++)
        if (c != but)
            highest = fmax(highest, score[c]);
    for (int64_t c = 0; c < classes; c++)
        if (c != but)
            sum += exp(score[c] - highest);
    return highest + log(sum);
}

// odds[c] = log(p / (1 - p)), p being the softmax of a row's scores: in p's order, but rows compare
// even where p is rounded to 0 or 1.
static void log_odds(double *odds, const float *score, int64_t classes)
{
    int64_t best = bough__predicted_class(score, classes);
    double all = log_sum(score, classes, -1);
    for (int64_t c = 0; c < classes; c++) {
        double log_p = score[c] - all;
        odds[c] = log_p - log1p(-exp(log_p));
    }
    odds[best] = score[best] - log_sum(score, classes, best);
    if (classes == 2) // without rounding: equal margins are ties
        odds[1 - best] = -odds[best];
}

// With two classes the second against the first; with more the mean over those that occur, each
// against the rest.
static double area_of_classes(struct ranked *row, double *odds,
                              const struct bough__outcome *outcome)
{
    int64_t classes = outcome->width, seen = 0;
    double sum = 0;
    for (int64_t n = 0; n < outcome->rows; n++)
        log_odds(odds + n * classes, outcome->score + n * classes, classes);
    for (int64_t c = classes == 2; c < classes; c++) {
        double one = area(row, rank_class(row, odds, outcome, c));
        if (!isnan(one)) {
            sum += one;
            seen++;
        }
    }
    return ratio(sum, (double)seen);
}

static double area_of_binary(struct ranked *row, const struct bough__outcome *outcome)
{
    int64_t count = 0;
    for (int64_t i = 0; i < outcome->rows * outcome->width; i++)
        if (!isnan(outcome->number[i]))
            row[count++] = (struct ranked){outcome->score[i], outcome->number[i] > 0.5f};
    return area(row, count);
}

static enum bough_status auc(double *value, const struct bough__outcome *outcome, int k)
{
    (void)k;
    enum bough_status status = BOUGH_OK;
    size_t numbers = (size_t)(outcome->rows * outcome->width);
    struct ranked *row = malloc(numbers * sizeof *row + 1);
    double *odds = malloc(numbers * sizeof *odds + 1);
    BOUGH_TRY_MEMORY(row);
    BOUGH_TRY_MEMORY(odds);
    *value = outcome->kind == BOUGH_TARGET_CLASS ? area_of_classes(row, odds, outcome)
                                                 : area_of_binary(row, outcome);
done:
    free(row);
    free(odds);
    return status;
}

// ---- Of numbers ----

static enum bough_status mse(double *value, const struct bough__outcome *outcome, int k)
{
    (void)k;
    double sum = 0, count = 0;
    for (int64_t i = 0; i < outcome->rows * outcome->width; i++) {
        double difference = (double)outcome->score[i] - (double)outcome->number[i];
        if (isnan(outcome->number[i]))
            continue;
        sum += difference * difference;
        count++;
    }
    *value = ratio(sum, count);
    return BOUGH_OK;
}

static enum bough_status mae(double *value, const struct bough__outcome *outcome, int k)
{
    (void)k;
    double sum = 0, count = 0;
    for (int64_t i = 0; i < outcome->rows * outcome->width; i++) {
        if (isnan(outcome->number[i]))
            continue;
        sum += fabs((double)outcome->score[i] - (double)outcome->number[i]);
        count++;
    }
    *value = ratio(sum, count);
    return BOUGH_OK;
}

// 1 - residual / total sum of squares of one output column; NaN where its labels do not vary.
static double r2_of(const struct bough__outcome *outcome, int64_t column)
{
    double mean = 0, count = 0, residual = 0, total = 0;
    for (int64_t n = 0; n < outcome->rows; n++) {
        float number = outcome->number[n * outcome->width + column];
        if (!isnan(number)) {
            mean += number;
            count++;
        }
    }
    mean = ratio(mean, count);
    for (int64_t n = 0; n < outcome->rows; n++) {
        double number = outcome->number[n * outcome->width + column];
        double score = outcome->score[n * outcome->width + column];
        if (isnan(number))
            continue;
        residual += (number - score) * (number - score);
        total += (number - mean) * (number - mean);
    }
    return total > 0 ? 1 - residual / total : NAN;
}

// The mean over the columns.
static enum bough_status r2(double *value, const struct bough__outcome *outcome, int k)
{
    (void)k;
    double sum = 0, count = 0;
    for (int64_t column = 0; column < outcome->width; column++) {
        double one = r2_of(outcome, column);
        if (!isnan(one)) {
            sum += one;
            count++;
        }
    }
    *value = ratio(sum, count);
    return BOUGH_OK;
}

// ---- The list ----

enum {
    OF_CLASSES = 1 << BOUGH_TARGET_CLASS,
    OF_BINARY = 1 << BOUGH_TARGET_BINARY,
    OF_NUMBERS = 1 << BOUGH_TARGET_NUMBER,
};

const struct bough__metric bough__metric_accuracy = {
    {.name = "accuracy", .help = "share that is right"},
    .kinds = OF_CLASSES | OF_BINARY,
    .measure = accuracy};
const struct bough__metric bough__metric_top = {
    {.name = "top_<k>", .help = "share whose class is among the k highest scores"},
    .kinds = OF_CLASSES,
    .measure = top};
const struct bough__metric bough__metric_f1 = {{.name = "f1", .help = "the same as f1_macro"},
                                               .kinds = OF_CLASSES | OF_BINARY,
                                               .measure = f1_macro};
const struct bough__metric bough__metric_f1_macro = {
    {.name = "f1_macro", .help = "mean F1 of the classes"},
    .kinds = OF_CLASSES | OF_BINARY,
    .measure = f1_macro};
// All classes together: with one label a row that is the accuracy.
const struct bough__metric bough__metric_f1_micro = {
    {.name = "f1_micro", .help = "F1 of all classes together"},
    .kinds = OF_CLASSES | OF_BINARY,
    .measure = accuracy};
const struct bough__metric bough__metric_f1_binary = {
    {.name = "f1_binary", .help = "F1 of the second class"},
    .kinds = OF_CLASSES | OF_BINARY,
    .two_classes = 1,
    .measure = f1_binary};
const struct bough__metric bough__metric_auc = {{.name = "auc", .help = "area under the ROC curve"},
                                                .kinds = OF_CLASSES | OF_BINARY,
                                                .measure = auc};
const struct bough__metric bough__metric_confusion = {
    {.name = "confusion", .help = "the confusion matrix, and the accuracy"},
    .kinds = OF_CLASSES | OF_BINARY,
    .is_matrix = 1,
    .measure = accuracy};
const struct bough__metric bough__metric_mse = {{.name = "mse", .help = "mean squared error"},
                                                .kinds = OF_NUMBERS,
                                                .lower_is_better = 1,
                                                .measure = mse};
const struct bough__metric bough__metric_mae = {{.name = "mae", .help = "mean absolute error"},
                                                .kinds = OF_NUMBERS,
                                                .lower_is_better = 1,
                                                .measure = mae};
const struct bough__metric bough__metric_r2 = {
    {.name = "r2", .help = "share of the variance that is explained"},
    .kinds = OF_NUMBERS,
    .measure = r2};

#define BOUGH_METRIC(name) &bough__metric_##name.row,
static const struct bough__row *const all[] = {
#include "nn/metric_list.h"
};
#undef BOUGH_METRIC
const struct bough__family bough__metrics = {"metric", all, sizeof all / sizeof *all};

const struct bough__metric *bough__metric_find(const char *name, int *k)
{
    const struct bough__row *row = bough__family_find(&bough__metrics, name);
    if (row && row != &bough__metric_top.row)
        return (const struct bough__metric *)(const void *)row;
    if (!name || strncmp(name, "top_", 4) != 0 || name[4] < '1' || name[4] > '9')
        return NULL;
    char *end;
    long number = strtol(name + 4, &end, 10);
    if (*end || number > INT_MAX)
        return NULL;
    if (k)
        *k = (int)number;
    return &bough__metric_top;
}

// ---- Probabilities ----

static void softmax(float *score, int64_t classes)
{
    double sum = 0, most = (double)score[bough__predicted_class(score, classes)];
    for (int64_t c = 0; c < classes; c++)
        sum += exp((double)score[c] - most);
    for (int64_t c = 0; c < classes; c++)
        score[c] = (float)(exp((double)score[c] - most) / sum);
}

void bough__probabilities(float *score, enum bough__target_kind kind, int64_t rows, int64_t width)
{
    for (int64_t n = 0; kind == BOUGH_TARGET_CLASS && n < rows; n++)
        softmax(score + n * width, width);
    for (int64_t i = 0; kind == BOUGH_TARGET_BINARY && i < rows * width; i++)
        score[i] = (float)(1 / (1 + exp(-(double)score[i])));
}
