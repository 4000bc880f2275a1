// The table of keys: sound in itself, and one with the rows of nn and mtl.
#include "config/config_schema.h"
#include "mtl/architecture.h"
#include "mtl/weighting.h"
#include "nn/init.h"
#include "nn/layer.h"
#include "nn/metric.h"
#include "nn/optimizer.h"
#include "support/configs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static int is_among(const char *name, const char *const *names)
{
    while (*names && strcmp(*names, name) != 0)
        names++;
    return *names != NULL;
}

// The same names both ways: a row that no config can name is as wrong as a name without a row.
static void check_names(const char *const *names, const char *(*row)(size_t index))
{
    size_t rows = 0, count = 0;
    for (; row(rows); rows++)
        if (!is_among(row(rows), names))
            fail_msg("no config can say %s", row(rows));
    for (; names[count]; count++) {
        size_t i = 0;
        while (i < rows && strcmp(row(i), names[count]) != 0)
            i++;
        if (i == rows)
            fail_msg("%s has no row", names[count]);
    }
    assert_int_equal(count, rows); // none twice
}

static const char *optimizer_name(size_t index)
{
    size_t count;
    const struct bough__optimizer *const *all = bough__optimizer_all(&count);
    return index < count ? all[index]->name : NULL;
}

static const char *metric_name(size_t index)
{
    const char *name = bough__metric_name(index);
    return name || (index && !bough__metric_name(index - 1)) ? name : "top_<k>";
}

// "ones", the last, is for the scales of norms alone.
static const char *init_name(size_t index)
{
    const char *name = bough__init_name(index);
    return name && strcmp(name, "ones") == 0 ? NULL : name;
}

static void test_names_are_those_of_nn_and_mtl(void **state)
{
    (void)state;
    const struct bough__section *root = &bough__config_section;
    const struct bough__section *layer = key_at(root, "trunk")->section;
    const struct bough__section *task = key_at(root, "tasks")->section;
    check_names(layer->key->names, bough__layer_kind_name);
    check_names(key_at(layer, "init")->section->key->names, init_name);
    check_names(key_at(task, "loss")->section->key->names, bough__loss_name);
    check_names(key_at(root, "architecture")->section->key->names, bough__architecture_name);
    check_names(key_at(root, "weighting")->section->key->names, bough__weighting_name);
    check_names(key_at(root, "optimizer")->section->key->names, optimizer_name);
    check_names(bough__metric_names, metric_name);
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
        cmocka_unit_test(test_schema_is_sound),
        cmocka_unit_test(test_names_are_those_of_nn_and_mtl),
        cmocka_unit_test(test_readme_lists_every_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
