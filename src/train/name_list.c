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

struct bough__name_entry {
    const char *name;
    size_t index;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct bough__name_entry *)a)->name,
                  ((const struct bough__name_entry *)b)->name);
}

enum bough_status bough__name_index_init(struct bough__name_index *index,
                                         const struct bough__name_list *list)
{
    struct bough__name_entry *entry = malloc(list->count * sizeof *entry + 1);
    *index = (struct bough__name_index){entry, list->count};
    if (!entry)
        return bough__no_memory();
    for (size_t i = 0; i < list->count; i++)
        entry[i] = (struct bough__name_entry){list->name[i], i};
    qsort(entry, list->count, sizeof *entry, by_name);
    return BOUGH_OK;
}

void bough__name_index_fini(struct bough__name_index *index)
{
    free(index->entry);
    *index = (struct bough__name_index){0};
}

int32_t bough__name_index_find(const struct bough__name_index *index, const char *name)
{
    const struct bough__name_entry wanted = {name, 0},
                                   *found = bsearch(&wanted, index->entry, index->count,
                                                    sizeof wanted, by_name);
    return found ? (int32_t)found->index : BOUGH__NAME_UNKNOWN;
}

static enum bough_status check_names(const struct bough__name_list *list, const char *key,
                                     const char *path)
{
    struct bough__name_index index;
    enum bough_status status = bough__name_index_init(&index, list);
    for (size_t i = 0; status == BOUGH_OK && i < list->count; i++) {
        const struct bough__name_entry *entry = &index.entry[i];
        if (!*entry->name)
            status = bough__fail(BOUGH_DATA, "%s: %s: name %zu is empty", path, key, entry->index);
        else if (i && strcmp(entry->name, entry[-1].name) == 0)
            status =
                bough__fail(BOUGH_DATA, "%s: %s: two names are '%.80s'", path, key, entry->name);
    }
    bough__name_index_fini(&index);
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
    struct bough__name_index index;
    enum bough_status status = bough__name_index_init(&index, known);
    BOUGH_TRY(status);
    BOUGH_TRY_MEMORY(*to = BOUGH_NEW(arena, int32_t, list->count));
    for (size_t i = 0; i < list->count; i++)
        (*to)[i] = bough__name_index_find(&index, list->name[i]);
done:
    bough__name_index_fini(&index);
    return status;
}
