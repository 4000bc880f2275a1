#include "device/profile.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

enum bough_status bough__profile_begin(struct bough_device *device)
{
    enum bough_status status = BOUGH_OK;
    bough__profile_end(device);
    device->profile = calloc(1, sizeof *device->profile);
    BOUGH_TRY_MEMORY(device->profile);
    device->profile->event = malloc(BOUGH_TRACE_EVENTS * sizeof *device->profile->event);
    BOUGH_TRY_MEMORY(device->profile->event);
done:
    if (status != BOUGH_OK)
        bough__profile_end(device);
    return status;
}

void bough__profile_end(struct bough_device *device)
{
    if (!device->profile)
        return;
    free(device->profile->row);
    free(device->profile->event);
    free(device->profile->timing);
    free(device->profile);
    device->profile = NULL;
}

static int same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static int is_of(const struct bough__profile_row *row, const struct bough__launch *launch)
{
    return same(row->name, launch->name) && same(row->implementation, launch->implementation) &&
           same(row->label.op, launch->label.op) && same(row->label.layer, launch->label.layer) &&
           same(row->label.stage, launch->label.stage);
}

// The row of such launches, made if there is none; -1 without memory.
static int32_t row_of(struct bough__profile *profile, const struct bough__launch *launch)
{
    for (size_t i = 0; i < profile->rows; i++)
        if (is_of(&profile->row[i], launch))
            return (int32_t)i;
    if (profile->rows == profile->row_capacity) {
        size_t capacity = profile->row_capacity ? 2 * profile->row_capacity : 64;
        struct bough__profile_row *row = realloc(profile->row, capacity * sizeof *row);
        if (!row)
            return -1;
        profile->row = row;
        profile->row_capacity = capacity;
    }
    profile->row[profile->rows] = (struct bough__profile_row){
        .label = launch->label, .name = launch->name, .implementation = launch->implementation};
    return (int32_t)profile->rows++;
}

static enum bough_status keep(struct bough__profile *profile, const struct bough__launch *launch,
                              const struct bough__timing *timing)
{
    int32_t index = row_of(profile, launch);
    if (index < 0)
        return bough__no_memory();
    struct bough__profile_row *row = &profile->row[index];
    row->launches++;
    row->seconds += timing->end - timing->start;
    row->flops += launch->flops;
    row->bytes += launch->bytes;
    if (profile->events < BOUGH_TRACE_EVENTS) {
        struct bough__trace_event *event = &profile->event[profile->events++];
        *event =
            (struct bough__trace_event){.row = index, .list = profile->lists, .timing = *timing};
        memcpy(event->size, launch->size, sizeof event->size);
    }
    return BOUGH_OK;
}

enum bough_status bough__profile_run(struct bough_device *device,
                                     struct bough__launch *const *launch, size_t count)
{
    enum bough_status status;
    struct bough__profile *profile = device->profile;
    if (count > profile->timing_capacity) {
        struct bough__timing *timing = realloc(profile->timing, count * sizeof *timing);
        if (!timing)
            return bough__no_memory();
        profile->timing = timing;
        profile->timing_capacity = count;
    }
    BOUGH_TRY(bough__run_timed(device, launch, count, profile->timing));
    for (size_t i = 0; i < count; i++)
        BOUGH_TRY(keep(profile, launch[i], &profile->timing[i]));
    profile->lists++;
done:
    return status;
}
