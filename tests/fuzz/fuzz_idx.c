// Reads an IDX file, plain or gzipped, to its end.
#include "fuzz.h"

#include "idx.h"

enum { PIECE = 1000 }; // elements

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct idx idx;
    double piece[PIECE];
    if (!fuzz_status(idx_open(&idx, fuzz_file(data, size)), BOUGH_DATA, tool_error()))
        return 0;
    enum bough_status status = BOUGH_OK;
    int64_t left = bough_shape_elements(&idx.shape);
    for (; left > 0 && status == BOUGH_OK; left -= PIECE)
        status = idx_read(&idx, piece, left < PIECE ? left : PIECE);
    if (fuzz_status(status, BOUGH_DATA, tool_error()))
        fuzz_status(idx_end(&idx), BOUGH_DATA, tool_error());
    idx_close(&idx);
    return 0;
}
