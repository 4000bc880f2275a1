// The rows and their options: sound in themselves, and listed in the README.
#include "config/schema.h"
#include "mtl/architecture.h"
#include "mtl/weighting.h"
#include "nn/init.h"
#include "nn/metric.h"
#include "nn/schedule.h"
#include "support/configs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check_family(const struct bough__family *family);

static void check_options(const struct bough__options *options)
{
    for (size_t i = 0; i < options->count; i++) {
        const struct bough__option *option = &options->option[i];
        assert_true(option->offset < options->size);
        if (option->range && option->number[0] != 0)
            assert_true(bough__range_holds(option->range, option->number[0]));
        assert_true(option->help || option->type == BOUGH__OPTION_SECTION);
        assert_true(!option->same_as || bough__option_find(options, option->same_as) < option);
        if (option->section)
            check_options(option->section);
        if (option->type == BOUGH__OPTION_CHOICE) {
            assert_int_equal(i, 0);
            assert_true(!option->text || bough__family_find(option->family, option->text));
            check_family(option->family);
        }
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(options->option[j].name, option->name);
    }
}

static void check_family(const struct bough__family *family)
{
    for (size_t i = 0; i < family->count; i++) {
        const struct bough__row *row = family->row[i];
        assert_ptr_equal(bough__family_find(family, row->name), row); // none twice
        assert_non_null(row->help);
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
    check_family(&bough__metrics);
    assert_non_null(bough__metric_find("top_3", NULL));
}

static void append_line(void *user, const char *line)
{
    char *text = user;
    assert_true(strlen(text) + strlen(line) + 2 < 1 << 16);
    strcat(strcat(text, line), "\n");
}

// The README holds what `bough help config` prints.
static void test_readme_lists_every_key(void **state)
{
    (void)state;
    static char table[1 << 16];
    bough_config_describe(append_line, table);
    char *readme = test_config_text(TEST_SOURCE_DIR "/README.md");
    if (!strstr(readme, table))
        fail_msg("README.md: its table of keys is not what `bough help config` prints");
    free(readme);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_sound),
        cmocka_unit_test(test_readme_lists_every_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
