// Between the files of a runner.
#ifndef BOUGH_TRAIN_RUNNER_PARTS_H
#define BOUGH_TRAIN_RUNNER_PARTS_H

#include "train/runner.h"

static inline size_t bough__runner_tasks(const struct bough__runner *runner)
{
    return runner->data.model->config->tasks_count;
}

static inline size_t bough__runner_sets(const struct bough__runner *runner)
{
    return runner->data.model->config->sets;
}

// The data set of its first task: of several all have as many batches.
static inline const struct bough__source *bough__runner_first(const struct bough__runner *runner)
{
    return bough__runner_source(runner, runner->first_task);
}

// What may keep a training in bounds that went bad in a step, as the end of a message. In front of
// the first step is no update that could be smaller.
//   text  [BOUGH__LONGEST_REMEDY], returned
enum { BOUGH__LONGEST_REMEDY = 300 };
const char *bough__remedy(char *text, const struct bough__runner *runner, unsigned int step);

#endif
