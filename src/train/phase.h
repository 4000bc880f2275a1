// One walk through a split: training, validation or test. It owns what a batch needs on the device,
// the launches of a batch, prepared once for each batch size, and the account of losses and scores.
#ifndef BOUGH_TRAIN_PHASE_H
#define BOUGH_TRAIN_PHASE_H

#include "cl/account.h"
#include "cl/step.h"
#include "data/feed.h"
#include "nn/metric.h"
#include "train/model.h"
#include "train/targets.h"

// Everything prepared for batches of one size.
struct bough__pass {
    int64_t rows;
    struct bough__graph graph;
    struct bough__plan *plan;
    struct bough__sequence sequence;
    size_t feeding;           // launches at its front that bring the batch
    int32_t *scores, *losses; // [T] nodes; owned
    int at_once;              // losses, their gradients and the account in one launch
};

enum bough__purpose {
    BOUGH_TRAINING,   // forward, backward, update
    BOUGH_EVALUATION, // forward, losses
    BOUGH_PREDICTION, // forward; there are no labels
};

struct bough__phase {
    struct bough__model *model;
    struct bough__feed *feed; // whose columns are the input, then each task's target
    enum bough__purpose purpose;
    int64_t batch; // rows of a full batch
    int64_t steps; // batches of one walk, the last one perhaps smaller
    int64_t room;  // rows whose scores are kept, from the first
    unsigned fed;  // the age of the feed's order that the last batch was of; 0 = there was none
    struct bough__pass full, rest;
    struct bough__buffer *input, *losses, *account, *weights, *step, *scale, *shift, *clip;
    struct bough__buffer **target, **scores; // [T]
    struct loss_account *account_host;       // [T], where the account is read to
    struct bough__arena arena;
};

// Makes buffers and prepares the launches.
//   weights  [T], factors of the tasks' losses; of TRAINING only
// Errors: INVALID, DEVICE.
enum bough_status bough__phase_create(struct bough__phase **phase, struct bough__model *model,
                                      struct bough__feed *feed, enum bough__purpose purpose,
                                      const float *weights);
void bough__phase_destroy(struct bough__phase **phase);

// Empties the account: call it before the first batch of a walk.
enum bough_status bough__phase_begin(struct bough__phase *phase);

// Runs batch `index` of the walk. `state` says the step and the rate; `first` is filled in.
enum bough_status bough__phase_step(struct bough__phase *phase, int64_t index,
                                    struct step_state *state);

// Waits, and reads the account: loss[t] and weight[t] are the sums so far of losses times weights,
// and of the weights.
// Errors: DIVERGED, naming the task and the first step whose loss was not finite.
enum bough_status bough__phase_losses(struct bough__phase *phase, double *loss, double *weight);

// Waits, and reads the scores of the first `rows` rows of the walk into score[t] [rows, width[t]],
// each malloc'd by this call and the caller's. Rows beyond `room`
// are not kept: `*rows` is lowered.
enum bough_status bough__phase_scores(struct bough__phase *phase, float **score, int64_t *rows);

// An unfinished walk's account and scores, to go on from another day.
size_t bough__phase_state_bytes(const struct bough__phase *phase);
enum bough_status bough__phase_state_read(struct bough__phase *phase, void *state);
enum bough_status bough__phase_state_write(struct bough__phase *phase, const void *state);

#endif
