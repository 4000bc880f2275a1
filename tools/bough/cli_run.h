// What the commands that train share: folders of their own, and being stopped.
#ifndef BOUGH_CLI_RUN_H
#define BOUGH_CLI_RUN_H

#include "cli.h"

#include <limits.h>

// Makes runs/<config><kind>-<number>, so that what is started at the same time takes another
// number.
enum bough_status cli_run_dir_create(char path[PATH_MAX], const char *config, const char *kind);

// Set by SIGINT, SIGTERM and SIGHUP once they are caught; a second one ends the program.
extern volatile int cli_stop;
void cli_catch_signals(void);

#endif
