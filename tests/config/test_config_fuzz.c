// Hostile config files, and the same random mutations of a good one every time.
#include "support/configs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- Hostile files ----

static void check_refused(const char *text, size_t size, const char *message)
{
    struct bough_config *config;
    assert_fails(bough_config_open(&config, test_config_write(test_folder(), text, size), NULL, 0),
                 BOUGH_INVALID, message);
    assert_null(config);
}

static void test_bombs(void **state)
{
    (void)state;
    enum { BIG = 10 << 20, SMALL = 1 << 19 };
    static const char *const units[] = {"[", "{a: ", "- ", "? ", "&a [", "!!x [", "[[],"};
    char *text = malloc(BIG);
    assert_non_null(text);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        for (size_t at = 0; at < BIG; at++)
            text[at] = units[i][at % strlen(units[i])];
        check_refused(text, BIG, "bytes; a config has at most");
        check_refused(text, SMALL, "c.yaml:1: more than 64 levels deep");
    }
    char anchors[65536] = "";
    for (int i = 0; i < 2000; i++)
        snprintf(anchors + strlen(anchors), 32, "- &a%d x\n", i);
    check_refused(anchors, strlen(anchors), "more than 1000 anchors");
    free(text);
}

static void test_odd_files(void **state)
{
    (void)state;
    static const char laughs[] = "data: &a [x, x]\ninput: &b [*a, *a]\ntrunk: &c [*b, *b]\n"
                                 "tasks: {a: {target: *c}}\n";
    static const char cycle[] = "data: /x\ntrunk: &a [*a]\n";
    static const char self[] = "&a {data: /x, tasks: *a}\n";
    check_refused(laughs, strlen(laughs), "data: a list; wanted a text");
    check_refused(cycle, strlen(cycle), "trunk[0]: a list; wanted a text");
    check_refused(self, strlen(self), "tasks.data");
    check_refused("", 0, "no keys");
    check_refused("data: \"a\\0b\"\n", 12, "a zero byte");
    check_refused("a\0b", 3, "control characters");
    check_refused("data: \xff\n", 8, "UTF-8");
    check_refused("---\ndata: x\n---\ndata: y\n", 24, "a second document");
    check_refused("? [a]\n: b\n", 10, "a list; wanted a key");
    check_refused("data: *a\n", 9, "undefined alias");
    struct bough_config *config;
    assert_fails(bough_config_open(&config, test_folder(), NULL, 0), BOUGH_DATA, test_folder());
}

// ---- Fuzzing: the same mutations every time ----

static uint32_t random_state = 1;

static uint32_t draw(uint32_t below)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % below;
}

static const char *const pieces[] = {"0",
                                     "-1",
                                     "1e400",
                                     "nan",
                                     ".nan",
                                     ".inf",
                                     "null",
                                     "~",
                                     "true",
                                     "[",
                                     "]",
                                     "{",
                                     "}",
                                     ": ",
                                     ", ",
                                     "- ",
                                     "\n",
                                     "  ",
                                     "&a ",
                                     "*a",
                                     "\"",
                                     "'",
                                     "#",
                                     "!!x ",
                                     "left",
                                     "relu",
                                     "mse",
                                     "fixed",
                                     "0.5",
                                     "65537",
                                     "2",
                                     "[1, 2]",
                                     "{}",
                                     "[]",
                                     "\t",
                                     "%",
                                     "\xc3",
                                     "|",
                                     "> ",
                                     "? ",
                                     "99999999999999999999"};
enum { PIECES = sizeof pieces / sizeof *pieces };

// Cuts a part out, puts a piece in, or copies a part elsewhere.
static size_t mutate(char *text, size_t size, size_t room)
{
    size_t at = draw((uint32_t)size + 1), length = draw(12);
    char part[64];
    if (length > size - at)
        length = size - at;
    if (draw(3) == 0) {
        memmove(text + at, text + at + length, size - at - length);
        return size - length;
    }
    if (draw(2) == 0)
        length = (size_t)snprintf(part, sizeof part, "%s", pieces[draw(PIECES)]);
    else
        memcpy(part, text + at, length);
    size_t to = draw((uint32_t)size + 1);
    if (size + length > room)
        return size;
    memmove(text + to + length, text + to, size - to);
    memcpy(text + to, part, length);
    return size + length;
}

static void check_fuzzed(enum bough_status status, struct bough_config *config)
{
    if (status == BOUGH_OK) {
        if (draw(64) == 0) // every saving waits for the disk
            test_config_round_trip(test_folder(), config);
        bough_config_close(&config);
        return;
    }
    assert_null(config);
    if (status != BOUGH_INVALID || !*bough_last_error())
        fail_msg("status %d: %s", status, bough_last_error());
}

static void test_fuzzed_files(void **state)
{
    (void)state;
    int good = 0;
    for (int i = 0; i < 3000; i++) {
        char text[4096];
        size_t size = strlen(test_config_example);
        struct bough_config *config;
        memcpy(text, test_config_example, size);
        for (uint32_t n = 1 + draw(4); n; n--)
            size = mutate(text, size, sizeof text);
        enum bough_status status =
            bough_config_open(&config, test_config_write(test_folder(), text, size), NULL, 0);
        good += status == BOUGH_OK;
        check_fuzzed(status, config);
    }
    assert_in_range(good, 50, 2950); // some mutations hit only a comment or a name
}

static void test_fuzzed_overrides(void **state)
{
    (void)state;
    static const char *const keys[] = {
        "data", "input", "normalize", "mean",    "trunk",     "0",       "1",
        "8",    "9",     "conv2d",    "kernel",  "init",      "tasks",   "left",
        "loss", "head",  "linear",    "metrics", "weighting", "weights", "optimizer",
        "lr",   "betas", "train",     "epochs",  ".",         "[",       "]"};
    const char *path =
        test_config_write(test_folder(), test_config_example, strlen(test_config_example));
    for (int i = 0; i < 3000; i++) {
        char text[512] = "";
        struct bough_config *config;
        for (uint32_t n = 1 + draw(5); n; n--)
            snprintf(text + strlen(text), 32, "%s%s", *text ? "." : "",
                     keys[draw(sizeof keys / sizeof *keys)]);
        if (draw(20))
            strcat(text, "=");
        for (uint32_t n = draw(4); n; n--)
            strcat(text, pieces[draw(PIECES)]);
        const char *overrides[] = {"trunk.1.relu=", text, text};
        enum bough_status status = bough_config_open(&config, path, overrides, 3);
        check_fuzzed(status, config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bombs),
        cmocka_unit_test(test_odd_files),
        cmocka_unit_test(test_fuzzed_files),
        cmocka_unit_test(test_fuzzed_overrides),
    };
    return cmocka_run_group_tests(tests, test_folder_begin, test_folder_end);
}
