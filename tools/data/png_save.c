#include "png_image.h"

#include <errno.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char cannot_write[] = "cannot write";

static enum bough_status write_pixels(FILE *file, const char *path, const uint8_t *pixels,
                                      int width, int height)
{
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)width,
                       .height = (png_uint_32)height,
                       .format = PNG_FORMAT_RGB};
    errno = 0; // libpng does not say of every failure that it was for memory
    const int is_written = png_image_write_to_stdio(&image, file, 0, pixels, 0, NULL);
    if (!is_written && !errno)
        return tool_fail(BOUGH_DATA, "%s: %s: %s", path, cannot_write, image.message);
    if (!is_written || fflush(file) != 0 || fsync(fileno(file)) != 0)
        return tool_refused(path, cannot_write);
    return BOUGH_OK;
}

static enum bough_status write_part(const char *path, const char *part, const uint8_t *pixels,
                                    int width, int height)
{
    FILE *file = fopen(part, "wb");
    if (!file)
        return tool_refused(path, cannot_write);
    enum bough_status status = write_pixels(file, path, pixels, width, height);
    fclose(file);
    if (status == BOUGH_OK && rename(part, path) != 0)
        status = tool_refused(path, cannot_write);
    if (status != BOUGH_OK)
        remove(part);
    return status;
}

enum bough_status png_save(const char *path, const uint8_t *pixels, int width, int height)
{
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) // a rename would replace a device
        return tool_fail(BOUGH_DATA, "%s: %s: it is no regular file", path, cannot_write);
    const size_t size = strlen(path) + sizeof ".part";
    char *part = malloc(size);
    if (!part)
        return tool_no_memory();
    snprintf(part, size, "%s.part", path);
    enum bough_status status = write_part(path, part, pixels, width, height);
    free(part);
    return status;
}
