#include "cl/random.h"
#include "support/support.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static char path[400], part[420];

static int setup(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "%s/a.safetensors", test_folder_create());
    snprintf(part, sizeof part, "%s.part", path);
    return 0;
}

#define SHAPE(...)                                                                                 \
    (&(struct bough_shape){.rank = (int32_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)),  \
                           .dim = {__VA_ARGS__}})

// A header and `data_bytes` bytes behind it, as anyone may write them.
static void write_raw(uint64_t length, const char *header, size_t header_bytes, size_t data_bytes)
{
    FILE *stream = fopen(path, "wb");
    assert_non_null(stream);
    for (int i = 0; i < 8; i++)
        fputc((int)(length >> 8 * i & 255), stream);
    fwrite(header, 1, header_bytes, stream);
    for (size_t i = 0; i < data_bytes; i++)
        fputc((int)(i & 255), stream);
    assert_int_equal(fclose(stream), 0);
}

static void what_is_written_reads_back(void **state)
{
    (void)state;
    const uint8_t image[3] = {1, 2, 3};
    const int64_t label[2] = {7, -1};
    const float value[2] = {0.5f, NAN};
    const double single = 3.25;
    struct bough_tensor_writer *writer;
    assert_ok(bough_tensor_writer_create(&writer, path));
    assert_ok(bough_tensor_writer_metadata(writer, "classes/label", "a\nb"));
    assert_ok(bough_tensor_writer_metadata(writer, "t\"\\\xc3\xa9", ""));
    assert_ok(bough_tensor_writer_declare(writer, "train/image", BOUGH_U8, SHAPE(1, 1, 3)));
    assert_ok(bough_tensor_writer_declare(writer, "none", BOUGH_I32, SHAPE(0, 5)));
    assert_ok(bough_tensor_writer_declare(writer, "train/label", BOUGH_I64, SHAPE(2)));
    assert_ok(bough_tensor_writer_declare(writer, "value", BOUGH_F32, SHAPE(1, 2)));
    assert_ok(bough_tensor_writer_declare(writer, "single", BOUGH_F64, &(struct bough_shape){0}));
    // Pieces need not follow the tensors' borders.
    char bytes[sizeof image + sizeof label + sizeof value + sizeof single];
    memcpy(bytes, image, 3);
    memcpy(bytes + 3, label, 16);
    memcpy(bytes + 19, value, 8);
    memcpy(bytes + 27, &single, 8);
    assert_ok(bough_tensor_writer_write(writer, bytes, 2));
    assert_ok(bough_tensor_writer_write(writer, bytes + 2, 10));
    assert_ok(bough_tensor_writer_write(writer, bytes + 12, 0));
    assert_ok(bough_tensor_writer_write(writer, bytes + 12, sizeof bytes - 12));
    assert_int_not_equal(access(path, F_OK), 0);
    assert_ok(bough_tensor_writer_commit(writer));
    assert_fails(bough_tensor_writer_commit(writer), BOUGH_INVALID, "committed already");
    bough_tensor_writer_destroy(&writer);
    assert_int_not_equal(access(part, F_OK), 0);

    struct bough_tensor_file *file;
    assert_ok(bough_tensor_file_open(&file, path));
    assert_string_equal(bough_tensor_file_path(file), path);
    assert_int_equal(bough_tensor_file_count(file), 5);
    const struct bough_file_tensor *got = bough_tensor_file_find(file, "train/label");
    assert_int_equal(got->dtype, BOUGH_I64);
    assert_true(bough_shape_equal(&got->shape, SHAPE(2)));
    assert_int_equal(got->bytes, sizeof label);
    assert_memory_equal(got->data, label, sizeof label);
    assert_memory_equal(bough_tensor_file_find(file, "train/image")->data, image, 3);
    assert_memory_equal(bough_tensor_file_find(file, "value")->data, value, 8);
    assert_memory_equal(bough_tensor_file_find(file, "single")->data, &single, 8);
    assert_int_equal(bough_tensor_file_find(file, "single")->shape.rank, 0);
    assert_int_equal(bough_tensor_file_find(file, "none")->bytes, 0);
    assert_null(bough_tensor_file_find(file, "absent"));
    assert_null(bough_tensor_file_at(file, 5));
    for (size_t i = 0; i < 5; i++) {
        got = bough_tensor_file_at(file, i);
        assert_int_equal((uintptr_t)got->data % bough_dtype_size(got->dtype), 0);
    }
    assert_string_equal(bough_tensor_file_metadata(file, "classes/label"), "a\nb");
    assert_null(bough_tensor_file_metadata(file, "absent"));
    assert_int_equal(bough_tensor_file_metadata_count(file), 2);
    const char *text;
    assert_string_equal(bough_tensor_file_metadata_at(file, 1, &text), "t\"\\\xc3\xa9");
    assert_string_equal(text, "");
    assert_null(bough_tensor_file_metadata_at(file, 2, &text));
    bough_tensor_file_close(&file);
    bough_tensor_file_close(&file);
}

// The bytes, as anybody's reader of the format wants them.
static void the_layout_is_the_formats(void **state)
{
    (void)state;
    struct bough_tensor_writer *writer;
    assert_ok(bough_tensor_writer_create(&writer, path));
    assert_ok(bough_tensor_writer_declare(writer, "b", BOUGH_U8, SHAPE(3)));
    assert_ok(bough_tensor_writer_declare(writer, "l", BOUGH_I16, SHAPE(2)));
    assert_ok(bough_tensor_writer_metadata(writer, "k", "v"));
    assert_ok(bough_tensor_writer_write(writer, "abc\1\2\3\4", 7));
    assert_ok(bough_tensor_writer_commit(writer));
    bough_tensor_writer_destroy(&writer);
    const char *header = "{\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[4,7]},"
                         "\"l\":{\"dtype\":\"I16\",\"shape\":[2],\"data_offsets\":[0,4]},"
                         "\"__metadata__\":{\"k\":\"v\"}}";
    char got[400], wanted[400];
    FILE *stream = fopen(path, "rb");
    size_t size = fread(got, 1, sizeof got, stream);
    fclose(stream);
    const int padded = (int)(strlen(header) + 7) / 8 * 8;
    snprintf(wanted, sizeof wanted, "%c%c%c%c%c%c%c%c%-*s", padded, 0, 0, 0, 0, 0, 0, 0, padded,
             header);
    memcpy(wanted + 8 + padded, "\1\2\3\4abc", 7);
    assert_int_equal(size, 8 + padded + 7);
    assert_memory_equal(got, wanted, size);
}

static void no_tensor_is_a_file_too(void **state)
{
    (void)state;
    struct bough_tensor_writer *writer;
    struct bough_tensor_file *file;
    assert_ok(bough_tensor_writer_create(&writer, path));
    assert_ok(bough_tensor_writer_commit(writer));
    bough_tensor_writer_destroy(&writer);
    assert_ok(bough_tensor_file_open(&file, path));
    assert_int_equal(bough_tensor_file_count(file), 0);
    bough_tensor_file_close(&file);
}

static void unaligned_bytes_are_copied(void **state)
{
    (void)state;
    const char *header = "{\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                         "\"l\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[1,9]}}";
    write_raw(strlen(header), header, strlen(header), 9);
    struct bough_tensor_file *file;
    assert_ok(bough_tensor_file_open(&file, path));
    const struct bough_file_tensor *label = bough_tensor_file_find(file, "l");
    assert_int_equal((uintptr_t)label->data % 8, 0);
    assert_memory_equal(label->data, "\1\2\3\4\5\6\7\10", 8);
    bough_tensor_file_close(&file);
}

static void a_writer_refuses_mistakes(void **state)
{
    (void)state;
    struct bough_tensor_writer *writer;
    assert_fails(bough_tensor_writer_create(&writer, "/nowhere/x"), BOUGH_DATA,
                 "/nowhere/x: cannot write");
    assert_null(writer);
    assert_ok(bough_tensor_writer_create(&writer, path));
    assert_ok(bough_tensor_writer_declare(writer, "a", BOUGH_F32, SHAPE(2)));
    assert_ok(bough_tensor_writer_metadata(writer, "k", "1"));
    assert_fails(bough_tensor_writer_declare(writer, "a", BOUGH_F32, SHAPE(2)), BOUGH_INVALID,
                 "\"a\" stands already");
    assert_fails(bough_tensor_writer_metadata(writer, "k", "2"), BOUGH_INVALID, "stands already");
    assert_fails(bough_tensor_writer_declare(writer, "__metadata__", BOUGH_F32, SHAPE(2)),
                 BOUGH_INVALID, "__metadata__");
    assert_fails(bough_tensor_writer_declare(writer, "\xff", BOUGH_F32, SHAPE(2)), BOUGH_INVALID,
                 "no UTF-8");
    assert_fails(bough_tensor_writer_declare(writer, "n", BOUGH_F32, SHAPE(-1)), BOUGH_INVALID,
                 "[-1]");
    assert_fails(bough_tensor_writer_declare(writer, "n", BOUGH_F32, SHAPE(INT64_MAX / 2, 3)),
                 BOUGH_INVALID, "no shape that fits");
    assert_fails(bough_tensor_writer_declare(writer, "n", BOUGH_U8, SHAPE(INT64_MAX)),
                 BOUGH_INVALID, "no shape that fits");
    assert_fails(bough_tensor_writer_write(writer, "123456789", 9), BOUGH_INVALID,
                 "9 bytes more, only 8 are declared");
    assert_ok(bough_tensor_writer_write(writer, "1234567", 7));
    assert_fails(bough_tensor_writer_declare(writer, "b", BOUGH_F32, SHAPE(2)), BOUGH_INVALID,
                 "comes after the first write");
    assert_fails(bough_tensor_writer_metadata(writer, "b", ""), BOUGH_INVALID,
                 "comes after the first write");
    assert_fails(bough_tensor_writer_commit(writer), BOUGH_INVALID,
                 "7 bytes written, 8 are declared");
    bough_tensor_writer_destroy(&writer);
    bough_tensor_writer_destroy(&writer);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_not_equal(access(part, F_OK), 0);
}

static enum bough_status write_zeros(size_t pieces)
{
    static const char zeros[1000];
    struct bough_tensor_writer *writer;
    enum bough_status status = bough_tensor_writer_create(&writer, path);
    if (status == BOUGH_OK)
        status = bough_tensor_writer_declare(writer, "x", BOUGH_U8,
                                             SHAPE((int64_t)(pieces * sizeof zeros)));
    for (size_t i = 0; status == BOUGH_OK && i < pieces; i++)
        status = bough_tensor_writer_write(writer, zeros, sizeof zeros);
    if (status == BOUGH_OK)
        status = bough_tensor_writer_commit(writer);
    bough_tensor_writer_destroy(&writer);
    return status;
}

static void a_full_disk_leaves_nothing(void **state)
{
    (void)state;
    struct rlimit limit, old;
    getrlimit(RLIMIT_FSIZE, &old);
    limit = old;
    limit.rlim_cur = 100000;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    enum bough_status status = write_zeros(1000);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_fails(status, BOUGH_DATA, "a.safetensors: cannot write: File too large");
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_not_equal(access(part, F_OK), 0);
}

// What a damaged file is told to be: its header, how many bytes follow, and the message.
static const struct {
    const char *header;
    size_t data_bytes;
    const char *message;
} damaged[] = {
    {"", 0, "header, byte 0: '[' or '{' expected"},
    {"[]", 0, "header, byte 0: a JSON list, wanted a JSON object"},
    {"{\"a\":", 0, "wanted a JSON object"},
    {"{\"a\":1}", 0, "\"a\": dtype missing, wanted F32, F64, F16, BF16"},
    {"{\"a\":{\"dtype\":\"F8\",\"shape\":[],\"data_offsets\":[0,1]}}", 1, "dtype F8, wanted F32"},
    {"{\"a\":{\"dtype\":7,\"shape\":[],\"data_offsets\":[0,1]}}", 1, "dtype missing"},
    {"{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,1]}}", 1, "no list \"shape\""},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,1]}}", 1,
     "9 dimensions, wanted at most 8"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[-1],\"data_offsets\":[0,1]}}", 1,
     "a dimension that is no whole number"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1.5],\"data_offsets\":[0,1]}}", 1,
     "a dimension that is no whole number"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0,
     "overflow 64 bits"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,1],\"data_offsets\":[0,0]}}", 0,
     "overflow 64 bits"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[99999999999999999999],\"data_offsets\":[0,0]}}", 0,
     "too big integer"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}", 1,
     "damaged \"data_offsets\", wanted [begin, end]"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0]}}", 1,
     "damaged \"data_offsets\""},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,0]}}", 1, "damaged \"data_off"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[-1,0]}}", 1, "damaged \"data_off"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[9],\"data_offsets\":[0,9]}}", 8,
     "data_offsets end at 9, wanted at most the 8 bytes that the file holds"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,7]}}", 7,
     "data_offsets span 7 bytes, wanted 8 for its shape"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
     "\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}",
     3, "\"b\": data_offsets overlap at 1, wanted 2"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
     "\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[3,5]}}",
     5, "\"b\": data_offsets leave a hole at 3, wanted 2"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}", 3, "leave a hole at 1"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}", 5,
     "3 bytes behind the last tensor, wanted none"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
     "\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}",
     1, "duplicate object key"},
    {"{\"__metadata__\":7}", 0, "\"__metadata__\": no object"},
    {"{\"__metadata__\":{\"k\":7}}", 0, "\"k\": no text, wanted text to text"},
    {"{} x", 0, "end of file expected"},
    {"{\"\xff\":1}", 0, "wanted a JSON object"},
};

static void damage_is_told(void **state)
{
    (void)state;
    struct bough_tensor_file *file;
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        const char *header = damaged[i].header;
        write_raw(strlen(header), header, strlen(header), damaged[i].data_bytes);
        assert_fails(bough_tensor_file_open(&file, path), BOUGH_DATA, damaged[i].message);
        assert_null(file);
        assert_memory_equal(bough_last_error(), path, strlen(path));
    }
}

static void a_header_that_lies_is_told(void **state)
{
    (void)state;
    struct bough_tensor_file *file;
    assert_fails(bough_tensor_file_open(&file, "/nowhere"), BOUGH_DATA, "/nowhere: cannot open");
    assert_fails(bough_tensor_file_open(&file, "/"), BOUGH_DATA, "no regular file");
    write_raw(UINT64_C(100) << 30, "{}", 2, 0);
    assert_fails(bough_tensor_file_open(&file, path), BOUGH_DATA,
                 "byte 0: a header of 107374182400 bytes, wanted at most 100000000");
    write_raw(UINT64_MAX, "{}", 2, 0);
    assert_fails(bough_tensor_file_open(&file, path), BOUGH_DATA, "wanted at most 100000000");
    write_raw(3, "{}", 2, 0);
    assert_fails(bough_tensor_file_open(&file, path), BOUGH_DATA,
                 "byte 0: a header of 3 bytes, wanted at most the 2 that the file holds");
    for (int size = 0; size < 8; size++) {
        assert_int_equal(truncate(path, size), 0);
        assert_fails(bough_tensor_file_open(&file, path), BOUGH_DATA, "wanted 8 for the length");
    }
}

static void another_kind_of_file_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *message;
    } other[] = {
        {"a,b,label\n1,2,0\n", "not a safetensors file: it looks like CSV text; bough-data csv"},
        {"\xef\xbb\xbfGr\xc3\xb6\xc3\x9f"
         "e;b\r\n1,5;2\r\n",
         "it looks like CSV text; "},
        {"a,b\n1", "it looks like CSV text; "},
        {"a\tb\n1\t2\n", "it looks like CSV text; "},
        {"data: mine.safetensors\ntrunk:\n  - relu\n", "it looks like text; bough-data --help"},
        {"{\"a\": [1, 2, 3]}\n", "it looks like JSON or other text; bough-data --help"},
        {"\x89PNG\r\n\x1a\n....", "it looks like a PNG image; bough-data png makes"},
        {"\xff\xd8\xff\xe0....", "it looks like a JPEG image; bough-data --help"},
        {"PK\3\4........", "it looks like a zip archive, as numpy and PyTorch write"},
        {"\x93NUMPY....", "it looks like an array of numpy; safetensors.numpy.save_file"},
        {"a\1b,........", "byte 0: a header of "},
    };
    struct bough_tensor_file *file;
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        FILE *stream = fopen(path, "wb");
        assert_non_null(stream);
        fputs(other[i].bytes, stream);
        assert_int_equal(fclose(stream), 0);
        assert_fails(bough_tensor_file_open(&file, path), BOUGH_DATA, other[i].message);
        assert_memory_equal(bough_last_error(), path, strlen(path));
    }
}

static void nesting_does_not_end_the_stack(void **state)
{
    (void)state;
    struct bough_tensor_file *file;
    const size_t depth = 1000000;
    char *header = malloc(depth);
    memset(header, '[', depth);
    write_raw(depth, header, depth, 0);
    free(header);
    assert_fails(bough_tensor_file_open(&file, path), BOUGH_DATA, "wanted a JSON object");
}

static void a_field_is_found_or_told(void **state)
{
    (void)state;
    const char *header = "{\"train/x\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
                         "\"train/y\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[2,5]},"
                         "\"test/one\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[5,6]},"
                         "\"test/x/y\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[6,7]}}";
    write_raw(strlen(header), header, strlen(header), 7);
    struct bough_tensor_file *file;
    const struct bough_file_tensor *tensor;
    assert_ok(bough_tensor_file_open(&file, path));
    assert_ok(bough_dataset_field(&tensor, file, "test", "x/y"));
    assert_string_equal(tensor->name, "test/x/y");
    assert_fails(bough_dataset_field(&tensor, file, "train", "x"), BOUGH_DATA,
                 "train/x: 2 samples, but train/y has 3");
    assert_null(tensor);
    assert_fails(bough_dataset_field(&tensor, file, "test", "one"), BOUGH_DATA, "a single number");
    assert_fails(bough_dataset_field(&tensor, file, "train", "z"), BOUGH_DATA,
                 "no field train/z; split train has x, y");
    assert_fails(bough_dataset_field(&tensor, file, "tests", "x/y"), BOUGH_DATA,
                 "no split `tests`; there is train, test");
    bough_tensor_file_close(&file);
}

// Reads every byte of every tensor, so that a sanitizer sees a view that leaves the file.
static uint64_t touch(const struct bough_tensor_file *file)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < bough_tensor_file_count(file); i++) {
        const struct bough_file_tensor *tensor = bough_tensor_file_at(file, i);
        const unsigned char *bytes = tensor->data;
        for (size_t k = 0; k < tensor->bytes; k++)
            sum += bytes[k];
    }
    return sum;
}

// One to four bytes changed, or the end cut off, all drawn from the round's number.
static size_t mutate(unsigned char *bytes, size_t size, unsigned int round)
{
    struct random4 how = random_bits(1, 2, round, 0, 0, 0);
    const unsigned int changes = how.v[0] % 5;
    for (unsigned int i = 0; i < changes; i++) {
        struct random4 r = random_bits(1, 2, round, i, 1, 0);
        const char *pool = "0123456789-[]{},:\"e.\\";
        size_t at = r.v[0] % (r.v[1] % 4 == 0 ? 8 : size);
        bytes[at] = r.v[2] % 2 ? (unsigned char)pool[r.v[3] % strlen(pool)] : (unsigned char)r.v[3];
    }
    return how.v[1] % 4 == 0 || changes == 0 ? how.v[2] % size : size;
}

static void mutations_never_crash(void **state)
{
    (void)state;
    const char *header = "{\"__metadata__\":{\"classes/y\":\"a\\nb\"},"
                         "\"train/x\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
                         "\"train/y\":{\"dtype\":\"I64\",\"shape\":[2],\"data_offsets\":[24,40]},"
                         "\"test/x\":{\"dtype\":\"U8\",\"shape\":[5],\"data_offsets\":[40,45]}}   ";
    unsigned char valid[512], bytes[512];
    write_raw(strlen(header), header, strlen(header), 45);
    FILE *stream = fopen(path, "rb");
    const size_t size = fread(valid, 1, sizeof valid, stream);
    fclose(stream);
    int opened = 0, refused = 0;
    for (unsigned int round = 0; round < 6000; round++) {
        memcpy(bytes, valid, size);
        size_t length = mutate(bytes, size, round);
        remove(path); // cutting an old file to 0 makes some file systems wait for the disk
        stream = fopen(path, "wb");
        fwrite(bytes, 1, length, stream);
        fclose(stream);
        struct bough_tensor_file *file;
        enum bough_status status = bough_tensor_file_open(&file, path);
        assert_true(status == BOUGH_OK || status == BOUGH_DATA);
        if (file)
            touch(file);
        status == BOUGH_OK ? opened++ : refused++;
        bough_tensor_file_close(&file);
    }
    assert_true(opened > 100 && refused > 1000);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, test_folder_end)
    const struct CMUnitTest tests[] = {
        CASE(what_is_written_reads_back),
        CASE(the_layout_is_the_formats),
        CASE(no_tensor_is_a_file_too),
        CASE(unaligned_bytes_are_copied),
        CASE(a_writer_refuses_mistakes),
        CASE(a_full_disk_leaves_nothing),
        CASE(damage_is_told),
        CASE(a_header_that_lies_is_told),
        CASE(another_kind_of_file_is_named),
        CASE(nesting_does_not_end_the_stack),
        CASE(a_field_is_found_or_told),
        CASE(mutations_never_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
