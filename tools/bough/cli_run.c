#include "cli_run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

// ---- Run folders ----

// "multifashion" for a/multifashion.yaml, and for multifashion/config.yaml too.
static void name_of(char name[NAME_MAX + 1], const char *config)
{
    char path[PATH_MAX], *end;
    if (!realpath(config, path))
        snprintf(path, sizeof path, "/%s", config);
    char *base = strrchr(path, '/');
    for (int folder = 0; folder < 2; folder++) {
        snprintf(name, NAME_MAX + 1, "%.*s", NAME_MAX, base + 1);
        end = strrchr(name, '.');
        if (!folder && end && (strcmp(end, ".yaml") == 0 || strcmp(end, ".yml") == 0))
            *end = '\0';
        *base = '\0';
        base = strrchr(path, '/');
        if (strcmp(name, "config") != 0 || !base || !base[1])
            return;
    }
}

enum bough_status cli_run_dir_create(char path[PATH_MAX], const char *config, const char *kind)
{
    char name[NAME_MAX + 1];
    name_of(name, config);
    if (mkdir("runs", 0777) != 0 && errno != EEXIST)
        return tool_fail(BOUGH_DATA, "runs: %s", strerror(errno));
    for (int number = 1; number < 1000000; number++) {
        snprintf(path, PATH_MAX, "runs/%.200s%s-%d", name, kind, number);
        if (mkdir(path, 0777) == 0)
            return BOUGH_OK;
        if (errno != EEXIST)
            break;
    }
    return tool_fail(BOUGH_DATA, "%s: %s", path, strerror(errno));
}

// ---- Stopping ----

volatile int cli_stop;

// A second signal ends the program at once; one that comes within a fifth of a second is the first
// one twice, as timeout(1) sends it to a process and to its group.
static void on_signal(int number)
{
    static struct timespec first;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    double since =
        (double)(now.tv_sec - first.tv_sec) + 1e-9 * (double)(now.tv_nsec - first.tv_nsec);
    if (cli_stop && since > 0.2) {
        signal(number, SIG_DFL);
        raise(number);
    }
    if (!cli_stop)
        first = now;
    cli_stop = 1;
}

void cli_catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    struct sigaction hangup;
    sigaction(SIGHUP, NULL, &hangup);
    if (hangup.sa_handler != SIG_IGN) // which nohup asks for
        sigaction(SIGHUP, &action, NULL);
    signal(SIGPIPE, SIG_IGN); // a reader that is gone takes nothing from the training
}
