#include "cli.h"

#include "cli_progress.h"

#include <bough/name.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_OPTIONS = 16 };

const char *cli_program = "bough";

// ---- Failing ----

static char message[2048];
static int told;

enum bough_status cli_fail(enum bough_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return status;
}

enum bough_status cli_no_memory(void)
{
    return cli_fail(BOUGH_INTERNAL, "out of memory");
}

enum bough_status cli_fail_told(enum bough_status status)
{
    told = 1;
    return status;
}

const char *cli_error(void)
{
    if (told)
        return NULL;
    return *message ? message : bough_last_error();
}

// ---- Options ----

static void describe(const struct cli_option *options, size_t count, struct option *longs,
                     char *shorts)
{
    *shorts++ = ':'; // tells a missing value from an unknown option
    for (size_t i = 0; i < count; i++) {
        int has_value = !options[i].flag;
        longs[i] = (struct option){options[i].name, has_value ? required_argument : no_argument,
                                   NULL, 256 + (int)i};
        if (options[i].letter)
            *shorts++ = options[i].letter;
        if (options[i].letter && has_value)
            *shorts++ = ':';
    }
    longs[count] = (struct option){0};
    *shorts = '\0';
}

static enum bough_status unknown(const char *command, const char *given,
                                 const struct cli_option *options, size_t count)
{
    const char *names[MOST_OPTIONS + 2];
    char word[64];
    for (size_t i = 0; i < count; i++)
        names[i] = options[i].name;
    names[count] = "help";
    names[count + 1] = NULL;
    snprintf(word, sizeof word, "%.*s", (int)strcspn(given + strspn(given, "-"), "="),
             given + strspn(given, "-"));
    const char *nearest = strlen(word) > 1 ? bough_name_nearest(word, names) : NULL;
    return cli_fail(BOUGH_INVALID, "unknown option %s; %s%s%s bough %s --help", given,
                    nearest ? "did you mean --" : "", nearest ? nearest : "",
                    nearest ? "? See" : "see", command);
}

static void take(const struct cli_option *option)
{
    if (option->flag)
        *option->flag = 1;
    else if (option->value)
        *option->value = optarg;
    else
        option->list->item[option->list->count++] = optarg;
}

static const struct cli_option *option_of(const struct cli_option *options, size_t count, int found)
{
    if (found >= 256)
        return &options[found - 256];
    for (size_t i = 0; i < count; i++)
        if (options[i].letter == found)
            return &options[i];
    return NULL;
}

static enum bough_status read_options(int argc, char **argv, const struct cli_option *options,
                                      size_t count)
{
    struct option longs[MOST_OPTIONS + 1];
    char shorts[2 * MOST_OPTIONS + 2];
    describe(options, count, longs, shorts);
    opterr = 0;
    for (int found; (found = getopt_long(argc, argv, shorts, longs, NULL)) != -1;) {
        char letter[] = {'-', (char)optopt, '\0'};
        const char *given = optopt > 0 && optopt < 256 ? letter : argv[optind - 1];
        if (found == ':')
            return cli_fail(BOUGH_INVALID, "option %s needs a value; see bough %s --help", given,
                            argv[0]);
        if (found == '?')
            return unknown(argv[0], given, options, count);
        take(option_of(options, count, found));
    }
    return BOUGH_OK;
}

enum bough_status cli_options(int argc, char **argv, const struct cli_option *options, size_t count,
                              const char **argument, size_t least, size_t most)
{
    enum bough_status status = read_options(argc, argv, options, count);
    if (status != BOUGH_OK)
        return status;
    size_t given = (size_t)(argc - optind);
    for (size_t i = 0; i < given && i < most; i++)
        argument[i] = argv[optind + (int)i];
    if (given < least)
        return cli_fail(BOUGH_INVALID, "an argument is missing; see bough %s --help", argv[0]);
    if (given > most)
        return cli_fail(BOUGH_INVALID, "unexpected argument '%s'; see bough %s --help",
                        argv[optind + (int)most], argv[0]);
    return BOUGH_OK;
}

// ---- Log ----

static void write_log(void *user, enum bough_log_level level, const char *line)
{
    const enum cli_loudness *loudness = user;
    cli_progress_clear();
    if (level == BOUGH_LOG_WARNING)
        fprintf(stderr, "warning: %s\n", line);
    else if ((level == BOUGH_LOG_INFO && *loudness != CLI_QUIET) || *loudness == CLI_VERBOSE)
        fprintf(stderr, "%s\n", line);
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
        return cli_no_memory();
    enum bough_status status = bough_device_open(device, wanted);
    if (status != BOUGH_OK || !kernels || bough_device_info(*device)->type != BOUGH_DEVICE_C)
        return status;
    bough_device_close(device);
    return cli_fail(BOUGH_INVALID, "--kernels is for OpenCL devices, and this one is plain C; "
                                   "--device names another");
}

// ---- Time ----

double cli_clock(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
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
