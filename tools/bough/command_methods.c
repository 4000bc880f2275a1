#include "cli.h"

static const char help[] =
    "usage: bough methods [NAME]\n"
    "\n"
    "Lists the weightings, which make one update of many tasks, by what they need; with a name, a\n"
    "page on that one: its rule, options and paper, when it helps, what it costs and keeps.\n"
    "\n"
    "Example:\n"
    "  bough methods\n"
    "  bough methods cagrad\n";

static void print_line(void *user, const char *text)
{
    (void)user;
    puts(text);
}

static enum bough_status run(int argc, char **argv)
{
    enum bough_status status;
    const char *name = NULL;
    const struct tool_option options[] = {{NULL, 0, .value = &name, .max = 1}};
    TRY(TOOL_OPTIONS(argc, argv, options));
    if (name)
        TRY(bough_method_describe(name, print_line, NULL));
    else
        bough_methods_describe(print_line, NULL);
done:
    return status;
}

const struct tool_command cli_methods = {"methods", "tells how many tasks become one update", help,
                                         run};
