// Which PNG files make up a data set, what they are called, and the texts of their labels.
#ifndef BOUGH_DATA_PNG_LIST_H
#define BOUGH_DATA_PNG_LIST_H

#include "data_text.h"
#include "data_tool.h"

enum { PNG_LIST_SPLITS_MAX = 16, PNG_LIST_LABELS_MAX = 255 };
enum { PNG_LIST_PATH, PNG_LIST_ID, PNG_LIST_LABELS }; // places in a row of cells

// Zero-initialised is empty and ready. The items of a split follow each other.
struct png_list {
    struct text_pool pool;
    const char **cell; // [items, PNG_LIST_LABELS + labels]: path, id, then the labels' texts, ""
                       // for a missing one
    int64_t *line;     // [items] in the CSV
    int64_t items, capacity;
    const char *label[PNG_LIST_LABELS_MAX]; // names of the label fields
    int labels;
    int id_column; // of the CSVs; 0 where the paths are the ids
    const char *split[PNG_LIST_SPLITS_MAX];
    const char *csv[PNG_LIST_SPLITS_MAX];   // that lists the split, or NULL
    int headless[PNG_LIST_SPLITS_MAX];      // that CSV has no header
    int decimal_comma[PNG_LIST_SPLITS_MAX]; // it is divided by semicolons: 4,2 is a number
    int64_t begin[PNG_LIST_SPLITS_MAX + 1]; // first item of each split, and the end
    int splits;
};

static inline const char **png_list_item(const struct png_list *list, int64_t i)
{
    return list->cell + i * (PNG_LIST_LABELS + list->labels);
}

// The split that item `i` is of.
static inline int png_list_split(const struct png_list *list, int64_t i)
{
    int s = 0;
    while (i >= list->begin[s + 1])
        s++;
    return s;
}

// Adds a split: every .png of the sub-folders of `folder`, labelled by the sub-folder's name; or,
// if no sub-folder has any, every .png of `folder`, without a label. The ids are the paths, from
// the `root` bytes of `folder` on that all splits have in common.
enum bough_status png_list_folders(struct png_list *list, const char *folder, size_t root,
                                   const char *split, const char *label);
// Adds a split: the files that a CSV names, relative to `folder`. Its other columns are the labels,
// named by a header; but one called id holds the ids, which else are the files' names as they stand
// there. Without a header (the first line names a PNG file) they are called `label`, or label1,
// label2, ... Cells that are empty or hold one of the usual words for it (NA, nan, null, None) are
// missing.
enum bough_status png_list_csv(struct png_list *list, const char *folder, const char *split,
                               const char *label, const char *path);
void png_list_fini(struct png_list *list);

#endif
