// Configs to test with.
#ifndef BOUGH_TEST_CONFIGS_H
#define BOUGH_TEST_CONFIGS_H

#include "config/config.h"
#include "support/support.h"

// A YAML file that uses most keys, and zeros where they are no default.
extern const char test_config_example[];

// One task behind a trunk of pools; all that has a default is left out.
extern const char test_config_small[];

// The config of a YAML text with overrides, of which the last is NULL. What it points to lives
// until the program ends.
struct bough_config test_config(const char *text, ...) __attribute__((sentinel));
// Gives a config of one data set, and its copies, another one.
void test_config_use(struct bough_config *config, const char *data);

// The same on that data set.
struct bough_config test_config_with(const char *text, const char *data, ...)
    __attribute__((sentinel));

// One whose trunk is these layers: "relu, linear: 5".
struct bough_config test_layers(const char *layers);

// A loss: "{name: huber, delta: 2}".
struct bough__choice test_loss(const char *loss);

// What a config of three tasks says to choose that weighting: its name, and what goes with it.
const char *test_weighting(const struct bough__row *row);

// Writes `<folder>/c.yaml`. Borrowed until the next call.
const char *test_config_write(const char *folder, const char *text, size_t size);

// All of a file as a string that the caller frees.
char *test_config_text(const char *path);

// Saves to `<folder>/first.yaml`, reads it, saves again: fails unless both files are the same.
void test_config_round_trip(const char *folder, const struct bough_config *config);

#endif
