// The value of `weighting` alone, without a config around it.
#include "config/config_check.h"
#include "config/read.h"
#include "config/value.h"

#include <string.h>

static enum bough_status number_tasks(struct bough_config *config, struct bough__arena *arena,
                                      size_t tasks)
{
    enum bough_status status = BOUGH_OK;
    struct bough__task *task = BOUGH_NEW(arena, struct bough__task, tasks);
    BOUGH_TRY_MEMORY(task);
    for (size_t t = 0; t < tasks; t++)
        BOUGH_TRY_MEMORY(task[t].name = bough__arena_format(arena, "%zu", t));
    config->tasks = task;
    config->tasks_count = tasks;
done:
    return status;
}

static enum bough_status parse_weighing(struct bough__tree *tree, struct bough__arena *arena,
                                        const char *text, const char *const *overrides,
                                        size_t count)
{
    enum bough_status status;
    BOUGH_TRY_MEMORY(text = bough__arena_string(arena, text));
    BOUGH_TRY(bough__tree_parse(tree, arena, "weighting", text, strlen(text)));
    for (size_t i = 0; i < count; i++) {
        BOUGH_TRY_MEMORY(text = bough__arena_string(arena, overrides[i]));
        BOUGH_TRY(bough__tree_override(tree, text));
    }
done:
    return status;
}

enum bough_status bough__config_weighing(struct bough__weighing *weighing,
                                         struct bough__arena *arena, const char *text,
                                         const char *const *overrides, size_t count, size_t tasks)
{
    enum bough_status status;
    struct bough__tree tree;
    struct bough_config config = {0};
    struct bough__config_reader r = {.place = {.tree = &tree}, .arena = arena, .config = &config};
    BOUGH_TRY(number_tasks(&config, arena, tasks));
    BOUGH_TRY(parse_weighing(&tree, arena, text, overrides, count));
    bough__options_default(&bough__config_options, &config);
    BOUGH_TRY(bough__config_section(&r, "weighting", tree.root));
    BOUGH_TRY(bough__weighting_check(&r.place, &config));
    *weighing = config.weighting;
done:
    return status;
}
