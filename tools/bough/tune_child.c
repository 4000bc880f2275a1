// A candidate of `bough tune`, timed in a process of its own: a driver that crashes over it takes
// nobody else along.
#include "cli_tune.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_SECONDS = 600 };

static const double most_error = 1e-9;

// ---- The process that times ----

static void print_row(void *user, const struct bough_tune_row *row)
{
    const char *wanted = user;
    const size_t length = strlen(row->implementation);
    const int own =
        strcmp(wanted, "default") == 0 || (strncmp(wanted, row->implementation, length) == 0 &&
                                           (wanted[length] == ' ' || wanted[length] == '\0'));
    const int right = own && row->seconds > 0 && row->error <= most_error;
    printf("%.9g %s\n", right ? row->seconds : 0.0, row->kind);
    fflush(stdout);
}

enum bough_status tune_child(const struct tune_arguments *a)
{
    enum bough_status status;
    struct bough_config *config = NULL;
    const char *wanted = getenv("BOUGH_GEMM"), *crash = getenv("BOUGH_TUNE_CRASH");
    struct bough_tune_options options = {.row = print_row, .user = (void *)(uintptr_t)wanted};
    cli_log(CLI_QUIET);
    if (!wanted || !wanted[0])
        return tool_fail(BOUGH_INVALID, "BOUGH_GEMM names no candidate");
    alarm(MOST_SECONDS);
    if (a->config) {
        TRY(bough_config_open(&config, a->config, a->set.item, a->set.count));
        options.config = config;
    }
    TRY(bough_device_open(&options.device, a->device));
    if (crash && strcmp(crash, wanted) == 0) // as tests want it
        abort();
    TRY(bough_tune_run(&options));
done:
    bough_device_close(&options.device);
    bough_config_close(&config);
    return status;
}

// ---- The process that waits ----

static struct tune_time *find(struct tune_times *times, const char *kind)
{
    for (size_t i = 0; i < times->count; i++)
        if (strcmp(times->time[i].kind, kind) == 0)
            return &times->time[i];
    if (times->count == times->capacity) {
        size_t capacity = times->capacity ? 2 * times->capacity : 32;
        struct tune_time *more = realloc(times->time, capacity * sizeof *more);
        if (!more)
            return NULL;
        times->time = more;
        times->capacity = capacity;
    }
    struct tune_time *time = &times->time[times->count++];
    *time = (struct tune_time){.count = 0};
    snprintf(time->kind, sizeof time->kind, "%s", kind);
    return time;
}

static enum bough_status read_lines(struct tune_times *times, FILE *in)
{
    char line[256], kind[128];
    double seconds;
    while (fgets(line, sizeof line, in)) {
        if (sscanf(line, "%lf %127[^\n]", &seconds, kind) != 2)
            continue;
        struct tune_time *time = find(times, kind);
        if (!time)
            return tool_no_memory();
        times->products++;
        time->count += seconds > 0;
        time->seconds += seconds;
    }
    return BOUGH_OK;
}

static void become_child(const struct tune_arguments *a, const char *device, const char *candidate,
                         int out)
{
    const char **argv = calloc(2 * a->set.count + 7, sizeof *argv);
    size_t count = 0;
    if (!argv || dup2(out, STDOUT_FILENO) < 0 || setenv("BOUGH_GEMM", candidate, 1) != 0)
        _exit(1);
    const char *const first[] = {cli_program, "tune", "--child", "--device", device};
    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        argv[count++] = first[i];
    for (size_t i = 0; i < a->set.count; i++) {
        argv[count++] = "--set";
        argv[count++] = a->set.item[i];
    }
    if (a->config)
        argv[count++] = a->config;
    execv("/proc/self/exe", (char *const *)(uintptr_t)argv);
    execvp(cli_program, (char *const *)(uintptr_t)argv);
    _exit(1);
}

static void tell_end(struct tune_times *times, int code)
{
    if (WIFSIGNALED(code))
        snprintf(times->died, sizeof times->died, "it died of signal %d", WTERMSIG(code));
    else if (!WIFEXITED(code) || WEXITSTATUS(code) != 0)
        snprintf(times->died, sizeof times->died, "it failed");
}

enum bough_status tune_candidate(struct tune_times *times, const struct tune_arguments *a,
                                 const char *device, const char *candidate)
{
    enum bough_status status = BOUGH_OK;
    int out[2], code = 0;
    if (pipe(out) != 0)
        return tool_fail(BOUGH_INTERNAL, "pipe: %s", strerror(errno));
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        close(out[0]);
        become_child(a, device, candidate, out[1]);
    }
    close(out[1]);
    FILE *answer = fdopen(out[0], "r");
    if (answer) {
        status = read_lines(times, answer);
        fclose(answer);
    } else {
        close(out[0]);
    }
    if (child < 0 || waitpid(child, &code, 0) < 0)
        return tool_fail(BOUGH_INTERNAL, "a process for a candidate: %s", strerror(errno));
    tell_end(times, code);
    return status;
}
