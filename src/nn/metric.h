// Metrics, computed on the host from the scores of many batches at once, by scikit-learn's formulas
// but for these:
//   top_<k>  of equal scores the first class comes first, as in accuracy
//   auc      of more than two classes: the mean over those that can be ranked, each against all
//            others
//   span_f1  by conlleval's counting
//   r2       the mean over the columns whose labels vary: of the others it says nothing
// Binary targets and numbers of several columns are counted all together.
#ifndef BOUGH_NN_METRIC_H
#define BOUGH_NN_METRIC_H

#include "nn/loss.h"

// The scores of a task and what they are measured against.
struct bough__outcome {
    enum bough__target_kind kind;
    int64_t rows, width;      // N, K; where scores have positions, each is a row
    int64_t positions;        // so many of these, at least 1, are one row of the data
    const float *score;       // [N, K]
    const int32_t *label;     // [N], of BOUGH_TARGET_CLASS
    const int32_t *predicted; // [N], of these; NULL = those of the highest scores
    const float *number;      // [N, K], of the others
    const char *const *names; // [K], of the classes; NULL if they have none
};

struct bough__metric {
    struct bough__row row;
    unsigned kinds; // bit (1 << enum bough__target_kind): what it can measure
    int lower_is_better;
    int is_matrix;   // the confusion matrix: nothing that could be monitored
    int two_classes; // of class targets it wants two
    int of_tags;     // it wants classes with the names of BIO tags
    // `k` is the number in the name of top_<k>. `*value` is NaN where nothing is labelled.
    // Errors: INTERNAL out of memory.
    enum bough_status (*measure)(double *value, const struct bough__outcome *outcome, int k);
};

// "accuracy", "top_5", ...; NULL if there is none of that name. `*k` (may be NULL) receives the
// number of top_<k>.
const struct bough__metric *bough__metric_find(const char *name, int *k);

#define BOUGH_METRIC(name) extern const struct bough__metric bough__metric_##name;
#include "nn/metric_list.h"
#undef BOUGH_METRIC
extern const struct bough__family bough__metrics; // "top_<k>" stands for all of its kind

// Classes of the outcome's confusion matrix: K, or 2 for binary targets; 0 if it has none.
int64_t bough__confusion_classes(const struct bough__outcome *outcome);

// Counts [K, K], rows the labels and columns the predictions; `count` holds zeros.
void bough__confusion_count(int64_t *count, const struct bough__outcome *outcome);

// Turns scores [N, K] into probabilities, in place: softmax of classes, sigmoid of binary targets.
void bough__probabilities(float *score, enum bough__target_kind kind, int64_t rows, int64_t width);

// The class of the highest score, the first of equals.
int64_t bough__predicted_class(const float *score, int64_t classes);

// The class that is predicted for row n.
static inline int64_t bough__outcome_class(const struct bough__outcome *outcome, int64_t n)
{
    return outcome->predicted
               ? outcome->predicted[n]
               : bough__predicted_class(outcome->score + n * outcome->width, outcome->width);
}

// Whether a row of the data, of classes or binary targets, is right wherever it is labelled.
enum bough__exactness { BOUGH_UNLABELLED, BOUGH_INEXACT, BOUGH_EXACT };
enum bough__exactness bough__exactness(const struct bough__outcome *outcome, int64_t row);

#endif
