#include "png_list.h"

#include "csv.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

// ---- The list ----

static enum bough_status add_item(const char ***cells, struct png_list *list, const char *path)
{
    const int64_t width = 1 + list->labels;
    if (list->items == list->room) {
        int64_t room = 2 * list->room + 1024;
        const char **larger = realloc(list->cell, (size_t)(room * width) * sizeof *larger);
        if (!larger)
            return tool_no_memory();
        list->cell = larger;
        list->room = room;
    }
    *cells = list->cell + list->items++ * width;
    **cells = path;
    return path ? BOUGH_OK : tool_no_memory();
}

static enum bough_status begin_split(struct png_list *list, const char *split)
{
    char name[TOOL_NAME_MAX];
    enum bough_status status = tool_name(name, split, "");
    if (status != BOUGH_OK)
        return status;
    for (int i = 0; i < list->splits; i++)
        if (strcmp(list->split[i], split) == 0)
            return tool_fail(BOUGH_INVALID, "split \"%s\" is given twice", split);
    if (list->splits == PNG_LIST_SPLITS_MAX)
        return tool_fail(BOUGH_INVALID, "more than %d splits", PNG_LIST_SPLITS_MAX);
    list->begin[list->splits] = list->items;
    list->split[list->splits++] = split;
    return BOUGH_OK;
}

static enum bough_status end_split(struct png_list *list, const char *place, const char *wanted)
{
    if (list->items == list->begin[list->splits - 1])
        return tool_fail(BOUGH_DATA, "%s: no PNG file, wanted %s", place, wanted);
    list->begin[list->splits] = list->items;
    return BOUGH_OK;
}

void png_list_fini(struct png_list *list)
{
    free(list->cell);
    text_fini(&list->pool);
}

// ---- Folders ----

struct names {
    const char **name;
    size_t count, room;
};

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int is_png(const char *name)
{
    size_t length = strlen(name);
    return length > 4 && strcasecmp(name + length - 4, ".png") == 0;
}

static enum bough_status add_name(struct names *names, const char *name)
{
    if (names->count == names->room) {
        names->room = 2 * names->room + 64;
        const char **larger = realloc(names->name, names->room * sizeof *larger);
        if (!larger)
            return tool_no_memory();
        names->name = larger;
    }
    names->name[names->count++] = name;
    return name ? BOUGH_OK : tool_no_memory();
}

static enum bough_status read_folder(struct names *names, struct text_pool *pool, DIR *stream,
                                     const char *folder)
{
    enum bough_status status = BOUGH_OK;
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (!entry && errno)
            return tool_fail(BOUGH_DATA, "%s: cannot read: %s", folder, strerror(errno));
        if (!entry)
            break;
        if (entry->d_name[0] != '.')
            TRY(add_name(names, text_keep(pool, entry->d_name, strlen(entry->d_name))));
    }
    if (names->count)
        qsort(names->name, names->count, sizeof *names->name, by_text);
done:
    return status;
}

// The names in a folder, sorted, but those that begin with a dot.
static enum bough_status list_folder(struct names *names, struct text_pool *pool,
                                     const char *folder)
{
    DIR *stream = opendir(folder);
    if (!stream)
        return tool_fail(BOUGH_DATA, "%s: cannot open: %s", folder, strerror(errno));
    enum bough_status status = read_folder(names, pool, stream, folder);
    closedir(stream);
    return status;
}

static enum bough_status add_class(struct png_list *list, const char *folder, const char *class)
{
    enum bough_status status;
    struct names names = {0};
    const char **cells = NULL;
    TRY(list_folder(&names, &list->pool, folder));
    for (size_t i = 0; i < names.count; i++) {
        if (!is_png(names.name[i]))
            continue;
        TRY(add_item(&cells, list, text_path(&list->pool, folder, names.name[i])));
        cells[1] = class;
    }
done:
    free(names.name);
    return status;
}

enum bough_status png_list_folders(struct png_list *list, const char *folder, const char *split,
                                   const char *label)
{
    enum bough_status status;
    struct names names = {0};
    struct stat info;
    list->label[0] = label;
    list->labels = 1;
    TRY(begin_split(list, split));
    TRY(list_folder(&names, &list->pool, folder));
    for (size_t i = 0; i < names.count; i++) {
        const char *path = text_path(&list->pool, folder, names.name[i]);
        TRY_MEMORY(path);
        if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
            TRY(add_class(list, path, names.name[i]));
    }
    TRY(end_split(list, folder, "sub-folders with some, one a class, or --csv FILE"));
done:
    free(names.name);
    return status;
}

// ---- CSV ----

static enum bough_status check_header(const struct csv *csv)
{
    if (csv->columns < 2)
        return tool_fail(BOUGH_DATA,
                         "%s: line %lld: %d columns, wanted a header: the path's "
                         "column, then one a task",
                         csv->path, (long long)csv->line, csv->columns);
    for (int i = 1; i < csv->columns; i++) {
        if (!*csv->field[i])
            return tool_fail(BOUGH_DATA, "%s: line %lld: column %d has no name", csv->path,
                             (long long)csv->line, i + 1);
        for (int k = 1; k < i; k++)
            if (strcmp(csv->field[i], csv->field[k]) == 0)
                return tool_fail(BOUGH_DATA, "%s: line %lld: column \"%s\" stands twice", csv->path,
                                 (long long)csv->line, csv->field[i]);
    }
    return BOUGH_OK;
}

// The first CSV names the labels; the others must have the same columns.
static enum bough_status take_header(struct png_list *list, const struct csv *csv)
{
    enum bough_status status;
    const int first = list->splits == 1;
    TRY(check_header(csv));
    if (!first && csv->columns != 1 + list->labels)
        return tool_fail(BOUGH_DATA, "%s: line %lld: %d columns, wanted %d as in the first file",
                         csv->path, (long long)csv->line, csv->columns, 1 + list->labels);
    for (int i = 1; i < csv->columns; i++) {
        if (!first && strcmp(csv->field[i], list->label[i - 1]) != 0)
            return tool_fail(BOUGH_DATA,
                             "%s: line %lld: column \"%s\", wanted \"%s\" as in the first file",
                             csv->path, (long long)csv->line, csv->field[i], list->label[i - 1]);
        if (first) {
            list->label[i - 1] = text_keep(&list->pool, csv->field[i], strlen(csv->field[i]));
            TRY_MEMORY(list->label[i - 1]);
        }
    }
    list->labels = csv->columns - 1;
done:
    return status;
}

static enum bough_status take_record(struct png_list *list, const struct csv *csv,
                                     const char *folder)
{
    enum bough_status status;
    const char **cells = NULL, *path = csv->field[0];
    if (csv->columns != 1 + list->labels)
        return tool_fail(BOUGH_DATA, "%s: line %lld: %d columns, wanted %d", csv->path,
                         (long long)csv->line, csv->columns, 1 + list->labels);
    TRY(add_item(&cells, list,
                 path[0] == '/' ? text_keep(&list->pool, path, strlen(path))
                                : text_path(&list->pool, folder, path)));
    for (int i = 1; i < csv->columns; i++) {
        cells[i] = text_keep(&list->pool, csv->field[i], strlen(csv->field[i]));
        TRY_MEMORY(cells[i]);
    }
done:
    return status;
}

enum bough_status png_list_csv(struct png_list *list, const char *folder, const char *split,
                               const char *path)
{
    enum bough_status status;
    struct csv csv = {0};
    TRY(begin_split(list, split));
    TRY(csv_open(&csv, path));
    TRY(csv_next(&csv));
    TRY(take_header(list, &csv));
    for (;;) {
        TRY(csv_next(&csv));
        if (csv.columns == 0)
            break;
        TRY(take_record(list, &csv, folder));
    }
    TRY(end_split(list, path, "a line for each"));
done:
    csv_close(&csv);
    return status;
}
