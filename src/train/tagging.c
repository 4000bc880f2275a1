#include "train/tagging.h"

#include "base/error.h"
#include "nn/tags.h"
#include "nn/viterbi.h"

#include <math.h>
#include <stdlib.h>

// ---- Names ----

// `tag` [K] is the caller's.
static enum bough_status read_tags(struct bough__tag *tag, const struct bough__model *model,
                                   size_t t, const char *what)
{
    const char *task = model->config->tasks[t].name;
    const struct bough__classes *classes = &model->classes[t];
    if (!classes->mapped)
        return bough__fail(BOUGH_INVALID,
                           "tasks.%s.%s: the classes have no names, wanted O, B-x and I-x", task,
                           what);
    const int64_t bad = bough__tags_read(tag, classes->mapped, model->width[t]);
    if (bad >= 0)
        return bough__fail(BOUGH_INVALID, "tasks.%s.%s: a class is '%.80s', wanted O, B-x or I-x",
                           task, what, classes->mapped[bad]);
    return BOUGH_OK;
}

enum bough_status bough__tagging_check(const struct bough__model *model, size_t t, const char *what)
{
    enum bough_status status;
    struct bough__tag *tag = malloc((size_t)model->width[t] * sizeof *tag);
    BOUGH_TRY_MEMORY(tag);
    status = read_tags(tag, model, t, what);
done:
    free(tag);
    return status;
}

static int is_by_bio(const struct bough__model *model, size_t t)
{
    int bio;
    bough__loss_is_chain(&model->config->tasks[t].loss, &bio);
    return bio;
}

enum bough_status bough__tagging_check_all(const struct bough__model *model)
{
    enum bough_status status = BOUGH_OK;
    for (size_t t = 0; t < model->config->tasks_count && status == BOUGH_OK; t++)
        if (is_by_bio(model, t))
            status = bough__tagging_check(model, t, "loss.bio");
    return status;
}

// ---- The chain ----

static enum bough_status read_param(float **value, struct bough__arena *arena,
                                    const struct bough__model *model, const char *task,
                                    const char *name)
{
    const char *full = bough__arena_format(arena, "%s.%s", task, name);
    if (!full)
        return bough__no_memory();
    const struct bough__param *param = bough__params_find(&model->params, full);
    if (!param)
        return bough__fail(BOUGH_INTERNAL, "no parameter %s", full);
    const int64_t count = bough_shape_elements(&param->shape);
    *value = BOUGH_NEW(arena, float, count);
    if (!*value)
        return bough__no_memory();
    return bough__read(bough__span_at(model->params.block[param->block].value,
                                      (size_t)param->offset * sizeof(float)),
                       *value, (size_t)count * sizeof(float));
}

static enum bough_status forbid(struct bough__chain *chain, struct bough__arena *arena,
                                const struct bough__model *model, size_t t)
{
    enum bough_status status;
    struct bough__tag *tag = BOUGH_NEW(arena, struct bough__tag, chain->tags);
    BOUGH_TRY_MEMORY(tag);
    BOUGH_TRY(read_tags(tag, model, t, "loss.bio"));
    for (int64_t i = 0; i < chain->tags * chain->tags; i++)
        if (!bough__tag_may_follow(&tag[i / chain->tags], &tag[i % chain->tags]))
            chain->transitions[i] = -INFINITY;
    for (int64_t i = 0; i < chain->tags; i++)
        if (!bough__tag_may_follow(NULL, &tag[i]))
            chain->start[i] = -INFINITY;
done:
    return status;
}

static enum bough_status read_chain(struct bough__chain *chain, struct bough__arena *arena,
                                    const struct bough__model *model, size_t t)
{
    enum bough_status status;
    const char *task = model->config->tasks[t].name;
    chain->tags = model->width[t];
    BOUGH_TRY(read_param(&chain->transitions, arena, model, task, "transitions"));
    BOUGH_TRY(read_param(&chain->start, arena, model, task, "start"));
    BOUGH_TRY(read_param(&chain->end, arena, model, task, "end"));
    if (is_by_bio(model, t))
        BOUGH_TRY(forbid(chain, arena, model, t));
done:
    return status;
}

enum bough_status bough__tagging_predict(const int32_t **best, struct bough__arena *arena,
                                         const struct bough__model *model, size_t t,
                                         const struct bough__tagged *rows)
{
    enum bough_status status;
    struct bough__chain chain;
    const int64_t positions = bough__split_positions(rows->split, model, t);
    int32_t *made = BOUGH_NEW(arena, int32_t, rows->rows * positions);
    BOUGH_TRY_MEMORY(made);
    BOUGH_TRY(read_chain(&chain, arena, model, t));
    for (int64_t n = 0; n < rows->rows; n++) {
        const int64_t row = rows->order ? rows->order[n] : n;
        BOUGH_TRY(bough__viterbi(made + n * positions, &chain,
                                 rows->score + n * positions * chain.tags,
                                 bough__split_length(rows->split, model, t, row)));
    }
    *best = made;
done:
    return status;
}
