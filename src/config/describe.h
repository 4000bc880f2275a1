// An option in words, for users.
#ifndef BOUGH_CONFIG_DESCRIBE_H
#define BOUGH_CONFIG_DESCRIBE_H

#include "base/option.h"

// What it takes: its type and range, or the names of its family.
void bough__option_takes(char *text, size_t size, const struct bough__option *option);

// Its default, or `needed`; empty if it has none that can be told.
void bough__option_otherwise(char *text, size_t size, const struct bough__option *option);

#endif
