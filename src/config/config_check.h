// Checks a config and gives every default, in its layers and tasks too; and the text of it all.
#ifndef BOUGH_TRAIN_CONFIG_CHECK_H
#define BOUGH_TRAIN_CONFIG_CHECK_H

#include "base/arena.h"

#include <bough/config.h>

enum { BOUGH__CONFIG_PATH = 512 };

// As bough_config_resolve, and copies layers, tasks and lists of metrics into the arena so that
// their defaults can be given as well; texts and numbers stay the caller's. With `arena` NULL the
// copies are left out: layers and tasks are checked, and stay the caller's.
//   where  (may be NULL) receives the key path of what is wrong
enum bough_status bough__config_complete(struct bough_config *complete, struct bough__arena *arena,
                                         const struct bough_config *config,
                                         char where[BOUGH__CONFIG_PATH]);

// The complete config as YAML, `data` made absolute. `*text` is the caller's to free; NULL on
// error.
enum bough_status bough__config_text(char **text, size_t *size, const struct bough_config *config);

// As bough_config_file_open, of such a text. `path` is the file that messages name.
enum bough_status bough__config_file_parse(struct bough_config_file **file, const char *path,
                                           const char *text);

#endif
