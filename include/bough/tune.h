// Tuning: which way of multiplying matrices is the fastest on a device, found by trying. What was
// found is kept in the user's cache folder, by device and driver, and used whenever the device is
// opened. Without it a device chooses by rules of its own.
#ifndef BOUGH_TUNE_H
#define BOUGH_TUNE_H

#include <bough/config.h>
#include <bough/device.h>

#ifdef __cplusplus
extern "C" {
#endif

// The ways to try, as the variable BOUGH_GEMM takes them: "cpu rows=256"; NULL behind the last. A
// device that has only one way has none. Borrowed from the device.
const char *bough_tune_candidate(const struct bough_device *device, size_t index);

// One product of matrices that was tried.
struct bough_tune_row {
    const char *kind; // what a tuning tells apart: "rows cols 64 128 4096"
    int64_t m, n, k, batch;
    const char *implementation; // that did it, "cpu"
    double seconds; // of one call, the least of many; 0 if it was not timed, being slow beyond use
    double error;   // normalised mean square, against plain C
};

struct bough_tune_options {
    struct bough_device *device;       // NULL = plain C
    const struct bough_config *config; // its products; NULL = those of `bough bench gemm`
    double seconds;                    // to spend on a product; 0 = 0.05
    void (*row)(void *user, const struct bough_tune_row *row); // told of each as it is done
    void *user;
};

// Times each product in the way that the variable BOUGH_GEMM asks for, or without it as the device
// is tuned. A driver may crash over it: best in a process of its own.
// Errors: INVALID, DATA, DEVICE.
enum bough_status bough_tune_run(const struct bough_tune_options *options);

// The best candidate for a kind of products.
struct bough_tune_choice {
    const char *kind, *candidate; // NULL: what was kept for the kind is no better
    double seconds, before;       // by the candidate, and as the device chooses itself
};

// Keeps it for the device, beside what was kept for other kinds. `blast_set` is that of every
// candidate "clblast set=N", which are given as "clblast"; else 0. A device that is open stays as
// it is. A count of 0 keeps nothing, and tells whether something could be kept. Errors: DATA;
// INVALID if the cache folder is another user's, or open to others.
enum bough_status bough_tune_save(const struct bough_device *device,
                                  const struct bough_tune_choice *choice, size_t count,
                                  int blast_set);

// To and from a file. Errors: DATA, also for a file of another device or driver; INVALID as above.
enum bough_status bough_tune_export(const struct bough_device *device, const char *path);
enum bough_status bough_tune_import(const struct bough_device *device, const char *path);

#ifdef __cplusplus
}
#endif

#endif
