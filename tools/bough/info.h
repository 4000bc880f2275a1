// What `bough info` tells of each kind of file.
#ifndef BOUGH_CLI_INFO_H
#define BOUGH_CLI_INFO_H

#include "cli.h"

// `input`: the shape of a sample as "1,28,28"; NULL = from the config's data.
enum bough_status info_config(const char *path, const char *input, const struct tool_list *set);
enum bough_status info_run(const char *folder, const char *input);
enum bough_status info_tensors(const char *path);

#endif
