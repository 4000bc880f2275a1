// Calls into the OpenCL module, whose drivers are C++ and may throw.
#ifndef BOUGH_DEVICE_GUARD_H
#define BOUGH_DEVICE_GUARD_H

#include "device/device.h"

#include <locale.h>
#include <setjmp.h>

struct bough__guard {
    jmp_buf landing;
    struct bough__guard *outer;
    locale_t locale;
};

// status = call, a call into `backend`. DEVICE if a C++ exception that nobody caught would have
// ended the program: the call is left where it was, with what it locked and allocated, and from
// then on every guarded call is DEVICE and does nothing. Those into plain C are just made. Only
// the thread that calls is guarded. May be nested. `call` changes no local variable but by address.
#define BOUGH_GUARD(status, backend, call)                                                         \
    do {                                                                                           \
        struct bough__guard guard_;                                                                \
        if ((backend) == &bough__backend_c) {                                                      \
            (status) = (call);                                                                     \
        } else if (!bough__guard_begin(&guard_)) {                                                 \
            (status) = bough__guard_fail();                                                        \
        } else if (setjmp(guard_.landing) == 0) {                                                  \
            (status) = (call);                                                                     \
            bough__guard_end(&guard_);                                                             \
        } else {                                                                                   \
            bough__guard_end(&guard_);                                                             \
            (status) = bough__guard_fail();                                                        \
        }                                                                                          \
    } while (0)

// For BOUGH_GUARD. Begins unless something threw before.
int bough__guard_begin(struct bough__guard *guard);
void bough__guard_end(struct bough__guard *guard);
enum bough_status bough__guard_fail(void);

// Why OpenCL is no more, if something threw; NULL otherwise.
const char *bough__guard_thrown(void);

#endif
