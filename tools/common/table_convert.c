#include "table_parts.h"

#include <stdlib.h>

static enum bough_status open_spools(struct table_scan *scan)
{
    enum bough_status status = BOUGH_OK;
    const int parts = scan->request->only ? 1 : scan->request->schema->parts;
    for (int i = 0; i < parts; i++) {
        TRY(spool_create(&scan->rows[i].inputs, scan->request->output));
        TRY(spool_create(&scan->rows[i].targets, scan->request->output));
    }
done:
    return status;
}

static void fini(struct table_scan *scan)
{
    for (int i = 0; i < TABLE_PARTS_MAX; i++) {
        spool_close(&scan->rows[i].inputs);
        spool_close(&scan->rows[i].targets);
    }
    csv_reader_close(&scan->csv);
    free(scan->active);
    free(scan->record);
}

enum bough_status table_convert(struct table_report *report, const struct table_request *request)
{
    enum bough_status status;
    struct table_scan scan = {
        .request = request, .report = report, .split_cell = -1, .id_cell = -1};
    *report = (struct table_report){0};
    TRY(csv_reader_open(&scan.csv, request->path, request->separator));
    TRY(table_fields(&scan));
    TRY(open_spools(&scan));
    TRY(table_scan_all(&scan));
    TRY(table_settle(&scan));
    TRY(table_write(&scan));
done:
    fini(&scan);
    if (status == BOUGH_DATA && request->step(request->path, 0, 0) != BOUGH_OK)
        status = BOUGH_INTERRUPTED; // a read that waited was ended
    return status;
}

void table_report_fini(struct table_report *report)
{
    for (int i = 0; i < report->fields; i++) {
        name_table_fini(&report->field[i].names);
        free(report->field[i].id);
    }
    free(report->field);
    *report = (struct table_report){0};
}
