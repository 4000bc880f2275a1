// A file of kernels: every program built for one device, and a manifest that tells which. For
// devices without a compiler, and drivers that lock it.
//
// Behind the header of a block: the length of the manifest (64 bits), the manifest (JSON), and the
// binaries, at the places that it tells.
#include "device/opencl/cl_program.h"

#include "base/error.h"
#include "base/json.h"
#include "base/strings.h"
#include "device/opencl/cl_source.h"

#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char magic[8] = "boughkn\n";

struct bough__cl_kernels {
    char path[PATH_MAX];
    struct bough__cl_block block;
    json_t *manifest;
    const unsigned char *binaries;
    size_t size; // of all of them
};

static void hex(char text[65], const struct bough__cl_key *key)
{
    for (size_t i = 0; i < sizeof key->sha256; i++)
        snprintf(text + 2 * i, 3, "%02x", key->sha256[i]);
}

// What a file is for, and what it says of it.
static json_t *describe(const struct bough__cl_device *device)
{
    char platform[256] = "", version[256] = "";
    clGetPlatformInfo(device->platform, CL_PLATFORM_VERSION, sizeof platform - 1, platform, NULL);
    clGetDeviceInfo(device->id, CL_DEVICE_VERSION, sizeof version - 1, version, NULL);
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "device", device->base.info.name, "driver",
                     device->base.info.driver, "version", bough__make_utf8(version), "platform",
                     bough__make_utf8(platform), "options", device->options);
}

// ---- Reading ----

static enum bough_status read_manifest(struct bough__cl_kernels *kernels)
{
    uint64_t length;
    json_error_t error;
    const struct bough__cl_block *block = &kernels->block;
    if (block->size < sizeof length)
        return bough__fail(BOUGH_DATA, "%s: it is cut short", kernels->path);
    memcpy(&length, block->data, sizeof length);
    if (length > block->size - sizeof length)
        return bough__fail(BOUGH_DATA, "%s: the manifest is cut short", kernels->path);
    const char *text = (const char *)block->data + sizeof length;
    enum bough_status status =
        bough__json_read(&kernels->manifest, text, (size_t)length, 0, &error);
    if (status != BOUGH_OK)
        return status;
    if (!kernels->manifest)
        return bough__fail(BOUGH_DATA, "%s: the manifest: %s", kernels->path, error.text);
    kernels->binaries = block->data + sizeof length + length;
    kernels->size = block->size - sizeof length - (size_t)length;
    return BOUGH_OK;
}

// The same device, driver and options.
static enum bough_status check(const struct bough__cl_kernels *kernels,
                               const struct bough__cl_device *device)
{
    const char *key;
    json_t *value, *right = describe(device);
    enum bough_status status = right ? BOUGH_OK : bough__no_memory();
    json_object_foreach(right, key, value)
    {
        const char *found = json_string_value(json_object_get(kernels->manifest, key));
        if (status == BOUGH_OK && (!found || strcmp(found, json_string_value(value)) != 0))
            status = bough__fail(BOUGH_DEVICE,
                                 "%s: its kernels are for %s \"%s\"; that of device %s is \"%s\"",
                                 kernels->path, key, found ? found : "", device->base.info.id,
                                 json_string_value(value));
    }
    json_decref(right);
    return status;
}

enum bough_status bough__cl_kernels_open(struct bough__cl_device *device)
{
    enum bough_status status = BOUGH_OK;
    const char *path = bough__variable("BOUGH_KERNELS");
    if (!path)
        return BOUGH_OK;
    struct bough__cl_kernels *kernels = calloc(1, sizeof *kernels);
    BOUGH_TRY_MEMORY(kernels);
    snprintf(kernels->path, sizeof kernels->path, "%s", path);
    BOUGH_TRY(bough__cl_block_open(&kernels->block, path, magic, NULL));
    BOUGH_TRY(read_manifest(kernels));
    BOUGH_TRY(check(kernels, device));
    bough__log(BOUGH_LOG_VERBOSE, "device %s: all kernels are those of %s", device->base.info.id,
               path);
    device->kernels = kernels;
    kernels = NULL;
done:
    bough__cl_kernels_close(kernels);
    return status;
}

void bough__cl_kernels_close(struct bough__cl_kernels *kernels)
{
    if (!kernels)
        return;
    json_decref(kernels->manifest);
    bough__cl_block_close(&kernels->block);
    free(kernels);
}

static enum bough_status part(const unsigned char **binary, size_t *size,
                              const struct bough__cl_kernels *kernels, json_t *row)
{
    json_int_t offset, length;
    if (json_unpack(row, "{s:I, s:I}", "offset", &offset, "size", &length) != 0 || offset < 0 ||
        length < 0 || (uint64_t)offset > kernels->size ||
        (uint64_t)length > kernels->size - (size_t)offset)
        return bough__fail(BOUGH_DATA, "%s: the manifest places a program outside of the file",
                           kernels->path);
    *binary = kernels->binaries + offset;
    *size = (size_t)length;
    return BOUGH_OK;
}

enum bough_status bough__cl_kernels_find(const unsigned char **binary, size_t *size,
                                         const struct bough__cl_kernels *kernels,
                                         const struct bough__cl_program *wanted)
{
    size_t i;
    char key[65];
    json_t *row;
    int named = 0;
    hex(key, &wanted->key);
    json_array_foreach(json_object_get(kernels->manifest, "programs"), i, row)
    {
        const char *found = json_string_value(json_object_get(row, "key"));
        const char *source = json_string_value(json_object_get(row, "source"));
        if (found && strcmp(found, key) == 0)
            return part(binary, size, kernels, row);
        named |= source && strcmp(source, wanted->family) == 0;
    }
    return bough__fail(BOUGH_DEVICE,
                       named ? "%s: its cl/%s.cl was built by another version of bough, or with "
                               "other options"
                             : "%s: it has no cl/%s.cl",
                       kernels->path, wanted->family);
}

// ---- Writing ----

struct writing {
    json_t *programs;
    unsigned char *binaries;
    size_t size;
};

// "a;b" as a list. NULL without memory.
static json_t *names_of(const struct bough__cl_program *built)
{
    char all[8192] = "", *rest = all;
    json_t *names = json_array();
    clGetProgramInfo(built->program, CL_PROGRAM_KERNEL_NAMES, sizeof all - 1, all, NULL);
    for (char *name; (name = strtok_r(rest, ";", &rest)) != NULL;)
        if (json_array_append_new(names, json_string(name)) != 0) {
            json_decref(names);
            return NULL;
        }
    return names;
}

static enum bough_status append(struct writing *writing, const struct bough__cl_program *built,
                                const unsigned char *binary, size_t size)
{
    char key[65];
    unsigned char *larger = realloc(writing->binaries, writing->size + size);
    if (!larger)
        return bough__no_memory();
    writing->binaries = larger;
    memcpy(larger + writing->size, binary, size);
    hex(key, &built->key);
    json_t *row =
        json_pack("{s:s, s:s, s:o, s:I, s:I}", "source", built->family, "key", key, "kernels",
                  names_of(built), "offset", (json_int_t)writing->size, "size", (json_int_t)size);
    writing->size += size;
    return json_array_append_new(writing->programs, row) == 0 ? BOUGH_OK : bough__no_memory();
}

// One that does not build is left out, as it is where it is built at first use.
static enum bough_status add(struct writing *writing, struct bough__cl_device *device,
                             const char *family, char *report, size_t report_size)
{
    size_t size;
    struct bough__cl_program *built = bough__cl_program_get(device, family);
    if (!built)
        return bough__no_memory();
    if (!built->program) {
        bough__append(report, report_size, "%-16s left out: %s\n", family, built->reason);
        return BOUGH_OK;
    }
    unsigned char *binary = bough__cl_binary_create(&size, built);
    if (!binary)
        return bough__fail(BOUGH_DEVICE, "device %s (%s) gives no binary of cl/%s.cl",
                           device->base.info.id, device->base.info.name, family);
    enum bough_status status = append(writing, built, binary, size);
    free(binary);
    json_t *row = json_array_get(writing->programs, json_array_size(writing->programs) - 1);
    bough__append(report, report_size, "%-16s %3zu kernels %8.1f KiB\n", family,
                  json_array_size(json_object_get(row, "kernels")), (double)size / 1024);
    return status;
}

static enum bough_status add_all(struct writing *writing, struct bough__cl_device *device,
                                 char *report, size_t report_size)
{
    for (const struct bough__cl_file *file = bough__cl_files; file->name; file++) {
        char family[64];
        const char *end = strrchr(file->name, '.');
        if (!end || strcmp(end, ".cl") != 0)
            continue;
        snprintf(family, sizeof family, "%.*s", (int)(end - file->name), file->name);
        enum bough_status status = add(writing, device, family, report, report_size);
        if (status != BOUGH_OK)
            return status;
    }
    return BOUGH_OK;
}

// Not by json_dumps, which passes over a key when memory ends there.
static enum bough_status save(const char *path, const json_t *manifest,
                              const struct writing *writing)
{
    const size_t format = JSON_INDENT(1), text = json_dumpb(manifest, NULL, 0, format);
    const uint64_t length = text;
    const size_t size = sizeof length + text + writing->size;
    unsigned char *all = malloc(size);
    enum bough_status status;
    if (!all || !text || json_dumpb(manifest, (char *)all + sizeof length, text, format) != text) {
        status = bough__no_memory();
        goto done;
    }
    memcpy(all, &length, sizeof length);
    if (writing->size)
        memcpy(all + sizeof length + text, writing->binaries, writing->size);
    status = bough__cl_block_save(path, magic, NULL, all, size);
done:
    free(all);
    return status;
}

enum bough_status bough__cl_save_kernels(struct bough_device *base, const char *path, char *report,
                                         size_t report_size)
{
    enum bough_status status;
    struct bough__cl_device *device = bough__cl_device(base);
    struct writing writing = {.programs = json_array()};
    json_t *manifest = describe(device);
    BOUGH_TRY(bough__file_can_write(path)); // before minutes of building
    BOUGH_TRY_MEMORY(manifest);
    BOUGH_TRY_MEMORY(writing.programs);
    BOUGH_TRY(add_all(&writing, device, report, report_size));
    if (json_object_set(manifest, "programs", writing.programs) != 0)
        BOUGH_TRY(bough__no_memory());
    BOUGH_TRY(save(path, manifest, &writing));
done:
    free(writing.binaries);
    json_decref(writing.programs);
    json_decref(manifest);
    return status;
}
