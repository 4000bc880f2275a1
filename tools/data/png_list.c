#include "png_list.h"

#include "csv_reader.h"
#include "text_value.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

// ---- The list ----

static enum bough_status make_room(struct png_list *list)
{
    const int64_t capacity = 2 * list->capacity + 1024, width = PNG_LIST_LABELS + list->labels;
    const char **cell = realloc(list->cell, (size_t)(capacity * width) * sizeof *cell);
    if (!cell)
        return tool_no_memory();
    list->cell = cell;
    int64_t *line = realloc(list->line, (size_t)capacity * sizeof *line);
    if (!line)
        return tool_no_memory();
    list->line = line;
    list->capacity = capacity;
    return BOUGH_OK;
}

// `id` NULL: the path behind its first `root` bytes.
static enum bough_status add_item(const char ***labels, struct png_list *list, const char *path,
                                  const char *id, size_t root, int64_t line)
{
    enum bough_status status = BOUGH_OK;
    TRY_MEMORY(path);
    if (list->items == list->capacity)
        TRY(make_room(list));
    const char **cells = png_list_item(list, list->items);
    cells[PNG_LIST_PATH] = path;
    cells[PNG_LIST_ID] = id ? id : path + root;
    if (!text_is_utf8(cells[PNG_LIST_ID], strlen(cells[PNG_LIST_ID])))
        return tool_fail(BOUGH_DATA, "%s: a name that is no UTF-8 text, wanted another", path);
    list->line[list->items++] = line;
    *labels = cells + PNG_LIST_LABELS;
done:
    return status;
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
    free(list->line);
    text_fini(&list->pool);
}

// ---- Folders ----

struct names {
    const char **name;
    size_t count, capacity;
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
    if (names->count == names->capacity) {
        names->capacity = 2 * names->capacity + 64;
        const char **larger = realloc(names->name, names->capacity * sizeof *larger);
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
            return tool_refused(folder, "cannot read");
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
        return tool_refused(folder, "cannot open");
    enum bough_status status = read_folder(names, pool, stream, folder);
    closedir(stream);
    return status;
}

// Adds the .png of a folder. `*found` counts them.
static enum bough_status add_files(int64_t *found, struct png_list *list, const char *folder,
                                   const struct names *names, size_t root, const char *class)
{
    enum bough_status status = BOUGH_OK;
    const char **labels = NULL;
    for (size_t i = 0; i < names->count; i++) {
        if (!is_png(names->name[i]))
            continue;
        const char *path = text_path(&list->pool, folder, names->name[i]);
        TRY(add_item(&labels, list, path, NULL, root, 0));
        labels[0] = class;
        ++*found;
    }
done:
    return status;
}

static enum bough_status add_class(int64_t *found, struct png_list *list, const char *folder,
                                   size_t root, const char *class)
{
    enum bough_status status;
    struct names names = {0};
    TRY(list_folder(&names, &list->pool, folder));
    TRY(add_files(found, list, folder, &names, root, class));
done:
    free(names.name);
    return status;
}

enum bough_status png_list_folders(struct png_list *list, const char *folder, size_t root,
                                   const char *split, const char *label)
{
    enum bough_status status;
    struct names names = {0};
    struct stat info;
    int64_t labelled = 0, plain = 0;
    list->label[0] = label;
    list->labels = 1;
    TRY(begin_split(list, split));
    TRY(list_folder(&names, &list->pool, folder));
    for (size_t i = 0; i < names.count; i++) {
        const char *path = text_path(&list->pool, folder, names.name[i]);
        TRY_MEMORY(path);
        if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
            TRY(add_class(&labelled, list, path, root, names.name[i]));
    }
    TRY(add_files(&plain, list, folder, &names, root, ""));
    if (labelled && plain)
        TRY(tool_fail(BOUGH_DATA,
                      "%s: PNG files beside sub-folders with PNG files, wanted all in sub-folders, "
                      "one a class, or all here, without labels",
                      folder));
    TRY(end_split(list, folder, "some, or sub-folders with some, one a class, or --csv FILE"));
done:
    free(names.name);
    return status;
}

// ---- CSV ----

// A line of data where a header is looked for: it names a picture.
static int is_headless(const struct csv_reader *csv, const char *folder)
{
    char path[4096];
    struct stat info;
    if (csv->cells == 0)
        return 0;
    snprintf(path, sizeof path, "%s/%s", folder, csv->cell[0].text);
    return is_png(csv->cell[0].text) || (stat(path, &info) == 0 && S_ISREG(info.st_mode));
}

// What column `i` is called; the first one is the path.
static const char *column_name(struct png_list *list, const struct csv_reader *csv,
                               const char *label, int headless, int i)
{
    char name[TOOL_NAME_MAX];
    const char *text = csv->cell[i].text;
    if (headless) {
        snprintf(name, sizeof name, csv->cells > 2 ? "%s%d" : "%s", label, i);
        text = name;
    }
    return text_keep(&list->pool, text, strlen(text));
}

static enum bough_status check_column(const struct csv_reader *csv, const char *const *name, int i)
{
    if (!*name[i])
        return tool_fail(BOUGH_DATA, "%s: line %lld: column %d has no name", csv->path,
                         (long long)csv->line, i + 1);
    for (int k = 1; k < i; k++)
        if (strcmp(name[i], name[k]) == 0)
            return tool_fail(BOUGH_DATA, "%s: line %lld: column \"%s\" stands twice", csv->path,
                             (long long)csv->line, name[i]);
    return BOUGH_OK;
}

// The first CSV names the labels.
static enum bough_status take_columns(struct png_list *list, const struct csv_reader *csv,
                                      const char *label, int headless)
{
    enum bough_status status = BOUGH_OK;
    const char *name[PNG_LIST_LABELS_MAX + 2];
    if (csv->cells > PNG_LIST_LABELS_MAX + 1)
        return tool_fail(BOUGH_DATA, "%s: line %lld: %d columns, wanted at most %d", csv->path,
                         (long long)csv->line, csv->cells, PNG_LIST_LABELS_MAX + 1);
    for (int i = 1; i < csv->cells; i++) {
        name[i] = column_name(list, csv, label, headless, i);
        TRY_MEMORY(name[i]);
        TRY(check_column(csv, name, i));
        if (strcmp(name[i], "id") == 0)
            list->id_column = i;
        else
            list->label[list->labels++] = name[i];
    }
done:
    return status;
}

static int columns_of(const struct png_list *list)
{
    return 1 + list->labels + (list->id_column > 0);
}

static enum bough_status check_columns(const struct csv_reader *csv, int wanted, const char *why)
{
    if (csv->cells == wanted)
        return BOUGH_OK;
    return tool_fail(BOUGH_DATA, "%s: line %lld: %d column%s, wanted %d%s; the separator is %s",
                     csv->path, (long long)csv->line, csv->cells, csv->cells == 1 ? "" : "s",
                     wanted, why, csv_separator_name(csv->separator));
}

// The others must have the same columns.
static enum bough_status compare_columns(const struct png_list *list, const struct csv_reader *csv)
{
    enum bough_status status;
    TRY(check_columns(csv, columns_of(list), " as in the first file"));
    for (int i = 1, k = 0; i < csv->cells && !list->headless[list->splits - 1]; i++) {
        const char *wanted = i == list->id_column ? "id" : list->label[k++];
        if (strcmp(csv->cell[i].text, wanted) != 0)
            return tool_fail(BOUGH_DATA,
                             "%s: line %lld: column \"%s\", wanted \"%s\" as in the first file",
                             csv->path, (long long)csv->line, csv->cell[i].text, wanted);
    }
done:
    return status;
}

// What spreadsheets and tables of Python and R write where there is nothing. As written: Na or none
// may be a class.
static int is_missing(const char *text)
{
    static const char *const words[] = {"", "NA", "na", "N/A", "n/a", "null", "NULL", "None"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(text, words[i]) == 0)
            return 1;
    return strcasecmp(text + (*text == '-'), "nan") == 0;
}

static enum bough_status take_record(struct png_list *list, const struct csv_reader *csv,
                                     const char *folder)
{
    enum bough_status status;
    const char **labels = NULL, *path = csv->cell[0].text, *id = NULL;
    const size_t root = path[0] == '/' ? 0 : strlen(folder) + 1;
    TRY(check_columns(csv, columns_of(list), ""));
    if (list->id_column) {
        const struct csv_cell *cell = &csv->cell[list->id_column];
        id = text_keep(&list->pool, cell->text, cell->length);
        TRY_MEMORY(id);
    }
    path = root ? text_path(&list->pool, folder, path) : text_keep(&list->pool, path, strlen(path));
    TRY(add_item(&labels, list, path, id, root, csv->line));
    for (int i = 1, k = 0; i < csv->cells; i++) {
        const char *text = is_missing(csv->cell[i].text) ? "" : csv->cell[i].text;
        if (i == list->id_column)
            continue;
        labels[k] = text_keep(&list->pool, text, strlen(text));
        TRY_MEMORY(labels[k++]);
    }
done:
    return status;
}

enum bough_status png_list_csv(struct png_list *list, const char *folder, const char *split,
                               const char *label, const char *path)
{
    enum bough_status status;
    struct csv_reader csv = {0};
    TRY(begin_split(list, split));
    const int s = list->splits - 1;
    list->csv[s] = path;
    TRY(csv_reader_open(&csv, path, 0));
    TRY(csv_reader_next(&csv));
    list->headless[s] = is_headless(&csv, folder);
    list->decimal_comma[s] = csv.separator == ';';
    TRY(s == 0 ? take_columns(list, &csv, label, list->headless[s]) : compare_columns(list, &csv));
    if (!list->headless[s])
        TRY(csv_reader_next(&csv));
    while (csv.cells > 0) {
        TRY(take_record(list, &csv, folder));
        TRY(csv_reader_next(&csv));
    }
    TRY(end_split(list, path, "a line for each"));
done:
    csv_reader_close(&csv);
    return status;
}
