#include "cli_progress.h"
#include "cli_run.h"
#include "search.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: bough search CONFIG [--grid KEY=V1,V2,...]... [--folds K] [options]\n"
    "       bough search CONFIG --random KEY=LOW..HIGH[:log]... --trials N [options]\n"
    "\n"
    "Trains a config once for each combination of the grid's values, and ends with a table of "
    "what\n"
    "was held out, the best first, and the command that trains the best. The score is what\n"
    "train.early_stopping.metric goes by, higher is better; of its default, `mean`, the share of\n"
    "each task's error in the first trial that is gone, meaned over the tasks. Beside it stands\n"
    "each task's monitor. A training that diverges is told, and the search goes on.\n"
    "\n"
    "  -g, --grid KEY=V1,V2    values in YAML for a key of the config; [a, b] and {a: b} are one\n"
    "      --random KEY=L..H   draws between the two by train.seed, whole numbers where both are;\n"
    "                          with :log behind it their logarithms\n"
    "  -t, --trials N          how many draws, for each combination of the grid\n"
    "  -k, --folds K           cross-validation: cuts the training rows into K parts and trains K\n"
    "                          times, each with another part held out (train.fold); the table\n"
    "                          tells mean and standard deviation. 1, the default: what the config\n"
    "                          holds out\n"
    "  -r, --run DIR           the folder of all runs, search.csv and search.json; default\n"
    "                          runs/<config>-search-<number>. What is trained there already is\n"
    "                          taken as it is, and what was interrupted goes on\n"
    "  -s, --set K=V           overrides a key in every trial\n"
    "  -d, --device D          as of bough train\n"
    "      --kernels F         as of bough train\n"
    "  -q, --quiet             only warnings and the table\n"
    "  -v, --verbose           tells more of what the device does\n"
    "\n"
    "Example:\n"
    "  bough search config.yaml --grid architecture=hard_sharing,mmoe --folds 5 \\\n"
    "      --random optimizer.lr=1e-4..1e-1:log --trials 10\n";

struct arguments {
    const char *config, *device, *kernels, *run, *trials, *folds;
    struct tool_list set, grid, random;
    int quiet, verbose;
};

struct session {
    struct search search;
    const struct arguments *a;
    const char **override; // room for those of a training
    struct bough_config *config;
    struct bough_device *device;
};

// ---- Configs ----

// Of a trial, and of a fold of it, from 0.
static enum bough_status open_config(struct bough_config **config, struct session *s, size_t trial,
                                     size_t fold)
{
    const struct tool_list *set = &s->a->set;
    size_t count = set->count;
    char part[2][40];
    memcpy(s->override, set->item, count * sizeof *s->override);
    count += search_space_trial(s->override + count, &s->search.space, trial);
    if (s->search.folds > 1) {
        snprintf(part[0], sizeof part[0], "train.folds=%zu", s->search.folds);
        snprintf(part[1], sizeof part[1], "train.fold=%zu", fold + 1);
        s->override[count++] = part[0];
        s->override[count++] = part[1];
    }
    return bough_config_open(config, s->a->config, s->override, count);
}

// Trials are compared by the numbers of the first.
static enum bough_status check_same(const struct bough_config *config,
                                    const struct bough_config *first, size_t trial)
{
    const char *a = bough_config_criterion(config), *b = bough_config_criterion(first);
    const char *key = "train.early_stopping.metric";
    size_t tasks = bough_config_tasks(first);
    int same = bough_config_tasks(config) == tasks;
    for (size_t t = 0; t < tasks && same; t++)
        same = strcmp(bough_config_task(config, t), bough_config_task(first, t)) == 0;
    if (!same)
        return tool_fail(BOUGH_INVALID,
                         "trial %zu: its tasks are not those of trial 1; wanted the "
                         "same, to compare by",
                         trial + 1);
    for (size_t t = 0; t < tasks && strcmp(a, b) == 0; t++) {
        a = bough_config_monitor(config, t);
        b = bough_config_monitor(first, t);
        key = "a task's monitor";
    }
    return strcmp(a, b) == 0 ? BOUGH_OK
                             : tool_fail(BOUGH_INVALID,
                                         "trial %zu: %s is %s, and of trial 1 %s; wanted the same, "
                                         "to compare by",
                                         trial + 1, key, a, b);
}

// Draws, and opens every config, so that a mistake in the last one is told before the first trains.
static enum bough_status prepare(struct session *s)
{
    enum bough_status status;
    struct bough_config *config = NULL;
    struct search *search = &s->search;
    TRY(open_config(&config, s, 0, 0));
    TRY(search_space_draw(&search->space, bough_config_seed(config)));
    bough_config_close(&config);
    TRY(open_config(&s->config, s, 0, 0));
    search->config = s->config;
    for (size_t i = 1; i < search->space.trials; i++) {
        TRY(open_config(&config, s, i, 0));
        TRY(check_same(config, s->config, i));
        bough_config_close(&config);
    }
    TRY_MEMORY(search->training =
                   calloc(search->space.trials * search->folds, sizeof *search->training));
done:
    bough_config_close(&config);
    return status;
}

// ---- Telling ----

// "trial 2 of 8, fold 1 of 5: optimizer.lr=0.1"
static void print_trial(FILE *out, const struct search *search, size_t trial, size_t fold)
{
    const char *override[SEARCH_MOST_KEYS];
    search_space_trial(override, &search->space, trial);
    fprintf(out, "trial %zu of %zu", trial + 1, search->space.trials);
    if (search->folds > 1)
        fprintf(out, ", fold %zu of %zu", fold + 1, search->folds);
    for (size_t i = 0; i < search->space.axes; i++)
        fprintf(out, "%s %s", i ? "" : ":", override[i]);
}

static void tell_training(const struct session *s, size_t trial, size_t fold, int found)
{
    const struct search *search = &s->search;
    const struct search_training *training = &search->training[trial * search->folds + fold];
    const struct bough_config *config = search->config;
    if (s->a->quiet)
        return;
    print_trial(stdout, search, trial, fold);
    if (training->diverged)
        printf("  diverged: %s", training->diverged);
    for (size_t t = 0; training->run && t < bough_config_tasks(config); t++) {
        const struct bough_metrics *metrics = bough_run_result(training->run)->validation;
        const char *task = bough_config_task(config, t), *metric = bough_config_monitor(config, t);
        if (metrics)
            printf("%s %s %s %.4g", t ? "," : " ", task, metric,
                   bough_metrics_find(metrics, task, metric));
    }
    printf("%s\n", found ? "  (trained before)" : "");
    fflush(stdout);
}

static void print_option(const char *name, const char *value)
{
    if (!value)
        return;
    printf(" %s ", name);
    cli_print_quoted(stdout, value);
}

static void print_options(const char *name, const struct tool_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        print_option(name, list->item[i]);
}

static void print_command(const struct arguments *a, const char *command)
{
    printf("\n  ");
    cli_print_quoted(stdout, cli_program);
    printf(" %s ", command);
    cli_print_quoted(stdout, a->config);
    print_option("--device", a->device);
    print_option("--kernels", a->kernels);
    print_options("--set", &a->set);
}

static void tell_how_to_go_on(const struct session *s)
{
    const struct arguments *a = s->a;
    printf("%s; go on with", tool_error());
    print_command(a, "search");
    print_options("--grid", &a->grid);
    print_options("--random", &a->random);
    print_option("--trials", a->trials);
    print_option("--folds", a->folds);
    print_option("--run", s->search.dir);
    printf("%s%s\n", a->quiet ? " --quiet" : "", a->verbose ? " --verbose" : "");
}

static void tell_best(const struct session *s, const struct search_row *best)
{
    const struct search *search = &s->search;
    const char *override[SEARCH_MOST_KEYS];
    printf("\nthe best is trial %zu", best->trial + 1);
    if (search->folds == 1)
        printf(", in %s/%s", search->dir, search->training[best->trial].name);
    printf("; train it with");
    print_command(s->a, "train");
    search_space_trial(override, &search->space, best->trial);
    for (size_t i = 0; i < search->space.axes; i++)
        print_option("--set", override[i]);
    printf("\nfolder %s\n", search->dir);
}

// ---- Trainings ----

static void observe(void *user, const struct bough_event *event)
{
    if (event->kind != BOUGH_EVENT_EPOCH) // of all epochs of all trials there are too many
        cli_progress_observe(user, event);
}

static enum bough_status note(const struct session *s, size_t trial, size_t fold, const char *dir)
{
    const struct search *search = &s->search;
    const char *override[SEARCH_MOST_KEYS];
    const char *message = search->training[trial * search->folds + fold].diverged;
    json_t *list = json_array();
    int lost = !list;
    search_space_trial(override, &search->space, trial);
    for (size_t i = 0; i < search->space.axes && !lost; i++)
        lost = json_array_append_new(list, cli_json_text(override[i]));
    json_t *object = json_pack("{s:o, s:I, s:I}", "overrides", list, "fold", (json_int_t)fold + 1,
                               "folds", (json_int_t)search->folds);
    if (message)
        lost |= json_object_set_new(object, "diverged", cli_json_text(message));
    if (lost && object) {
        json_decref(object);
        object = NULL;
    }
    return search_write_json(object, dir, "trial.json");
}

// What an earlier call left in the folder; nothing where that training has not ended.
static enum bough_status find(struct search_training *training, const char *dir)
{
    char path[PATH_MAX + 32];
    enum bough_status status = BOUGH_OK;
    snprintf(path, sizeof path, "%s/trial.json", dir);
    json_t *object = json_load_file(path, 0, NULL);
    const char *message = json_string_value(json_object_get(object, "diverged"));
    if (message)
        TRY_MEMORY(training->diverged = strdup(message));
    else
        TRY(bough_run_load(&training->run, dir));
done:
    json_decref(object);
    return status;
}

static enum bough_status train(const struct session *s, const struct bough_config *config,
                               struct search_training *training, const char *dir)
{
    char path[PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/config.yaml", dir);
    const int begun = access(path, F_OK) == 0;
    struct bough_train_options options = {.device = s->device,
                                          .run_dir = begun ? NULL : dir,
                                          .resume = begun ? dir : NULL,
                                          .needs_validation = 1,
                                          .observe = s->a->quiet ? NULL : observe,
                                          .stop = &cli_stop};
    enum bough_status status = bough_train(&training->run, config, &options);
    cli_progress_clear();
    if (status != BOUGH_DIVERGED)
        return status;
    training->diverged = strdup(bough_last_error());
    return training->diverged ? BOUGH_OK : tool_no_memory();
}

static enum bough_status run_fold(struct session *s, size_t trial, size_t fold)
{
    enum bough_status status;
    struct bough_config *config = NULL;
    struct search_training *training = &s->search.training[trial * s->search.folds + fold];
    char dir[PATH_MAX];
    TRY(open_config(&config, s, trial, fold));
    TRY(bough_train_digest(training->name, config));
    snprintf(dir, sizeof dir, "%s/%s", s->search.dir, training->name);
    TRY(find(training, dir));
    const int found = training->run || training->diverged;
    if (!found && cli_stop)
        TRY(tool_fail(BOUGH_INTERRUPTED, "stopped before trial %zu", trial + 1));
    if (!found) {
        status = train(s, config, training, dir);
        if (status == BOUGH_OK)
            TRY(note(s, trial, fold, dir));
        TRY(status);
    }
    tell_training(s, trial, fold, found);
done:
    bough_config_close(&config);
    return status;
}

// The first fold that diverges is a trial's last.
static enum bough_status run_trial(struct session *s, size_t trial)
{
    enum bough_status status = BOUGH_OK;
    const size_t folds = s->search.folds;
    for (size_t f = 0; f < folds; f++) {
        status = run_fold(s, trial, f);
        if (status != BOUGH_OK || s->search.training[trial * folds + f].diverged)
            break;
    }
    return status;
}

static enum bough_status run_trials(struct session *s)
{
    enum bough_status status = BOUGH_OK;
    for (size_t i = 0; i < s->search.space.trials && status == BOUGH_OK; i++) {
        status = run_trial(s, i);
        if (status == BOUGH_OK || status == BOUGH_INTERRUPTED)
            continue;
        char text[2000];
        snprintf(text, sizeof text, "%s", tool_error());
        tool_fail(status, "trial %zu: %s", i + 1, text);
    }
    return status;
}

static enum bough_status tell_rows(const struct session *s)
{
    enum bough_status status;
    struct search_row *rows = NULL;
    TRY(search_rows_create(&rows, &s->search));
    TRY(search_write(rows, &s->search));
    if (!s->a->quiet)
        printf("\n");
    TRY(search_print(rows, &s->search));
    if (!rows->diverged)
        tell_best(s, rows);
    else
        status = tool_fail(BOUGH_DIVERGED, "every trial diverged");
done:
    search_rows_destroy(&rows, s->search.space.trials);
    return status;
}

// ---- The command ----

static enum bough_status start(struct session *s)
{
    enum bough_status status;
    char made[PATH_MAX] = "";
    TRY(prepare(s));
    s->search.dir = s->a->run;
    if (!s->search.dir) {
        TRY(cli_run_dir_create(made, s->a->config, "-search"));
        s->search.dir = made;
    }
    TRY(cli_device_open(&s->device, s->a->device, s->a->kernels));
    cli_catch_signals();
    status = run_trials(s);
    if (status == BOUGH_OK)
        status = tell_rows(s);
    else if (status == BOUGH_INTERRUPTED)
        tell_how_to_go_on(s);
done:
    if (status != BOUGH_OK && *made)
        rmdir(made); // where nothing has been written
    return status;
}

static void session_fini(struct session *s)
{
    const size_t trainings = s->search.training ? s->search.space.trials * s->search.folds : 0;
    for (size_t i = 0; i < trainings; i++) {
        bough_run_destroy(&s->search.training[i].run);
        free(s->search.training[i].diverged);
    }
    free(s->search.training);
    bough_device_close(&s->device);
    bough_config_close(&s->config);
    search_space_fini(&s->search.space);
    free(s->override);
}

static enum bough_status search(const struct arguments *a)
{
    enum bough_status status;
    struct session s = {.a = a};
    int64_t draws = 0, folds = 1;
    TRY(tool_whole(&folds, a->folds, "--folds", 1, SEARCH_MOST_FOLDS));
    TRY(tool_whole(&draws, a->trials, "--trials", 1, SEARCH_MOST_TRIALS));
    s.search.folds = (size_t)folds;
    TRY(search_space_read(&s.search.space, &a->grid, &a->random, (size_t)draws));
    TRY_MEMORY(s.override = calloc(a->set.count + s.search.space.axes + 2, sizeof *s.override));
    TRY(start(&s));
done:
    session_fini(&s);
    return status;
}

static enum bough_status run(int argc, char **argv)
{
    enum bough_status status;
    struct arguments a = {0};
    const struct tool_option options[] = {{NULL, 0, .value = &a.config, .min = 1, .max = 1},
                                          {"grid", 'g', .list = &a.grid},
                                          {"random", 0, .list = &a.random},
                                          {"trials", 't', .value = &a.trials},
                                          {"folds", 'k', .value = &a.folds},
                                          {"run", 'r', .value = &a.run},
                                          {"set", 's', .list = &a.set},
                                          {"device", 'd', .value = &a.device},
                                          {"kernels", 0, .value = &a.kernels},
                                          {"quiet", 'q', .flag = &a.quiet},
                                          {"verbose", 'v', .flag = &a.verbose}};
    struct tool_list *lists[] = {&a.grid, &a.random, &a.set};
    for (int i = 0; i < 3; i++)
        TRY_MEMORY(lists[i]->item = calloc((size_t)argc, sizeof *lists[i]->item));
    TRY(TOOL_OPTIONS(argc, argv, options));
    cli_log(a.verbose ? CLI_VERBOSE : a.quiet ? CLI_QUIET : CLI_NORMAL);
    TRY(search(&a));
done:
    for (int i = 0; i < 3; i++)
        free(lists[i]->item);
    return status;
}

const struct tool_command cli_search = {"search", "trains a config with many values, and compares",
                                        help, run};
