#include "train/name_list.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

enum bough_status bough__lines_read(struct bough__name_list *list, struct bough__arena *arena,
                                    const struct bough_tensor_file *file, const char *key)
{
    enum bough_status status = BOUGH_OK;
    char *text;
    size_t lines = 1;
    *list = (struct bough__name_list){0};
    const char *value = bough_tensor_file_metadata(file, key);
    if (!value)
        return BOUGH_OK;
    BOUGH_TRY_MEMORY(text = bough__arena_string(arena, value));
    for (const char *at = text; *at; at++)
        lines += *at == '\n';
    BOUGH_TRY_MEMORY(list->name = BOUGH_NEW(arena, const char *, lines));
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
static struct entry *sorted(const struct bough__name_list *list)
{
    struct entry *entry = malloc(list->count * sizeof *entry + 1);
    for (size_t i = 0; entry && i < list->count; i++)
        entry[i] = (struct entry){list->name[i], i};
    if (entry)
        qsort(entry, list->count, sizeof *entry, by_name);
    return entry;
}

static enum bough_status check_names(const struct bough__name_list *list, const char *key,
                                     const char *path)
{
    enum bough_status status = BOUGH_OK;
    struct entry *entry = sorted(list);
    BOUGH_TRY_MEMORY(entry);
    for (size_t i = 0; i < list->count; i++) {
        if (!*entry[i].name)
            status = bough__fail(BOUGH_DATA, "%s: %s: class %zu has an empty name", path, key,
                                 entry[i].index);
        else if (i && strcmp(entry[i].name, entry[i - 1].name) == 0)
            status = bough__fail(BOUGH_DATA, "%s: %s: two classes are named '%.80s'", path, key,
                                 entry[i].name);
        if (status != BOUGH_OK)
            goto done;
    }
done:
    free(entry);
    return status;
}

enum bough_status bough__name_list_read(struct bough__name_list *list, struct bough__arena *arena,
                                        const struct bough_tensor_file *file, const char *key)
{
    enum bough_status status = bough__lines_read(list, arena, file, key);
    return status == BOUGH_OK ? check_names(list, key, bough_tensor_file_path(file)) : status;
}

enum bough_status bough__name_list_order(int32_t **to, struct bough__arena *arena,
                                         const struct bough__name_list *list,
                                         const struct bough__name_list *known)
{
    enum bough_status status = BOUGH_OK;
    struct entry *entry = sorted(known);
    BOUGH_TRY_MEMORY(entry);
    BOUGH_TRY_MEMORY(*to = BOUGH_NEW(arena, int32_t, list->count));
    for (size_t i = 0; i < list->count; i++) {
        const struct entry wanted = {list->name[i], 0},
                           *found = bsearch(&wanted, entry, known->count, sizeof wanted, by_name);
        (*to)[i] = found ? (int32_t)found->index : BOUGH__NAME_UNKNOWN;
    }
done:
    free(entry);
    return status;
}
