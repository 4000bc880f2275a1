// What `bough tune` found to be best on a device, by kind of product. It is kept in the user's
// cache folder, a file for each device and driver.
#ifndef BOUGH_DEVICE_TUNING_H
#define BOUGH_DEVICE_TUNING_H

#include "device/device.h"

enum {
    BOUGH_KIND_SIZE = 128,
    BOUGH_BLAST_SETS = 3 // of CLBlast's parameters, counted from 1
};

// "rows cols 64 128 4096": how a and b lie in memory, and m, n and k, each up to the next power of
// two; " batched" behind it if there are several.
void bough__tuning_kind(char kind[BOUGH_KIND_SIZE], const struct bough__gemm *gemm);

// The device's; NULL where there is none. One that is damaged or another device's is logged and
// left alone.
struct bough__tuning *bough__tuning_load(const struct bough_device_info *info);
void bough__tuning_destroy(struct bough__tuning **tuning); // takes NULL, sets NULL

// The candidate for a product; NULL if none was found better than the backend's own choice.
// `tuning` may be NULL. Borrowed from it.
const char *bough__tuning_find(const struct bough__tuning *tuning, const struct bough__gemm *gemm);
// Which of CLBlast's sets of parameters; 0 = its own. `tuning` may be NULL.
int bough__tuning_blast_set(const struct bough__tuning *tuning);

struct bough__tuned {
    const char *kind, *candidate; // NULL: nothing is to be kept for the kind
    double seconds, before; // of all products of the kind, by the candidate and without tuning
};

// Errors of all below: DATA, with the file and what is wrong with it.

// What was kept for other kinds stays; a file that is damaged is written anew. A count of 0 keeps
// nothing, and tells whether something could be kept.
enum bough_status bough__tuning_save(const struct bough_device_info *info,
                                     const struct bough__tuned *tuned, size_t count, int blast_set);
// Copies the device's file to `path`.
enum bough_status bough__tuning_export(const struct bough_device_info *info, const char *path);
// Copies `path` to the device's file, if it is this device's.
enum bough_status bough__tuning_import(const struct bough_device_info *info, const char *path);

#endif
