// The rows of a model's layers, of an architecture that builds a layer more often than the config
// names it: bough__model_create is this program's own, which tells the observer of each three
// times.
#define _GNU_SOURCE
#include "support/configs.h"
#include "train/model.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

enum { TIMES = 3 };

static void built_often(void *user, const char *kind, const struct bough__builder *builder,
                        int32_t node)
{
    const struct bough__layer_observer *observer = user;
    for (int i = 0; i < TIMES; i++)
        observer->built(observer->user, kind, builder, node);
}

static void ended(void *user, const struct bough__graph *graph, const int32_t *scores)
{
    const struct bough__layer_observer *observer = user;
    observer->ended(observer->user, graph, scores);
}

enum bough_status bough__model_create(struct bough__model **model,
                                      const struct bough_config *config,
                                      const struct bough_shape *sample, struct bough_device *device,
                                      const struct bough__layer_observer *observer)
{
    enum bough_status (*real)(struct bough__model **, const struct bough_config *,
                              const struct bough_shape *, struct bough_device *,
                              const struct bough__layer_observer *);
    *(void **)&real = dlsym(RTLD_NEXT, "bough__model_create");
    struct bough__layer_observer often = {built_often, ended, (void *)observer};
    return real(model, config, sample, device, &often);
}

static void every_built_layer_has_a_row(void **state)
{
    (void)state;
    enum { LAYERS = 40 };
    struct bough__choice trunk[LAYERS];
    struct bough_config config = test_layers("linear: 8");
    const struct bough_shape sample = {.rank = 1, .dim = {8}};
    struct bough_model_info *info;
    for (int i = 0; i < LAYERS; i++)
        trunk[i] = config.trunk[0];
    config.trunk = trunk;
    config.trunk_count = LAYERS;
    assert_ok(bough_model_info_create(&info, &config, &sample));
    size_t heads = 0;
    for (size_t t = 0; t < config.tasks_count; t++)
        heads += config.tasks[t].head_count;
    assert_int_equal(info->count, TIMES * (LAYERS + heads));
    for (size_t i = 0; i < TIMES * LAYERS; i++) {
        assert_string_equal(info->row[i].block, "trunk");
        assert_string_equal(info->row[i].kind, "linear");
        assert_int_equal(info->row[i].parameters, i % TIMES ? 0 : 8 * 8 + 8);
    }
    assert_int_equal(info->row[info->count - 1].shape.rank, 1);
    bough_model_info_destroy(&info);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_built_layer_has_a_row)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
