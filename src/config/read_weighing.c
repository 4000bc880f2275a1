// The value of `weighting` alone, without a config around it.
#include "config/config_check.h"
#include "config/read.h"
#include "config/value.h"

#include <string.h>

static enum bough_status number_tasks(struct bough_config *config, struct bough__arena *arena,
                                      const struct bough__weighing_text *from)
{
    enum bough_status status = BOUGH_OK;
    struct bough__task *task = BOUGH_NEW(arena, struct bough__task, from->tasks);
    BOUGH_TRY_MEMORY(task);
    for (size_t t = 0; t < from->tasks; t++) {
        BOUGH_TRY_MEMORY(task[t].name = bough__arena_format(arena, "%zu", t));
        task[t].weight = from->task_weights ? from->task_weights[t] : 1;
    }
    config->tasks = task;
    config->tasks_count = from->tasks;
done:
    return status;
}

static enum bough_status parse_weighing(struct bough__tree *tree, struct bough__arena *arena,
                                        const struct bough__weighing_text *from)
{
    enum bough_status status;
    const char *text = bough__arena_string(arena, from->text);
    BOUGH_TRY_MEMORY(text);
    BOUGH_TRY(bough__tree_parse(tree, arena, "weighting", text, strlen(text)));
    for (size_t i = 0; i < from->overrides_count; i++) {
        BOUGH_TRY_MEMORY(text = bough__arena_string(arena, from->overrides[i]));
        BOUGH_TRY(bough__tree_override(tree, text));
    }
done:
    return status;
}

enum bough_status bough__config_weighing(struct bough__weighing *weighing,
                                         struct bough__arena *arena,
                                         const struct bough__weighing_text *from)
{
    enum bough_status status;
    struct bough__tree tree;
    struct bough_config config = {0};
    struct bough__config_reader r = {.place = {.tree = &tree}, .arena = arena, .config = &config};
    BOUGH_TRY(number_tasks(&config, arena, from));
    BOUGH_TRY(parse_weighing(&tree, arena, from));
    bough__options_default(&bough__config_options, &config);
    BOUGH_TRY(bough__config_section(&r, "weighting", tree.root));
    BOUGH_TRY(bough__weighting_check(&r.place, &config));
    *weighing = config.weighting;
done:
    return status;
}
