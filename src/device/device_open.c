// Which device is opened, and why.
#include "base/error.h"
#include "base/strings.h"
#include "device/device_list.h"
#include "device/guard.h"
#include "device/tuning.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const type_names[] = {
    [BOUGH_DEVICE_C] = "plain C",
    [BOUGH_DEVICE_CPU] = "cpu",
    [BOUGH_DEVICE_GPU] = "gpu",
    [BOUGH_DEVICE_ACCELERATOR] = "accelerator",
};

// ---- One device ----

// The parts of the self-test that devices passed in this process.
static struct {
    char id[sizeof(((struct bough_device_info *)0)->id)];
    enum bough__selftest_part passed;
} tested[64];
static size_t tested_count;
static pthread_mutex_t tested_lock = PTHREAD_MUTEX_INITIALIZER;

// Adds `part` to what that device passed, and returns all of it.
static enum bough__selftest_part note_passed(const char *id, enum bough__selftest_part part)
{
    size_t i = 0;
    pthread_mutex_lock(&tested_lock);
    while (i < tested_count && strcmp(tested[i].id, id))
        i++;
    if (i < sizeof tested / sizeof *tested) {
        snprintf(tested[i].id, sizeof tested[i].id, "%s", id);
        part = tested[i].passed |= part;
        tested_count += i == tested_count;
    }
    pthread_mutex_unlock(&tested_lock);
    return part;
}

// Wrong answers are passed over, and told, where the user forces the device.
static enum bough_status test_or_force(struct bough_device *device, enum bough__selftest_part part)
{
    enum bough_status status = bough__selftest(device, part);
    if (status != BOUGH_DEVICE || !bough__variable("BOUGH_FORCE_DEVICE"))
        return status;
    bough__log(BOUGH_LOG_WARNING, "%s; BOUGH_FORCE_DEVICE uses it anyway", bough_last_error());
    return BOUGH_OK;
}

enum bough_status bough__selftest_once(struct bough_device *device, enum bough__selftest_part part)
{
    const struct bough_device before = *device;
    part &= device->untested;
    if (!part)
        return BOUGH_OK;
    device->profile = NULL;
    device->on_gemm = NULL;
    enum bough_status status = test_or_force(device, part);
    device->profile = before.profile;
    device->on_gemm = before.on_gemm;
    device->counts = before.counts;
    if (status == BOUGH_OK)
        device->untested = BOUGH_SELFTEST_ALL & ~note_passed(device->info.id, part);
    return status;
}

static enum bough_status open_one(struct bough_device **device,
                                  const struct bough__backend *backend, const char *id)
{
    enum bough_status status;
    BOUGH_GUARD(status, backend, backend->open(device, id));
    if (status != BOUGH_OK)
        return status;
    if (backend->gemm_candidate(*device, 0))
        (*device)->tuning = bough__tuning_load(&(*device)->info);
    (*device)->untested = BOUGH_SELFTEST_ALL & ~note_passed(id, 0);
    status = bough__selftest_once(*device, BOUGH_SELFTEST_ALL_BUT_WINDOWS);
    if (status != BOUGH_OK)
        bough_device_close(device);
    return status;
}

static void say(const struct bough_device *device, const char *why)
{
    const struct bough_device_info *info = &device->info;
    bough__log(BOUGH_LOG_INFO, "device %s: %s (%s, %u compute unit%s): %s", info->id, info->name,
               type_names[info->type], info->compute_units, info->compute_units == 1 ? "" : "s",
               why);
}

// ---- auto ----

// Opens the first usable device of that type; NULL if there is none. A device that fails is told
// and passed over.
static enum bough_status open_first(struct bough_device **device,
                                    const struct bough__listing *listing,
                                    enum bough_device_type type)
{
    for (size_t i = 0; i < listing->count; i++) {
        const struct bough_device_info *info = &listing->info[i];
        if (info->type != type)
            continue;
        if (info->refused[0]) {
            bough__log(BOUGH_LOG_INFO, "device %s (%s) is refused: %s", info->id, info->name,
                       info->refused);
            continue;
        }
        enum bough_status status = open_one(device, listing->backend[i], info->id);
        if (status != BOUGH_DEVICE)
            return status;
        bough__log(BOUGH_LOG_WARNING, "device %s (%s) cannot be used: %s", info->id, info->name,
                   bough_last_error());
    }
    return BOUGH_OK;
}

static enum bough_status open_auto(struct bough_device **device)
{
    struct bough__listing listing;
    enum bough_status status = bough__listing_init(&listing);
    if (status != BOUGH_OK)
        return status;
    BOUGH_TRY(open_first(device, &listing, BOUGH_DEVICE_GPU));
    if (!*device)
        BOUGH_TRY(open_first(device, &listing, BOUGH_DEVICE_ACCELERATOR));
    if (*device) {
        say(*device, "auto: the first usable one");
        goto done;
    }
    BOUGH_TRY(open_one(device, &bough__backend_c, "c"));
    char why[sizeof listing.note + 64];
    snprintf(why, sizeof why, "auto: %s",
             listing.note[0] ? listing.note : "no usable gpu or accelerator");
    say(*device, why);
done:
    bough__listing_fini(&listing);
    return status;
}

// ---- By name ----

// `part` stands in `text`, case ignored.
static int holds(const char *text, const char *part)
{
    size_t length = strlen(part);
    for (; *text; text++)
        if (strncasecmp(text, part, length) == 0)
            return 1;
    return 0;
}

static int is_id(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits && text[digits] == ':' && isdigit((unsigned char)text[digits + 1]) &&
           text[digits + 1 + strspn(text + digits + 1, "0123456789")] == '\0';
}

static int fits(const struct bough_device_info *info, const char *wanted)
{
    if (info->type == BOUGH_DEVICE_C) // it has a name of its own: `c`
        return 0;
    if (is_id(wanted))
        return strcmp(info->id, wanted) == 0;
    for (size_t type = BOUGH_DEVICE_CPU; type <= BOUGH_DEVICE_ACCELERATOR; type++)
        if (strcasecmp(wanted, type_names[type]) == 0)
            return info->type == type;
    return holds(info->name, wanted);
}

static int by_name(const char *wanted)
{
    return !is_id(wanted) && strcasecmp(wanted, "gpu") && strcasecmp(wanted, "cpu") &&
           strcasecmp(wanted, "accelerator");
}

static enum bough_status nothing_fits(const struct bough__listing *listing, const char *wanted)
{
    char text[1024] = "";
    size_t used = 0;
    for (size_t i = 0; i < listing->count && used < sizeof text; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s (%s)", i ? ", " : "",
                                 listing->info[i].id, listing->info[i].name);
    return bough__fail(BOUGH_DEVICE, "device \"%s\": none fits; there are %s%s%s", wanted, text,
                       listing->note[0] ? "; " : "", listing->note);
}

// The one row that `wanted` means: usable ones go before refused ones, the first of a type is
// taken, and a part of a name must fit one alone.
static enum bough_status choose(size_t *chosen, const struct bough__listing *listing,
                                const char *wanted)
{
    size_t usable = listing->count, refused = listing->count;
    for (size_t i = listing->count; i-- > 0;) {
        if (!fits(&listing->info[i], wanted))
            continue;
        if (listing->info[i].refused[0]) {
            refused = i;
            continue;
        }
        if (usable < listing->count && by_name(wanted))
            return bough__fail(BOUGH_INVALID, "device \"%s\": fits both %s (%s) and %s (%s)",
                               wanted, listing->info[i].id, listing->info[i].name,
                               listing->info[usable].id, listing->info[usable].name);
        usable = i;
    }
    if (usable == listing->count && refused == listing->count)
        return nothing_fits(listing, wanted);
    if (usable == listing->count)
        return bough__fail(BOUGH_DEVICE, "device %s (%s) is refused: %s", listing->info[refused].id,
                           listing->info[refused].name, listing->info[refused].refused);
    *chosen = usable;
    return BOUGH_OK;
}

static enum bough_status open_named(struct bough_device **device, const char *wanted,
                                    const char *source)
{
    struct bough__listing listing;
    enum bough_status status = bough__listing_init(&listing);
    if (status != BOUGH_OK)
        return status;
    size_t chosen = 0;
    BOUGH_TRY(choose(&chosen, &listing, wanted));
    BOUGH_TRY(open_one(device, listing.backend[chosen], listing.info[chosen].id));
    char why[256];
    snprintf(why, sizeof why, "%s \"%.200s\"", source, wanted);
    say(*device, why);
done:
    bough__listing_fini(&listing);
    return status;
}

enum bough_status bough_device_open(struct bough_device **device, const char *wanted)
{
    const char *source = "asked for as";
    *device = NULL;
    if (!wanted) {
        wanted = bough__variable("BOUGH_DEVICE");
        source = "BOUGH_DEVICE is";
    }
    if (!wanted || !wanted[0] || strcasecmp(wanted, "auto") == 0)
        return open_auto(device);
    if (strcasecmp(wanted, "c") != 0)
        return open_named(device, wanted, source);
    // Without a look at the other backends: a broken driver must not stand in the way.
    enum bough_status status = open_one(device, &bough__backend_c, "c");
    if (status == BOUGH_OK)
        say(*device, source[0] == 'a' ? "asked for" : "BOUGH_DEVICE is c");
    return status;
}
