// Calls into drivers, which are C++ and may throw.
#ifndef BOUGH_DEVICE_GUARD_H
#define BOUGH_DEVICE_GUARD_H

// Runs call(argument). Returns 0 if a C++ exception that nobody caught would have ended the
// program: the call is left where it was, with what it locked and allocated, and its module is not
// to be called again.
int bough__guard(void (*call)(void *argument), void *argument);

#endif
