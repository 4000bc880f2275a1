#include "run/trace.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "device/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- The rows ----

static enum bough_status own(const char **text, struct bough__arena *arena, const char *value)
{
    *text = bough__arena_string(arena, value ? value : "");
    return *text ? BOUGH_OK : bough__no_memory();
}

enum bough_status bough__profile_result(struct bough_run *run, const struct bough_device *device)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__profile *profile = device->profile;
    struct bough_profile_row *row = BOUGH_NEW(&run->arena, struct bough_profile_row, profile->rows);
    BOUGH_TRY_MEMORY(row);
    for (size_t i = 0; i < profile->rows; i++) {
        const struct bough__profile_row *from = &profile->row[i];
        BOUGH_TRY(own(&row[i].kernel, &run->arena, from->name));
        BOUGH_TRY(own(&row[i].implementation, &run->arena, from->implementation));
        BOUGH_TRY(own(&row[i].op, &run->arena, from->label.op));
        BOUGH_TRY(own(&row[i].layer, &run->arena, from->label.layer));
        BOUGH_TRY(own(&row[i].stage, &run->arena, from->label.stage));
        row[i].launches = from->launches;
        row[i].seconds = from->seconds;
        row[i].flops = from->flops;
        row[i].bytes = from->bytes;
    }
    run->result.profile = row;
    run->result.profile_rows = profile->rows;
done:
    return status;
}

// ---- The trace ----

struct trace {
    json_t *events;
    const struct bough__profile *profile;
    int lost; // an event, for want of memory
};

// A slice: microseconds since the first launch. Takes `args`, NULL if memory ended.
static void add(struct trace *trace, const char *name, const char *category,
                struct bough__timing when, json_t *args)
{
    const double zero = trace->profile->event[0].timing.start;
    json_t *event =
        json_pack("{s:s, s:s, s:s, s:i, s:i, s:f, s:f, s:o}", "name", name, "cat", category, "ph",
                  "X", "pid", 1, "tid", 1, "ts", 1e6 * (when.start - zero), "dur",
                  1e6 * (when.end - when.start), "args", args);
    trace->lost |= json_array_append_new(trace->events, event) != 0;
}

static void add_launch(struct trace *trace, const struct bough__trace_event *event)
{
    const struct bough__profile_row *row = &trace->profile->row[event->row];
    const char *by = row->implementation;
    char name[128];
    json_t *args = row->flops > 0
                       ? json_pack("{s:I, s:I, s:I, s:I}", "m", (json_int_t)event->size[0], "n",
                                   (json_int_t)event->size[1], "k", (json_int_t)event->size[2],
                                   "batch", (json_int_t)event->size[3])
                       : json_pack("{s:I}", "count", (json_int_t)event->size[0]);
    snprintf(name, sizeof name, "%s%s%s", row->name, by ? " " : "", by ? by : "");
    add(trace, name, "kernel", event->timing, args);
}

// The slice of an op lasts as long as the launches with its label follow one another.
static size_t add_op(struct trace *trace, size_t first)
{
    const struct bough__profile *profile = trace->profile;
    const struct bough__trace_event *event = profile->event;
    const struct bough__label *label = &profile->row[event[first].row].label;
    const char *layer = label->layer, *stage = label->stage ? label->stage : "other";
    size_t end = first + 1;
    char name[256];
    while (end < profile->events && event[end].list == event[first].list &&
           memcmp(&profile->row[event[end].row].label, label, sizeof *label) == 0)
        end++;
    snprintf(name, sizeof name, "%s%s%s", label->op ? label->op : "launches", layer ? " " : "",
             layer ? layer : "");
    add(trace, name, stage,
        (struct bough__timing){event[first].timing.start, event[end - 1].timing.end},
        json_pack("{s:s}", "stage", stage));
    for (size_t i = first; i < end; i++)
        add_launch(trace, &event[i]);
    return end;
}

// A list is a step, or its part before or behind a call on the host. One that the bound cut off in
// the middle is left out.
static size_t add_list(struct trace *trace, size_t first)
{
    const struct bough__profile *profile = trace->profile;
    const struct bough__trace_event *event = profile->event;
    size_t end = first;
    char name[64];
    while (end < profile->events && event[end].list == event[first].list)
        end++;
    if (end == profile->events && event[first].list + 1 < profile->lists)
        return end;
    snprintf(name, sizeof name, "list %d", event[first].list + 1);
    add(trace, name, "list",
        (struct bough__timing){event[first].timing.start, event[end - 1].timing.end},
        json_object());
    for (size_t at = first; at < end;)
        at = add_op(trace, at);
    return end;
}

enum bough_status bough__trace_write(const char *run_dir, const struct bough_device *device)
{
    enum bough_status status;
    const struct bough__profile *profile = device->profile;
    char path[4096], *text = NULL;
    json_t *events = json_pack("[{s:s, s:s, s:i, s:{s:s}}]", "name", "process_name", "ph", "M",
                               "pid", 1, "args", "name", device->info.name);
    json_t *whole = json_pack("{s:s, s:o}", "displayTimeUnit", "ms", "traceEvents", events);
    BOUGH_TRY_MEMORY(whole);
    struct trace trace = {events, profile, 0};
    for (size_t at = 0; at < profile->events;)
        at = add_list(&trace, at);
    text = trace.lost ? NULL : bough__json_text(whole, JSON_COMPACT | JSON_REAL_PRECISION(12));
    BOUGH_TRY_MEMORY(text);
    snprintf(path, sizeof path, "%s/trace.json", run_dir);
    BOUGH_TRY(bough__file_write(path, text, strlen(text)));
done:
    json_decref(whole);
    free(text);
    return status;
}
