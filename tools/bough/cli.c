#include "cli.h"

#include "cli_progress.h"

#include <stdlib.h>
#include <string.h>

const char *cli_program = "bough";

// ---- Log ----

// A line that many trainings give is told once.
static int is_new(const char *line)
{
    static struct told {
        struct told *next;
        char line[];
    } * all;
    for (const struct told *one = all; one; one = one->next)
        if (strcmp(one->line, line) == 0)
            return 0;
    struct told *one = malloc(sizeof *one + strlen(line) + 1);
    if (one) {
        strcpy(one->line, line);
        one->next = all;
        all = one;
    }
    return 1;
}

static const char *own_path, *known_name;

void cli_call(const char *path, const char *name)
{
    own_path = path;
    known_name = name;
}

void cli_tell(const char *kind, const char *line)
{
    fputs(kind, stderr);
    for (const char *at; own_path && (at = strstr(line, own_path)); line = at + strlen(own_path))
        fprintf(stderr, "%.*s%s", (int)(at - line), line, known_name);
    fprintf(stderr, "%s\n", line);
}

static void write_log(void *user, enum bough_log_level level, const char *line)
{
    const enum cli_loudness *loudness = user;
    cli_progress_clear();
    const int told = level == BOUGH_LOG_WARNING || *loudness == CLI_VERBOSE ||
                     (level == BOUGH_LOG_INFO && *loudness != CLI_QUIET);
    if (told && (level == BOUGH_LOG_VERBOSE || is_new(line)))
        cli_tell(level == BOUGH_LOG_WARNING ? "warning: " : "", line);
}

void cli_log(enum cli_loudness loudness)
{
    static enum cli_loudness kept;
    kept = loudness;
    bough_set_log(write_log, &kept);
}

// ---- Devices ----

enum bough_status cli_device_open(struct bough_device **device, const char *wanted,
                                  const char *kernels)
{
    if (kernels && setenv("BOUGH_KERNELS", kernels, 1) != 0)
        return tool_no_memory();
    enum bough_status status = bough_device_open(device, wanted);
    if (status != BOUGH_OK || !kernels || bough_device_info(*device)->type != BOUGH_DEVICE_C)
        return status;
    bough_device_close(device);
    return tool_fail(BOUGH_INVALID, "--kernels is for OpenCL devices, and this one is plain C; "
                                    "--device names another");
}

// ---- Text ----

void cli_print_quoted(FILE *out, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-./:,=+@%";
    if (*text && strspn(text, plain) == strlen(text)) {
        fputs(text, out);
        return;
    }
    putc('\'', out);
    for (; *text; text++)
        if (*text == '\'')
            fputs("'\\''", out);
        else
            putc(*text, out);
    putc('\'', out);
}

json_t *cli_json_text(const char *text)
{
    json_t *string = json_string(text);
    return string ? string : json_string("?");
}
