#include "train/classes.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

// ---- A list of names, one a line ----

struct list {
    char **name;
    size_t count;
};

// What stands in the metadata; an empty list if there is nothing.
static enum bough_status read_list(struct list *list, struct bough__arena *arena,
                                   const struct bough_tensor_file *file, const char *field)
{
    enum bough_status status = BOUGH_OK;
    char *key = bough__arena_format(arena, "classes/%s", field), *text = NULL;
    size_t lines = 1;
    *list = (struct list){0};
    BOUGH_TRY_MEMORY(key);
    const char *value = bough_tensor_file_metadata(file, key);
    if (!value)
        return BOUGH_OK;
    BOUGH_TRY_MEMORY(text = bough__arena_string(arena, value));
    for (const char *at = text; *at; at++)
        lines += *at == '\n';
    BOUGH_TRY_MEMORY(list->name = BOUGH_NEW(arena, char *, lines));
    while (text) {
        char *end = strchr(text, '\n');
        if (end)
            *end++ = '\0';
        if (*text || end) // a line end behind the last name is no other name
            list->name[list->count++] = text;
        text = end;
    }
done:
    return status;
}

struct entry {
    const char *name;
    size_t index;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

// Sorted for looking up; the caller's to free.
static struct entry *sorted(char *const *name, size_t count)
{
    struct entry *entry = malloc(count * sizeof *entry + 1);
    for (size_t i = 0; entry && i < count; i++)
        entry[i] = (struct entry){name[i], i};
    if (entry)
        qsort(entry, count, sizeof *entry, by_name);
    return entry;
}

static enum bough_status check_names(const struct list *list, const char *field, const char *path)
{
    enum bough_status status = BOUGH_OK;
    struct entry *entry = sorted(list->name, list->count);
    BOUGH_TRY_MEMORY(entry);
    for (size_t i = 0; i < list->count; i++) {
        if (!*entry[i].name)
            status = bough__fail(BOUGH_DATA, "%s: classes/%s: class %zu has an empty name", path,
                                 field, entry[i].index);
        else if (i && strcmp(entry[i].name, entry[i - 1].name) == 0)
            status = bough__fail(BOUGH_DATA, "%s: classes/%s: two classes are named '%.80s'", path,
                                 field, entry[i].name);
        if (status != BOUGH_OK)
            goto done;
    }
done:
    free(entry);
    return status;
}

static enum bough_status load_list(struct list *list, struct bough__arena *arena,
                                   const struct bough_tensor_file *file, const char *field)
{
    enum bough_status status = read_list(list, arena, file, field);
    return status == BOUGH_OK ? check_names(list, field, bough_tensor_file_path(file)) : status;
}

// ---- A task's names ----

// A class that the map makes of several is named after all of them: "0|2|4".
static enum bough_status map_names(struct bough__classes *names, struct bough__arena *arena,
                                   const struct bough__task *task, int64_t classes)
{
    enum bough_status status = BOUGH_OK;
    BOUGH_TRY_MEMORY(names->mapped = BOUGH_NEW(arena, const char *, classes));
    for (size_t i = 0; i < task->map_count; i++) {
        if (task->map[i] < 0 || task->map[i] >= classes)
            continue;
        const char **name = &names->mapped[task->map[i]];
        *name = *name ? bough__arena_format(arena, "%s|%s", *name, names->name[i]) : names->name[i];
        BOUGH_TRY_MEMORY(*name);
    }
    for (int64_t c = 0; c < classes; c++)
        if (!names->mapped[c])
            BOUGH_TRY_MEMORY(names->mapped[c] = bough__arena_format(arena, "%lld", (long long)c));
done:
    return status;
}

enum bough_status bough__classes_read(struct bough__classes *names, struct bough__arena *arena,
                                      const struct bough_tensor_file *file,
                                      const struct bough__task *task, int64_t classes)
{
    enum bough_status status;
    struct list list;
    const char *own = bough__arena_format(arena, "%s/%s", task->name, task->target);
    *names = (struct bough__classes){0};
    BOUGH_TRY_MEMORY(own);
    BOUGH_TRY(load_list(&list, arena, file, own));
    if (!list.count)
        BOUGH_TRY(load_list(&list, arena, file, task->target));
    size_t wanted = task->map_count ? task->map_count : (size_t)classes;
    if (!list.count)
        return BOUGH_OK;
    if (list.count != wanted)
        return bough__fail(BOUGH_DATA,
                           "%s: classes/%s names %zu classes, and %s of task %s has %zu",
                           bough_tensor_file_path(file), task->target, list.count,
                           task->map_count ? "the map" : "the head", task->name, wanted);
    names->name = (const char **)list.name;
    names->count = list.count;
    if (!task->map_count)
        names->mapped = names->name;
    else if (classes)
        BOUGH_TRY(map_names(names, arena, task, classes));
done:
    return status;
}

// ---- Another file's names ----

enum bough_status bough__classes_order(struct bough__class_order *order, struct bough__arena *arena,
                                       const struct bough__classes *names,
                                       const struct bough_tensor_file *file, const char *field)
{
    enum bough_status status;
    struct entry *known = NULL;
    struct list list;
    *order = (struct bough__class_order){0};
    if (!names->count)
        return BOUGH_OK;
    BOUGH_TRY(load_list(&list, arena, file, field));
    if (!list.count) {
        bough__log(BOUGH_LOG_WARNING,
                   "%s: its classes of %s have no names; they are taken to be numbered as the "
                   "model's: %s is 0",
                   bough_tensor_file_path(file), field, names->name[0]);
        goto done;
    }
    BOUGH_TRY_MEMORY(known = sorted((char *const *)names->name, names->count));
    BOUGH_TRY_MEMORY(order->to = BOUGH_NEW(arena, int32_t, list.count));
    order->name = (const char **)list.name;
    order->count = list.count;
    for (size_t i = 0; i < list.count; i++) {
        const struct entry wanted = {list.name[i], 0},
                           *found = bsearch(&wanted, known, names->count, sizeof wanted, by_name);
        order->to[i] = found ? (int32_t)found->index : BOUGH__CLASS_UNKNOWN;
    }
done:
    free(known);
    return status;
}
