// Bad input to bough-data: exit code 3, a message with file, place, found and wanted, and no file
// left.
#ifndef BOUGH_TEST_DATA_BAD_H
#define BOUGH_TEST_DATA_BAD_H

#include "tools/data_support.h"

// One row: what makes its files, the arguments, and what the message holds.
struct bad_case {
    void (*make)(void);
    const char *args, *message;
};

static int is_told(const struct bad_case *bad)
{
    char output[4000];
    test_folder_begin(NULL);
    bad->make();
    const int before = count_names(test_folder());
    const int code = run_data(output, sizeof output, bad->args);
    const int after = count_names(test_folder());
    test_folder_end(NULL);
    const int one_line = strchr(output, '\n') == output + strlen(output) - 1;
    if (code == 3 && strncmp(output, "bough-data: ", 12) == 0 && one_line &&
        strstr(output, bad->message) && after == before)
        return 1;
    print_error("bough-data %s: exit code %d, wanted 3; %d files more; %swanted: %s\n", bad->args,
                code, after - before, output, bad->message);
    return 0;
}

static void assert_told(const struct bad_case *bad, size_t count)
{
    int wrong = 0;
    for (size_t i = 0; i < count; i++)
        wrong += !is_told(&bad[i]);
    assert_int_equal(wrong, 0);
}

#endif
