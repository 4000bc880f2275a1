// The time to the first step, in processes of their own.
#define _XOPEN_SOURCE 700 // nftw
#include "cli_bench.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

// ---- The process that steps ----

enum bough_status bench_first_step(const struct bench_arguments *a)
{
    enum bough_status status;
    struct bough_config *config = NULL;
    struct bough_device *device = NULL;
    cli_log(CLI_QUIET);
    TRY(bough_config_open(&config, a->argument[0], a->set.item, a->set.count));
    TRY(cli_device_open(&device, a->device, a->kernels));
    TRY(bough_bench_first_step(config, device, a->first));
    printf("%.6f\n", tool_clock());
done:
    bough_device_close(&device);
    bough_config_close(&config);
    return status;
}

// ---- The process that waits ----

// Every cache of kernels that may lie between a source and its launch.
static void use_caches(const char *folder)
{
    static const char *const variable[] = {"BOUGH_CACHE", "POCL_CACHE_DIR", "CUDA_CACHE_PATH"};
    char path[PATH_MAX];
    for (size_t i = 0; i < sizeof variable / sizeof *variable; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, variable[i]);
        setenv(variable[i], path, 1);
    }
}

enum { NOT_STARTED = 127 };

static void become_child(const struct bench_arguments *a, const char *folder, const char *run_dir,
                         int out)
{
    const char **argv = calloc(2 * a->set.count + 11, sizeof *argv);
    size_t count = 0;
    if (!argv || dup2(out, STDOUT_FILENO) < 0)
        _exit(NOT_STARTED);
    use_caches(folder);
    const char *const first[] = {cli_program, "bench", "step", a->argument[0], "--first", run_dir};
    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        argv[count++] = first[i];
    for (size_t i = 0; i < a->set.count; i++) {
        argv[count++] = "--set";
        argv[count++] = a->set.item[i];
    }
    if (a->device) {
        argv[count++] = "--device";
        argv[count++] = a->device;
    }
    if (a->kernels) {
        argv[count++] = "--kernels";
        argv[count++] = a->kernels;
    }
    execv("/proc/self/exe", (char *const *)(uintptr_t)argv);
    execvp(cli_program, (char *const *)(uintptr_t)argv);
    _exit(NOT_STARTED);
}

// ---- Ctrl-C: the child ends by it, and the folder is removed before this process does ----

static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
enum { ENDS = sizeof ends / sizeof *ends };
static volatile sig_atomic_t caught, child;

static void on_signal(int number)
{
    caught = number;
    if (child > 0)
        kill((pid_t)child, number);
}

static void catch_signals(struct sigaction *before)
{
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    for (int i = 0; i < ENDS; i++)
        if (sigaction(ends[i], NULL, &before[i]) == 0 && before[i].sa_handler != SIG_IGN)
            sigaction(ends[i], &action, NULL);
}

// What is ignored stays so.
static void drop_handlers(void)
{
    struct sigaction now;
    for (int i = 0; i < ENDS; i++)
        if (sigaction(ends[i], NULL, &now) == 0 && now.sa_handler == on_signal)
            signal(ends[i], SIG_DFL);
}

static void release_signals(const struct sigaction *before)
{
    for (int i = 0; i < ENDS; i++)
        sigaction(ends[i], &before[i], NULL);
    if (caught)
        raise(caught);
}

static enum bough_status time_child(double *seconds, const struct bench_arguments *a,
                                    const char *folder, const char *run_dir)
{
    int out[2], code = 0;
    double moment = 0, start = tool_clock();
    sigset_t signals, open_signals;
    if (pipe(out) != 0)
        return tool_fail(BOUGH_INTERNAL, "pipe: %s", strerror(errno));
    sigemptyset(&signals);
    for (int i = 0; i < ENDS; i++)
        sigaddset(&signals, ends[i]);
    fflush(stdout);
    sigprocmask(SIG_BLOCK, &signals, &open_signals); // one that comes now meets the child
    child = caught ? -1 : fork();
    if (child == 0) {
        drop_handlers();
        sigprocmask(SIG_SETMASK, &open_signals, NULL);
        become_child(a, folder, run_dir, out[1]);
    }
    sigprocmask(SIG_SETMASK, &open_signals, NULL);
    close(out[1]);
    FILE *answer = fdopen(out[0], "r");
    int known = answer && fscanf(answer, "%lf", &moment) == 1;
    if (answer)
        fclose(answer);
    else
        close(out[0]);
    const int waited = child > 0 && waitpid((pid_t)child, &code, 0) > 0;
    child = 0;
    if (!waited)
        return tool_fail(BOUGH_INTERNAL, "a process for the first step: %s", strerror(errno));
    const int status = WIFEXITED(code) ? WEXITSTATUS(code) : NOT_STARTED;
    if (status != 0 && status != NOT_STARTED)
        return tool_fail_told(status);
    if (!known || status != 0)
        return tool_fail(BOUGH_INTERNAL, "the process for the first step failed");
    *seconds = moment - start;
    return BOUGH_OK;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    return remove(path);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// Empty caches and filled ones in turn, so that what else the machine does to one it does to both.
static enum bough_status time_pairs(double seconds[2], const struct bench_arguments *a,
                                    const char *folder)
{
    enum { PAIRS = 3, SHORT = 1 }; // seconds
    enum bough_status status = BOUGH_OK;
    char caches[PATH_MAX - 32], run_dir[PATH_MAX];
    double taken[2][PAIRS];
    int pairs = PAIRS;
    for (int i = 0; i < pairs && !caught; i++) {
        snprintf(caches, sizeof caches, "%s/%d", folder, i);
        if (mkdir(caches, 0700) != 0)
            return tool_fail(BOUGH_DATA, "%s: cannot create the folder: %s", caches,
                             strerror(errno));
        for (int kind = 0; kind < 2 && !caught; kind++) {
            snprintf(run_dir, sizeof run_dir, "%s/run-%d", caches, kind);
            TRY(time_child(&taken[kind][i], a, caches, run_dir));
        }
        if (!caught && taken[0][i] + taken[1][i] > SHORT)
            pairs = i + 1;
    }
    for (int kind = 0; kind < 2 && !caught; kind++) {
        qsort(taken[kind], (size_t)pairs, sizeof taken[kind][0], by_value);
        seconds[kind] = taken[kind][pairs / 2];
    }
done:
    return status;
}

enum bough_status bench_first_steps(double seconds[2], const struct bench_arguments *a)
{
    enum bough_status status = BOUGH_OK;
    const char *base = getenv("TMPDIR");
    char folder[PATH_MAX - 64];
    struct sigaction before[ENDS];
    snprintf(folder, sizeof folder, "%s/bough-bench-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(folder))
        return tool_fail(BOUGH_DATA, "%s: cannot create the folder: %s", folder, strerror(errno));
    catch_signals(before);
    status = time_pairs(seconds, a, folder);
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    release_signals(before);
    return status;
}
