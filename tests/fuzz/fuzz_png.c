// Reads a PNG file. Sums of chunks are set right, or nearly nothing would pass libpng's check.
#include "fuzz.h"

#include "png_image.h"

#include <stdlib.h>
#include <zlib.h>

enum { SIGNATURE = 8, AROUND = 12, PIXELS_MAX = 1 << 20 };

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed);

static size_t number(const uint8_t *at)
{
    return (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
}

// A chunk is a length, a name, the content, and a sum of the last two.
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed)
{
    size = LLVMFuzzerMutate(data, size, room);
    if (seed % 16 == 0)
        return size;
    for (size_t at = SIGNATURE; at + AROUND <= size; at += AROUND + number(data + at)) {
        const size_t length = number(data + at);
        if (length > size - at - AROUND)
            break;
        const uint32_t sum = (uint32_t)crc32(0, data + at + 4, (uInt)length + 4);
        for (int i = 0; i < 4; i++)
            data[at + 8 + length + (size_t)i] = (uint8_t)(sum >> (24 - 8 * i));
    }
    return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct png_size found;
    const char *path = fuzz_file(data, size);
    if (!fuzz_status(png_probe(&found, path), BOUGH_DATA, tool_error()) ||
        found.channels * found.height * found.width > PIXELS_MAX)
        return 0;
    uint8_t *pixels = malloc((size_t)(found.channels * found.height * found.width));
    if (!pixels)
        fuzz_wrong("out of memory");
    fuzz_status(png_load(pixels, &found, path), BOUGH_DATA, tool_error());
    free(pixels);
    return 0;
}
