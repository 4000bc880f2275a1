// What `bough info` tells of each kind of file.
#ifndef BOUGH_CLI_INFO_H
#define BOUGH_CLI_INFO_H

#include "cli.h"

// `shapes`: of a sample of each input, as "1,28,28"; none = from the config's data.
// `dot`: no more than its wiring, for Graphviz.
enum bough_status info_config(const char *path, const struct tool_list *shapes,
                              const struct tool_list *set, int dot);
enum bough_status info_run(const char *folder, const struct tool_list *shapes);
enum bough_status info_tensors(const char *path);

// Which block reads which and feeds which tasks, and what each owner has; or that for Graphviz.
enum bough_status info_print_wiring(const struct bough_model_info *info);
void info_print_dot(const struct bough_model_info *info);

#endif
