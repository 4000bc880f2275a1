// What a training shows while it runs: a line redrawn in place on a terminal, plain lines
// elsewhere.
#ifndef BOUGH_CLI_PROGRESS_H
#define BOUGH_CLI_PROGRESS_H

#include <bough/train.h>

// An observer for bough_train_options.
void cli_progress_observe(void *user, const struct bough_event *event);

// Takes the line away, if one is drawn, so that other output can follow.
void cli_progress_clear(void);

#endif
