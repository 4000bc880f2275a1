// How similar the tasks of a trained model are, and which belong together.
#ifndef BOUGH_SIMILARITY_H
#define BOUGH_SIMILARITY_H

#include <bough/device.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bough_similarity_options {
    // "cosine"  of the gradients that the tasks' losses, means over all rows, have of the shared
    //           parameters, frozen ones too; the model as in an evaluation
    // "cka"     linear centred kernel alignment of what the tasks' heads read
    //           (Kornblith et al., ICML 2019)
    // "mmd"     a distance: the maximum mean discrepancy of the same, with the Gaussian kernels of
    //           `alignment: mmd`
    // NULL = cosine, or cka where tasks share no parameters.
    const char *by;
    const char *data;            // a data set; NULL = what the model was trained on
    const char *split;           // NULL = `test`, or the only one that there is
    int64_t rows;                // of more, so many are drawn; 0 = 1000, and for cosine all
    struct bough_device *device; // NULL = plain C
};

struct bough_similarity {
    const char *by;
    int is_distance; // 1: 0 = the same; else 1 = the same
    const char *split;
    int64_t rows; // that were taken
    size_t tasks;
    const char *const *task; // [tasks], names
    // [tasks, tasks]; NaN of a task whose gradient is 0, or whose head reads the same in all rows.
    const double *value;
};

// `model` as for bough_evaluate; owned by the caller. Errors: INVALID, also for cosine where tasks
// share no parameters, and mmd of heads that read different shapes; DATA, DEVICE; DIVERGED where a
// number is not finite.
enum bough_status bough_similarity_create(struct bough_similarity **similarity, const char *model,
                                          const struct bough_similarity_options *options);
void bough_similarity_destroy(struct bough_similarity **similarity);

// Joins tasks until `groups` are left: those groups whose tasks are the most similar, as a mean
// over pairs (agglomerative, average linkage; of equals the first). Nothing is less similar than
// NaN.
//   group  [tasks], written: its number, from 0 in the order of the groups' first tasks
//   value  [tasks, tasks], symmetric
// Errors: INVALID if `groups` is not 1 to `tasks`.
enum bough_status bough_similarity_group(size_t *group, const double *value, size_t tasks,
                                         int is_distance, size_t groups);

#ifdef __cplusplus
}
#endif

#endif
