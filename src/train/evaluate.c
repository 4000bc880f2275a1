#include "base/error.h"
#include "run/run.h"
#include "train/measure.h"
#include "train/trained.h"

#include <stdlib.h>

enum bough_status bough_evaluate(struct bough_run **run, const char *model, const char *data,
                                 const char *split, struct bough_device *device)
{
    enum bough_status status;
    struct bough__trained trained = {0};
    const struct bough__trained_rows rows = {
        .data = data, .split = split, .labels = BOUGH_WITH_LABELS, .purpose = BOUGH_EVALUATION};
    struct bough_run *made = calloc(1, sizeof *made);
    BOUGH_TRY_MEMORY(made);
    BOUGH_TRY(bough__trained_open(&trained, model, device));
    BOUGH_TRY(bough__trained_read(&trained, &rows));
    BOUGH_TRY(bough__evaluate(&made->test, &made->arena, &trained.evaluation));
    BOUGH_TRY(bough__run_own_names(made));
    bough__run_device(made, trained.loaded.device);
    made->result.test = &made->test;
    BOUGH_TRY_MEMORY(made->result.split =
                         bough__arena_string(&made->arena, trained.first->split_name));
done:
    bough__trained_close(&trained);
    if (status != BOUGH_OK)
        bough_run_destroy(&made);
    *run = made;
    return status;
}
