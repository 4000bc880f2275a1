// Which PNG files make up a data set, and the texts of their labels.
#ifndef BOUGH_DATA_PNG_LIST_H
#define BOUGH_DATA_PNG_LIST_H

#include "data_text.h"
#include "data_tool.h"

enum { PNG_LIST_SPLITS_MAX = 16, PNG_LIST_LABELS_MAX = 255 };

// Zero-initialised is empty and ready. The items of a split follow each other.
struct png_list {
    struct text_pool pool;
    const char **cell; // [items, 1 + labels]: the path, then the labels' texts
    int64_t items, room;
    const char *label[PNG_LIST_LABELS_MAX]; // names of the label fields
    int labels;
    const char *split[PNG_LIST_SPLITS_MAX];
    int64_t begin[PNG_LIST_SPLITS_MAX + 1]; // first item of each split, and the end
    int splits;
};

static inline const char **png_list_item(const struct png_list *list, int64_t i)
{
    return list->cell + i * (1 + list->labels);
}

// Adds a split: every .png of the sub-folders of `folder`, labelled by the sub-folder's name.
enum bough_status png_list_folders(struct png_list *list, const char *folder, const char *split,
                                   const char *label);
// Adds a split: the files that a CSV names, relative to `folder`; its columns are the labels.
enum bough_status png_list_csv(struct png_list *list, const char *folder, const char *split,
                               const char *path);
void png_list_fini(struct png_list *list);

#endif
