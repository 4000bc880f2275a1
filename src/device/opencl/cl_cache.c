#include "device/opencl/cl_cache.h"

#include "base/error.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FORMAT = 1 };

static const char magic[8] = "boughcl\n", suffix[] = ".bin";
static const uint64_t most_bytes = (uint64_t)256 << 20;

// ---- Keys ----

static void hash_text(SHA2_CTX *hash, const char *text)
{
    SHA256Update(hash, (const uint8_t *)text, strlen(text) + 1);
}

static void hash_device(SHA2_CTX *hash, cl_device_id id, cl_device_info what)
{
    char text[4096] = "";
    clGetDeviceInfo(id, what, sizeof text - 1, text, NULL);
    hash_text(hash, text);
}

static void hash_platform(SHA2_CTX *hash, cl_platform_id id, cl_platform_info what)
{
    char text[4096] = "";
    clGetPlatformInfo(id, what, sizeof text - 1, text, NULL);
    hash_text(hash, text);
}

struct bough__cl_key bough__cl_key_of(const struct bough__cl_device *device, const char *source)
{
    struct bough__cl_key key;
    const uint32_t format = FORMAT;
    SHA2_CTX hash;
    SHA256Init(&hash);
    SHA256Update(&hash, (const uint8_t *)&format, sizeof format);
    hash_platform(&hash, device->platform, CL_PLATFORM_NAME);
    hash_platform(&hash, device->platform, CL_PLATFORM_VERSION);
    hash_device(&hash, device->id, CL_DEVICE_NAME);
    hash_device(&hash, device->id, CL_DEVICE_VERSION);
    hash_device(&hash, device->id, CL_DRIVER_VERSION);
    hash_text(&hash, device->options);
    hash_text(&hash, source);
    SHA256Final(key.sha256, &hash);
    return key;
}

// ---- Blocks ----

struct header {
    char magic[8];
    uint32_t format, zero;
    uint64_t size;
    struct bough__cl_key key, checksum;
};

static struct bough__cl_key checksum(const void *data, size_t size)
{
    struct bough__cl_key sum;
    SHA2_CTX hash;
    SHA256Init(&hash);
    SHA256Update(&hash, data, size);
    SHA256Final(sum.sha256, &hash);
    return sum;
}

static struct header describe(const char wanted[8], const struct bough__cl_key *key, size_t size)
{
    struct header header = {.format = FORMAT, .size = size};
    memcpy(header.magic, wanted, sizeof header.magic);
    if (key)
        header.key = *key;
    return header;
}

// What is wrong with the file; NULL if nothing is.
static const char *fault(const struct bough__mapping *file, const char wanted[8],
                         const struct bough__cl_key *key)
{
    struct header found, right;
    if (file->size < sizeof found)
        return "it is cut short";
    memcpy(&found, file->data, sizeof found);
    const size_t size = file->size - sizeof found;
    right = describe(wanted, key, size);
    if (memcmp(found.magic, right.magic, sizeof right.magic) != 0)
        return "it is another kind of file";
    if (found.format != right.format || found.zero != 0)
        return "it is of another version of bough";
    if (memcmp(&found.key, &right.key, sizeof right.key) != 0)
        return "it holds another program";
    if (found.size != right.size)
        return "its length is not what it tells";
    right.checksum = checksum(file->data + sizeof found, size);
    if (memcmp(&found.checksum, &right.checksum, sizeof right.checksum) != 0)
        return "its checksum is wrong";
    return NULL;
}

enum bough_status bough__cl_block_open(struct bough__cl_block *block, const char *path,
                                       const char wanted[8], const struct bough__cl_key *key)
{
    *block = (struct bough__cl_block){{0}, NULL, 0};
    enum bough_status status = bough__file_map(&block->file, path);
    if (status != BOUGH_OK)
        return status;
    const char *wrong = fault(&block->file, wanted, key);
    if (wrong) {
        bough__cl_block_close(block);
        return bough__fail(BOUGH_DATA, "%s: %s", path, wrong);
    }
    block->data = block->file.data + sizeof(struct header);
    block->size = block->file.size - sizeof(struct header);
    return BOUGH_OK;
}

enum bough_status bough__cl_block_save(const char *path, const char wanted[8],
                                       const struct bough__cl_key *key, const void *data,
                                       size_t size)
{
    struct header header = describe(wanted, key, size);
    header.checksum = checksum(data, size);
    struct bough__draft *draft;
    enum bough_status status;
    BOUGH_TRY(bough__draft_create(&draft, path));
    BOUGH_TRY(bough__draft_write(draft, &header, sizeof header));
    BOUGH_TRY(bough__draft_write(draft, data, size));
    BOUGH_TRY(bough__draft_commit(draft));
done:
    bough__draft_destroy(&draft);
    return status;
}

void bough__cl_block_close(struct bough__cl_block *block)
{
    bough__file_unmap(&block->file);
    *block = (struct bough__cl_block){{0}, NULL, 0};
}

// ---- The folder ----

struct bough__cl_cache {
    char folder[PATH_MAX];
    int grown; // something was added
    int told;  // that something was not
};

// NULL if there is none, the reason for which is told once, and louder where there could be one:
// the user has to mend it.
static struct bough__cl_cache *cache_of(struct bough__cl_device *device)
{
    if (device->cache || device->cacheless)
        return device->cache;
    struct bough__cl_cache *cache = calloc(1, sizeof *cache);
    enum bough_status status =
        cache ? bough__cache_folder(cache->folder, sizeof cache->folder) : bough__no_memory();
    if (status == BOUGH_OK)
        return device->cache = cache;
    bough__log(cache && cache->folder[0] ? BOUGH_LOG_WARNING : BOUGH_LOG_VERBOSE,
               "device %s: built kernels are not kept: %s", device->base.info.id,
               bough_last_error());
    device->cacheless = 1;
    free(cache);
    return NULL;
}

static int path_of(char *path, size_t size, const struct bough__cl_cache *cache,
                   const struct bough__cl_key *key)
{
    char name[2 * sizeof key->sha256 + 1];
    for (size_t i = 0; i < sizeof key->sha256; i++)
        snprintf(name + 2 * i, 3, "%02x", key->sha256[i]);
    int length = snprintf(path, size, "%s/%s%s", cache->folder, name, suffix);
    return length > 0 && (size_t)length < size;
}

// Nobody else wrote it: not even before the folder was closed to others.
static int is_own(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0 && S_ISREG(info.st_mode) && info.st_uid == geteuid();
}

int bough__cl_cache_find(struct bough__cl_block *binary, struct bough__cl_device *device,
                         const struct bough__cl_key *key)
{
    char path[PATH_MAX];
    struct bough__cl_cache *cache = cache_of(device);
    if (!cache || !path_of(path, sizeof path, cache, key) || access(path, F_OK) != 0)
        return 0;
    enum bough_status status =
        is_own(path) ? bough__cl_block_open(binary, path, magic, key)
                     : bough__fail(BOUGH_DATA, "%s: others may have written it", path);
    if (status != BOUGH_OK) {
        bough__log(BOUGH_LOG_VERBOSE, "device %s: not used: %s", device->base.info.id,
                   bough_last_error());
        return 0;
    }
    utimensat(AT_FDCWD, path, NULL, 0); // used now
    return 1;
}

int bough__cl_cache_is_there(struct bough__cl_device *device)
{
    return cache_of(device) != NULL;
}

void bough__cl_cache_keep(struct bough__cl_device *device, const struct bough__cl_key *key,
                          const void *binary, size_t size)
{
    char path[PATH_MAX];
    struct bough__cl_cache *cache = cache_of(device);
    if (!cache || !path_of(path, sizeof path, cache, key))
        return;
    errno = 0;
    if (bough__cl_block_save(path, magic, key, binary, size) == BOUGH_OK) {
        cache->grown = 1;
        return;
    }
    const int warns = !cache->told && errno != EWOULDBLOCK; // another process keeps it
    bough__log(warns ? BOUGH_LOG_WARNING : BOUGH_LOG_VERBOSE,
               "device %s: not all built kernels are kept: %s", device->base.info.id,
               bough_last_error());
    cache->told |= warns;
}

void bough__cl_cache_close(struct bough__cl_cache *cache)
{
    if (cache && cache->grown)
        bough__folder_trim(cache->folder, suffix, most_bytes);
    free(cache);
}
