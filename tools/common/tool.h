// What the programs share: commands, failing, options.
#ifndef BOUGH_TOOL_H
#define BOUGH_TOOL_H

#include <bough/status.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

// "bough" or "bough-data", for messages. Set by main.
extern const char *tool_program;

// ---- Commands ----

struct tool_command {
    const char *name, *summary;
    const char *help; // one page
    // `argv[0]` is the command's name.
    enum bough_status (*run)(int argc, char **argv);
};

// NULL if there is none of that name.
const struct tool_command *tool_command_find(const struct tool_command *const *commands,
                                             size_t count, const char *name);

// Whether the word is --help or -h; whether one of the words behind the first is, before a "--".
int tool_is_help(const char *word);
int tool_wants_help(int argc, char **argv);

// Whether whoever read our standard output has gone: `| head`.
int tool_is_pipe_closed(void);

// Seconds since some moment, the same one for every process of the machine.
double tool_clock(void);

// ---- Failing ----

// Sets the message that the program ends with.
enum bough_status tool_fail(enum bough_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
enum bough_status tool_no_memory(void);
// Fails with what a child process has told already.
enum bough_status tool_fail_told(enum bough_status status);
// No message, for a program that runs twice in one process.
void tool_forget_error(void);
// The message of the last tool_fail, else of the library; NULL after tool_fail_told.
const char *tool_error(void);

// Forwards a failure to the function's `done:` label, in a local `status`.
#define TRY(call)                                                                                  \
    do {                                                                                           \
        status = (call);                                                                           \
        if (status != BOUGH_OK)                                                                    \
            goto done;                                                                             \
    } while (0)

#define TRY_MEMORY(pointer)                                                                        \
    do {                                                                                           \
        if ((pointer) == NULL) {                                                                   \
            status = tool_no_memory();                                                             \
            goto done;                                                                             \
        }                                                                                          \
    } while (0)

// "path: what: the reason", of an input or output that failed with errno. Errors: DATA; INTERNAL
// where memory ended.
enum bough_status tool_refused(const char *path, const char *what);

// ---- Files ----

// A file by what `write` puts into it: it is written aside, synced and renamed. Errors: DATA;
// INTERNAL; what `write` returns, which need not look at the stream for errors.
enum bough_status tool_file_write(const char *path,
                                  enum bough_status (*write)(FILE *file, const char *path,
                                                             const void *user),
                                  const void *user);

// The same in two steps, for files that come together or not at all. Zero-initialised holds none.
struct tool_file {
    const char *path; // borrowed
    char *part;       // where it stands until the commit
};
enum bough_status tool_file_aside(struct tool_file *file, const char *path,
                                  enum bough_status (*write)(FILE *file, const char *path,
                                                             const void *user),
                                  const void *user);
enum bough_status tool_file_commit(struct tool_file *file);
// Removes what was not committed.
void tool_file_fini(struct tool_file *file);

// ---- Options ----

struct tool_list {
    const char **item; // of as many as the command line has arguments
    size_t count;
};

// Exactly one of `value`, `list` and `flag` is set.
struct tool_option {
    const char *name;       // long, without "--"; NULL stands for the arguments that are no options
    char letter;            // short, or 0
    const char **value;     // [max], as given; the rest stays. max 0: the last one given
    int min, max;           // how many values
    struct tool_list *list; // every one
    int *flag;              // takes no value: 1 where it is given
};

// Reads options and the arguments between them. Errors: INVALID, naming the option, or the nearest
// one.
enum bough_status tool_options(int argc, char **argv, const struct tool_option *options,
                               size_t count);

// A number of an option; NULL text leaves `*number` as it is. Errors: INVALID.
enum bough_status tool_whole(int64_t *number, const char *text, const char *option, int64_t min,
                             int64_t max);

#define TOOL_OPTIONS(argc, argv, options)                                                          \
    tool_options((argc), (argv), (options), sizeof(options) / sizeof *(options))

#endif
