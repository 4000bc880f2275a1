#include "png_save.h"

#include <errno.h>
#include <png.h>

struct picture {
    const uint8_t *pixels;
    int width, height;
};

static enum bough_status write_pixels(FILE *file, const char *path, const void *user)
{
    const struct picture *picture = user;
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)picture->width,
                       .height = (png_uint_32)picture->height,
                       .format = PNG_FORMAT_RGB};
    errno = 0; // libpng does not say of every failure that it was for memory
    if (png_image_write_to_stdio(&image, file, 0, picture->pixels, 0, NULL))
        return BOUGH_OK;
    return errno ? tool_refused(path, "cannot write")
                 : tool_fail(BOUGH_DATA, "%s: cannot write: %s", path, image.message);
}

enum bough_status png_save(const char *path, const uint8_t *pixels, int width, int height)
{
    return tool_file_write(path, write_pixels, &(struct picture){pixels, width, height});
}
