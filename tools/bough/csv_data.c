#include "csv_data.h"

#include "table_convert.h"

#include <bough/model.h>

#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

int csv_data_is(const char *path)
{
    static const char *const end[] = {".csv", ".tsv", ".csv.gz", ".tsv.gz"};
    const size_t length = strlen(path);
    for (size_t i = 0; i < sizeof end / sizeof *end; i++)
        if (length > strlen(end[i]) && strcasecmp(path + length - strlen(end[i]), end[i]) == 0)
            return 1;
    return 0;
}

// ---- The passing file ----

static char folder[PATH_MAX], made[PATH_MAX + 20];
static volatile sig_atomic_t is_stopped, is_made;

static void remove_files(void)
{
    unlink(made);
    rmdir(folder);
}

// Until the file is there, what makes it ends by itself and leaves nothing: at its next read, which
// may begin only behind the signal, and is woken then.
static void on_signal(int number)
{
    if (number != SIGALRM)
        is_stopped = number;
    if (!is_made) {
        alarm(1);
        return;
    }
    remove_files();
    signal(is_stopped, SIG_DFL);
    raise(is_stopped);
}

// Without SA_RESTART: a read that waits is ended too. What was ignored (nohup) stays ignored.
static void catch_signals(void)
{
    const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGALRM};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction old, action = {.sa_handler = on_signal};
        if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    }
}

static enum bough_status make_folder(void)
{
    const char *at = getenv("TMPDIR");
    const int length = snprintf(folder, sizeof folder, "%s/bough-XXXXXX", at && *at ? at : "/tmp");
    if (length < 0 || (size_t)length >= sizeof folder)
        return tool_fail(BOUGH_DATA, "TMPDIR: too long a name, wanted a folder");
    if (!mkdtemp(folder)) {
        folder[0] = '\0';
        return tool_refused(at && *at ? at : "/tmp", "cannot make a folder for a passing file");
    }
    snprintf(made, sizeof made, "%s/data.safetensors", folder);
    return BOUGH_OK;
}

void csv_data_remove(void)
{
    if (folder[0])
        remove_files();
    is_made = 0;
    folder[0] = '\0';
}

// ---- Converting ----

static enum bough_status step(const char *what, int64_t done, int64_t total)
{
    (void)what, (void)done, (void)total;
    return is_stopped ? tool_fail(BOUGH_INTERRUPTED, "interrupted") : BOUGH_OK;
}

static void leave_unread(struct table_schema *schema, const struct bough_model_table *table)
{
    for (size_t i = 0; i < schema->columns; i++) {
        struct table_column *column = &schema->column[i];
        if (column->role == TABLE_INPUT && !bough_model_table_reads(table, column->name))
            column->role = TABLE_LEAVE_OUT;
    }
}

static void tell(const struct table_report *report, const char *csv)
{
    for (int i = 0; i < report->fields; i++) {
        const struct table_field *field = &report->field[i];
        if (field->role != TABLE_INPUT || (!field->missing && !field->unknown))
            continue;
        fprintf(stderr, "%s: column \"%s\": ", csv, field->column->name);
        if (field->missing)
            fprintf(stderr, "%" PRId64 " missing", field->missing);
        if (field->unknown)
            fprintf(stderr, "%s%" PRId64 " of a class that the model does not know, as \"%s\"",
                    field->missing ? "; " : "", field->unknown, field->unknown_name);
        fputc('\n', stderr);
    }
}

static enum bough_status convert(const struct bough_model_table *table, const char *csv,
                                 const char *model)
{
    enum bough_status status;
    struct table_schema schema = {0};
    struct table_report report = {0};
    const char *text = bough_model_table_schema(table);
    const struct table_request request = {
        .path = csv, .output = made, .schema = &schema, .only = "rows", .step = step};
    TRY(table_schema_init(&schema));
    TRY(table_schema_parse(&schema, model, text, strlen(text)));
    leave_unread(&schema, table);
    TRY(table_convert(&report, &request));
    tell(&report, csv);
done:
    table_report_fini(&report);
    table_schema_fini(&schema);
    return status;
}

enum bough_status csv_data_make(const char **path, const char *csv, const char *model)
{
    enum bough_status status;
    struct bough_model_table *table;
    TRY(bough_model_table_open(&table, model));
    catch_signals();
    TRY(make_folder());
    cli_call(made, csv);
    TRY(convert(table, csv, model));
    is_made = 1;
    TRY(step(csv, 0, 0));
    *path = made;
done:
    bough_model_table_close(&table);
    if (status != BOUGH_OK)
        csv_data_remove();
    return status;
}
