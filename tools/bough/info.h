// What `bough info` tells of each kind of file.
#ifndef BOUGH_CLI_INFO_H
#define BOUGH_CLI_INFO_H

#include "cli.h"

// `shapes`: of a sample of each input, as "1,28,28"; none = from the config's data.
enum bough_status info_config(const char *path, const struct tool_list *shapes,
                              const struct tool_list *set);
enum bough_status info_run(const char *folder, const struct tool_list *shapes);
enum bough_status info_tensors(const char *path);

#endif
