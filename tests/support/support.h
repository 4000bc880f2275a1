// What every test program starts from.
#ifndef BOUGH_TEST_SUPPORT_H
#define BOUGH_TEST_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <bough/bough.h>
#include <jansson.h>

// Every usable device of this machine, opened: plain C first. Prints one line per device, and says
// when there is no OpenCL device. Borrowed; test_devices_end, which every
// group of tests that uses them ends with, closes them. With
// BOUGH_TEST_NO_SELFTEST set, they are opened without the self-test: it takes a simulated device
// half a minute.
struct bough_device *const *test_devices(size_t *count);
int test_devices_end(void **state);

// Ends the program with 77, which ctest takes for skipped, where BOUGH_TEST_OPENCL is set: it is
// for runs that test nothing without an OpenCL device. test_devices calls it where there is none.
void test_no_opencl(const char *note);

// Counts what has multiplied on an OpenCL device; and, as the last test of a group, fails if
// BOUGH_GEMM names an implementation that never did.
void test_gemm_ran(const char *implementation);
int test_gemm_count(const char *implementation);
void test_forced_gemm_ran(void **state);

// How many warnings the library has logged since test_devices was first called, which prints them:
// a kernel that did not build and runs as its C twin is one.
int test_warnings(void);

// sum (a - b)^2 / sum b^2; 0 if both are all zero, infinite if a number is not finite in only one.
double test_nmse(const float *a, const float *b, size_t count);

// Fails the test with the library's message.
#define assert_ok(call) test_assert_ok((call), #call, __FILE__, __LINE__)
void test_assert_ok(enum bough_status status, const char *call, const char *file, int line);

// Fails unless `call` returns `status` and the last error holds `text`.
#define assert_fails(call, status, text)                                                           \
    test_assert_fails((call), (status), (text), #call, __FILE__, __LINE__)
void test_assert_fails(enum bough_status got, enum bough_status wanted, const char *text,
                       const char *call, const char *file, int line);

// A new empty folder under the build tree, removed with what it holds by test_folder_remove.
const char *test_folder_create(void);
const char *test_folder(void); // its path
void test_folder_remove(void);

// The same before and after a test, or a group.
int test_folder_begin(void **state);
int test_folder_end(void **state);

// The JSON of a golden file, by its path from tests/; NULL if it cannot be read. A group that opens
// one ends with test_golden_close, which ends what test_devices_end does, too.
json_t *test_golden_open(void **state, const char *path);
int test_golden_close(void **state);

// The path of a file of the shared test data (BOUGH_TEST_DATA, or ../shared/data beside the
// source tree); NULL, after a line that says what is skipped, if it is not there.
const char *test_data(const char *name);

#endif
