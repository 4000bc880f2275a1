#include "data/foreign.h"

#include <string.h>

#define SETS "; bough-data --help lists what makes a data set"

static const struct {
    size_t size;
    const char *begin, *name;
} kinds[] = {
    {4, "\x89PNG", "a PNG image; bough-data png makes a data set of a folder of them"},
    {3, "\xff\xd8\xff", "a JPEG image" SETS},
    {3, "\0\0\x08", "an IDX file; bough-data idx makes a data set of it"},
    {2, "\x1f\x8b", "gzipped data; bough-data csv or idx makes a data set of it, if it is such"},
    {4, "PK\3\4", "a zip archive, as numpy and PyTorch write" SETS},
    {6, "\x93NUMPY", "an array of numpy; safetensors.numpy.save_file makes a data set of it"},
    {4, "\x89HDF", "HDF5" SETS},
    {4, "PAR1", "Parquet" SETS},
};

static int is_text(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((bytes[i] < ' ' && !strchr("\t\r\n\f", bytes[i])) || bytes[i] == 0x7f ||
            bytes[i] == 0xff || bytes[i] == 0)
            return 0;
    return size > 0;
}

static const char *text_name(const unsigned char *bytes, size_t size)
{
    if (bytes[0] == '{' || bytes[0] == '[' || bytes[0] == '<')
        return "JSON or other text" SETS;
    for (size_t i = 0; i < size && bytes[i] != '\n'; i++)
        if (strchr(",;\t", bytes[i]))
            return "CSV text; bough-data csv makes a data set of it";
    return "text" SETS;
}

const char *bough__foreign_name(const void *bytes, size_t size)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (size >= kinds[i].size && memcmp(bytes, kinds[i].begin, kinds[i].size) == 0)
            return kinds[i].name;
    const size_t looked_at = size < 1024 ? size : 1024;
    return is_text(bytes, looked_at) ? text_name(bytes, looked_at) : NULL;
}
