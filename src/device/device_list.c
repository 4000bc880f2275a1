#define _GNU_SOURCE // dladdr

#include "device/device_list.h"

#include "base/error.h"
#include "base/strings.h"
#include "device/guard.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct bough__backend *rows[2] = {&bough__backend_c};
static size_t rows_count = 1;
static char module_note[512];
static pthread_once_t loaded = PTHREAD_ONCE_INIT;

// ---- The OpenCL module ----

// Beside the library: <its folder>/bough/libbough_opencl.so.
static void module_path(char *path, size_t size)
{
    const char *wanted = bough__variable("BOUGH_OPENCL_MODULE");
    if (wanted) {
        snprintf(path, size, "%s", wanted);
        return;
    }
    Dl_info self = {0};
    const char *end = NULL;
    if (dladdr(&rows_count, &self) && self.dli_fname)
        end = strrchr(self.dli_fname, '/');
    int length = end ? (int)(end - self.dli_fname) : 1;
    snprintf(path, size, "%.*s/bough/libbough_opencl.so", length, end ? self.dli_fname : ".");
}

static enum bough_status open_module(void **module, const char *path)
{
    *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    return BOUGH_OK;
}

static void load_module(void)
{
    char path[PATH_MAX];
    module_path(path, sizeof path);
    if (access(path, R_OK) != 0) {
        snprintf(module_note, sizeof module_note, "no OpenCL: the module %.400s is missing", path);
        return;
    }
    void *module = NULL;
    enum bough_status status;
    BOUGH_GUARD(status, NULL, open_module(&module, path));
    if (status != BOUGH_OK)
        return;
    const char *error = module ? NULL : dlerror();
    // One that is too old for the module is named with what it lacks.
    if (error && strstr(error, "libOpenCL.so") && !strstr(error, "version `"))
        snprintf(module_note, sizeof module_note,
                 "no OpenCL: libOpenCL.so.1 is missing; install ocl-icd-libopencl1");
    else if (error)
        snprintf(module_note, sizeof module_note, "no OpenCL: %.400s", error);
    if (!module)
        return;
    rows[1] = dlsym(module, "bough__backend_opencl");
    if (rows[1])
        rows_count = 2;
    else
        snprintf(module_note, sizeof module_note, "no OpenCL: %.400s is no module of bough", path);
}

const struct bough__backend *const *bough__backends(size_t *count, char *note, size_t note_size)
{
    pthread_once(&loaded, load_module);
    const char *thrown = bough__guard_thrown();
    if (note && note_size)
        snprintf(note, note_size, "%s", thrown ? thrown : module_note);
    *count = thrown ? 1 : rows_count;
    return rows;
}

// ---- Listing ----

static enum bough_status list(const struct bough__backend *backend, struct bough_device_info *info,
                              size_t capacity, size_t *found, char *note, size_t note_size)
{
    enum bough_status status;
    BOUGH_GUARD(status, backend, backend->list(info, capacity, found, note, note_size));
    return status;
}

static enum bough_status append(struct bough__listing *listing,
                                const struct bough__backend *backend)
{
    size_t capacity = 8, found = 0;
    char note[sizeof listing->note] = "";
    for (;;) {
        size_t all = listing->count + capacity;
        struct bough_device_info *info = realloc(listing->info, all * sizeof *info);
        if (!info)
            return bough__no_memory();
        listing->info = info;
        const struct bough__backend **backends =
            realloc(listing->backend, all * sizeof(struct bough__backend *));
        if (!backends)
            return bough__no_memory();
        listing->backend = backends;
        enum bough_status status =
            list(backend, info + listing->count, capacity, &found, note, sizeof note);
        if (status != BOUGH_OK)
            return status;
        if (found <= capacity)
            break;
        capacity = found;
    }
    for (size_t i = 0; i < found; i++)
        listing->backend[listing->count++] = backend;
    if (note[0])
        memcpy(listing->note, note, sizeof note);
    return BOUGH_OK;
}

enum bough_status bough__listing_init(struct bough__listing *listing)
{
    *listing = (struct bough__listing){0};
    size_t count;
    const struct bough__backend *const *backend =
        bough__backends(&count, listing->note, sizeof listing->note);
    for (size_t i = 0; i < count; i++) {
        enum bough_status status = append(listing, backend[i]);
        if (status == BOUGH_INTERNAL) {
            bough__listing_fini(listing);
            return status;
        }
        if (status != BOUGH_OK) // a broken driver is a reason, not an error
            snprintf(listing->note, sizeof listing->note, "%.500s", bough_last_error());
    }
    return BOUGH_OK;
}

void bough__listing_fini(struct bough__listing *listing)
{
    free(listing->info);
    free(listing->backend);
    *listing = (struct bough__listing){0};
}

enum bough_status bough_device_list_create(struct bough_device_info **list, size_t *count,
                                           char *note, size_t note_size)
{
    *list = NULL;
    *count = 0;
    struct bough__listing listing;
    enum bough_status status = bough__listing_init(&listing);
    if (status != BOUGH_OK)
        return status;
    if (note && note_size)
        snprintf(note, note_size, "%s", listing.note);
    *list = listing.info;
    *count = listing.count;
    listing.info = NULL;
    bough__listing_fini(&listing);
    return BOUGH_OK;
}

void bough_device_list_destroy(struct bough_device_info **list)
{
    if (list) {
        free(*list);
        *list = NULL;
    }
}
