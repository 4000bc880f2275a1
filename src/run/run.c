#include "run/run.h"

#include "base/error.h"
#include "device/device.h"

#include <stdio.h>
#include <stdlib.h>

const struct bough_result *bough_run_result(const struct bough_run *run)
{
    return &run->result;
}

void bough_run_destroy(struct bough_run **run)
{
    if (*run)
        bough__arena_fini(&(*run)->arena);
    free(*run);
    *run = NULL;
}

void bough__run_device(struct bough_run *run, const struct bough_device *device)
{
    snprintf(run->result.device, sizeof run->result.device, "%s: %s", device->info.id,
             device->info.name);
}

static enum bough_status own(struct bough__arena *arena, const char **name)
{
    *name = bough__arena_string(arena, *name);
    return *name ? BOUGH_OK : bough__no_memory();
}

static enum bough_status own_confusion(struct bough__arena *arena,
                                       struct bough_confusion *confusion)
{
    enum bough_status status;
    const char **names = NULL;
    BOUGH_TRY(own(arena, &confusion->task));
    if (!confusion->names)
        return BOUGH_OK;
    BOUGH_TRY_MEMORY(names = BOUGH_NEW(arena, const char *, confusion->classes));
    for (int64_t c = 0; c < confusion->classes; c++) {
        names[c] = confusion->names[c];
        BOUGH_TRY(own(arena, &names[c]));
    }
    confusion->names = names;
done:
    return status;
}

enum bough_status bough__run_own_names(struct bough_run *run)
{
    enum bough_status status = BOUGH_OK;
    struct bough_metrics *all[] = {&run->validation, &run->test};
    for (size_t s = 0; s < 2; s++) {
        for (size_t i = 0; i < all[s]->count; i++) {
            BOUGH_TRY(own(&run->arena, &all[s]->value[i].task));
            BOUGH_TRY(own(&run->arena, &all[s]->value[i].metric));
        }
        for (size_t i = 0; i < all[s]->confusion_count; i++)
            BOUGH_TRY(own_confusion(&run->arena, &all[s]->confusion[i]));
    }
done:
    return status;
}
