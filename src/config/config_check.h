// What concerns more than one key: names, metrics, monitors.
#ifndef BOUGH_CONFIG_CONFIG_CHECK_H
#define BOUGH_CONFIG_CONFIG_CHECK_H

#include "config/config.h"
#include "config/message.h"

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
enum bough_status bough__tasks_check(struct bough__config_place *place,
                                     struct bough_config *config);

enum bough_status bough__folds_check(struct bough__config_place *place,
                                     const struct bough_config *config);

// Checks that each * of a name has one of its pattern to stand for.
enum bough_status bough__transfer_check(struct bough__config_place *place,
                                        const struct bough_config *config);

// Checks the criterion by the tasks.
enum bough_status bough__early_stopping_check(struct bough__config_place *place,
                                              const struct bough_config *config);

#endif
