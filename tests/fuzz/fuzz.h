// What the fuzzers share. Each gives a reader whatever bytes libFuzzer thinks of: it must take
// them, or fail with the status and the message that its header tells.
#ifndef BOUGH_TESTS_FUZZ_H
#define BOUGH_TESTS_FUZZ_H

#include <bough/status.h>
#include <stddef.h>
#include <stdint.h>

// The path of a file that holds these bytes, until the next call.
const char *fuzz_file(const uint8_t *data, size_t size);

// Aborts unless the status is OK, or `allowed` with a message. Returns whether it is OK.
int fuzz_status(enum bough_status status, enum bough_status allowed, const char *message);

// Aborts, with what was not as it must be.
void fuzz_wrong(const char *what);

// libFuzzer's.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
