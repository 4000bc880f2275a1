// Opens a config; one that is right is written and read again, and must be the same.
#include "fuzz.h"

#include "config/config.h"

#include <stdlib.h>
#include <string.h>

static char *written(const char *path, size_t *size)
{
    struct bough_config *config;
    char *text;
    if (!fuzz_status(bough_config_open(&config, path, NULL, 0), BOUGH_INVALID, bough_last_error()))
        return NULL;
    fuzz_status(bough__config_text(&text, size, config), BOUGH_OK, bough_last_error());
    bough_config_close(&config);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t first_size, second_size;
    char *first = written(fuzz_file(data, size), &first_size);
    if (!first)
        return 0;
    char *second = written(fuzz_file((const uint8_t *)first, first_size), &second_size);
    if (!second || second_size != first_size || memcmp(first, second, first_size) != 0)
        fuzz_wrong("a config changes when it is written and read");
    free(first);
    free(second);
    return 0;
}
