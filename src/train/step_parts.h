// How a step is put together: its graph (step_graph.c) and its stages (step_stages.c,
// step_update.c).
#ifndef BOUGH_TRAIN_STEP_PARTS_H
#define BOUGH_TRAIN_STEP_PARTS_H

#include "train/step.h"

static inline int bough__step_trains(const struct bough__step *step)
{
    return step->data->purpose == BOUGH_TRAINING;
}

// What the next launches do, for tables and traces.
static inline void bough__step_name(struct bough__step *step, const char *op, const char *layer)
{
    step->sequence.label.op = op;
    step->sequence.label.layer = layer;
}

// Records the model and the losses.
enum bough_status bough__step_record(struct bough__step *step);

// The struct step_state of the batch whose launches are prepared; `first` is that of the data set
// of the step's first task, or of another one.
struct bough__span bough__step_state(const struct bough__step *step);
struct bough__span bough__step_state_of(const struct bough__step *step, size_t set);

// Each adds a stage's launches at the end of the sequence, or none where the step has no such
// stage.
enum bough_status bough__step_feed(struct bough__step *step);
enum bough_status bough__step_forward(struct bough__step *step);
enum bough_status bough__step_losses(struct bough__step *step);
enum bough_status bough__step_weigh(struct bough__step *step);
enum bough_status bough__step_backward(struct bough__step *step);
enum bough_status bough__step_heads(struct bough__step *step);
enum bough_status bough__step_sweep(struct bough__step *step);
enum bough_status bough__step_keep(struct bough__step *step);
enum bough_status bough__step_aside(struct bough__step *step);
enum bough_status bough__step_ahead(struct bough__step *step);
enum bough_status bough__step_there(struct bough__step *step);
enum bough_status bough__step_back(struct bough__step *step);
enum bough_status bough__step_gram(struct bough__step *step);
enum bough_status bough__step_combine(struct bough__step *step);
enum bough_status bough__step_regularize(struct bough__step *step);
enum bough_status bough__step_clip(struct bough__step *step);
enum bough_status bough__step_update(struct bough__step *step);
enum bough_status bough__step_account(struct bough__step *step);
enum bough_status bough__step_again(struct bough__step *step);

#endif
