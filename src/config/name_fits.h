// What a task or an input may be called.
#ifndef BOUGH_CONFIG_NAME_FITS_H
#define BOUGH_CONFIG_NAME_FITS_H

// Whether it is 1 to 63 bytes of UTF-8 without control characters, quotes, what separates paths,
// overrides and columns, or a blank at an end.
int bough__name_fits(const char *name);

#endif
