#include "device/tuning.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/strings.h"

#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char format[] = "bough tuning 1";

// {"format", "device", "driver", "version", "clblast": set,
//  "gemm": {kind: {"use": candidate, "us": time, "before": time}}}
struct bough__tuning {
    json_t *root;
};

// ---- Kinds ----

static const char *lie(const struct bough__matrix *x)
{
    if (x->kind != BOUGH_PLAIN)
        return x->kind == BOUGH_WINDOWS ? "windows" : "windows-transposed";
    return x->col.stride == 1 ? "rows" : x->row.stride == 1 ? "cols" : "spread";
}

static int64_t up(int64_t size)
{
    int64_t power = 1;
    while (power < size && power < INT64_MAX / 2)
        power *= 2;
    return power;
}

void bough__tuning_kind(char kind[BOUGH_KIND_SIZE], const struct bough__gemm *g)
{
    snprintf(kind, BOUGH_KIND_SIZE, "%s %s %" PRId64 " %" PRId64 " %" PRId64 "%s", lie(&g->a),
             lie(&g->b), up(g->m), up(g->n), up(g->k), g->batch > 1 ? " batched" : "");
}

// ---- The file ----

static uint64_t hash(uint64_t sum, const char *text)
{
    for (; *text; text++)
        sum = (sum ^ (unsigned char)*text) * 0x100000001b3u;
    return (sum ^ 0xff) * 0x100000001b3u;
}

static enum bough_status path_of(char path[PATH_MAX], const struct bough_device_info *info)
{
    char folder[PATH_MAX - 64];
    const uint64_t sum =
        hash(hash(hash(0xcbf29ce484222325u, info->name), info->driver), info->version);
    enum bough_status status = bough__cache_folder(folder, sizeof folder);
    if (status == BOUGH_OK)
        snprintf(path, PATH_MAX, "%s/tuning-%016" PRIx64 ".json", folder, sum);
    return status;
}

static int says(const json_t *root, const char *key, const char *text)
{
    const char *found = json_string_value(json_object_get(root, key));
    return found && strcmp(found, text) == 0;
}

static enum bough_status unlike(const json_t *root, const char *path, const char *key,
                                const char *wanted)
{
    char *found = bough__json_text(json_object_get(root, key),
                                   JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
    const enum bough_status status = bough__fail(BOUGH_DATA, "%s: %s is %.40s, wanted %s", path,
                                                 key, found ? found : "missing", wanted);
    free(found);
    return status;
}

static enum bough_status check_set(const json_t *root, const char *path)
{
    char wanted[64];
    const json_t *set = json_object_get(root, "clblast");
    if (json_is_integer(set) && json_integer_value(set) >= 0 &&
        json_integer_value(set) <= BOUGH_BLAST_SETS)
        return BOUGH_OK;
    snprintf(wanted, sizeof wanted, "a set of its parameters, 0 to %d", BOUGH_BLAST_SETS);
    return unlike(root, path, "clblast", wanted);
}

// `where` names the object for people; `keys` ends with NULL.
static enum bough_status check_keys(json_t *object, const char *where, const char *const *keys)
{
    const char *key;
    json_t *value;
    char wanted[128] = "";
    for (size_t i = 0; keys[i]; i++)
        bough__append(wanted, sizeof wanted, "%s%s", i ? ", " : "", keys[i]);
    json_object_foreach(object, key, value)
    {
        size_t i = 0;
        while (keys[i] && strcmp(keys[i], key) != 0)
            i++;
        if (!keys[i])
            return bough__fail(BOUGH_DATA, "%s: unknown key \"%.40s\", wanted %s", where, key,
                               wanted);
    }
    return BOUGH_OK;
}

static enum bough_status check_kinds(json_t *gemm, const char *path)
{
    static const char *const keys[] = {"use", "us", "before", NULL};
    const char *kind;
    json_t *entry;
    json_object_foreach(gemm, kind, entry)
    {
        char where[PATH_MAX + 64];
        if (!json_is_string(json_object_get(entry, "use")))
            return bough__fail(BOUGH_DATA, "%s: \"%s\" names no candidate", path, kind);
        snprintf(where, sizeof where, "%s: \"%.40s\"", path, kind);
        enum bough_status status = check_keys(entry, where, keys);
        if (status != BOUGH_OK)
            return status;
    }
    return BOUGH_OK;
}

static enum bough_status check(json_t *root, const char *path, const struct bough_device_info *info)
{
    static const char *const keys[] = {"format",  "device", "driver", "version",
                                       "clblast", "gemm",   NULL};
    enum bough_status status;
    json_t *gemm = json_object_get(root, "gemm");
    const char *device = json_string_value(json_object_get(root, "device"));
    if (!says(root, "format", format))
        return bough__fail(BOUGH_DATA, "%s: not a tuning of this version of bough", path);
    if (!says(root, "device", info->name) || !says(root, "driver", info->driver) ||
        !says(root, "version", info->version))
        return bough__fail(BOUGH_DATA, "%s: the tuning of another device or driver: %s", path,
                           device ? device : "none is named");
    BOUGH_TRY(check_keys(root, path, keys));
    if (!json_is_object(gemm))
        return unlike(root, path, "gemm", "an object, a key for each kind of products");
    BOUGH_TRY(check_kinds(gemm, path));
    BOUGH_TRY(check_set(root, path));
done:
    return status;
}

static enum bough_status read_file(json_t **root, const char *path,
                                   const struct bough_device_info *info)
{
    enum bough_status status;
    char *text = NULL;
    size_t size;
    json_error_t error;
    *root = NULL;
    BOUGH_TRY(bough__file_read(&text, &size, path));
    BOUGH_TRY(bough__json_read(root, text, size, JSON_REJECT_DUPLICATES, &error));
    if (!*root)
        status = bough__fail(BOUGH_DATA, "%s: line %d: %s", path, error.line, error.text);
    else
        status = check(*root, path, info);
done:
    free(text);
    return status;
}

static enum bough_status write_file(const json_t *root, const char *path)
{
    char *text = bough__json_text(root, JSON_INDENT(2));
    if (!text)
        return bough__no_memory();
    enum bough_status status = bough__file_write(path, text, strlen(text));
    free(text);
    return status;
}

// ---- Loading ----

static struct bough__tuning *wrap(json_t *root)
{
    struct bough__tuning *tuning = calloc(1, sizeof *tuning);
    if (tuning)
        tuning->root = json_incref(root);
    return tuning;
}

struct bough__tuning *bough__tuning_load(const struct bough_device_info *info)
{
    char path[PATH_MAX];
    struct bough__tuning *tuning = NULL;
    json_t *root = NULL;
    if (path_of(path, info) != BOUGH_OK || access(path, F_OK) != 0)
        return NULL;
    if (read_file(&root, path, info) == BOUGH_OK) {
        tuning = wrap(root);
        bough__log(BOUGH_LOG_VERBOSE, "device %s: tuned for %zu kinds of products, %s", info->id,
                   json_object_size(json_object_get(root, "gemm")), path);
    } else {
        bough__log(BOUGH_LOG_WARNING, "device %s: its tuning is ignored: %s", info->id,
                   bough_last_error());
    }
    json_decref(root);
    return tuning;
}

void bough__tuning_destroy(struct bough__tuning **tuning)
{
    if (!*tuning)
        return;
    json_decref((*tuning)->root);
    free(*tuning);
    *tuning = NULL;
}

const char *bough__tuning_find(const struct bough__tuning *tuning, const struct bough__gemm *gemm)
{
    char kind[BOUGH_KIND_SIZE];
    if (!tuning)
        return NULL;
    bough__tuning_kind(kind, gemm);
    const json_t *entry = json_object_get(json_object_get(tuning->root, "gemm"), kind);
    return json_string_value(json_object_get(entry, "use"));
}

int bough__tuning_blast_set(const struct bough__tuning *tuning)
{
    return tuning ? (int)json_integer_value(json_object_get(tuning->root, "clblast")) : 0;
}

// ---- Keeping ----

static enum bough_status set_kind(json_t *gemm, const struct bough__tuned *tuned)
{
    json_object_del(gemm, tuned->kind);
    if (!tuned->candidate)
        return BOUGH_OK;
    json_t *entry = json_pack("{s:s, s:f, s:f}", "use", tuned->candidate, "us",
                              1e6 * tuned->seconds, "before", 1e6 * tuned->before);
    return json_object_set_new(gemm, tuned->kind, entry) == 0 ? BOUGH_OK : bough__no_memory();
}

static enum bough_status can_keep(const struct bough_device_info *info)
{
    char path[PATH_MAX];
    enum bough_status status = path_of(path, info);
    if (status == BOUGH_OK)
        status = bough__file_can_write(path);
    if (status == BOUGH_OK)
        return BOUGH_OK;
    return bough__fail(status,
                       "device %s: its tuning wants a folder that can be written, named by "
                       "BOUGH_CACHE or else ~/.cache/bough: %s",
                       info->id, bough_last_error());
}

enum bough_status bough__tuning_save(const struct bough_device_info *info,
                                     const struct bough__tuned *tuned, size_t count, int blast_set)
{
    char path[PATH_MAX];
    enum bough_status status;
    json_t *root = NULL;
    if (!count)
        return can_keep(info);
    BOUGH_TRY(path_of(path, info));
    if (access(path, F_OK) != 0 || read_file(&root, path, info) != BOUGH_OK) {
        json_decref(root);
        root = json_pack("{s:s, s:s, s:s, s:s, s:{}}", "format", format, "device", info->name,
                         "driver", info->driver, "version", info->version, "gemm");
    }
    BOUGH_TRY_MEMORY(root);
    if (json_object_set_new(root, "clblast", json_integer(blast_set)) != 0) {
        status = bough__no_memory();
        goto done;
    }
    for (size_t i = 0; i < count; i++)
        BOUGH_TRY(set_kind(json_object_get(root, "gemm"), &tuned[i]));
    BOUGH_TRY(write_file(root, path));
done:
    json_decref(root);
    return status;
}

static enum bough_status copy(const char *to, const char *from,
                              const struct bough_device_info *info)
{
    enum bough_status status;
    json_t *root = NULL;
    BOUGH_TRY(read_file(&root, from, info));
    BOUGH_TRY(write_file(root, to));
done:
    json_decref(root);
    return status;
}

enum bough_status bough__tuning_export(const struct bough_device_info *info, const char *path)
{
    char own[PATH_MAX];
    enum bough_status status = path_of(own, info);
    if (status == BOUGH_OK && access(own, F_OK) != 0)
        status = bough__fail(BOUGH_DATA, "device %s (%s) has no tuning; bough tune makes one",
                             info->id, info->name);
    return status == BOUGH_OK ? copy(path, own, info) : status;
}

enum bough_status bough__tuning_import(const struct bough_device_info *info, const char *path)
{
    char own[PATH_MAX];
    enum bough_status status = path_of(own, info);
    return status == BOUGH_OK ? copy(own, path, info) : status;
}
