#include "config/name_fits.h"

#include "base/strings.h"

#include <string.h>

int bough__name_fits(const char *name)
{
    const size_t length = strlen(name);
    if (!length || length > 63 || *name == ' ' || name[length - 1] == ' ')
        return 0;
    for (size_t bytes; *name; name += bytes) {
        const unsigned char first = (unsigned char)name[0], second = (unsigned char)name[1];
        const int control = first < ' ' || first == 127 || (first == 0xc2 && second < 0xa0);
        bytes = bough__utf8_bytes(name);
        if (!bytes || control || strchr("./\\\"'`,;:=[]{}", *name))
            return 0;
    }
    return 1;
}
