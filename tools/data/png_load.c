#include "png_image.h"

#include <errno.h>
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// libpng leaves by longjmp: all that must survive lives here, not in locals.
struct reader {
    const char *path;
    FILE *file;
    png_structp png;
    png_infop info;
    png_bytep bytes;
    png_bytepp rows;
    char reason[160];
};

enum { SIDE_MAX = 32767 };

static void on_error(png_structp png, png_const_charp text)
{
    struct reader *reader = png_get_error_ptr(png);
    snprintf(reader->reason, sizeof reader->reason, "%s", text);
    longjmp(png_jmpbuf(png), 1);
}

// Warnings are about colour profiles and the like, but for one: pixels beyond the header's size.
static void on_warning(png_structp png, png_const_charp text)
{
    if (strstr(text, "Too much image data") || strstr(text, "Extra compressed data"))
        on_error(png, "more pixels than the header tells");
}

static void close_reader(struct reader *reader)
{
    png_destroy_read_struct(&reader->png, &reader->info, NULL);
    free(reader->bytes);
    free(reader->rows);
    if (reader->file)
        fclose(reader->file);
}

// libpng's words are for programmers where the file simply ends.
static enum bough_status damaged(const struct reader *reader)
{
    const char *reason = feof(reader->file) ? "the file ends" : reader->reason;
    if (ferror(reader->file) || errno == ENOMEM)
        return tool_refused(reader->path, "cannot read");
    return tool_fail(BOUGH_DATA, "%s: byte %ld: %s, wanted a whole PNG image", reader->path,
                     ftell(reader->file), reason);
}

// What other programs' files begin with.
static const struct {
    const char *begin, *what;
} others[] = {
    {"\xff\xd8\xff", "a JPEG image"},
    {"GIF8", "a GIF image"},
    {"BM", "a BMP image"},
    {"RIFF", "a WebP image"},
    {"II*", "a TIFF image"},
    {"MM", "a TIFF image"},
    {"%PDF", "a PDF"},
    {"<", "an SVG image or HTML"},
    {"P5", "a PNM image"},
    {"P6", "a PNM image"},
};

static enum bough_status check_signature(const struct reader *reader)
{
    unsigned char bytes[8] = {0};
    const size_t got = fread(bytes, 1, sizeof bytes, reader->file);
    if (got == 0 && !ferror(reader->file))
        return tool_fail(BOUGH_DATA, "%s: an empty file, wanted a PNG image", reader->path);
    if (got < sizeof bytes || png_sig_cmp(bytes, 0, sizeof bytes) == 0)
        return got < sizeof bytes ? damaged(reader) : BOUGH_OK;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (memcmp(bytes, others[i].begin, strlen(others[i].begin)) == 0)
            return tool_fail(BOUGH_DATA, "%s: no PNG image, it looks like %s; convert it first",
                             reader->path, others[i].what);
    return tool_fail(BOUGH_DATA, "%s: no PNG image, wanted one", reader->path);
}

static enum bough_status open_reader(struct reader *reader, const char *path)
{
    *reader = (struct reader){.path = path, .file = fopen(path, "rb")};
    if (!reader->file)
        return tool_refused(path, "cannot open");
    errno = 0; // libpng does not say of every failure that it was for memory
    reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, reader, on_error, on_warning);
    if (reader->png)
        reader->info = png_create_info_struct(reader->png);
    return reader->info ? BOUGH_OK : tool_no_memory();
}

static enum bough_status read_header(struct reader *reader)
{
    if (setjmp(png_jmpbuf(reader->png)))
        return damaged(reader);
    png_set_user_limits(reader->png, SIDE_MAX, SIDE_MAX);
    png_init_io(reader->png, reader->file);
    png_set_sig_bytes(reader->png, 8);
    png_read_info(reader->png, reader->info);
    return BOUGH_OK;
}

static int has_colour(const struct reader *reader)
{
    if (png_get_color_type(reader->png, reader->info) != PNG_COLOR_TYPE_PALETTE)
        return (png_get_color_type(reader->png, reader->info) & PNG_COLOR_MASK_COLOR) != 0;
    png_colorp palette;
    int count = 0;
    png_get_PLTE(reader->png, reader->info, &palette, &count);
    for (int i = 0; i < count; i++)
        if (palette[i].red != palette[i].green || palette[i].red != palette[i].blue)
            return 1;
    return 0;
}

enum bough_status png_probe(struct png_size *size, const char *path)
{
    struct reader reader;
    enum bough_status status;
    TRY(open_reader(&reader, path));
    TRY(check_signature(&reader));
    TRY(read_header(&reader));
    size->width = png_get_image_width(reader.png, reader.info);
    size->height = png_get_image_height(reader.png, reader.info);
    size->channels = has_colour(&reader) ? 3 : 1;
done:
    close_reader(&reader);
    return status;
}

// Decodes into `bytes`: 8 bits; grey, grey and alpha, RGB or RGBA.
static enum bough_status read_pixels(struct reader *reader)
{
    if (setjmp(png_jmpbuf(reader->png)))
        return damaged(reader);
    png_set_expand(reader->png);
    png_set_scale_16(reader->png);
    png_set_interlace_handling(reader->png);
    png_read_update_info(reader->png, reader->info);
    const size_t stride = png_get_rowbytes(reader->png, reader->info);
    const size_t height = png_get_image_height(reader->png, reader->info);
    reader->bytes = malloc(stride * height); // at most SIDE_MAX^2 * 4
    reader->rows = malloc(height * sizeof *reader->rows);
    if (!reader->bytes || !reader->rows)
        return tool_no_memory();
    for (size_t y = 0; y < height; y++)
        reader->rows[y] = reader->bytes + y * stride;
    png_read_image(reader->png, reader->rows);
    png_read_end(reader->png, NULL);
    return BOUGH_OK;
}

// Interleaved pixels to planes, transparency laid on black.
static void to_planes(uint8_t *planes, const struct png_size *size, const uint8_t *pixel,
                      int channels)
{
    const int64_t area = size->height * size->width;
    const int colours = channels < 3 ? 1 : 3, has_alpha = channels % 2 == 0;
    for (int64_t i = 0; i < area; i++, pixel += channels) {
        const int alpha = has_alpha ? pixel[channels - 1] : 255;
        for (int64_t c = 0; c < size->channels; c++) {
            const int value = pixel[c < colours ? c : 0];
            planes[c * area + i] = (uint8_t)((value * alpha + 127) / 255);
        }
    }
}

static enum bough_status check_size(const struct reader *reader, const struct png_size *size)
{
    if (png_get_image_width(reader->png, reader->info) == size->width &&
        png_get_image_height(reader->png, reader->info) == size->height)
        return BOUGH_OK;
    return tool_fail(BOUGH_DATA, "%s: changed while it was read", reader->path);
}

enum bough_status png_load(uint8_t *pixels, const struct png_size *size, const char *path)
{
    struct reader reader;
    enum bough_status status;
    TRY(open_reader(&reader, path));
    TRY(check_signature(&reader));
    TRY(read_header(&reader));
    TRY(check_size(&reader, size));
    TRY(read_pixels(&reader));
    to_planes(pixels, size, reader.bytes, png_get_channels(reader.png, reader.info));
done:
    close_reader(&reader);
    return status;
}
