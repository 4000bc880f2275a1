// The rows and their options: sound in themselves. house_config_table holds the README to them.
#include "config/schema.h"
#include "mtl/architecture.h"
#include "mtl/weighting.h"
#include "nn/init.h"
#include "nn/metric.h"
#include "nn/schedule.h"
#include "support/configs.h"

#include <bough/config.h>
#include <stdio.h>
#include <string.h>

static void check_family(const struct bough__family *family);

// What has no paper is no method of somebody's.
static const char *const without_paper[] = {"equal", "fixed", "scale_invariant"};

static void check_papers(const struct bough__family *family)
{
    for (size_t i = 0; i < family->count; i++) {
        int known = family->row[i]->paper != NULL;
        for (size_t p = 0; p < sizeof without_paper / sizeof *without_paper; p++)
            known |= strcmp(family->row[i]->name, without_paper[p]) == 0;
        if (!known)
            fail_msg("%s %s: no paper", family->noun, family->row[i]->name);
    }
}

static void check_options(const struct bough__options *options)
{
    for (size_t i = 0; i < options->count; i++) {
        const struct bough__option *option = &options->option[i];
        assert_true(option->offset < options->size);
        if (option->range && option->number[0] != 0)
            assert_true(bough__range_holds(option->range, option->number[0]));
        assert_true(option->help || option->type == BOUGH__OPTION_SECTION ||
                    option->type == BOUGH__OPTION_ONE);
        if (option->same_as) {
            const struct bough__option *same = bough__option_find(options, option->same_as);
            assert_true(same && same < option && option->type == BOUGH__OPTION_PAIR);
            assert_int_equal(same->type, option->type);
        }
        assert_int_equal(option->noun != NULL, option->type == BOUGH__OPTION_NAMED);
        if (option->section)
            check_options(option->section);
        if (option->type == BOUGH__OPTION_CHOICE) {
            assert_int_equal(i, 0);
            assert_true(!option->text || bough__family_find(option->family, option->text));
        }
        if (option->family && option->family != &bough__layers)
            check_family(option->family);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(options->option[j].name, option->name);
    }
}

static void check_family(const struct bough__family *family)
{
    for (size_t i = 0; i < family->count; i++) {
        const struct bough__row *row = family->row[i];
        assert_ptr_equal(bough__family_find(family, row->name), row); // none twice
        if (!row->help)
            fail_msg("%s %s: no help", family->noun, row->name);
        check_options(&row->options);
    }
    assert_null(bough__family_find(family, "no such row"));
    assert_null(bough__family_find(family, NULL));
}

static void test_rows_are_sound(void **state)
{
    (void)state;
    check_options(&bough__config_options);
    check_family(&bough__layers);
    check_papers(&bough__weightings);
    check_papers(&bough__architectures);
    assert_non_null(bough__metric_find("top_3", NULL));
}

// ---- The pages of the weightings ----

static void note_key(void *user, const char *text)
{
    static const char *const key[] = {"losses", "on", "groups", "every", "smoothing"};
    int *told = user;
    char start[32];
    for (size_t k = 0; k < sizeof key / sizeof *key; k++) {
        snprintf(start, sizeof start, "         %s: ", key[k]);
        told[k] |= strncmp(text, start, strlen(start)) == 0;
    }
}

// A page tells the keys that go with its row, and no others.
static void test_pages_tell_the_keys(void **state)
{
    (void)state;
    static const char *const more[] = {"weighting.losses={name: fixed, weights: [1, 2, 3]}",
                                       "weighting.on=representation", "weighting.groups=tensor",
                                       "weighting.every=2", "weighting.smoothing=0.5"};
    static const char three[] = "data: x\ntasks:\n"
                                "  a: {target: y, loss: mse, head: [linear: 1]}\n"
                                "  b: {target: y, loss: mse, head: [linear: 1]}\n"
                                "  c: {target: y, loss: mse, head: [linear: 1]}\n";
    for (size_t r = 0; r < bough__weightings.count; r++) {
        const struct bough__row *row = bough__weightings.row[r];
        int told[sizeof more / sizeof *more] = {0};
        char weighting[80];
        snprintf(weighting, sizeof weighting, "weighting=%s", test_weighting(row));
        assert_ok(bough_method_describe(row->name, note_key, told));
        for (size_t k = 0; k < sizeof more / sizeof *more; k++) {
            const char *const overrides[] = {weighting, more[k]};
            struct bough_config *config;
            const enum bough_status status = bough_config_parse(&config, three, NULL, overrides, 2);
            if ((status == BOUGH_OK) != told[k])
                fail_msg("%s, %s: %s", row->name, more[k],
                         told[k] ? bough_last_error() : "its page does not tell it");
            bough_config_close(&config);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_sound),
        cmocka_unit_test(test_pages_tell_the_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
