#include "train/run.h"

#include "base/error.h"
#include "train/scoring.h"
#include "train/trained.h"

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
    struct bough_scores *all[] = {&run->validation, &run->test};
    for (size_t s = 0; s < 2; s++) {
        for (size_t i = 0; i < all[s]->count; i++) {
            BOUGH_TRY(own(&run->arena, &all[s]->score[i].task));
            BOUGH_TRY(own(&run->arena, &all[s]->score[i].metric));
        }
        for (size_t i = 0; i < all[s]->confusion_count; i++)
            BOUGH_TRY(own_confusion(&run->arena, &all[s]->confusion[i]));
    }
done:
    return status;
}

enum bough_status bough_evaluate(struct bough_run **run, const char *model, const char *data,
                                 const char *split, struct bough_device *device)
{
    enum bough_status status;
    struct bough__trained trained = {0};
    struct bough_run *made = calloc(1, sizeof *made);
    BOUGH_TRY_MEMORY(made);
    BOUGH_TRY(bough__trained_open(&trained, model, data, split, device, BOUGH_WITH_LABELS));
    BOUGH_TRY(bough__evaluate(&made->test, &made->arena, trained.runner));
    BOUGH_TRY(bough__run_own_names(made));
    bough__run_device(made, trained.loaded.device);
    made->result.test = &made->test;
    BOUGH_TRY_MEMORY(made->result.split = bough__arena_string(&made->arena, trained.split_name));
done:
    bough__trained_close(&trained);
    if (status != BOUGH_OK)
        bough_run_destroy(&made);
    *run = made;
    return status;
}
