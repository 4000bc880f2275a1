// What concerns more than one key: names, metrics, monitors.
#ifndef BOUGH_CONFIG_CONFIG_CHECK_H
#define BOUGH_CONFIG_CONFIG_CHECK_H

#include "config/config.h"
#include "config/message.h"

// Of an input or a task, which `what` says.
enum bough_status bough__name_check(const struct bough__config_place *place, const char *what,
                                    const char *name);

// Whether it is the task's loss, or one of its metrics that is a number.
int bough__task_measures(const struct bough__task *task, const char *metric);

// Checks the inputs, and gives the field of those that name none. The place is that of the config,
// here and below.
enum bough_status bough__inputs_check(struct bough__config_place *place,
                                      struct bough_config *config);

enum bough_status bough__alignment_check(struct bough__config_place *place,
                                         const struct bough_config *config);

enum bough_status bough__architecture_check(struct bough__config_place *place,
                                            const struct bough_config *config);

// Checks whether architecture and weighting go with the regime.
enum bough_status bough__regime_check(struct bough__config_place *place,
                                      const struct bough_config *config);

// Checks which keys go with the weighting, and whether it goes with the tasks' weights.
enum bough_status bough__weighting_check(struct bough__config_place *place,
                                         const struct bough_config *config);

// Checks the tasks, and gives the metrics and the monitor of those that name none.
// Finds the inputs that each reads; each input is to be read by one.
enum bough_status bough__tasks_check(struct bough__config_place *place, struct bough_config *config,
                                     struct bough__arena *arena);

// Once the data sets are found: checks that an input reads the config's `data`.
enum bough_status bough__data_check(struct bough__config_place *place,
                                    const struct bough_config *config);

// Checks that what a task reads is of one data set.
enum bough_status bough__task_sets_check(struct bough__config_place *place,
                                         const struct bough_config *config);

// Checks that what compares tasks within a row has tasks that read the same.
enum bough_status bough__meeting_check(struct bough__config_place *place,
                                       const struct bough_config *config);

enum bough_status bough__folds_check(struct bough__config_place *place,
                                     const struct bough_config *config);

// Checks that each * of a name has one of its pattern to stand for.
enum bough_status bough__transfer_check(struct bough__config_place *place,
                                        const struct bough_config *config);

// Checks the criterion by the tasks.
enum bough_status bough__early_stopping_check(struct bough__config_place *place,
                                              const struct bough_config *config);

#endif
