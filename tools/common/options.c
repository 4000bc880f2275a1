#include "tool.h"

#include <bough/name.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_OPTIONS = 16 };

static int takes_value(const struct tool_option *option)
{
    return !option->flag;
}

// Values from 256: the option's place; letters are below.
static void describe(const struct tool_option *options, size_t count, struct option *longs,
                     char *shorts)
{
    size_t n = 0;
    *shorts++ = ':'; // tells a missing value from an unknown option
    for (size_t i = 0; i < count; i++) {
        const int value = takes_value(&options[i]);
        if (!options[i].name)
            continue;
        longs[n++] = (struct option){options[i].name, value ? required_argument : no_argument, NULL,
                                     256 + (int)i};
        if (options[i].letter)
            *shorts++ = options[i].letter;
        if (options[i].letter && value)
            *shorts++ = ':';
    }
    longs[n] = (struct option){0};
    *shorts = '\0';
}

static enum bough_status unknown(const char *command, const char *given,
                                 const struct tool_option *options, size_t count)
{
    const char *names[MOST_OPTIONS + 2];
    char word[64];
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (options[i].name)
            names[n++] = options[i].name;
    names[n++] = "help";
    names[n] = NULL;
    snprintf(word, sizeof word, "%.*s", (int)strcspn(given + strspn(given, "-"), "="),
             given + strspn(given, "-"));
    const char *nearest = strlen(word) > 1 ? bough_name_nearest(word, names) : NULL;
    return tool_fail(BOUGH_INVALID, "unknown option %s; %s%s%s %s %s --help", given,
                     nearest ? "did you mean --" : "", nearest ? nearest : "",
                     nearest ? "? See" : "see", tool_program, command);
}

static int given_of(const struct tool_option *option)
{
    int given = 0;
    while (given < option->max && option->value[given])
        given++;
    return given;
}

static enum bough_status take(const struct tool_option *option, const char *value)
{
    if (option->flag) {
        *option->flag = 1;
    } else if (option->list) {
        option->list->item[option->list->count++] = value;
    } else if (option->max == 0) {
        *option->value = value;
    } else {
        const int given = given_of(option);
        if (given == option->max)
            return tool_fail(BOUGH_INVALID, "--%s: \"%s\" is one too many, at most %d",
                             option->name, value, option->max);
        option->value[given] = value;
    }
    return BOUGH_OK;
}

static const struct tool_option *option_of(const struct tool_option *options, size_t count,
                                           int found)
{
    if (found >= 256)
        return &options[found - 256];
    for (size_t i = 0; i < count; i++)
        if (options[i].letter == found)
            return &options[i];
    return NULL;
}

static enum bough_status read_options(int argc, char **argv, const struct tool_option *options,
                                      size_t count)
{
    enum bough_status status = BOUGH_OK;
    struct option longs[MOST_OPTIONS + 1];
    char shorts[2 * MOST_OPTIONS + 2];
    describe(options, count, longs, shorts);
    opterr = 0;
    optind = 0; // anew, for a program that parses twice
    for (int found; (found = getopt_long(argc, argv, shorts, longs, NULL)) != -1;) {
        char letter[] = {'-', (char)optopt, '\0'};
        const char *given = optopt > 0 && optopt < 256 ? letter : argv[optind - 1];
        if (found == ':')
            return tool_fail(BOUGH_INVALID, "option %s needs a value; see %s %s --help", given,
                             tool_program, argv[0]);
        if (found == '?')
            return unknown(argv[0], given, options, count);
        TRY(take(option_of(options, count, found), optarg));
    }
done:
    return status;
}

// Those that are no options.
static enum bough_status read_arguments(int argc, char **argv, const struct tool_option *options,
                                        size_t count)
{
    const struct tool_option none = {.max = 0}, *arguments = &none;
    for (size_t i = 0; i < count; i++)
        if (!options[i].name)
            arguments = &options[i];
    for (int i = optind; i < argc; i++) {
        if (i - optind >= arguments->max)
            return tool_fail(BOUGH_INVALID, "unexpected argument '%s'; see %s %s --help", argv[i],
                             tool_program, argv[0]);
        arguments->value[i - optind] = argv[i];
    }
    return BOUGH_OK;
}

static enum bough_status check_given(const char *command, const struct tool_option *option)
{
    if (option->min == 0 || given_of(option) >= option->min)
        return BOUGH_OK;
    return tool_fail(BOUGH_INVALID, "%s%s is missing; see %s %s --help", option->name ? "--" : "",
                     option->name ? option->name : "an argument", tool_program, command);
}

enum bough_status tool_options(int argc, char **argv, const struct tool_option *options,
                               size_t count)
{
    enum bough_status status;
    TRY(read_options(argc, argv, options, count));
    TRY(read_arguments(argc, argv, options, count));
    for (size_t i = 0; i < count; i++)
        TRY(check_given(argv[0], &options[i]));
done:
    return status;
}

enum bough_status tool_whole(int64_t *number, const char *text, const char *option, int64_t min,
                             int64_t max)
{
    if (!text)
        return BOUGH_OK;
    char *end;
    errno = 0;
    int64_t value = strtoll(text, &end, 10);
    if (errno || end == text || *end || value < min || value > max)
        return tool_fail(BOUGH_INVALID,
                         "%s: \"%s\", wanted a whole number from %" PRId64 " to %" PRId64, option,
                         text, min, max);
    *number = value;
    return BOUGH_OK;
}
