#include "cli_table.h"
#include "cli_tune.h"

#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: bough tune [CONFIG] [options]\n"
    "\n"
    "Finds the fastest way of multiplying matrices on an OpenCL device, by trying: the products\n"
    "that a config takes, or those that `bough bench gemm` times. Each candidate runs in a\n"
    "process of its own, which may crash, and is compared with plain C. What was found is kept\n"
    "in the cache folder for this device and driver, and used whenever the device is opened.\n"
    "Plain C needs none.\n"
    "\n"
    "  -d, --device D     as for `bough train`\n"
    "  -s, --set K=V      as for `bough train`\n"
    "      --export FILE  tries nothing: writes what is kept for the device\n"
    "      --import FILE  tries nothing: keeps what another machine with the same device found\n"
    "      --child        times one candidate, that of BOUGH_GEMM, and prints its times\n"
    "\n"
    "Example:\n"
    "  bough tune config.yaml --device gpu\n";

static const double worth = 0.95; // of the time without tuning

// The first candidate and the last are "default", what the device does without tuning: a machine
// that was busy at the start would make all others look good.
struct search {
    struct bough_device *device; // open, but at rest
    const char **candidate;
    struct tune_times *times; // a candidate's each
    size_t candidates;
    int blast_set; // the one of CLBlast's sets that takes part
};

// ---- Trying ----

static void tell(const struct search *search, size_t done, double start)
{
    const struct tune_times *times = &search->times[done - 1];
    const double each = (tool_clock() - start) / (double)done;
    int right = 0;
    for (size_t i = 0; i < times->count; i++)
        right += times->time[i].count;
    printf("%zu of %zu  %-16s ", done, search->candidates, search->candidate[done - 1]);
    if (times->died[0])
        printf("skipped: %s", times->died);
    else
        printf("%d of %d products", right, times->products);
    if (done < search->candidates)
        printf(", %.0f s left", each * (double)(search->candidates - done));
    printf("\n");
    fflush(stdout);
}

static enum bough_status list_candidates(struct search *search)
{
    size_t count = 0;
    while (bough_tune_candidate(search->device, count))
        count++;
    search->candidate = calloc(count + 2, sizeof *search->candidate);
    search->times = calloc(count + 2, sizeof *search->times);
    if (!search->candidate || !search->times)
        return tool_no_memory();
    search->candidates = count + 2;
    search->candidate[0] = search->candidate[count + 1] = "default";
    for (size_t i = 0; i < count; i++)
        search->candidate[i + 1] = bough_tune_candidate(search->device, i);
    return BOUGH_OK;
}

static enum bough_status try_all(struct search *search, const struct tune_arguments *a)
{
    enum bough_status status = BOUGH_OK;
    const char *id = bough_device_info(search->device)->id;
    const double start = tool_clock();
    TRY(list_candidates(search));
    for (size_t i = 0; i < search->candidates; i++) {
        TRY(tune_candidate(&search->times[i], a, id, search->candidate[i]));
        if (i == 0 && search->times[0].died[0])
            return tool_fail(BOUGH_DEVICE, "device %s cannot be tuned: without any candidate %s",
                             id, search->times[0].died);
        tell(search, i + 1, start);
    }
done:
    return status;
}

// ---- Choosing ----

// The candidate's time for a kind of products; 0 if it did not do all of them.
static double seconds_of(const struct search *search, size_t candidate, const struct tune_time *all)
{
    const struct tune_times *times = &search->times[candidate];
    for (size_t i = 0; i < times->count && !times->died[0]; i++)
        if (strcmp(times->time[i].kind, all->kind) == 0)
            return times->time[i].count == all->count ? times->time[i].seconds : 0;
    return 0;
}

static double seconds_before(const struct search *search, const struct tune_time *all)
{
    const double again = seconds_of(search, search->candidates - 1, all);
    return again > 0 && again < all->seconds ? again : all->seconds;
}

static int set_of(const char *candidate)
{
    static const char name[] = "clblast set=";
    return strncmp(candidate, name, strlen(name)) == 0 ? atoi(candidate + strlen(name)) : 0;
}

static int is_blast(const char *candidate)
{
    return strcmp(candidate, "clblast") == 0 || set_of(candidate);
}

// How many times the speed without tuning it has in all, over the kinds where it is the faster.
static double gain(const struct search *search, size_t candidate)
{
    double before = 0, after = 0;
    for (size_t i = 0; i < search->times[0].count; i++) {
        const struct tune_time *all = &search->times[0].time[i];
        const double seconds = seconds_of(search, candidate, all);
        const double without = seconds_before(search, all);
        before += without;
        after += seconds > 0 && seconds < without ? seconds : without;
    }
    return after > 0 ? before / after : 1;
}

// CLBlast has one set of parameters in a process: the best one.
static void choose_blast_set(struct search *search)
{
    double best = 0;
    for (size_t i = 1; i + 1 < search->candidates; i++)
        if (is_blast(search->candidate[i]) && gain(search, i) > best) {
            best = gain(search, i);
            search->blast_set = set_of(search->candidate[i]);
        }
}

static int takes_part(const struct search *search, size_t candidate)
{
    const char *name = search->candidate[candidate];
    return !is_blast(name) || set_of(name) == search->blast_set;
}

static struct bough_tune_choice choose(const struct search *search, const struct tune_time *all)
{
    const double before = seconds_before(search, all);
    struct bough_tune_choice choice = {all->kind, NULL, before, before};
    for (size_t i = 1; i + 1 < search->candidates; i++) {
        const double seconds = seconds_of(search, i, all);
        const double least = choice.candidate ? choice.seconds : worth * before;
        if (takes_part(search, i) && seconds > 0 && seconds < least) {
            choice.candidate = is_blast(search->candidate[i]) ? "clblast" : search->candidate[i];
            choice.seconds = seconds;
        }
    }
    return choice;
}

static void show(struct cli_table *table, const struct bough_tune_choice *choice)
{
    if (!table->count)
        for (size_t i = 0; i < 4; i++)
            cli_table_cell(table, "%s", (const char *[]){"products", "us", "before", "by"}[i]);
    cli_table_cell(table, "%s", choice->kind);
    cli_table_cell(table, "%.1f", 1e6 * choice->seconds);
    cli_table_cell(table, "%.1f", 1e6 * choice->before);
    cli_table_cell(table, "%s", choice->candidate);
}

static enum bough_status keep(struct search *search)
{
    enum bough_status status;
    const struct tune_times *before = &search->times[0];
    struct bough_tune_choice *choice = calloc(before->count + 1, sizeof *choice);
    struct cli_table table = {.align = "lrrl"};
    size_t better = 0;
    if (!choice)
        return tool_no_memory();
    choose_blast_set(search);
    for (size_t i = 0; i < before->count; i++) {
        choice[i] = choose(search, &before->time[i]);
        better += choice[i].candidate != NULL;
        if (choice[i].candidate)
            show(&table, &choice[i]);
    }
    TRY(cli_table_end(&table));
    TRY(bough_tune_save(search->device, choice, before->count, search->blast_set));
    printf("%zu of %zu kinds of products are faster so; that is kept\n", better, before->count);
done:
    free(choice);
    return status;
}

// ---- The command ----

static enum bough_status tune(struct bough_device *device, const struct tune_arguments *a)
{
    struct search search = {.device = device};
    if (!bough_tune_candidate(device, 0)) {
        printf("device %s needs no tuning\n", bough_device_info(device)->id);
        return BOUGH_OK;
    }
    enum bough_status status = bough_tune_save(device, NULL, 0, 0); // can the result be kept?
    if (status == BOUGH_OK)
        status = try_all(&search, a);
    if (status == BOUGH_OK)
        status = keep(&search);
    for (size_t i = 0; i < search.candidates; i++)
        free(search.times[i].time);
    free(search.times);
    free(search.candidate);
    return status;
}

static enum bough_status start(const struct tune_arguments *a)
{
    enum bough_status status;
    struct bough_device *device = NULL;
    if (a->import && a->export)
        return tool_fail(BOUGH_INVALID, "--export and --import exclude each other");
    if ((a->import || a->export) && a->config)
        return tool_fail(BOUGH_INVALID, "%s tries nothing, and takes no config",
                         a->import ? "--import" : "--export");
    if (a->set.count && !a->config)
        return tool_fail(BOUGH_INVALID, "--set needs a config; see bough tune --help");
    TRY(bough_device_open(&device, a->device));
    if (a->import)
        TRY(bough_tune_import(device, a->import));
    else if (a->export)
        TRY(bough_tune_export(device, a->export));
    else
        TRY(tune(device, a));
done:
    bough_device_close(&device);
    return status;
}

static enum bough_status run(int argc, char **argv)
{
    enum bough_status status;
    struct tune_arguments a = {0};
    const struct tool_option options[] = {
        {NULL, 0, .value = &a.config, .min = 0, .max = 1},
        {"device", 'd', .value = &a.device},
        {"set", 's', .list = &a.set},
        {"export", 0, .value = &a.export},
        {"import", 0, .value = &a.import},
        {"child", 0, .flag = &a.child},
    };
    a.set.item = calloc((size_t)argc, sizeof *a.set.item);
    if (!a.set.item)
        return tool_no_memory();
    TRY(TOOL_OPTIONS(argc, argv, options));
    TRY(a.child ? tune_child(&a) : start(&a));
done:
    free(a.set.item);
    return status;
}

const struct tool_command cli_tune = {"tune", "finds the fastest matrix products of a device", help,
                                      run};
