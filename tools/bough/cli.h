// What the commands of bough share.
#ifndef BOUGH_CLI_H
#define BOUGH_CLI_H

#include <bough/train.h>
#include <jansson.h>
#include <stdio.h>

// ---- Commands ----

struct cli_command {
    const char *name, *summary;
    const char *help; // one page
    // `argv[0]` is the command's name.
    enum bough_status (*run)(int argc, char **argv);
};

extern const struct cli_command cli_train, cli_eval, cli_predict, cli_info, cli_devices,
    cli_selftest, cli_bench, cli_tune, cli_kernels;

// How the program was called, for the command lines that it tells.
extern const char *cli_program;

// ---- Failing ----

// Sets the message that the program ends with.
enum bough_status cli_fail(enum bough_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
enum bough_status cli_no_memory(void);
// Fails with what a child process has told already.
enum bough_status cli_fail_told(enum bough_status status);
// The message of the last cli_fail, else of the library; NULL after cli_fail_told.
const char *cli_error(void);

// Forwards a failure to the function's `done:` label, in a local `status`.
#define CLI_TRY(call)                                                                              \
    do {                                                                                           \
        status = (call);                                                                           \
        if (status != BOUGH_OK)                                                                    \
            goto done;                                                                             \
    } while (0)

// ---- Options ----

struct cli_list {
    const char **item; // room for every argument of the command line
    size_t count;
};

// Exactly one of `value`, `list` and `flag` is set.
struct cli_option {
    const char *name;      // long, without "--"
    char letter;           // short, or 0
    const char **value;    // the last one given
    struct cli_list *list; // every one
    int *flag;
};

// Reads options and the arguments between them; `argument` has room for `most`, and the rest of it
// stays NULL. Errors: INVALID, with the nearest option.
enum bough_status cli_options(int argc, char **argv, const struct cli_option *options, size_t count,
                              const char **argument, size_t least, size_t most);

// Sends warnings to stderr, and what the device is unless `quiet`; all of the log if `verbose`.
enum cli_loudness { CLI_QUIET, CLI_NORMAL, CLI_VERBOSE };
void cli_log(enum cli_loudness loudness);

// Opens what --device names; with --kernels, one that runs from that file. Either may be NULL.
// Errors: INVALID for a file of kernels and plain C.
enum bough_status cli_device_open(struct bough_device **device, const char *wanted,
                                  const char *kernels);

// Seconds since some moment, the same one for every process of the machine.
double cli_clock(void);

// Writes the text so that a shell reads it as one word.
void cli_print_quoted(FILE *out, const char *text);

// As a string of JSON; "?" where it is not UTF-8, as a path need not be. NULL without memory.
json_t *cli_json_text(const char *text);

// ---- Tables ----

// A table, a row per task; and the confusion matrices. `title` heads the column of tasks.
enum bough_status cli_print_scores(const char *title, const struct bough_scores *scores);

// Two tables: by op and pass, and by kernel; what took longest first, and an empty line behind
// each.
enum bough_status cli_print_profile(const struct bough_profile_row *row, size_t rows);

#endif
