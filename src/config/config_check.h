// What concerns more than one key: names, metrics, monitors.
#ifndef BOUGH_CONFIG_CONFIG_CHECK_H
#define BOUGH_CONFIG_CONFIG_CHECK_H

#include "config/config.h"
#include "config/message.h"

// Checks a task among those before it, and gives its metrics and monitor where none are named. The
// place is that of the tasks.
enum bough_status bough__task_check(struct bough__config_place *place, struct bough__task *tasks,
                                    size_t index);

// Checks the criterion by the tasks.
enum bough_status bough__early_stopping_check(struct bough__config_place *place,
                                              const struct bough_config *config);

#endif
