#include "cli.h"
#include "cli_table.h"

static const char help[] =
    "usage: bough devices [--json]\n"
    "\n"
    "Lists what bough can train on: plain C (`c`), and every OpenCL device as P:D, numbered as\n"
    "`clinfo -l` does; and why one cannot be used. `--device` takes the first column.\n"
    "\n"
    "  --json    the same, for programs\n"
    "\n"
    "Example:\n"
    "  bough devices\n";

static const char *const type_name[] = {
    [BOUGH_DEVICE_C] = "C",
    [BOUGH_DEVICE_CPU] = "CPU",
    [BOUGH_DEVICE_GPU] = "GPU",
    [BOUGH_DEVICE_ACCELERATOR] = "accelerator",
};

static enum bough_status print_table(const struct bough_device_info *list, size_t count,
                                     const char *note)
{
    static const char *const title[] = {"device", "name",    "type",  "memory",
                                        "driver", "version", "usable"};
    struct cli_table table = {.align = "lllrlll"};
    for (size_t i = 0; i < sizeof title / sizeof *title; i++)
        cli_table_cell(&table, "%s", title[i]);
    for (size_t i = 0; i < count; i++) {
        const struct bough_device_info *d = &list[i];
        cli_table_cell(&table, "%s", d->id);
        cli_table_cell(&table, "%s", d->name);
        cli_table_cell(&table, "%s", type_name[d->type]);
        cli_table_cell(&table, "%.1f GiB", (double)d->memory / (1 << 30));
        cli_table_cell(&table, "%s", d->driver);
        cli_table_cell(&table, "%s", d->version);
        cli_table_cell(&table, "%s%s", *d->refused ? "no: " : "yes", d->refused);
    }
    enum bough_status status = cli_table_end(&table);
    if (*note)
        printf("%s\n", note);
    return status;
}

static enum bough_status print_json(const struct bough_device_info *list, size_t count,
                                    const char *note)
{
    json_t *devices = json_array();
    for (size_t i = 0; i < count; i++) {
        const struct bough_device_info *d = &list[i];
        json_t *row = json_pack(
            "{s:s, s:s, s:s, s:I, s:I, s:i, s:s, s:s, s:b, s:s}", "device", d->id, "name", d->name,
            "type", type_name[d->type], "memory", (json_int_t)d->memory, "max_buffer",
            (json_int_t)d->max_buffer, "compute_units", (int)d->compute_units, "driver", d->driver,
            "version", d->version, "usable", !*d->refused, "refused", d->refused);
        json_array_append_new(devices, row);
    }
    json_t *all = json_pack("{s:o, s:o}", "devices", devices, "note", cli_json_text(note));
    if (!all || json_array_size(devices) != count)
        return tool_no_memory();
    const int failed = json_dumpf(all, stdout, JSON_INDENT(2)) != 0 && !ferror(stdout);
    putchar('\n');
    json_decref(all);
    return failed ? tool_no_memory() : BOUGH_OK;
}

static enum bough_status run(int argc, char **argv)
{
    enum bough_status status;
    int json = 0;
    struct bough_device_info *list = NULL;
    size_t count;
    char note[512];
    const struct tool_option options[] = {{"json", 0, .flag = &json}};
    TRY(TOOL_OPTIONS(argc, argv, options));
    TRY(bough_device_list_create(&list, &count, note, sizeof note));
    TRY(json ? print_json(list, count, note) : print_table(list, count, note));
done:
    bough_device_list_destroy(&list);
    return status;
}

const struct tool_command cli_devices = {"devices", "lists what bough can train on", help, run};
