#include "data_tool.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum bough_status data_options(int argc, char **argv, const struct tool_option *options,
                               size_t count)
{
    enum bough_status status;
    TRY(tool_options(argc, argv, options, count));
    for (size_t i = 0; i < count; i++)
        if (options[i].letter == 'o' && *options[i].value && strcmp(*options[i].value, "-") == 0)
            status =
                tool_fail(BOUGH_INVALID, "--output: \"-\", wanted a file: it is written aside, "
                                         "then renamed");
done:
    return status;
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
