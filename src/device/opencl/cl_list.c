// Which devices there are, and which of them can be used.
#include "device/opencl/opencl.h"

#include "base/error.h"
#include "base/strings.h"

#include <CL/cl_ext.h>
#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PLATFORMS = 32, MAX_DEVICES = 64 };

// ---- Asking ----

// "" if the driver does not tell; without blanks at either end.
static void device_text(cl_device_id id, cl_device_info what, char *text, size_t size)
{
    char all[4096];
    size_t used = 0;
    text[0] = '\0';
    if (clGetDeviceInfo(id, what, sizeof all, all, &used) != CL_SUCCESS || used == 0)
        return;
    all[used - 1] = '\0';
    const char *begin = all + strspn(all, " \t");
    size_t length = strlen(begin);
    while (length && isspace((unsigned char)begin[length - 1]))
        length--;
    snprintf(text, size, "%.*s", (int)length, begin);
    bough__make_utf8(text);
}

static void platform_text(cl_platform_id id, cl_platform_info what, char *text, size_t size)
{
    char all[4096];
    size_t used = 0;
    if (clGetPlatformInfo(id, what, sizeof all, all, &used) != CL_SUCCESS || used == 0)
        used = 1;
    all[used - 1] = '\0';
    snprintf(text, size, "%.*s", (int)size - 1, all);
    bough__make_utf8(text);
}

// 0 if the driver does not tell. `what` is of any unsigned type.
static uint64_t device_number(cl_device_id id, cl_device_info what)
{
    union {
        cl_uint u;
        cl_ulong ul;
    } value = {.ul = 0};
    size_t size = 0;
    if (clGetDeviceInfo(id, what, sizeof value, &value, &size) != CL_SUCCESS)
        return 0;
    return size == sizeof value.u ? value.u : value.ul;
}

// Whole words only: cl_khr_fp16 is not told by cl_khr_fp16_something.
static int has_extension(cl_device_id id, const char *name)
{
    char all[4096];
    size_t length = strlen(name);
    device_text(id, CL_DEVICE_EXTENSIONS, all, sizeof all);
    for (const char *at = all; (at = strstr(at, name)) != NULL; at += length)
        if ((at == all || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return 1;
    return 0;
}

// ---- Describing ----

static enum bough_device_type device_type(uint64_t type)
{
    return type & CL_DEVICE_TYPE_GPU   ? BOUGH_DEVICE_GPU
           : type & CL_DEVICE_TYPE_CPU ? BOUGH_DEVICE_CPU
                                       : BOUGH_DEVICE_ACCELERATOR;
}

// "OpenCL 3.0" of the device, then what the platform calls itself, up to the details.
static void describe_version(struct bough_device_info *info, cl_platform_id platform,
                             cl_device_id id)
{
    char device[64], all[256];
    int number = 0, name = 0;
    device_text(id, CL_DEVICE_VERSION, device, sizeof device);
    platform_text(platform, CL_PLATFORM_VERSION, all, sizeof all);
    sscanf(device, "OpenCL %*d.%*d%n", &number);
    sscanf(all, "OpenCL %*d.%*d%n", &name);
    char *details = strstr(all + name, "  ");
    if (details)
        *details = '\0';
    snprintf(info->version, sizeof info->version, "%.*s%.48s", number, device, all + name);
    bough__make_utf8(info->version);
}

static const char *why_not(cl_platform_id platform, cl_device_id id)
{
    char text[128];
    int major = 0, minor = 0;
    platform_text(platform, CL_PLATFORM_NAME, text, sizeof text);
    if (strcmp(text, "Clover") == 0 && !bough__variable("BOUGH_FORCE_DEVICE"))
        return "Mesa Clover gives wrong answers; BOUGH_FORCE_DEVICE=1 uses it anyway";
    if (!device_number(id, CL_DEVICE_AVAILABLE))
        return "the driver says that it is not available";
    if (!device_number(id, CL_DEVICE_COMPILER_AVAILABLE) && !bough__variable("BOUGH_KERNELS"))
        return "it has no compiler; --kernels takes a file that `bough kernels` built elsewhere";
    device_text(id, CL_DEVICE_VERSION, text, sizeof text);
    if (sscanf(text, "OpenCL %d.%d", &major, &minor) != 2 || major * 10 + minor < 12)
        return "it is older than OpenCL 1.2";
    if (!device_number(id, CL_DEVICE_ENDIAN_LITTLE))
        return "it is big-endian";
    if (!(device_number(id, CL_DEVICE_SINGLE_FP_CONFIG) & CL_FP_INF_NAN))
        return "its single-precision arithmetic has no infinity and NaN";
    device_text(id, CL_DEVICE_PROFILE, text, sizeof text);
    if (strcmp(text, "EMBEDDED_PROFILE") == 0 && !has_extension(id, "cles_khr_int64"))
        return "it has no 64-bit integers";
    return "";
}

static void describe(struct bough_device_info *info, cl_platform_id platform, cl_device_id id,
                     cl_uint p, cl_uint d)
{
    const uint64_t type = device_number(id, CL_DEVICE_TYPE);
    *info = (struct bough_device_info){.type = device_type(type)};
    snprintf(info->id, sizeof info->id, "%u:%u", p, d);
    if (has_extension(id, "cl_amd_device_attribute_query"))
        device_text(id, CL_DEVICE_BOARD_NAME_AMD, info->name, sizeof info->name);
    if (!info->name[0])
        device_text(id, CL_DEVICE_NAME, info->name, sizeof info->name);
    info->memory = device_number(id, CL_DEVICE_GLOBAL_MEM_SIZE);
    info->max_buffer = device_number(id, CL_DEVICE_MAX_MEM_ALLOC_SIZE);
    info->compute_units = (uint32_t)device_number(id, CL_DEVICE_MAX_COMPUTE_UNITS);
    if (info->compute_units == 0) // untold, or told wrongly: launches are divided by it
        info->compute_units = 1;
    device_text(id, CL_DRIVER_VERSION, info->driver, sizeof info->driver);
    describe_version(info, platform, id);
    snprintf(info->refused, sizeof info->refused, "%s",
             type ? why_not(platform, id) : "the driver does not tell of what type it is");
}

// ---- Listing ----

static cl_uint platforms_get(cl_platform_id *list)
{
    cl_uint count = 0;
    if (clGetPlatformIDs(MAX_PLATFORMS, list, &count) != CL_SUCCESS)
        return 0;
    return count < MAX_PLATFORMS ? count : MAX_PLATFORMS;
}

static int is_pocl(cl_platform_id platform)
{
    char name[128];
    platform_text(platform, CL_PLATFORM_NAME, name, sizeof name);
    return strcmp(name, "Portable Computing Language") == 0;
}

static int knows_basic(cl_platform_id platform)
{
    char version[128];
    platform_text(platform, CL_PLATFORM_VERSION, version, sizeof version);
    return is_pocl(platform) && strstr(version, "PoCL 3.") != NULL;
}

static int is_basic(cl_device_id id)
{
    char name[128];
    device_text(id, CL_DEVICE_NAME, name, sizeof name);
    return strncmp(name, "basic-", 6) == 0;
}

// Lists the devices of a PoCL that has the driver `basic`; returns whether that one was added to
// those that the user wants. PoCL reads their names the first time alone: the environment, which
// other threads may be reading, is changed just then, and child processes do not see it.
static int list_with_basic(cl_platform_id platform, cl_device_id *list, cl_uint *count)
{
    static const char variable[] = "POCL_DEVICES";
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static int asked, added;
    pthread_mutex_lock(&lock);
    const int sets = !asked && !getenv(variable) && setenv(variable, "pthread basic", 0) == 0;
    if (clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, MAX_DEVICES, list, count) != CL_SUCCESS)
        *count = 0;
    if (sets)
        unsetenv(variable);
    added |= sets;
    asked = 1;
    const int hidden = added;
    pthread_mutex_unlock(&lock);
    return hidden;
}

// PoCL's driver `basic`, where nobody has asked for it, is no device but another driver to run
// (cl_driver.c).
static cl_uint devices_get(cl_platform_id platform, cl_device_id *list, cl_device_id *basic)
{
    cl_uint count = 0, kept = 0;
    int hidden = 0;
    *basic = NULL;
    if (knows_basic(platform))
        hidden = list_with_basic(platform, list, &count);
    else if (clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, MAX_DEVICES, list, &count) != CL_SUCCESS)
        return 0;
    count = count < MAX_DEVICES ? count : MAX_DEVICES;
    for (cl_uint d = 0; d < count; d++)
        if (hidden && is_basic(list[d]))
            *basic = list[d];
        else
            list[kept++] = list[d];
    return kept;
}

static void note_platform_without(char *note, size_t note_size, cl_platform_id platform)
{
    char name[128];
    platform_text(platform, CL_PLATFORM_NAME, name, sizeof name);
    const char *hint = is_pocl(platform) ? "; is its cache folder (POCL_CACHE_DIR) writable?"
                                         : "; is its driver installed and its hardware present?";
    snprintf(note, note_size, "no OpenCL device: platform %s has none%s", name, hint);
}

enum bough_status bough__cl_list(struct bough_device_info *list, size_t capacity, size_t *count,
                                 char *note, size_t note_size)
{
    cl_platform_id platform[MAX_PLATFORMS];
    cl_device_id device[MAX_DEVICES], basic;
    cl_uint platforms = platforms_get(platform);
    *count = 0;
    note[0] = '\0';
    if (platforms == 0)
        snprintf(note, note_size,
                 "no OpenCL platform: install pocl-opencl-icd or your GPU vendor's driver");
    for (cl_uint p = 0; p < platforms; p++) {
        cl_uint devices = devices_get(platform[p], device, &basic);
        if (devices == 0 && *count == 0)
            note_platform_without(note, note_size, platform[p]);
        for (cl_uint d = 0; d < devices; d++, ++*count)
            if (*count < capacity)
                describe(&list[*count], platform[p], device[d], p, d);
    }
    if (*count)
        note[0] = '\0';
    return BOUGH_OK;
}

// A launch costs less where it has nothing to find out about buffers.
static int takes_pointers(cl_device_id id)
{
    return bough__cl_shares_memory() &&
           (device_number(id, CL_DEVICE_SVM_CAPABILITIES) & CL_DEVICE_SVM_COARSE_GRAIN_BUFFER) != 0;
}

// What decides how kernels are built and launched; 1 at least. Fails if the driver does not tell.
static enum bough_status find_limits(struct bough__cl_device *device)
{
    const struct {
        const char *name;
        cl_device_info what;
        size_t *value;
    } rows[] = {
        {"CL_DEVICE_MAX_WORK_GROUP_SIZE", CL_DEVICE_MAX_WORK_GROUP_SIZE, &device->max_group},
        {"CL_DEVICE_LOCAL_MEM_SIZE", CL_DEVICE_LOCAL_MEM_SIZE, &device->local_memory},
        {"CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT", CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT,
         &device->vector},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cl_ulong value = 0; // little-endian: a narrower type fills its lower part
        cl_int error = clGetDeviceInfo(device->id, rows[i].what, sizeof value, &value, NULL);
        if (error != CL_SUCCESS)
            return bough__cl_fail(device, error, "clGetDeviceInfo of %s", rows[i].name);
        *rows[i].value = value ? value : 1;
    }
    return BOUGH_OK;
}

enum bough_status bough__cl_find(struct bough__cl_device *device, const char *id)
{
    cl_platform_id platform[MAX_PLATFORMS];
    cl_device_id devices[MAX_DEVICES], basic = NULL;
    unsigned p, d;
    int as_gpu;
    if (bough__variable_says(&as_gpu, "BOUGH_SHAPE", "gpu") != BOUGH_OK)
        return BOUGH_INVALID;
    if (sscanf(id, "%u:%u", &p, &d) != 2 || p >= platforms_get(platform) ||
        d >= devices_get(platform[p], devices, &basic))
        return bough__fail(BOUGH_DEVICE, "device %s: there is none of that number", id);
    device->platform = platform[p];
    device->id = devices[d];
    device->other.id = basic;
    describe(&device->base.info, platform[p], devices[d], p, d);
    if (find_limits(device) != BOUGH_OK)
        return BOUGH_DEVICE;
    // Mesa's llvmpipe is a CPU device that makes vectors of work-items alone, as GPUs do: of
    // kernels with one item in a group and vectors of their own it builds for minutes, and wastes
    // all lanes but one.
    device->cpu = device->base.info.type == BOUGH_DEVICE_CPU && !as_gpu && device->vector > 1;
    device->pointers =
        device->cpu && takes_pointers(device->id) && (!basic || takes_pointers(basic));
    device->pocl = is_pocl(platform[p]);
    return BOUGH_OK;
}
