// Writing safetensors. The header precedes the bytes and must be complete before them, hence
// declare first, then write.
#include <bough/dataset.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/strings.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTH_BYTES = 8, DATA_ALIGNMENT = 8, HEADER_BYTES_MAX = 100000000 };

struct entry {
    struct entry *next;
    json_t *info; // borrowed from the header
    size_t element;
    uint64_t offset, bytes; // from the first byte behind the header
};

struct bough_tensor_writer {
    struct bough__arena arena;
    struct bough__draft *draft;
    const char *path;
    json_t *header;
    struct entry *first, **last;
    uint64_t declared, written; // bytes of all tensors
    uint64_t data_begin, position;
    struct entry *current; // being written
    uint64_t current_written;
    int begun; // the header is written
};

enum bough_status bough_tensor_writer_create(struct bough_tensor_writer **result, const char *path)
{
    enum bough_status status;
    struct bough_tensor_writer *writer = calloc(1, sizeof *writer);
    BOUGH_TRY_MEMORY(writer);
    writer->last = &writer->first;
    writer->path = bough__arena_string(&writer->arena, path);
    BOUGH_TRY_MEMORY(writer->path);
    writer->header = json_object();
    BOUGH_TRY_MEMORY(writer->header);
    BOUGH_TRY(bough__draft_create(&writer->draft, path));
done:
    if (status != BOUGH_OK)
        bough_tensor_writer_destroy(&writer);
    *result = writer;
    return status;
}

void bough_tensor_writer_destroy(struct bough_tensor_writer **writer)
{
    if (!*writer)
        return;
    bough__draft_destroy(&(*writer)->draft);
    json_decref((*writer)->header);
    bough__arena_fini(&(*writer)->arena);
    free(*writer);
    *writer = NULL;
}

// Puts `value` under `key`, once. Takes over the reference to `value`, which is NULL where memory
// ended.
static enum bough_status put(struct bough_tensor_writer *writer, json_t *object, const char *key,
                             json_t *value)
{
    const char *wrong = NULL;
    if (writer->begun)
        wrong = "comes after the first write";
    else if (json_object_get(object, key))
        wrong = "stands already";
    else if (!bough__is_utf8(key))
        wrong = "is no UTF-8 text";
    if (wrong) {
        json_decref(value);
        return bough__fail(BOUGH_INVALID, "%s: \"%s\" %s", writer->path, key, wrong);
    }
    return json_object_set_new(object, key, value) == 0 ? BOUGH_OK : bough__no_memory();
}

enum bough_status bough_tensor_writer_metadata(struct bough_tensor_writer *writer, const char *key,
                                               const char *value)
{
    json_t *pairs = json_object_get(writer->header, "__metadata__");
    if (!pairs) {
        pairs = json_object();
        if (!pairs || json_object_set_new(writer->header, "__metadata__", pairs) != 0)
            return bough__no_memory();
    }
    if (!bough__is_utf8(value))
        return bough__fail(BOUGH_INVALID, "%s: \"%s\" is no UTF-8 text", writer->path, key);
    return put(writer, pairs, key, json_string(value));
}

static enum bough_status count_bytes(uint64_t *bytes, uint64_t *total,
                                     const struct bough_tensor_writer *writer, const char *name,
                                     enum bough_dtype dtype, const struct bough_shape *shape)
{
    char text[256];
    int64_t size = (int64_t)bough_dtype_size(dtype), sum;
    int bad = shape->rank < 0 || shape->rank > BOUGH_MAX_RANK;
    for (int32_t i = 0; !bad && i < shape->rank; i++)
        bad = shape->dim[i] < 0 || __builtin_mul_overflow(size, shape->dim[i], &size);
    if (bad || __builtin_add_overflow((int64_t)writer->declared, size, &sum))
        return bough__fail(
            BOUGH_INVALID, "%s: \"%s\": shape %s is no shape that fits a file", writer->path, name,
            shape->rank > BOUGH_MAX_RANK ? "of too many dimensions"
                                         : bough_shape_format(shape, text, sizeof text));
    *bytes = (uint64_t)size;
    *total = (uint64_t)sum;
    return BOUGH_OK;
}

// NULL if memory ends.
static json_t *describe(enum bough_dtype dtype, const struct bough_shape *shape)
{
    json_t *dims = json_array();
    for (int32_t i = 0; i < shape->rank; i++) {
        if (json_array_append_new(dims, json_integer(shape->dim[i])) != 0) {
            json_decref(dims);
            return NULL;
        }
    }
    return json_pack("{s:s, s:o}", "dtype", bough_dtype_name(dtype), "shape", dims);
}

enum bough_status bough_tensor_writer_declare(struct bough_tensor_writer *writer, const char *name,
                                              enum bough_dtype dtype,
                                              const struct bough_shape *shape)
{
    enum bough_status status;
    uint64_t bytes, total;
    struct entry *entry = BOUGH_NEW(&writer->arena, struct entry, 1);
    BOUGH_TRY_MEMORY(entry);
    if (strcmp(name, "__metadata__") == 0)
        return bough__fail(BOUGH_INVALID, "%s: a tensor cannot be named \"%s\"", writer->path,
                           name);
    BOUGH_TRY(count_bytes(&bytes, &total, writer, name, dtype, shape));
    json_t *info = describe(dtype, shape);
    BOUGH_TRY_MEMORY(info);
    BOUGH_TRY(put(writer, writer->header, name, info));
    *entry = (struct entry){.info = info, .element = bough_dtype_size(dtype), .bytes = bytes};
    *writer->last = entry;
    writer->last = &entry->next;
    writer->declared = total;
done:
    return status;
}

// Large elements first, else as declared: so every tensor is aligned to its element, as no byte
// between two tensors is allowed.
static enum bough_status lay_out(struct bough_tensor_writer *writer)
{
    uint64_t at = 0;
    for (size_t element = 8; element > 0; element /= 2) {
        for (struct entry *entry = writer->first; entry; entry = entry->next) {
            if (entry->element != element)
                continue;
            entry->offset = at;
            at += entry->bytes;
            json_t *offsets = json_pack("[I, I]", (json_int_t)entry->offset, (json_int_t)at);
            if (json_object_set_new(entry->info, "data_offsets", offsets) != 0)
                return bough__no_memory();
        }
    }
    return BOUGH_OK;
}

static enum bough_status write_header(struct bough_tensor_writer *writer, const char *text)
{
    const size_t length = strlen(text);
    const size_t padded = (length + DATA_ALIGNMENT - 1) / DATA_ALIGNMENT * DATA_ALIGNMENT;
    if (padded > HEADER_BYTES_MAX)
        return bough__fail(BOUGH_INVALID, "%s: a header of %zu bytes, at most %d are allowed",
                           writer->path, padded, HEADER_BYTES_MAX);
    unsigned char size[LENGTH_BYTES];
    for (int i = 0; i < LENGTH_BYTES; i++)
        size[i] = (unsigned char)((uint64_t)padded >> 8 * i);
    enum bough_status status;
    BOUGH_TRY(bough__draft_write(writer->draft, size, sizeof size));
    BOUGH_TRY(bough__draft_write(writer->draft, text, length));
    BOUGH_TRY(bough__draft_write(writer->draft, "        ", padded - length));
    writer->data_begin = LENGTH_BYTES + padded;
done:
    return status;
}

static enum bough_status begin(struct bough_tensor_writer *writer)
{
    if (!writer->draft)
        return bough__fail(BOUGH_INVALID, "%s: committed already", writer->path);
    if (writer->begun)
        return BOUGH_OK;
    enum bough_status status = lay_out(writer);
    if (status != BOUGH_OK)
        return status;
    char *text = bough__json_text(writer->header, JSON_COMPACT);
    if (!text)
        return bough__no_memory();
    status = write_header(writer, text);
    free(text);
    writer->begun = 1;
    writer->position = 0;
    writer->current = writer->first;
    return status;
}

// Writes what still fits into the current tensor and goes on to the next when it is full.
static enum bough_status write_piece(struct bough_tensor_writer *writer, const void *data,
                                     size_t *size)
{
    enum bough_status status = BOUGH_OK;
    struct entry *entry = writer->current;
    const uint64_t left = entry->bytes - writer->current_written;
    if (*size > left)
        *size = (size_t)left;
    const uint64_t place = entry->offset + writer->current_written;
    if (place != writer->position)
        BOUGH_TRY(bough__draft_seek(writer->draft, writer->data_begin + place));
    BOUGH_TRY(bough__draft_write(writer->draft, data, *size));
    writer->position = place + *size;
    writer->written += *size;
    writer->current_written += *size;
    if (*size == left) {
        writer->current = entry->next;
        writer->current_written = 0;
    }
done:
    return status;
}

enum bough_status bough_tensor_writer_write(struct bough_tensor_writer *writer, const void *data,
                                            size_t bytes)
{
    enum bough_status status = BOUGH_OK;
    BOUGH_TRY(begin(writer));
    if (bytes > writer->declared - writer->written)
        return bough__fail(BOUGH_INVALID, "%s: %zu bytes more, only %" PRIu64 " are declared",
                           writer->path, bytes, writer->declared - writer->written);
    const unsigned char *from = data;
    while (bytes > 0) {
        size_t piece = bytes;
        BOUGH_TRY(write_piece(writer, from, &piece));
        from += piece;
        bytes -= piece;
    }
done:
    return status;
}

enum bough_status bough_tensor_writer_commit(struct bough_tensor_writer *writer)
{
    enum bough_status status;
    BOUGH_TRY(begin(writer));
    if (writer->written != writer->declared)
        return bough__fail(BOUGH_INVALID, "%s: %" PRIu64 " bytes written, %" PRIu64 " are declared",
                           writer->path, writer->written, writer->declared);
    BOUGH_TRY(bough__draft_commit(writer->draft));
    bough__draft_destroy(&writer->draft);
done:
    return status;
}
