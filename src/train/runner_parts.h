// Between the files of a runner.
#ifndef BOUGH_TRAIN_RUNNER_PARTS_H
#define BOUGH_TRAIN_RUNNER_PARTS_H

#include "train/runner.h"

// What may keep a training in bounds that went bad in a step, as the end of a message. In front of
// the first step is no update that could be smaller.
//   text  [BOUGH__LONGEST_REMEDY], returned
enum { BOUGH__LONGEST_REMEDY = 300 };
const char *bough__remedy(char *text, const struct bough__runner *runner, unsigned int step);

#endif
