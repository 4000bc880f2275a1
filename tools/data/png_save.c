#include "png_image.h"

#include <errno.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum bough_status refused(const char *path, const char *reason)
{
    return tool_fail(BOUGH_DATA, "%s: cannot write: %s", path, reason);
}

static enum bough_status write_part(const char *path, const char *part, const uint8_t *pixels,
                                    int width, int height)
{
    enum bough_status status = BOUGH_OK;
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)width,
                       .height = (png_uint_32)height,
                       .format = PNG_FORMAT_RGB};
    FILE *file = fopen(part, "wb");
    if (!file)
        return refused(path, strerror(errno));
    if (!png_image_write_to_stdio(&image, file, 0, pixels, 0, NULL))
        status = refused(path, image.message);
    else if (fflush(file) != 0 || fsync(fileno(file)) != 0)
        status = refused(path, strerror(errno));
    fclose(file);
    if (status == BOUGH_OK && rename(part, path) != 0)
        status = refused(path, strerror(errno));
    if (status != BOUGH_OK)
        remove(part);
    return status;
}

enum bough_status png_save(const char *path, const uint8_t *pixels, int width, int height)
{
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) // a rename would replace a device
        return refused(path, "it is no regular file");
    const size_t size = strlen(path) + sizeof ".part";
    char *part = malloc(size);
    if (!part)
        return tool_no_memory();
    snprintf(part, size, "%s.part", path);
    enum bough_status status = write_part(path, part, pixels, width, height);
    free(part);
    return status;
}
