#include "cli_progress.h"

#include "cli.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const double redraw_seconds = 0.1, line_seconds = 10;

static int drawn;        // a line stands on the terminal
static double last_time; // of the last line about a step

static size_t columns(void)
{
    struct winsize window;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0)
        return window.ws_col;
    return 80;
}

__attribute__((format(printf, 3, 4))) static void append(char *text, size_t size,
                                                         const char *format, ...)
{
    size_t used = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + used, size - used, format, args);
    va_end(args);
}

static void append_time(char *text, size_t size, double seconds)
{
    if (!(seconds >= 0) || seconds > 1e8)
        return;
    long whole = (long)(seconds + 0.5);
    if (whole >= 3600)
        append(text, size, "  %ld:%02ld:%02ld to go", whole / 3600, whole / 60 % 60, whole % 60);
    else
        append(text, size, "  %ld:%02ld to go", whole / 60, whole % 60);
}

static void tell_step(const struct bough_event *event)
{
    int terminal = isatty(STDOUT_FILENO);
    double time = tool_clock();
    char text[1024] = "";
    if (time - last_time < (terminal ? redraw_seconds : line_seconds))
        return;
    last_time = time;
    append(text, sizeof text, "epoch %d/%d  step %lld/%lld  %.0f samples/s", event->epoch,
           event->epochs, (long long)event->step, (long long)event->steps,
           event->samples_per_second);
    append_time(text, sizeof text, event->seconds_left);
    for (size_t t = 0; t < event->tasks; t++)
        if (!isnan(event->loss[t]))
            append(text, sizeof text, "  %s %.4g", event->task[t], event->loss[t]);
    if (terminal) {
        text[columns() - 1 < sizeof text ? columns() - 1 : sizeof text - 1] = '\0';
        printf("\r%s\033[K", text);
        drawn = 1;
    } else {
        puts(text);
    }
    fflush(stdout);
}

// `all`: 0 leaves out what there is no number of.
static void print_metrics(const char *title, const struct bough_metrics *metrics, int all)
{
    const char *task = "";
    if (!metrics)
        return;
    printf("  %s:", title);
    for (size_t i = 0; i < metrics->count; i++) {
        const struct bough_metric_value *one = &metrics->value[i];
        if (!all && isnan(one->value))
            continue;
        if (strcmp(one->task, task) != 0)
            printf("%s %s", *task ? "," : "", one->task);
        printf(" %s %.4g", one->metric, one->value);
        task = one->task;
    }
    if (!isnan(metrics->exact_match))
        printf(", all exact_match %.4g", metrics->exact_match);
}

static void tell_epoch(const struct bough_event *event)
{
    cli_progress_clear();
    printf("epoch %d/%d", event->epoch, event->epochs);
    if (event->only)
        printf("  of %s", event->only);
    print_metrics("train", event->train, 0); // a task that no step trained has none
    print_metrics("validation", event->validation, 1);
    if (!isnan(event->conflicting))
        printf("  gradients: %.0f%% of pairs conflict", 100 * event->conflicting);
    if (event->unsolved)
        printf("  weighting: %lld steps unsolved", (long long)event->unsolved);
    printf("%s\n", event->best && event->validation ? "  (best)" : "");
    fflush(stdout);
}

void cli_progress_observe(void *user, const struct bough_event *event)
{
    (void)user;
    if (event->kind == BOUGH_EVENT_START)
        last_time = tool_clock();
    else if (event->kind == BOUGH_EVENT_STEP)
        tell_step(event);
    else if (event->kind == BOUGH_EVENT_EPOCH)
        tell_epoch(event);
}

void cli_progress_clear(void)
{
    if (!drawn)
        return;
    printf("\r\033[K");
    fflush(stdout);
    drawn = 0;
}
