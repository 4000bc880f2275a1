// What the commands of bough share.
#ifndef BOUGH_CLI_H
#define BOUGH_CLI_H

#include "tool.h"

#include <bough/train.h>
#include <jansson.h>
#include <stdio.h>

// ---- Commands ----

extern const struct tool_command cli_train, cli_search, cli_eval, cli_predict, cli_info,
    cli_devices, cli_selftest, cli_bench, cli_tune, cli_kernels, cli_methods, cli_weigh,
    cli_similarity;

// How the program was called, for the command lines that it tells.
extern const char *cli_program;

// ---- What they share ----

// Sends warnings to stderr, and what the device is unless `quiet`; all of the log if `verbose`.
enum cli_loudness { CLI_QUIET, CLI_NORMAL, CLI_VERBOSE };
void cli_log(enum cli_loudness loudness);

// Has all lines call a file of the program's own as the user knows it. Both strings are kept.
void cli_call(const char *path, const char *name);
// A line of an error or of the log, to stderr.
void cli_tell(const char *kind, const char *line);

// Opens what --device names; with --kernels, one that runs from that file. Either may be NULL.
// Errors: INVALID for a file of kernels and plain C.
enum bough_status cli_device_open(struct bough_device **device, const char *wanted,
                                  const char *kernels);

// Writes the text so that a shell reads it as one word.
void cli_print_quoted(FILE *out, const char *text);

// As a string of JSON; "?" where it is not UTF-8, as a path need not be. NULL without memory.
json_t *cli_json_text(const char *text);

// ---- Tables ----

// A table, a row per task; and the confusion matrices. `title` heads the column of tasks.
enum bough_status cli_print_metrics(const char *title, const struct bough_metrics *metrics);

// Two tables: by op and pass, and by kernel; what took longest first, and an empty line behind
// each.
enum bough_status cli_print_profile(const struct bough_profile_row *row, size_t rows);

#endif
