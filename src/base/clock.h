#ifndef BOUGH_BASE_CLOCK_H
#define BOUGH_BASE_CLOCK_H

// Seconds since some moment in the past, never going backwards.
double bough__clock(void);

#endif
