#include <bough/dataset.h>

#include "base/error.h"
#include "base/strings.h"

#include <bough/name.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

// The field if `name` is `split/field`, else NULL.
static const char *field_of(const char *name, const char *split)
{
    size_t length = strlen(split);
    return strncmp(name, split, length) == 0 && name[length] == '/' ? name + length + 1 : NULL;
}

// The split of a tensor `split/field`; 0 if an earlier tensor is of it, too, or there is none.
static size_t new_split(const struct bough_tensor_file *file, size_t index)
{
    const char *name = bough_tensor_file_at(file, index)->name, *slash = strchr(name, '/');
    size_t length = slash ? (size_t)(slash - name) : 0;
    for (size_t i = 0; i < index; i++)
        if (strncmp(bough_tensor_file_at(file, i)->name, name, length + 1) == 0)
            return 0;
    return length;
}

static enum bough_status missing_split(const struct bough_tensor_file *file, const char *split)
{
    char names[600] = "";
    for (size_t i = 0; i < bough_tensor_file_count(file); i++) {
        size_t length = new_split(file, i);
        if (length)
            bough__append(names, sizeof names, "%s%.*s", *names ? ", " : "", (int)length,
                          bough_tensor_file_at(file, i)->name);
    }
    return bough__fail(BOUGH_DATA, "%s: no split `%s`; there is %s", bough_tensor_file_path(file),
                       split, *names ? names : "none");
}

static enum bough_status missing(const struct bough_tensor_file *file, const char *split,
                                 const char *field)
{
    enum bough_status status;
    char names[1024] = "";
    size_t count = 0;
    const char **fields = calloc(bough_tensor_file_count(file) + 1, sizeof *fields);
    BOUGH_TRY_MEMORY(fields);
    for (size_t i = 0; i < bough_tensor_file_count(file); i++) {
        const char *name = field_of(bough_tensor_file_at(file, i)->name, split);
        if (!name)
            continue;
        fields[count++] = name;
        bough__append(names, sizeof names, "%s%s", *names ? ", " : "", name);
    }
    const char *nearest = bough_name_nearest(field, fields);
    if (!count)
        status = missing_split(file, split);
    else
        status = bough__fail(BOUGH_DATA, "%s: no field %s/%s%s%s%s; split %s has %s",
                             bough_tensor_file_path(file), split, field,
                             nearest ? ", did you mean " : "", nearest ? nearest : "",
                             nearest ? "?" : "", split, names);
done:
    free(fields);
    return status;
}

// Whoever gathers samples relies on all fields of a split being as long.
static enum bough_status check_count(const struct bough_tensor_file *file, const char *split,
                                     const struct bough_file_tensor *tensor)
{
    if (tensor->shape.rank == 0)
        return bough__fail(BOUGH_DATA, "%s: %s: a single number, wanted one or more per sample",
                           bough_tensor_file_path(file), tensor->name);
    for (size_t i = 0; i < bough_tensor_file_count(file); i++) {
        const struct bough_file_tensor *other = bough_tensor_file_at(file, i);
        if (field_of(other->name, split) && other->shape.rank > 0 &&
            other->shape.dim[0] != tensor->shape.dim[0])
            return bough__fail(BOUGH_DATA,
                               "%s: %s: %" PRId64 " samples, but %s has %" PRId64
                               ": all fields of a split must have as many",
                               bough_tensor_file_path(file), tensor->name, tensor->shape.dim[0],
                               other->name, other->shape.dim[0]);
    }
    return BOUGH_OK;
}

enum bough_status bough_dataset_field(const struct bough_file_tensor **tensor,
                                      const struct bough_tensor_file *file, const char *split,
                                      const char *field)
{
    *tensor = NULL;
    for (size_t i = 0; i < bough_tensor_file_count(file); i++) {
        const struct bough_file_tensor *candidate = bough_tensor_file_at(file, i);
        const char *name = field_of(candidate->name, split);
        if (!name || strcmp(name, field) != 0)
            continue;
        enum bough_status status = check_count(file, split, candidate);
        if (status == BOUGH_OK)
            *tensor = candidate;
        return status;
    }
    return missing(file, split, field);
}
