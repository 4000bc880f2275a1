#include "cli.h"

#include <bough/name.h>
#include <signal.h>
#include <string.h>

static const struct tool_command *const commands[] = {
    &cli_train, &cli_search,  &cli_eval,   &cli_predict, &cli_similarity,
    &cli_info,  &cli_methods, &cli_weigh,  &cli_devices, &cli_selftest,
    &cli_bench, &cli_tune,    &cli_kernels};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_help(void)
{
    printf("usage: bough COMMAND ...\n"
           "\n"
           "Trains one shared trunk with many task heads, on any OpenCL device and in plain C.\n"
           "\n");
    for (size_t i = 0; i < COMMANDS; i++)
        printf("  %-12s%s\n", commands[i]->name, commands[i]->summary);
    printf("  %-12s%s\n", "help",
           "tells the same; `bough help config` lists every key of a config");
    printf("\n"
           "`bough COMMAND --help` tells more. `bough --version` tells the version.\n"
           "Exit codes: 0 done, 1 out of memory or an internal error, 2 wrong usage or config,\n"
           "3 wrong data, or a file that cannot be read or written, 4 device, 5 diverged,\n"
           "130 interrupted with a checkpoint written.\n"
           "\n"
           "Example:\n"
           "  bough train datasets/multifashion/config.yaml --device auto\n");
}

static const struct tool_command *find(const char *name)
{
    return tool_command_find(commands, COMMANDS, name);
}

static enum bough_status unknown(const char *name)
{
    const char *names[COMMANDS + 2] = {"help"};
    for (size_t i = 0; i < COMMANDS; i++)
        names[i + 1] = commands[i]->name;
    const char *nearest = bough_name_nearest(name, names);
    return tool_fail(BOUGH_INVALID, "unknown command '%s'; %s%s%s bough --help", name,
                     nearest ? "did you mean " : "", nearest ? nearest : "",
                     nearest ? "? See" : "see");
}

static void print_line(void *user, const char *text)
{
    (void)user;
    puts(text);
}

static enum bough_status help(const char *topic)
{
    const struct tool_command *command = topic ? find(topic) : NULL;
    if (!topic)
        print_help();
    else if (strcmp(topic, "config") == 0)
        bough_config_describe(print_line, NULL);
    else if (command)
        fputs(command->help, stdout);
    else
        return unknown(topic);
    return BOUGH_OK;
}

static enum bough_status run(int argc, char **argv)
{
    if (argc < 2)
        return tool_fail(BOUGH_INVALID, "a command is missing; see bough --help");
    if (strcmp(argv[1], "--version") == 0) {
        printf("bough %s\n", BOUGH_VERSION);
        return BOUGH_OK;
    }
    if (tool_is_help(argv[1]) || strcmp(argv[1], "help") == 0)
        return help(argv[2]);
    const struct tool_command *command = find(argv[1]);
    if (!command)
        return unknown(argv[1]);
    if (tool_wants_help(argc - 1, argv + 1))
        return help(argv[1]);
    return command->run(argc - 1, argv + 1);
}

// Whether all was written; where the reader of a pipe is gone, nobody wants the rest.
static int has_written(void)
{
    return (fflush(stdout) == 0 && !ferror(stdout)) || tool_is_pipe_closed();
}

int main(int argc, char **argv)
{
    tool_program = "bough";
    if (argc > 0)
        cli_program = argv[0];
    cli_log(CLI_NORMAL);
    signal(SIGXFSZ, SIG_IGN); // a file too large is an error of write()
    enum bough_status status = run(argc, argv);
    if (!has_written() && status == BOUGH_OK)
        status = tool_fail(BOUGH_DATA, "cannot write to the standard output");
    if (status == BOUGH_INTERRUPTED)
        return 130;
    const char *error = tool_error();
    if (status != BOUGH_OK && error)
        cli_tell("bough: ", error);
    return (int)status;
}
