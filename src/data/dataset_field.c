#include <bough/dataset.h>

#include "base/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

// The field if `name` is `split/field`, else NULL.
static const char *field_of(const char *name, const char *split)
{
    size_t length = strlen(split);
    return strncmp(name, split, length) == 0 && name[length] == '/' ? name + length + 1 : NULL;
}

static enum bough_status missing(const struct bough_tensor_file *file, const char *split,
                                 const char *field)
{
    char names[1024] = "nothing";
    size_t used = 0;
    for (size_t i = 0; i < bough_tensor_file_count(file) && used < sizeof names; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "",
                                 bough_tensor_file_at(file, i)->name);
    return bough__fail(BOUGH_DATA, "%s: no field %s/%s, there is %s", bough_tensor_file_path(file),
                       split, field, names);
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
