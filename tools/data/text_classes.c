#include "text_set.h"

#include <stdlib.h>
#include <string.h>

const struct text_split *text_find_train(const struct text_corpus *corpus)
{
    for (int s = 0; s < corpus->splits; s++)
        if (strcmp(corpus->split[s].name, "train") == 0)
            return &corpus->split[s];
    return NULL;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// Adds the names of values `from` to `to`, sorted.
static enum bough_status take_sorted(struct name_set *names, const struct text_field *field,
                                     int64_t from, int64_t to)
{
    enum bough_status status = BOUGH_OK;
    const size_t all = (size_t)field->names.count;
    int32_t number, found = 0;
    char *used = calloc(all + 1, 1);
    const char **name = malloc((all + 1) * sizeof *name);
    TRY_MEMORY(used);
    TRY_MEMORY(name);
    for (int64_t i = from; i < to; i++)
        if (field->value.at[i] >= 0)
            used[field->value.at[i]] = 1;
    for (int32_t i = 0; i < field->names.count; i++)
        if (used[i])
            name[found++] = field->names.name[i];
    qsort(name, (size_t)found, sizeof *name, by_text);
    for (int32_t i = 0; i < found; i++)
        TRY(name_set_take(&number, names, name[i], strlen(name[i])));
done:
    free(used);
    free(name);
    return status;
}

// `begin` [sentences + 1] are the places of the sentences' values; NULL where there is one each.
static enum bough_status find_classes(struct text_classes *classes, const struct text_set *set,
                                      const struct text_field *field, const int64_t *begin)
{
    enum bough_status status = BOUGH_OK;
    const struct text_split *train = text_find_train(set->corpus);
    const char *lines = set->from ? tool_find_classes(set->from, field->name) : NULL;
    if (lines)
        TRY(name_set_take_lines(&classes->names, lines));
    else if (train)
        TRY(take_sorted(&classes->names, field, begin ? begin[train->begin] : train->begin,
                        begin ? begin[train->end] : train->end));
    classes->known = classes->names.count;
    TRY(take_sorted(&classes->names, field, 0, field->value.count));
    if (!lines && !train)
        classes->known = classes->names.count;
    TRY_MEMORY(classes->class = malloc(((size_t)field->names.count + 1) * sizeof *classes->class));
    for (int32_t i = 0; i < field->names.count; i++)
        classes->class[i] =
            name_set_find(&classes->names, field->names.name[i], strlen(field->names.name[i]));
done:
    return status;
}

enum bough_status text_set_init(struct text_set *set)
{
    enum bough_status status = BOUGH_OK;
    const struct text_corpus *corpus = set->corpus;
    for (int t = 0; t < corpus->tags; t++) {
        TRY(find_classes(&set->tag[t], set, &corpus->tag[t], corpus->begin));
        if (set->tag[t].names.count > INT16_MAX)
            return tool_fail(BOUGH_DATA, "column `%s`: %d different tags, wanted at most %d",
                             corpus->tag[t].name, set->tag[t].names.count, INT16_MAX);
    }
    for (int k = 0; k < corpus->labels; k++)
        if (corpus->label[k].kind == TEXT_CLASS)
            TRY(find_classes(&set->label[k], set, &corpus->label[k], NULL));
done:
    return status;
}

static void fini_classes(struct text_classes *classes)
{
    name_set_fini(&classes->names);
    free(classes->class);
}

void text_set_fini(struct text_set *set)
{
    for (int t = 0; t < TEXT_TAGS_MAX; t++)
        fini_classes(&set->tag[t]);
    for (int k = 0; k < TEXT_LABELS_MAX; k++)
        fini_classes(&set->label[k]);
}
