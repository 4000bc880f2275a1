// What `bough tune` keeps: kinds of products, the file, and what is wrong with one.
#include "base/file.h"
#include "device/tuning.h"
#include "support/support.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct bough_device_info info = {
    .id = "7:0", .name = "Some \"GPU\"", .driver = "1.0", .version = "OpenCL 1.2"};
static const char *folder;
static char path[512];
static int warnings;

static void count_warnings(void *user, enum bough_log_level level, const char *message)
{
    (void)user;
    (void)message;
    warnings += level == BOUGH_LOG_WARNING;
}

static int setup(void **state)
{
    (void)state;
    folder = test_folder_create();
    snprintf(path, sizeof path, "%s/cache", folder);
    setenv("BOUGH_CACHE", path, 1);
    warnings = 0;
    bough_set_log(count_warnings, NULL);
    return 0;
}

static struct bough__gemm product(int64_t m, int64_t n, int64_t k)
{
    return (struct bough__gemm){.m = m,
                                .n = n,
                                .k = k,
                                .batch = 1,
                                .a = {.row = {.stride = k}, .col = {.stride = 1}},
                                .b = {.row = {.stride = 1}, .col = {.stride = k}}};
}

static const char *kind_of(const struct bough__gemm *gemm)
{
    static char kind[BOUGH_KIND_SIZE];
    bough__tuning_kind(kind, gemm);
    return kind;
}

// The only file of the cache folder.
static const char *kept(void)
{
    static char file[1024];
    struct dirent *entry;
    DIR *files = opendir(path);
    assert_non_null(files);
    file[0] = '\0';
    while ((entry = readdir(files)))
        if (entry->d_name[0] != '.')
            snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
    closedir(files);
    return file;
}

static void assert_candidate(const struct bough__gemm *gemm, const char *candidate)
{
    struct bough__tuning *tuning = bough__tuning_load(&info);
    const char *found = bough__tuning_find(tuning, gemm);
    if (candidate)
        assert_string_equal(found, candidate);
    else
        assert_null(found);
    bough__tuning_destroy(&tuning);
}

static const struct bough__tuned tile = {"rows cols 64 128 4096", "tile parts=2", 1e-3, 2e-3};

static void save_tile(void)
{
    assert_ok(bough__tuning_save(&info, &tile, 1, 2));
}

static void write_kept(const char *text)
{
    assert_ok(bough__file_write(kept(), text, strlen(text)));
}

static void kinds_tell_apart_what_matters(void **state)
{
    (void)state;
    struct bough__gemm gemm = product(33, 128, 4000);
    assert_string_equal(kind_of(&gemm), "rows cols 64 128 4096");
    gemm.batch = 3;
    gemm.b = (struct bough__matrix){.row = {.stride = 128}, .col = {.stride = 1}};
    assert_string_equal(kind_of(&gemm), "rows rows 64 128 4096 batched");
    gemm.a.kind = BOUGH_WINDOWS;
    gemm.b.kind = BOUGH_WINDOWS_TRANSPOSED;
    gemm.m = gemm.n = gemm.k = gemm.batch = 1;
    assert_string_equal(kind_of(&gemm), "windows windows-transposed 1 1 1");
    gemm.m = gemm.n = gemm.k = INT64_MAX;
    assert_true(strlen(kind_of(&gemm)) + 1 < BOUGH_KIND_SIZE);
}

static void what_is_kept_is_found(void **state)
{
    (void)state;
    const struct bough__gemm own = product(64, 65, 4096), other = product(65, 65, 4096);
    assert_candidate(&own, NULL);
    save_tile();
    assert_candidate(&own, "tile parts=2");
    assert_candidate(&other, NULL);
    struct bough__tuning *tuning = bough__tuning_load(&info);
    assert_int_equal(bough__tuning_blast_set(tuning), 2);
    bough__tuning_destroy(&tuning);
    assert_int_equal(bough__tuning_blast_set(NULL), 0);
    assert_int_equal(warnings, 0);
}

static void what_is_kept_for_other_kinds_stays(void **state)
{
    (void)state;
    const struct bough__gemm first = product(64, 128, 4096), second = product(65, 128, 4096);
    const struct bough__tuned more = {"rows cols 128 128 4096", "clblast", 1e-3, 2e-3};
    const struct bough__tuned none = {"rows cols 64 128 4096", NULL, 1e-3, 1e-3};
    save_tile();
    assert_ok(bough__tuning_save(&info, &more, 1, 0));
    assert_candidate(&first, "tile parts=2");
    assert_candidate(&second, "clblast");
    assert_ok(bough__tuning_save(&info, &none, 1, 0));
    assert_candidate(&first, NULL);
    assert_candidate(&second, "clblast");
}

static void a_damaged_file_is_told_and_ignored(void **state)
{
    (void)state;
    static const char *const damaged[] = {"", "{\"format\": \"bough tuning 1\", \"dev", "[1, 2]",
                                          "{\"format\": \"bough tuning 9\"}", "\xff\xfe"};
    const struct bough__gemm gemm = product(64, 128, 4096);
    save_tile();
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        write_kept(damaged[i]);
        assert_candidate(&gemm, NULL);
        assert_int_equal(warnings, i + 1);
    }
    save_tile();
    assert_candidate(&gemm, "tile parts=2");
}

static void rows_without_a_candidate_are_damage(void **state)
{
    (void)state;
    save_tile();
    write_kept("{\"format\": \"bough tuning 1\", \"device\": \"Some \\\"GPU\\\"\", \"driver\": "
               "\"1.0\", \"version\": \"OpenCL 1.2\", \"clblast\": 0, \"gemm\": "
               "{\"rows cols 64 128 4096\": {\"use\": 3}}}");
    assert_null(bough__tuning_load(&info));
    assert_int_equal(warnings, 1);
}

static void what_is_wrong_in_an_import_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *rest, *told;
    } rows[] = {
        {"\"gemm\": {}, \"clblast\": 4", "clblast is 4, wanted a set of its parameters, 0 to 3"},
        {"\"gemm\": {}, \"clblast\": -1", "clblast is -1, wanted"},
        {"\"gemm\": {}, \"clblast\": 1.0", "clblast is 1.0, wanted"},
        {"\"gemm\": {}, \"clblast\": \"1\"", "clblast is \"1\", wanted"},
        {"\"gemm\": {}", "clblast is missing, wanted"},
        {"\"clblast\": 0, \"gemm\": [1]",
         "gemm is [1], wanted an object, a key for each kind of products"},
        {"\"clblast\": 0", "gemm is missing, wanted an object"},
        {"\"clblast\": 0, \"gemm\": {}, \"foo\": 1",
         ".json: unknown key \"foo\", wanted format, device, driver, version, clblast, gemm"},
        {"\"clblast\": 0, \"gemm\": {\"a b 1 1 1\": {\"use\": \"cpu\", \"seconds\": 1}}",
         "\"a b 1 1 1\": unknown key \"seconds\", wanted use, us, before"},
    };
    char file[600], text[300];
    const struct bough__gemm gemm = product(64, 128, 4096);
    save_tile();
    snprintf(file, sizeof file, "%s/imported.json", folder);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(text, sizeof text,
                 "{\"format\": \"bough tuning 1\", \"device\": \"Some \\\"GPU\\\"\", \"driver\": "
                 "\"1.0\", \"version\": \"OpenCL 1.2\", %s}",
                 rows[i].rest);
        assert_ok(bough__file_write(file, text, strlen(text)));
        assert_fails(bough__tuning_import(&info, file), BOUGH_DATA, rows[i].told);
        assert_non_null(strstr(bough_last_error(), "/imported.json: "));
    }
    assert_candidate(&gemm, "tile parts=2"); // as it was
}

static void it_travels_by_file(void **state)
{
    (void)state;
    char file[600];
    const struct bough__gemm gemm = product(64, 128, 4096);
    snprintf(file, sizeof file, "%s/exported.json", folder);
    assert_fails(bough__tuning_export(&info, file), BOUGH_DATA, "has no tuning");
    save_tile();
    assert_ok(bough__tuning_export(&info, file));
    remove(kept());
    assert_candidate(&gemm, NULL);
    assert_ok(bough__tuning_import(&info, file));
    assert_candidate(&gemm, "tile parts=2");
}

static void another_devices_is_refused(void **state)
{
    (void)state;
    char file[600];
    struct bough_device_info other = info;
    snprintf(file, sizeof file, "%s/exported.json", folder);
    snprintf(other.driver, sizeof other.driver, "2.0");
    save_tile();
    assert_ok(bough__tuning_export(&info, file));
    assert_null(bough__tuning_load(&other));
    assert_fails(bough__tuning_import(&other, file), BOUGH_DATA, "another device or driver");
    assert_fails(bough__tuning_import(&info, "/nowhere.json"), BOUGH_DATA, "/nowhere.json");
    write_kept("{\"format\": \"bough tuning 1\"}");
    assert_fails(bough__tuning_import(&info, kept()), BOUGH_DATA, "driver: none is named");
}

static void without_a_cache_there_is_none(void **state)
{
    (void)state;
    setenv("BOUGH_CACHE", "off", 1);
    assert_null(bough__tuning_load(&info));
    assert_fails(bough__tuning_save(&info, &tile, 1, 0), BOUGH_DATA, "BOUGH_CACHE is off");
    assert_int_equal(warnings, 0);
}

static void whether_it_can_be_kept_is_told(void **state)
{
    (void)state;
    char part[1100];
    assert_ok(bough__tuning_save(&info, NULL, 0, 0));
    assert_string_equal(kept(), ""); // nothing is left
    save_tile();
    assert_ok(bough__tuning_save(&info, NULL, 0, 0));
    snprintf(part, sizeof part, "%s.part", kept());
    assert_int_equal(mkdir(part, 0700), 0);
    assert_fails(bough__tuning_save(&info, NULL, 0, 0), BOUGH_DATA, "cannot write: Is a directory");
    assert_int_equal(rmdir(part), 0);
    setenv("BOUGH_CACHE", kept(), 1);
    assert_fails(bough__tuning_save(&info, NULL, 0, 0), BOUGH_DATA, ".json: is a file, wanted");
    assert_non_null(strstr(bough_last_error(), ": BOUGH_CACHE is /"));
    setenv("BOUGH_CACHE", "off", 1);
    assert_fails(bough__tuning_save(&info, NULL, 0, 0), BOUGH_DATA,
                 "wants a folder that can be written, named by BOUGH_CACHE or else ~/.cache/bough: "
                 "there is no cache: BOUGH_CACHE is off");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, test_folder_end)
    const struct CMUnitTest tests[] = {
        CASE(kinds_tell_apart_what_matters),
        CASE(what_is_kept_is_found),
        CASE(what_is_kept_for_other_kinds_stays),
        CASE(a_damaged_file_is_told_and_ignored),
        CASE(rows_without_a_candidate_are_damage),
        CASE(what_is_wrong_in_an_import_is_told),
        CASE(it_travels_by_file),
        CASE(another_devices_is_refused),
        CASE(without_a_cache_there_is_none),
        CASE(whether_it_can_be_kept_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
