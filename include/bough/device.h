// The devices that bough can train on: plain C, and whatever OpenCL offers. The first look at them
// sets the variable POCL_DEVICES for a moment, if PoCL is there and the variable is not: no other
// thread may read the environment meanwhile.
#ifndef BOUGH_DEVICE_H
#define BOUGH_DEVICE_H

#include <bough/status.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bough_device;

enum bough_device_type {
    BOUGH_DEVICE_C,
    BOUGH_DEVICE_CPU,
    BOUGH_DEVICE_GPU,
    BOUGH_DEVICE_ACCELERATOR,
};

// All texts are UTF-8, with a ? for what is none in those of a driver.
struct bough_device_info {
    char id[16];    // "c", or "P:D" (platform and device) as `clinfo -l` numbers them
    char name[128]; // the board's name where the driver tells it
    enum bough_device_type type;
    uint64_t memory;     // bytes
    uint64_t max_buffer; // bytes of the largest single buffer
    uint32_t compute_units;
    char driver[128];
    char version[64];  // "OpenCL 3.0 PoCL 3.1"; the compiler for `c`
    char refused[256]; // why it cannot be used; "" if it can
};

// Lists every device, usable or not, `c` first. `*list` is the caller's, freed by
// bough_device_list_destroy. `note` (may be NULL) receives why there is no OpenCL device at all and
// what to install, or "". Errors: INTERNAL only; a machine without OpenCL lists `c`.
enum bough_status bough_device_list_create(struct bough_device_info **list, size_t *count,
                                           char *note, size_t note_size);
void bough_device_list_destroy(struct bough_device_info **list);

// Opens a device.
//   wanted  auto | c | P:D | gpu | cpu | accelerator | part of a name (case ignored);
//           NULL = the variable BOUGH_DEVICE, and `auto` where that is unset
// `auto` takes a usable GPU, else an accelerator, else plain C, and logs which and why (INFO).
// Anything else that cannot serve is an error, never a fallback. The first opening of a device in
// a process runs its self-test; the checks of convolutions wait for the first one.
// Errors: DEVICE if none matches, it is refused, or it fails the self-test; INVALID if a part of a
// name fits several devices.
enum bough_status bough_device_open(struct bough_device **device, const char *wanted);

// Closes it after the last object made on it. Takes NULL, sets NULL. The last error stays.
void bough_device_close(struct bough_device **device);

// Borrowed from the device.
const struct bough_device_info *bough_device_info(const struct bough_device *device);

// Runs the self-test: GEMM in every orientation, a reduction and a softmax against plain C.
// `report` (may be NULL) receives one line per check: name, largest relative error, time.
// Errors: DEVICE with the numbers if an answer is wrong.
enum bough_status bough_device_selftest(struct bough_device *device, char *report,
                                        size_t report_size);

// Builds every kernel for the device into one file. A process that has the variable BOUGH_KERNELS
// set to its path runs the device from it alone, and compiles nothing: for devices without a
// compiler, and drivers that lock it. The file serves the same device, driver and version of bough.
// `report` (may be NULL) receives one line per program: name, kernels, size.
// Errors: INVALID for plain C; DEVICE if the driver gives no binaries; DATA if it cannot be
// written.
enum bough_status bough_device_save_kernels(struct bough_device *device, const char *path,
                                            char *report, size_t report_size);

#ifdef __cplusplus
}
#endif

#endif
