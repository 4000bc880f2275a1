// Opens a safetensors file and reads all that it says it holds.
#include "fuzz.h"

#include <bough/dataset.h>
#include <string.h>

// Behind the header, whose length comes first, stands nothing but the tensors' bytes.
static size_t bytes_behind_header(const uint8_t *data, size_t size)
{
    size_t length = 0;
    for (int i = 7; i >= 0; i--)
        length = length << 8 | data[i];
    return size - 8 - length;
}

static size_t read_tensor(const struct bough_tensor_file *file, size_t at)
{
    const struct bough_file_tensor *tensor = bough_tensor_file_at(file, at);
    const int64_t count = bough_shape_elements(&tensor->shape);
    double sum = 0;
    for (int64_t i = 0; i < count; i++)
        sum += bough_number_at(tensor->data, tensor->dtype, i);
    if (!bough_tensor_file_find(file, tensor->name) || (count == 0 && sum != 0))
        fuzz_wrong("a tensor that is not there");
    return tensor->bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bough_tensor_file *file;
    const struct bough_file_tensor *field;
    const char *value, *path = fuzz_file(data, size);
    if (!fuzz_status(bough_tensor_file_open(&file, path), BOUGH_DATA, bough_last_error()))
        return 0;
    size_t bytes = 0;
    for (size_t i = 0; i < bough_tensor_file_count(file); i++)
        bytes += read_tensor(file, i);
    if (bytes != bytes_behind_header(data, size))
        fuzz_wrong("tensors of more bytes than the file has, or of less");
    for (size_t i = 0; i < bough_tensor_file_metadata_count(file); i++)
        if (!bough_tensor_file_metadata_at(file, i, &value) || strlen(value) > size)
            fuzz_wrong("metadata that are not there");
    fuzz_status(bough_dataset_field(&field, file, "train", "image"), BOUGH_DATA,
                bough_last_error());
    bough_tensor_file_close(&file);
    return 0;
}
