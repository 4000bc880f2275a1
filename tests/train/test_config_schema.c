// The table of keys: sound in itself, and one with the rows of nn and mtl.
#include "mtl/weighting.h"
#include "nn/init.h"
#include "nn/layer.h"
#include "nn/metric.h"
#include "nn/optimizer.h"
#include "support/configs.h"
#include "train/config_schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// ---- The table of keys ----

static void check_section(const struct bough__section *section)
{
    const struct bough__key *first = section->key;
    for (size_t i = 0; i < section->count; i++) {
        const struct bough__key *key = &section->key[i];
        if (key->section && key != first)
            check_section(key->section);
        if (key->range && key->number[0] != 0)
            assert_true(bough__range_holds(key->range, key->number[0]));
        assert_true(key->text || key->type == BOUGH__KEY_SECTION);
        if (!key->of)
            continue;
        // Every word of `of` is a name, else nobody would ever read the key.
        char words[128], *rest, *word;
        snprintf(words, sizeof words, "%s", key->of);
        for (word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
            size_t known = 0;
            while (first->names[known] && strcmp(first->names[known], word) != 0)
                known++;
            if (!first->names[known])
                fail_msg("%s is read by %s, which there is not", key->name, word);
        }
    }
}

static void test_schema_is_sound(void **state)
{
    (void)state;
    check_section(&bough__config_section);
}

static const struct bough__key *key_at(const struct bough__section *section, const char *name)
{
    for (size_t i = 0; i < section->count; i++)
        if (strcmp(section->key[i].name, name) == 0)
            return &section->key[i];
    fail_msg("no key %s", name);
    return NULL;
}

static void test_names_are_known_to_nn_and_mtl(void **state)
{
    (void)state;
    const struct bough__section *root = &bough__config_section;
    const struct bough__section *layer = key_at(root, "trunk")->section;
    const struct bough__section *task = key_at(root, "tasks")->section;
    const char *const *name;
    for (name = layer->key->names; *name; name++)
        assert_non_null(bough__layer_kind_find(*name));
    for (name = key_at(layer, "init")->section->key->names; *name; name++)
        assert_true(bough__init_known(*name));
    for (name = key_at(task, "loss")->section->key->names; *name; name++)
        assert_non_null(bough__loss_find(*name));
    for (name = key_at(root, "weighting")->section->key->names; *name; name++)
        assert_non_null(bough__weighting_find(*name));
    for (name = bough__metric_names; *name; name++)
        assert_true(strchr(*name, '<') || bough__metric_find(*name, NULL));
    size_t count = 0, known;
    bough__optimizer_all(&known);
    for (name = key_at(root, "optimizer")->section->key->names; *name; name++, count++)
        assert_non_null(bough__optimizer_find(*name));
    assert_int_equal(count, known);
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
    if (access(TEST_SOURCE_DIR "/README.md", R_OK) != 0) {
        printf("skipped: there is no README.md\n");
        return;
    }
    char *readme = test_config_text(TEST_SOURCE_DIR "/README.md");
    if (!strstr(readme, "| key | takes |"))
        printf("skipped: README.md has no table of keys\n");
    else if (!strstr(readme, table))
        fail_msg("README.md: its table of keys is not what `bough help config` prints");
    free(readme);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema_is_sound),
        cmocka_unit_test(test_names_are_known_to_nn_and_mtl),
        cmocka_unit_test(test_readme_lists_every_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
