#include "op/op.h"

#include <string.h>

static const struct bough__op *const ops[] = {
#define BOUGH_OP(name) &bough__op_##name,
#include "op/op_list.h"
#undef BOUGH_OP
};

const struct bough__op *const *bough__op_all(size_t *count)
{
    *count = sizeof ops / sizeof *ops;
    return ops;
}

const struct bough__op *bough__op_find(const char *name)
{
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (strcmp(ops[i]->name, name) == 0)
            return ops[i];
    return NULL;
}
