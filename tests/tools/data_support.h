// What the tests of bough-data share: files of every format, and the program itself.
#ifndef BOUGH_TEST_DATA_SUPPORT_H
#define BOUGH_TEST_DATA_SUPPORT_H

#include "support/support.h"

#include <dirent.h>
#include <math.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <zlib.h>

// "<folder>/<name>", in one of a few buffers that are used in turn.
static inline const char *in_folder(const char *name)
{
    static char paths[8][600];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", test_folder(), name);
    return path;
}

static inline void write_bytes(const char *name, const void *bytes, size_t size)
{
    remove(in_folder(name)); // cutting an old file to 0 makes some file systems wait for the disk
    FILE *file = fopen(in_folder(name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static inline void write_text(const char *name, const char *text)
{
    write_bytes(name, text, strlen(text));
}

static inline size_t read_file(void *bytes, size_t room, const char *name)
{
    FILE *file = fopen(in_folder(name), "rb");
    assert_non_null(file);
    size_t size = fread(bytes, 1, room, file);
    fclose(file);
    return size;
}

static inline void make_folder(const char *name)
{
    assert_int_equal(mkdir(in_folder(name), 0777), 0);
}

static inline int count_names(const char *path)
{
    int count = 0;
    DIR *stream = opendir(path);
    assert_non_null(stream);
    for (struct dirent *entry; (entry = readdir(stream));)
        count += entry->d_name[0] != '.';
    closedir(stream);
    return count;
}

// Runs bough-data in the folder. `output` receives what it printed. Returns its exit code.
static inline int run_data(char *output, size_t size, const char *args)
{
    char command[2000];
    snprintf(command, sizeof command, "cd '%s' && %s/bin/bough-data %s 2>&1 </dev/null",
             test_folder(), TEST_BINARY_DIR, args);
    FILE *stream = popen(command, "r");
    assert_non_null(stream);
    size_t used = fread(output, 1, size - 1, stream);
    output[used] = 0;
    while (fgetc(stream) != EOF)
        ;
    int code = pclose(stream);
    return WIFEXITED(code) ? WEXITSTATUS(code) : -1;
}

static inline void assert_runs(const char *args)
{
    char output[4000];
    int code = run_data(output, sizeof output, args);
    if (code != 0)
        fail_msg("bough-data %s: exit code %d: %s", args, code, output);
}

// An IDX file: header bytes 0 0 `type` `rank`, the sizes, and `bytes` as they are.
static inline size_t build_idx(unsigned char *to, int type, int rank, const uint32_t *sizes,
                               const void *bytes, size_t count)
{
    size_t at = 0;
    to[at++] = 0;
    to[at++] = 0;
    to[at++] = (unsigned char)type;
    to[at++] = (unsigned char)rank;
    for (int i = 0; i < rank; i++)
        for (int shift = 24; shift >= 0; shift -= 8)
            to[at++] = (unsigned char)(sizes[i] >> shift);
    memmove(to + at, bytes, count); // gcc warns of an overlap that cannot be
    return at + count;
}

#define SIZES(...) ((const uint32_t[]){__VA_ARGS__})

static inline void write_idx(const char *name, int type, int rank, const uint32_t *sizes,
                             const void *bytes, size_t count)
{
    unsigned char file[4096];
    write_bytes(name, file, build_idx(file, type, rank, sizes, bytes, count));
}

struct png_spec {
    int width, height, bits, type; // type: PNG_COLOR_TYPE_*
    int interlace;
    const unsigned char *rows; // as PNG packs them
    const png_color *palette;
    int colours;
    const unsigned char *alpha; // of the palette
    int alphas;
};

static inline void write_png(const char *name, const struct png_spec *spec)
{
    FILE *file = fopen(in_folder(name), "wb");
    assert_non_null(file);
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_init_io(png, file);
    png_set_IHDR(png, info, (png_uint_32)spec->width, (png_uint_32)spec->height, spec->bits,
                 spec->type, spec->interlace ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (spec->palette)
        png_set_PLTE(png, info, spec->palette, spec->colours);
    if (spec->alpha)
        png_set_tRNS(png, info, spec->alpha, spec->alphas, NULL);
    png_write_info(png, info);
    const size_t stride = png_get_rowbytes(png, info);
    png_bytep rows[64];
    for (int y = 0; y < spec->height; y++)
        rows[y] = (png_bytep)spec->rows + (size_t)y * stride;
    png_write_image(png, rows);
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    assert_int_equal(fclose(file), 0);
}

static inline void write_grey(const char *name, int width, int height, int value)
{
    unsigned char rows[4096];
    memset(rows, value, sizeof rows);
    write_png(name, &(struct png_spec){width, height, 8, PNG_COLOR_TYPE_GRAY, .rows = rows});
}

// Makes the header tell other sizes, with a right checksum.
static inline void forge_png_size(const char *name, uint32_t width, uint32_t height)
{
    unsigned char bytes[8192];
    const size_t size = read_file(bytes, sizeof bytes, name);
    for (int i = 0; i < 4; i++) {
        bytes[16 + i] = (unsigned char)(width >> (24 - 8 * i));
        bytes[20 + i] = (unsigned char)(height >> (24 - 8 * i));
    }
    const uint32_t sum = (uint32_t)crc32(0, bytes + 12, 17);
    for (int i = 0; i < 4; i++)
        bytes[29 + i] = (unsigned char)(sum >> (24 - 8 * i));
    write_bytes(name, bytes, size);
}

// A safetensors file as anyone may write it.
static inline void write_safetensors(const char *name, uint64_t length, const char *header,
                                     size_t data_bytes)
{
    unsigned char bytes[4096] = {0};
    const size_t size = strlen(header);
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(length >> 8 * i);
    memcpy(bytes + 8, header, size);
    write_bytes(name, bytes, 8 + size + data_bytes);
}

// ---- What a data set holds ----

static inline struct bough_tensor_file *open_set(const char *name)
{
    struct bough_tensor_file *file;
    assert_ok(bough_tensor_file_open(&file, in_folder(name)));
    return file;
}

static inline const struct bough_file_tensor *find(const struct bough_tensor_file *file,
                                                   const char *name)
{
    const struct bough_file_tensor *tensor = bough_tensor_file_find(file, name);
    if (!tensor)
        fail_msg("%s: no %s", bough_tensor_file_path(file), name);
    return tensor;
}

static inline void assert_shape(const struct bough_file_tensor *tensor, enum bough_dtype dtype,
                                const char *shape)
{
    char text[256];
    assert_int_equal(tensor->dtype, dtype);
    assert_string_equal(bough_shape_format(&tensor->shape, text, sizeof text), shape);
}

static inline void assert_classes(const struct bough_file_tensor *tensor, const int64_t *wanted)
{
    assert_int_equal(tensor->dtype, BOUGH_I64);
    assert_memory_equal(tensor->data, wanted, tensor->bytes);
}

#define CLASSES(...) ((const int64_t[]){__VA_ARGS__})

// The rows of a field of text, with a bar behind each.
static inline const char *texts(const struct bough_tensor_file *file, const char *name)
{
    static char all[300];
    const struct bough_file_tensor *tensor = find(file, name);
    const size_t room = (size_t)tensor->shape.dim[1];
    size_t used = 0;
    char key[100];
    snprintf(key, sizeof key, "text%s", strchr(name, '/'));
    assert_int_equal(tensor->dtype, BOUGH_U8);
    assert_string_equal(bough_tensor_file_metadata(file, key), "utf-8");
    for (size_t i = 0; i < (size_t)tensor->shape.dim[0]; i++)
        used += (size_t)snprintf(all + used, sizeof all - used, "%.*s|", (int)room,
                                 (const char *)tensor->data + i * room);
    return all;
}

static inline void assert_numbers(const struct bough_file_tensor *tensor, const float *wanted)
{
    assert_int_equal(tensor->dtype, BOUGH_F32);
    for (int64_t i = 0; i < tensor->shape.dim[0]; i++) {
        const float got = ((const float *)tensor->data)[i];
        if (isnan(wanted[i]) ? !isnan(got) : got != wanted[i])
            fail_msg("%s: row %d: %g, wanted %g", tensor->name, (int)i, (double)got,
                     (double)wanted[i]);
    }
}

#define NUMBERS(...) ((const float[]){__VA_ARGS__})

#endif
