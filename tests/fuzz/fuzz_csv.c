// Reads a CSV file to its end.
#include "fuzz.h"

#include "csv.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct csv csv;
    enum bough_status status = csv_open(&csv, fuzz_file(data, size));
    if (!fuzz_status(status, BOUGH_DATA, tool_error()))
        return 0;
    do {
        size_t bytes = 0;
        status = csv_next(&csv);
        for (int i = 0; status == BOUGH_OK && i < csv.columns; i++)
            bytes += strlen(csv.field[i]);
        if (bytes > size)
            fuzz_wrong("fields longer than the file");
    } while (fuzz_status(status, BOUGH_DATA, tool_error()) && csv.columns);
    csv_close(&csv);
    return 0;
}
