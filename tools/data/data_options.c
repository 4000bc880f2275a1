#include "data_tool.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { OPTIONS_MAX = 16 };

// How messages call an option: "--split", or "an argument".
static const char *title(const struct tool_option *option)
{
    static _Thread_local char text[64];
    if (!option->name)
        return "an argument";
    snprintf(text, sizeof text, "--%s", option->name);
    return text;
}

static enum bough_status take(const struct tool_option *option, const char *value)
{
    if (!option)
        return tool_fail(BOUGH_INVALID, "\"%s\": no argument is wanted here", value);
    if (option->max == 0) {
        *option->value = option->name;
        return BOUGH_OK;
    }
    int given = 0;
    while (given < option->max && option->value[given])
        given++;
    if (given == option->max)
        return tool_fail(BOUGH_INVALID, "%s: \"%s\" is one too many, at most %d", title(option),
                         value, option->max);
    if (option->letter == 'o' && strcmp(value, "-") == 0)
        return tool_fail(BOUGH_INVALID, "--output: \"-\", wanted a file: it is written aside, then "
                                        "renamed");
    option->value[given] = value;
    return BOUGH_OK;
}

static const struct tool_option *by_letter(const struct tool_option *options, size_t count,
                                           int letter)
{
    for (size_t i = 0; i < count; i++)
        if (letter && options[i].letter == letter)
            return &options[i];
    return NULL;
}

static const struct tool_option *arguments(const struct tool_option *options, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!options[i].name)
            return &options[i];
    return NULL;
}

static enum bough_status check_given(const char *command, const struct tool_option *option)
{
    int given = 0;
    while (given < option->max && option->value[given])
        given++;
    if (given >= option->min)
        return BOUGH_OK;
    return tool_fail(BOUGH_INVALID, "%s is missing; see bough-data %s --help", title(option),
                     command);
}

static void describe(const struct tool_option *options, size_t count, struct option *longs,
                     char *shorts)
{
    size_t n = 0;
    *shorts++ = ':'; // tells a missing value from an unknown option
    for (size_t i = 0; i < count; i++) {
        if (!options[i].name)
            continue;
        int argument = options[i].max ? required_argument : no_argument;
        // Values from 256: the option's place; letters are below.
        longs[n++] = (struct option){options[i].name, argument, NULL, 256 + (int)i};
        if (options[i].letter)
            *shorts++ = options[i].letter;
        if (options[i].letter && options[i].max)
            *shorts++ = ':';
    }
    longs[n] = (struct option){0};
    *shorts = 0;
}

enum bough_status tool_options(int argc, char **argv, const struct tool_option *options,
                               size_t count)
{
    enum bough_status status = BOUGH_OK;
    struct option longs[OPTIONS_MAX + 1];
    char shorts[2 * OPTIONS_MAX + 2];
    describe(options, count, longs, shorts);
    optind = 0; // anew, for a program that parses twice
    for (int found; (found = getopt_long(argc, argv, shorts, longs, NULL)) != -1;) {
        if (found == ':')
            return tool_fail(BOUGH_INVALID, "%s: a value is missing", argv[optind - 1]);
        if (found == '?')
            return tool_fail(BOUGH_INVALID, "%s: no such option; see bough-data %s --help",
                             argv[optind - 1], argv[0]);
        TRY(take(found < 256 ? by_letter(options, count, found) : &options[found - 256], optarg));
    }
    for (int i = optind; i < argc; i++)
        TRY(take(arguments(options, count), argv[i]));
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

enum bough_status tool_real(double *number, const char *text, const char *option, double min,
                            double max)
{
    if (!text)
        return BOUGH_OK;
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !(value >= min && value <= max))
        return tool_fail(BOUGH_INVALID, "%s: \"%s\", wanted a number from %g to %g", option, text,
                         min, max);
    *number = value;
    return BOUGH_OK;
}

enum bough_status tool_check_output(const char *output, const char *input)
{
    struct stat out, in;
    if (!input || stat(output, &out) != 0 || stat(input, &in) != 0 || out.st_dev != in.st_dev ||
        out.st_ino != in.st_ino)
        return BOUGH_OK;
    return tool_fail(BOUGH_INVALID,
                     "--output: \"%s\" is the input %s, which would be lost; wanted another file",
                     output, input);
}

enum bough_status tool_fields(struct tool_fields *fields, const char *const *values)
{
    *fields = (struct tool_fields){"image", "label"};
    for (; *values; values++) {
        if (strncmp(*values, "image=", 6) == 0 && (*values)[6])
            fields->image = *values + 6;
        else if (strncmp(*values, "label=", 6) == 0 && (*values)[6])
            fields->label = *values + 6;
        else
            return tool_fail(BOUGH_INVALID, "--field: \"%s\", wanted image=NAME or label=NAME",
                             *values);
    }
    return BOUGH_OK;
}
