// Reading safetensors: 8 bytes of header length (little-endian), a JSON header, the bytes.
#include "data/tensor_file.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "data/foreign.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTH_BYTES = 8, HEADER_BYTES_MAX = 100000000 }; // the format's own limit

struct metadata {
    const char *key, *value;
};

struct bough_tensor_file {
    struct bough__arena arena;
    struct bough__file *open; // NULL, or `opened`
    struct bough__file opened;
    struct bough__mapping mapping;
    const char *path;
    struct bough_file_tensor *tensor;
    uint64_t *offset; // of each tensor's bytes in the file
    struct metadata *metadata;
    size_t count, metadata_count;
};

// A tensor of the header: `begin` and `end` count from the first byte behind the header.
struct entry {
    struct bough_file_tensor tensor;
    uint64_t begin, end;
};

static enum bough_status damaged_tensor(const char *name, const char *found, const char *wanted)
{
    return bough__fail(BOUGH_DATA, "header, tensor \"%.200s\": %s, wanted %s", name, found, wanted);
}

static enum bough_status read_dtype(enum bough_dtype *dtype, const char *name, const json_t *info)
{
    const char *text = json_string_value(json_object_get(info, "dtype"));
    for (enum bough_dtype known = BOUGH_F32; text && known <= BOUGH_BOOL; known++) {
        if (strcmp(text, bough_dtype_name(known)) == 0) {
            *dtype = known;
            return BOUGH_OK;
        }
    }
    return bough__fail(BOUGH_DATA,
                       "header, tensor \"%.200s\": dtype %.40s, wanted F32, F64, F16, BF16, U8, "
                       "I8, I16, I32, I64 or BOOL",
                       name, text ? text : "missing");
}

static enum bough_status read_shape(struct bough_file_tensor *tensor, const json_t *info)
{
    const json_t *dims = json_object_get(info, "shape");
    if (!json_is_array(dims))
        return damaged_tensor(tensor->name, "no list \"shape\"", "one");
    if (json_array_size(dims) > BOUGH_MAX_RANK)
        return bough__fail(BOUGH_DATA,
                           "header, tensor \"%.200s\": %zu dimensions, wanted at most %d",
                           tensor->name, json_array_size(dims), BOUGH_MAX_RANK);
    tensor->shape.rank = (int32_t)json_array_size(dims);
    int64_t bytes = (int64_t)bough_dtype_size(tensor->dtype);
    for (int32_t i = 0; i < tensor->shape.rank; i++) {
        const json_t *dim = json_array_get(dims, (size_t)i);
        tensor->shape.dim[i] = json_integer_value(dim);
        if (!json_is_integer(dim) || tensor->shape.dim[i] < 0)
            return damaged_tensor(tensor->name, "a dimension that is no whole number from 0",
                                  "one");
        if (__builtin_mul_overflow(bytes, tensor->shape.dim[i], &bytes))
            return damaged_tensor(tensor->name, "a shape whose bytes overflow 64 bits",
                                  "a smaller one");
    }
    if ((uint64_t)bytes > SIZE_MAX)
        return damaged_tensor(tensor->name, "a shape beyond this machine's addresses",
                              "a smaller one");
    tensor->bytes = (size_t)bytes;
    return BOUGH_OK;
}

static enum bough_status read_offsets(struct entry *entry, const json_t *info, uint64_t data_bytes)
{
    const char *name = entry->tensor.name;
    const json_t *offsets = json_object_get(info, "data_offsets");
    const json_t *begin = json_array_get(offsets, 0), *end = json_array_get(offsets, 1);
    if (json_array_size(offsets) != 2 || !json_is_integer(begin) || !json_is_integer(end) ||
        json_integer_value(begin) < 0 || json_integer_value(end) < json_integer_value(begin))
        return damaged_tensor(name, "damaged \"data_offsets\"", "[begin, end]");
    entry->begin = (uint64_t)json_integer_value(begin);
    entry->end = (uint64_t)json_integer_value(end);
    if (entry->end > data_bytes)
        return bough__fail(BOUGH_DATA,
                           "header, tensor \"%.200s\": data_offsets end at %" PRIu64
                           ", wanted at most the %" PRIu64 " bytes that the file holds",
                           name, entry->end, data_bytes);
    if (entry->end - entry->begin != entry->tensor.bytes)
        return bough__fail(BOUGH_DATA,
                           "header, tensor \"%.200s\": data_offsets span %" PRIu64
                           " bytes, wanted %zu for its shape",
                           name, entry->end - entry->begin, entry->tensor.bytes);
    return BOUGH_OK;
}

static enum bough_status read_metadata(struct bough_tensor_file *file, json_t *pairs)
{
    if (!json_is_object(pairs))
        return bough__fail(BOUGH_DATA, "header, \"__metadata__\": no object, wanted text to text");
    file->metadata = BOUGH_NEW(&file->arena, struct metadata, json_object_size(pairs));
    if (!file->metadata)
        return bough__no_memory();
    const char *key;
    json_t *value;
    json_object_foreach(pairs, key, value)
    {
        if (!json_is_string(value))
            return bough__fail(BOUGH_DATA,
                               "header, \"__metadata__\", \"%.200s\": no text, wanted text to text",
                               key);
        struct metadata *pair = &file->metadata[file->metadata_count++];
        pair->key = bough__arena_string(&file->arena, key);
        pair->value = bough__arena_string(&file->arena, json_string_value(value));
        if (!pair->key || !pair->value)
            return bough__no_memory();
    }
    return BOUGH_OK;
}

static enum bough_status read_entries(struct bough_tensor_file *file, struct entry *entries,
                                      json_t *header, uint64_t data_bytes)
{
    enum bough_status status = BOUGH_OK;
    const char *name;
    json_t *info;
    json_object_foreach(header, name, info)
    {
        if (strcmp(name, "__metadata__") == 0) {
            BOUGH_TRY(read_metadata(file, info));
            continue;
        }
        struct entry *entry = &entries[file->count];
        entry->tensor.name = bough__arena_string(&file->arena, name);
        BOUGH_TRY_MEMORY(entry->tensor.name);
        BOUGH_TRY(read_dtype(&entry->tensor.dtype, name, info));
        BOUGH_TRY(read_shape(&entry->tensor, info));
        BOUGH_TRY(read_offsets(entry, info, data_bytes));
        file->count++;
    }
done:
    return status;
}

static int by_offset(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    if (x->end != y->end)
        return x->end < y->end ? -1 : 1;
    return strcmp(x->tensor.name, y->tensor.name);
}

static enum bough_status check_cover(const struct entry *entries, size_t count, uint64_t data_bytes)
{
    uint64_t at = 0;
    for (size_t i = 0; i < count; at = entries[i++].end) {
        if (entries[i].begin != at)
            return bough__fail(BOUGH_DATA,
                               "header, tensor \"%.200s\": data_offsets %s at %" PRIu64
                               ", wanted %" PRIu64 ", where the tensor before it ends",
                               entries[i].tensor.name,
                               entries[i].begin < at ? "overlap" : "leave a hole", entries[i].begin,
                               at);
    }
    if (at != data_bytes)
        return bough__fail(BOUGH_DATA, "%" PRIu64 " bytes behind the last tensor, wanted none",
                           data_bytes - at);
    return BOUGH_OK;
}

// Points a tensor at its bytes. Other writers may leave them unaligned; those are copied.
static enum bough_status place(struct bough_tensor_file *file, struct bough_file_tensor *tensor,
                               const unsigned char *bytes)
{
    tensor->data = bytes;
    if ((uintptr_t)bytes % bough_dtype_size(tensor->dtype) == 0)
        return BOUGH_OK;
    void *copy = bough__arena_alloc(&file->arena, tensor->bytes);
    if (!copy)
        return bough__no_memory();
    tensor->data = memcpy(copy, bytes, tensor->bytes);
    return BOUGH_OK;
}

static enum bough_status read_tensors(struct bough_tensor_file *file, json_t *header,
                                      const unsigned char *data, uint64_t data_bytes)
{
    enum bough_status status = BOUGH_OK;
    struct entry *entries = calloc(json_object_size(header) + 1, sizeof *entries);
    BOUGH_TRY_MEMORY(entries);
    BOUGH_TRY(read_entries(file, entries, header, data_bytes));
    qsort(entries, file->count, sizeof *entries, by_offset);
    BOUGH_TRY(check_cover(entries, file->count, data_bytes));
    file->tensor = BOUGH_NEW(&file->arena, struct bough_file_tensor, file->count);
    file->offset = BOUGH_NEW(&file->arena, uint64_t, file->count);
    BOUGH_TRY_MEMORY(file->tensor);
    BOUGH_TRY_MEMORY(file->offset);
    for (size_t i = 0; i < file->count; i++) {
        file->tensor[i] = entries[i].tensor;
        file->offset[i] = (uint64_t)(data - file->mapping.data) + entries[i].begin;
        BOUGH_TRY(place(file, &file->tensor[i], data + entries[i].begin));
    }
done:
    free(entries);
    return status;
}

static enum bough_status header_length(size_t *length, const struct bough__mapping *mapping,
                                       const char *wanted)
{
    uint64_t value = 0;
    for (int i = LENGTH_BYTES - 1; i >= 0 && mapping->size >= LENGTH_BYTES; i--)
        value = value << 8 | mapping->data[i];
    const int fits = mapping->size >= LENGTH_BYTES && value <= mapping->size - LENGTH_BYTES;
    const char *foreign = fits ? NULL : bough__foreign_name(mapping->data, mapping->size);
    if (foreign && wanted)
        return bough__fail(BOUGH_DATA, "not a safetensors file: it looks like %.*s; wanted %s",
                           (int)strcspn(foreign, ";"), foreign, wanted);
    if (foreign)
        return bough__fail(BOUGH_DATA, "not a safetensors file: it looks like %s", foreign);
    if (mapping->size < LENGTH_BYTES)
        return bough__fail(BOUGH_DATA,
                           "byte 0: the file has %zu bytes, wanted 8 for the length of a "
                           "safetensors header",
                           mapping->size);
    if (value > HEADER_BYTES_MAX)
        return bough__fail(BOUGH_DATA,
                           "byte 0: a header of %" PRIu64 " bytes, wanted at most %d: no "
                           "safetensors file",
                           value, HEADER_BYTES_MAX);
    if (!fits)
        return bough__fail(BOUGH_DATA,
                           "byte 0: a header of %" PRIu64 " bytes, wanted at most the %zu that the "
                           "file holds: truncated, or no safetensors file",
                           value, mapping->size - LENGTH_BYTES);
    *length = (size_t)value;
    return BOUGH_OK;
}

static enum bough_status parse(struct bough_tensor_file *file, const char *wanted)
{
    size_t length = 0;
    enum bough_status status = header_length(&length, &file->mapping, wanted);
    if (status != BOUGH_OK)
        return status;
    const unsigned char *text = file->mapping.data + LENGTH_BYTES;
    json_error_t error;
    json_t *header;
    status = bough__json_read(&header, (const char *)text, length, JSON_REJECT_DUPLICATES, &error);
    if (status != BOUGH_OK)
        return status;
    if (!header)
        return bough__fail(BOUGH_DATA, "header, byte %d: %s; wanted a JSON object", error.position,
                           error.text);
    if (json_is_object(header))
        status =
            read_tensors(file, header, text + length, file->mapping.size - LENGTH_BYTES - length);
    else
        status = bough__fail(BOUGH_DATA, "header, byte 0: a JSON list, wanted a JSON object");
    json_decref(header);
    return status;
}

enum bough_status bough_tensor_file_open(struct bough_tensor_file **file, const char *path)
{
    return bough__tensor_file_open(file, path, NULL);
}

enum bough_status bough__tensor_file_open(struct bough_tensor_file **result, const char *path,
                                          const char *wanted)
{
    enum bough_status status;
    struct bough_tensor_file *file = calloc(1, sizeof *file);
    BOUGH_TRY_MEMORY(file);
    file->path = bough__arena_string(&file->arena, path);
    BOUGH_TRY_MEMORY(file->path);
    BOUGH_TRY(bough__file_open(&file->opened, file->path));
    file->open = &file->opened;
    BOUGH_TRY(bough__file_map_open(&file->mapping, file->open));
    status = parse(file, wanted);
    if (status == BOUGH_DATA)
        bough__fail_in(status, "%s", path);
done:
    if (status != BOUGH_OK)
        bough_tensor_file_close(&file);
    *result = file;
    return status;
}

void bough_tensor_file_close(struct bough_tensor_file **file)
{
    if (!*file)
        return;
    bough__file_unmap(&(*file)->mapping);
    if ((*file)->open)
        bough__file_close((*file)->open);
    bough__arena_fini(&(*file)->arena);
    free(*file);
    *file = NULL;
}

const char *bough_tensor_file_path(const struct bough_tensor_file *file)
{
    return file->path;
}

size_t bough_tensor_file_count(const struct bough_tensor_file *file)
{
    return file->count;
}

const struct bough_file_tensor *bough_tensor_file_at(const struct bough_tensor_file *file,
                                                     size_t index)
{
    return index < file->count ? &file->tensor[index] : NULL;
}

const struct bough_file_tensor *bough_tensor_file_find(const struct bough_tensor_file *file,
                                                       const char *name)
{
    for (size_t i = 0; i < file->count; i++)
        if (strcmp(file->tensor[i].name, name) == 0)
            return &file->tensor[i];
    return NULL;
}

const char *bough_tensor_file_metadata(const struct bough_tensor_file *file, const char *key)
{
    for (size_t i = 0; i < file->metadata_count; i++)
        if (strcmp(file->metadata[i].key, key) == 0)
            return file->metadata[i].value;
    return NULL;
}

size_t bough_tensor_file_metadata_count(const struct bough_tensor_file *file)
{
    return file->metadata_count;
}

const char *bough_tensor_file_metadata_at(const struct bough_tensor_file *file, size_t index,
                                          const char **value)
{
    if (index >= file->metadata_count)
        return NULL;
    *value = file->metadata[index].value;
    return file->metadata[index].key;
}

// ---- Reading ----

enum bough_status bough__tensor_read(const struct bough_tensor_file *file,
                                     const struct bough_file_tensor *tensor, size_t first, void *to,
                                     size_t bytes)
{
    const uint64_t offset = file->offset[tensor - file->tensor] + first;
    enum bough_status status = bough__file_read_at(file->open, to, bytes, offset);
    if (status != BOUGH_OK)
        bough__fail(status, "%s; %s was read from its byte %zu on", bough_last_error(),
                    tensor->name, first);
    return status;
}

enum bough_status bough__tensor_load(void **bytes, const struct bough_tensor_file *file,
                                     const struct bough_file_tensor *tensor)
{
    *bytes = malloc(tensor->bytes + 1);
    if (!*bytes)
        return bough__no_memory();
    enum bough_status status = bough__tensor_read(file, tensor, 0, *bytes, tensor->bytes);
    if (status != BOUGH_OK) {
        free(*bytes);
        *bytes = NULL;
    }
    return status;
}

enum bough_status bough__tensor_file_check(const struct bough_tensor_file *file)
{
    return bough__file_check(file->open);
}
