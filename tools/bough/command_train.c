#include "cli.h"
#include "cli_progress.h"
#include "cli_run.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: bough train CONFIG [options]\n"
    "       bough train --resume DIR [CONFIG] [options]\n"
    "\n"
    "Trains what a YAML config describes, and ends with the test metrics of the best model.\n"
    "The run folder keeps the resolved config, the best model, a checkpoint of every epoch,\n"
    "log.jsonl and result.json; no two trainings run in one at a time. Ctrl-C, SIGTERM and SIGHUP\n"
    "finish the step, write a checkpoint, and print the command that goes on; a second one ends\n"
    "at once.\n"
    "\n"
    "  -d, --device D    auto (default), c, P:D, gpu, cpu, accelerator, or part of a name;\n"
    "                    without it the variable BOUGH_DEVICE. See `bough devices`\n"
    "      --kernels F   runs an OpenCL device from a file of `bough kernels`, without its "
    "compiler;\n"
    "                    without it the variable BOUGH_KERNELS\n"
    "  -s, --set K=V     overrides a key: train.epochs=10, trunk.0.conv2d.channels=16,\n"
    "                    tasks.left.weight=0.5; as often as you like\n"
    "  -r, --run DIR     the run folder; default runs/<config>-<number>. One whose training never\n"
    "                    finished an epoch is begun anew\n"
    "      --from RUN    starts from the parameters of another run, or of a safetensors file: the\n"
    "                    key from.file\n"
    "      --resume DIR  goes on with an interrupted or finished run; only data, train.epochs and\n"
    "                    train.early_stopping may differ from its own config\n"
    "      --force       resumes although the data set is another one than at the beginning\n"
    "      --profile     times every launch, which is slower; ends with tables of time, GFLOP/s "
    "and\n"
    "                    GB/s, and writes trace.json into the run folder: the first launches, for\n"
    "                    ui.perfetto.dev or chrome://tracing\n"
    "  -q, --quiet       only warnings, the metrics, and the run folder\n"
    "  -v, --verbose     tells more of what the device does\n"
    "\n"
    "`bough help config` lists every key of a config.\n"
    "\n"
    "Example:\n"
    "  bough train config.yaml --device gpu --set optimizer.lr=0.01 --set train.epochs=10\n";

struct arguments {
    const char *config, *device, *kernels, *run, *resume, *from;
    struct tool_list set;
    int profile, quiet, verbose, force;
};

// ---- Telling ----

static void tell_how_to_resume(const struct arguments *a, const char *run_dir)
{
    printf("%s; go on with\n  ", tool_error());
    cli_print_quoted(stdout, cli_program);
    printf(" train --resume ");
    cli_print_quoted(stdout, run_dir);
    if (a->device) {
        printf(" --device ");
        cli_print_quoted(stdout, a->device);
    }
    if (a->kernels) {
        printf(" --kernels ");
        cli_print_quoted(stdout, a->kernels);
    }
    printf("%s%s\n", a->quiet ? " --quiet" : "", a->verbose ? " --verbose" : "");
}

static enum bough_status tell_result(const struct bough_result *result, const char *run_dir)
{
    enum bough_status status = BOUGH_OK;
    if (result->profile)
        TRY(cli_print_profile(result->profile, result->profile_rows));
    if (result->test)
        status = cli_print_metrics("test", result->test);
    else if (result->validation)
        status = cli_print_metrics("validation", result->validation);
    printf("\nbest epoch %d of %d, %.0f samples/s on %s\nrun folder %s\n", result->best_epoch,
           result->epochs, result->samples_per_second, result->device, run_dir);
done:
    return status;
}

// ---- The command ----

// Without a config, that of the run folder with the overrides; NULL where there is neither.
static enum bough_status open_config(struct bough_config **config, const struct arguments *a)
{
    char path[PATH_MAX];
    *config = NULL;
    if (!a->config && !a->set.count)
        return BOUGH_OK;
    snprintf(path, sizeof path, "%s/config.yaml", a->resume ? a->resume : "");
    return bough_config_open(config, a->config ? a->config : path, a->set.item, a->set.count);
}

static enum bough_status train(struct bough_run **run, struct bough_device *device,
                               const struct arguments *a, const struct bough_config *config,
                               const char *run_dir)
{
    struct bough_train_options options = {.device = device,
                                          .run_dir = a->resume ? NULL : run_dir,
                                          .resume = a->resume,
                                          .force = a->force,
                                          .stop = &cli_stop,
                                          .profile = a->profile};
    if (!a->quiet)
        options.observe = cli_progress_observe;
    cli_catch_signals();
    enum bough_status status = bough_train(run, config, &options);
    cli_progress_clear();
    return status;
}

static enum bough_status start(const struct arguments *a)
{
    enum bough_status status;
    struct bough_config *config = NULL;
    struct bough_run *run = NULL;
    struct bough_device *device = NULL;
    char made[PATH_MAX] = "";
    const char *run_dir = a->resume ? a->resume : a->run;
    TRY(open_config(&config, a));
    if (!run_dir) {
        TRY(cli_run_dir_create(made, a->config, ""));
        run_dir = made;
    }
    status = cli_device_open(&device, a->device, a->kernels);
    if (status == BOUGH_OK)
        status = train(&run, device, a, config, run_dir);
    if (status == BOUGH_OK)
        status = tell_result(bough_run_result(run), run_dir);
    else if (status == BOUGH_INTERRUPTED)
        tell_how_to_resume(a, run_dir);
    else if (*made)
        rmdir(made); // where nothing has been written
done:
    bough_device_close(&device); // which may keep what it built: the user has the metrics by now
    bough_run_destroy(&run);
    bough_config_close(&config);
    return status;
}

// The key that --from stands for, behind those that are set; `*text` is the caller's to free.
static enum bough_status start_from(struct tool_list *set, char **text, const char *path)
{
    static const char key[] = "from.file=";
    const size_t size = sizeof key + 2 * strlen(path) + 2;
    *text = malloc(size);
    if (!*text)
        return tool_no_memory();
    char *to = *text + sprintf(*text, "%s\"", key);
    for (; *path; *to++ = *path++)
        if (*path == '"' || *path == '\\')
            *to++ = '\\';
    strcpy(to, "\"");
    set->item[set->count++] = *text;
    return BOUGH_OK;
}

static enum bough_status run(int argc, char **argv)
{
    enum bough_status status;
    struct arguments a = {0};
    char *from = NULL;
    const struct tool_option options[] = {{NULL, 0, .value = &a.config, .min = 0, .max = 1},
                                          {"device", 'd', .value = &a.device},
                                          {"kernels", 0, .value = &a.kernels},
                                          {"set", 's', .list = &a.set},
                                          {"run", 'r', .value = &a.run},
                                          {"from", 0, .value = &a.from},
                                          {"resume", 0, .value = &a.resume},
                                          {"quiet", 'q', .flag = &a.quiet},
                                          {"verbose", 'v', .flag = &a.verbose},
                                          {"profile", 0, .flag = &a.profile},
                                          {"force", 0, .flag = &a.force}};
    a.set.item = calloc((size_t)argc, sizeof *a.set.item);
    if (!a.set.item)
        return tool_no_memory();
    TRY(TOOL_OPTIONS(argc, argv, options));
    if (!a.config && !a.resume)
        status = tool_fail(BOUGH_INVALID, "a config is missing; see bough train --help");
    else if (a.run && a.resume)
        status = tool_fail(BOUGH_INVALID, "--run and --resume name two run folders; give one");
    else if (a.from && a.resume)
        status = tool_fail(BOUGH_INVALID, "--from begins a run, and --resume goes on with one; "
                                          "give one");
    else if (a.force && !a.resume)
        status = tool_fail(BOUGH_INVALID, "--force goes with --resume");
    if (status != BOUGH_OK)
        goto done;
    if (a.from)
        TRY(start_from(&a.set, &from, a.from));
    cli_log(a.verbose ? CLI_VERBOSE : a.quiet ? CLI_QUIET : CLI_NORMAL);
    TRY(start(&a));
done:
    free(a.set.item);
    free(from);
    return status;
}

const struct tool_command cli_train = {"train", "trains what a config describes", help, run};
