// What to train: a config is YAML, in a file or in a text of the program's. README.md lists every
// key.
#ifndef BOUGH_CONFIG_H
#define BOUGH_CONFIG_H

#include <bough/status.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// A config with every default in its place; never changes.
struct bough_config;

// Reads a config. A relative `data` is relative to the config's folder; given by an override, to
// the current folder.
//   overrides  `count` strings key.path=value, the value in YAML: "trunk.0.linear.units=64"
// `*config` is NULL on error. Errors: DATA if the file cannot be read; INVALID with file, line,
// key, what was found, what is allowed, and the nearest known name.
enum bough_status bough_config_open(struct bough_config **config, const char *path,
                                    const char *const *overrides, size_t count);

// The same of a text. A relative `data` is relative to `folder`; NULL = the current one.
enum bough_status bough_config_parse(struct bough_config **config, const char *text,
                                     const char *folder, const char *const *overrides,
                                     size_t count);

void bough_config_close(struct bough_config **config);

// Borrowed from the config: the data set's path, which is absolute, the architecture's name, the
// weighting as a config says it, without what is at its default ("mgda", "{name: cagrad, every:
// 4}"), the fields that the model reads, and their names (NULL of the one given by `input`).
const char *bough_config_data(const struct bough_config *config);
size_t bough_config_inputs(const struct bough_config *config);                        // how many
const char *bough_config_input_data(const struct bough_config *config, size_t index); // its path
const char *bough_config_input_field(const struct bough_config *config, size_t index);
const char *bough_config_input_name(const struct bough_config *config, size_t index);
const char *bough_config_architecture(const struct bough_config *config);
const char *bough_config_weighting(const struct bough_config *config);

// Likewise its tasks, what is measured of each for the best epoch ("accuracy", "loss"), by which
// number that is chosen (train.early_stopping.metric), and train.seed.
size_t bough_config_tasks(const struct bough_config *config); // how many
const char *bough_config_task(const struct bough_config *config, size_t index);
const char *bough_config_monitor(const struct bough_config *config, size_t index);
const char *bough_config_criterion(const struct bough_config *config);
uint64_t bough_config_seed(const struct bough_config *config);

// Tells every key of a YAML config, a line of a Markdown table each: the key, what it takes, its
// default, which kinds read it, what it does. Then, in a second table, what a key may name: the
// key, the name, what it is, its options, the paper that it comes from.
void bough_config_describe(void (*line)(void *user, const char *text), void *user);

// Tells every weighting, by what it needs, in lines of a table: its name, its backward passes, what
// the tasks' weights are to it, what it is.
void bough_methods_describe(void (*line)(void *user, const char *text), void *user);

// Tells a page on one of them: rule, options, paper, when it helps, what it costs and keeps.
// Errors: INVALID for an unknown name, naming the nearest.
enum bough_status bough_method_describe(const char *name,
                                        void (*line)(void *user, const char *text), void *user);

// Writes the config as YAML that bough_config_open reads back to the same values, every value
// written. Written aside and renamed. Errors: DATA.
enum bough_status bough_config_save(const struct bough_config *config, const char *path);

#ifdef __cplusplus
}
#endif

#endif
