#include "idx.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

static const struct {
    unsigned char code;
    enum bough_dtype dtype;
} types[] = {
    {0x08, BOUGH_U8},  {0x09, BOUGH_I8},  {0x0B, BOUGH_I16},
    {0x0C, BOUGH_I32}, {0x0D, BOUGH_F32}, {0x0E, BOUGH_F64},
};

// Why the stream gives no more: zlib's message without the name of the stream before it.
static const char *reason(const struct idx *idx, int got)
{
    int code;
    const char *text = gzerror(idx->stream, &code);
    if (code == Z_ERRNO)
        return strerror(errno);
    if (got == 0 && code != Z_BUF_ERROR)
        return "the end of the file";
    const char *colon = strstr(text, ": ");
    return colon ? colon + 2 : text;
}

static int is_out_of_memory(const struct idx *idx)
{
    int code;
    gzerror(idx->stream, &code);
    return code == Z_MEM_ERROR;
}

// Reads `size` bytes, or tells where they end.
static enum bough_status read_bytes(struct idx *idx, void *bytes, size_t size, const char *what,
                                    int64_t wanted)
{
    char *to = bytes;
    while (size > 0) {
        int got = gzread(idx->stream, to, size < INT_MAX ? (unsigned)size : INT_MAX);
        enum bough_status status = tool_step(idx->path, 0, 0);
        if (status != BOUGH_OK)
            return status;
        if (is_out_of_memory(idx))
            return tool_no_memory();
        if (got <= 0)
            return tool_fail(BOUGH_DATA, "%s: byte %lld: %s, wanted %" PRId64 " bytes of %s",
                             idx->path, (long long)gztell(idx->stream), reason(idx, got), wanted,
                             what);
        to += got;
        size -= (size_t)got;
    }
    return BOUGH_OK;
}

static enum bough_status read_type(struct idx *idx, const unsigned char magic[4])
{
    if (magic[0] || magic[1])
        return tool_fail(BOUGH_DATA,
                         "%s: byte 0: %02x%02x%02x%02x, wanted 0000 and the type: no "
                         "IDX file",
                         idx->path, magic[0], magic[1], magic[2], magic[3]);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (types[i].code == magic[2]) {
            idx->dtype = types[i].dtype;
            return BOUGH_OK;
        }
    }
    return tool_fail(BOUGH_DATA,
                     "%s: byte 2: type 0x%02x, wanted 0x08 (U8), 0x09 (I8), 0x0b (I16), 0x0c "
                     "(I32), 0x0d (F32) or 0x0e (F64)",
                     idx->path, magic[2]);
}

static enum bough_status read_shape(struct idx *idx, int rank)
{
    unsigned char sizes[4 * BOUGH_MAX_RANK];
    if (rank < 1 || rank > BOUGH_MAX_RANK)
        return tool_fail(BOUGH_DATA, "%s: byte 3: %d dimensions, wanted 1 to %d", idx->path, rank,
                         BOUGH_MAX_RANK);
    enum bough_status status;
    TRY(read_bytes(idx, sizes, 4 * (size_t)rank, "sizes", 4 * rank));
    idx->shape.rank = rank;
    int64_t widest = sizeof(int64_t); // bytes, where the elements are widened
    for (int i = 0; i < rank; i++) {
        const unsigned char *s = sizes + 4 * i;
        idx->shape.dim[i] = (int64_t)s[0] << 24 | s[1] << 16 | s[2] << 8 | s[3];
        if (__builtin_mul_overflow(widest, idx->shape.dim[i], &widest))
            return tool_fail(BOUGH_DATA,
                             "%s: byte %d: sizes whose product overflows 64 bits, "
                             "wanted smaller ones",
                             idx->path, 4 + 4 * i);
    }
    idx->bytes = widest / (int64_t)sizeof(int64_t) * (int64_t)bough_dtype_size(idx->dtype);
done:
    return status;
}

enum bough_status idx_open(struct idx *idx, const char *path)
{
    enum bough_status status;
    unsigned char magic[4];
    *idx = (struct idx){.path = path};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return tool_refused(path, "cannot open");
    idx->stream = gzdopen(fd, "rb");
    if (!idx->stream)
        close(fd);
    TRY_MEMORY(idx->stream);
    gzbuffer(idx->stream, 1 << 16);
    TRY(read_bytes(idx, magic, sizeof magic, "magic", sizeof magic));
    TRY(read_type(idx, magic));
    TRY(read_shape(idx, magic[3]));
done:
    if (status != BOUGH_OK)
        idx_close(idx);
    return status;
}

// Turns big-endian elements into this machine's.
static void swap(unsigned char *bytes, size_t count, size_t element)
{
    const uint16_t one = 1;
    if (element == 1 || *(const unsigned char *)&one == 0)
        return;
    for (size_t i = 0; i < count; i++, bytes += element) {
        for (size_t low = 0, high = element - 1; low < high; low++, high--) {
            unsigned char byte = bytes[low];
            bytes[low] = bytes[high];
            bytes[high] = byte;
        }
    }
}

enum bough_status idx_read(struct idx *idx, void *elements, int64_t count)
{
    const size_t element = bough_dtype_size(idx->dtype), size = (size_t)count * element;
    enum bough_status status = read_bytes(idx, elements, size, "elements", idx->bytes);
    if (status == BOUGH_OK)
        swap(elements, (size_t)count, element);
    return status;
}

enum bough_status idx_end(struct idx *idx)
{
    char byte;
    int code;
    int got = gzread(idx->stream, &byte, 1);
    if (is_out_of_memory(idx))
        return tool_no_memory();
    gzerror(idx->stream, &code);
    if (got == 0 && (code == Z_OK || code == Z_STREAM_END))
        return BOUGH_OK;
    return tool_fail(BOUGH_DATA,
                     "%s: byte %lld: %s, wanted the end after %" PRId64 " bytes of elements",
                     idx->path, (long long)gztell(idx->stream) - (got > 0),
                     got > 0 ? "more bytes" : reason(idx, got), idx->bytes);
}

void idx_close(struct idx *idx)
{
    if (idx->stream)
        gzclose_r(idx->stream);
    idx->stream = NULL;
}
