#include "data_tool.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct tool_command *const commands[] = {
    &tool_idx,      &tool_csv,   &tool_png,   &tool_corpus, &tool_compose,
    &tool_generate, &tool_merge, &tool_split, &tool_info,   &tool_show,
};

enum { COMMANDS = sizeof commands / sizeof *commands };

// ---- Failing ----

// Names come out of files: no control character of theirs reaches the terminal.
static void print_error(const char *text)
{
    fputs("bough-data: ", stderr);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        fputc(*c < 0x20 || *c == 0x7f ? '?' : *c, stderr);
    fputc('\n', stderr);
}

// ---- Telling ----

void tool_print_padded(const char *text, size_t length, int width)
{
    for (size_t i = 0; i < length; i++)
        width -= (text[i] & 0xc0) != 0x80;
    printf("%.*s%*s", (int)length, text, width > 0 ? width : 0, "");
}

void tool_print_name(const char *name, size_t length)
{
    const char *quote = memchr(name, ',', length) ? "\"" : "";
    printf("%s%.*s%s", quote, (int)length, name, quote);
}

// ---- Long work ----

static volatile sig_atomic_t interrupted;
static int on_terminal, progress_shown;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

// Without SA_RESTART: a read that waits is ended too. What was ignored (nohup) stays ignored.
static void catch_signals(void)
{
    const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction old, action = {.sa_handler = on_signal};
        if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    }
    signal(SIGXFSZ, SIG_IGN); // a file too large is an error of write()
    signal(SIGPIPE, SIG_IGN); // so that no half file is left
}

static int is_due(int64_t done, int64_t total)
{
    static double last;
    const double seconds = tool_clock();
    if (done < total && seconds - last < 0.1)
        return 0;
    last = seconds;
    return 1;
}

enum bough_status tool_step(const char *what, int64_t done, int64_t total)
{
    if (interrupted)
        return tool_fail(BOUGH_INTERRUPTED, "interrupted");
    if (on_terminal && total > 0 && is_due(done, total)) {
        fprintf(stderr, "\r%s %lld of %lld (%d %%)\033[K", what, (long long)done, (long long)total,
                (int)(100.0 * (double)done / (double)total));
        fflush(stderr);
        progress_shown = 1;
    }
    return BOUGH_OK;
}

static void end_progress(void)
{
    if (progress_shown)
        fputs("\r\033[K", stderr);
    progress_shown = 0;
}

// ---- The program ----

static void print_overview(FILE *to)
{
    fputs("usage: bough-data COMMAND ...\n\n"
          "Makes data sets for bough: safetensors files with tensors named split/field.\n\n",
          to);
    for (int i = 0; i < COMMANDS; i++)
        fprintf(to, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\nbough-data COMMAND --help tells more, with an example; --version tells the version.\n",
          to);
}

static const struct tool_command *find_command(const char *name)
{
    return tool_command_find(commands, COMMANDS, name);
}

static enum bough_status help(const char *name)
{
    const struct tool_command *command = name ? find_command(name) : NULL;
    if (name && !command)
        return tool_fail(BOUGH_INVALID, "no command \"%s\"; bough-data --help lists them", name);
    if (command)
        fputs(command->help, stdout);
    else
        print_overview(stdout);
    return BOUGH_OK;
}

static enum bough_status run(int argc, char **argv)
{
    const struct tool_command *command = argc > 1 ? find_command(argv[1]) : NULL;
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        printf("bough-data %s\n", BOUGH_VERSION);
        return BOUGH_OK;
    }
    if (argc > 1 && strcmp(argv[1], "help") == 0)
        return help(argv[2]);
    if (argc > 1 && tool_wants_help(argc, argv))
        return help(command ? argv[1] : NULL);
    if (argc < 2) {
        print_overview(stderr);
        return tool_fail(BOUGH_INVALID, "a command is missing");
    }
    if (!command)
        return tool_fail(BOUGH_INVALID, "no command \"%s\"; bough-data --help lists them", argv[1]);
    return command->run(argc - 1, argv + 1);
}

int tool_main(int argc, char **argv)
{
    tool_program = "bough-data";
    tool_forget_error();
    on_terminal = isatty(STDERR_FILENO);
    catch_signals();
    enum bough_status status = run(argc, argv);
    end_progress();
    const int unwritten = fflush(stdout) != 0 || ferror(stdout);
    if (status == BOUGH_OK && unwritten && tool_is_pipe_closed())
        return BOUGH_DATA;
    if (status == BOUGH_OK && unwritten)
        status = tool_fail(BOUGH_DATA, "standard output: cannot write");
    if (status != BOUGH_OK)
        print_error(tool_error());
    return status == BOUGH_INTERRUPTED ? 130 : (int)status;
}
