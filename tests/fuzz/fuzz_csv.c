// Reads a CSV file to its end.
#include "fuzz.h"

#include "csv_reader.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct csv_reader csv;
    int64_t line = 0;
    enum bough_status status = csv_reader_open(&csv, fuzz_file(data, size), 0);
    if (!fuzz_status(status, BOUGH_DATA, tool_error()))
        return 0;
    do {
        size_t bytes = 0;
        status = csv_reader_next(&csv);
        for (int i = 0; status == BOUGH_OK && i < csv.cells; i++) {
            if (strlen(csv.cell[i].text) != csv.cell[i].length)
                fuzz_wrong("a zero byte in a cell");
            bytes += csv.cell[i].length;
        }
        if (bytes > size && data[0] != 0x1f) // but for gzipped ones
            fuzz_wrong("cells longer than the file");
        if (status == BOUGH_OK && csv.cells && csv.line <= line)
            fuzz_wrong("a line before the last");
        line = csv.line;
    } while (fuzz_status(status, BOUGH_DATA, tool_error()) && csv.cells);
    csv_reader_close(&csv);
    return 0;
}
