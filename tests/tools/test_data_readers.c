// The readers of other formats, called in process.
#include "tools/data_support.h"

#include "cl/random.h"
#include "csv_reader.h"
#include "idx.h"
#include "png_image.h"
#include "png_save.h"
#include "resize.h"
#include "text_value.h"

#include <unistd.h>

// ---- IDX ----

static const struct {
    int type;
    enum bough_dtype dtype;
    const char *bytes; // two elements, big-endian
    double value[2];
} types[] = {
    {0x08, BOUGH_U8, "\x01\xff", {1, 255}},
    {0x09, BOUGH_I8, "\x01\xff", {1, -1}},
    {0x0B, BOUGH_I16, "\x01\x02\xff\xfe", {258, -2}},
    {0x0C, BOUGH_I32, "\x01\x02\x03\x04\xff\xff\xff\xfe", {16909060, -2}},
    {0x0D, BOUGH_F32, "\x3f\xc0\x00\x00\xc0\x00\x00\x00", {1.5, -2}},
    {0x0E, BOUGH_F64, "\x3f\xf8\0\0\0\0\0\0\xc0\0\0\0\0\0\0\0", {1.5, -2}},
};

static double value_of(const void *elements, enum bough_dtype dtype, int i)
{
    switch (dtype) {
    case BOUGH_U8:
        return ((const uint8_t *)elements)[i];
    case BOUGH_I8:
        return ((const int8_t *)elements)[i];
    case BOUGH_I16:
        return ((const int16_t *)elements)[i];
    case BOUGH_I32:
        return ((const int32_t *)elements)[i];
    case BOUGH_F32:
        return (double)((const float *)elements)[i];
    default:
        return ((const double *)elements)[i];
    }
}

static void idx_reads_every_type(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct idx idx;
        double elements[2];
        write_idx("a", types[i].type, 2, SIZES(2, 1), types[i].bytes,
                  2 * bough_dtype_size(types[i].dtype));
        assert_int_equal(idx_open(&idx, in_folder("a")), BOUGH_OK);
        assert_int_equal(idx.dtype, types[i].dtype);
        assert_int_equal(idx.shape.rank, 2);
        assert_int_equal(idx_read(&idx, elements, 2), BOUGH_OK);
        assert_int_equal(idx_end(&idx), BOUGH_OK);
        for (int k = 0; k < 2; k++)
            assert_true(value_of(elements, idx.dtype, k) == types[i].value[k]);
        idx_close(&idx);
    }
}

// Reads all that a file holds, by pieces of 7 elements.
static enum bough_status read_idx(const char *path)
{
    struct idx idx;
    double elements[7];
    enum bough_status status = idx_open(&idx, path);
    if (status != BOUGH_OK)
        return status;
    const int64_t total = bough_shape_elements(&idx.shape);
    for (int64_t at = 0; at < total && status == BOUGH_OK; at += 7)
        status = idx_read(&idx, elements, total - at < 7 ? total - at : 7);
    if (status == BOUGH_OK)
        status = idx_end(&idx);
    idx_close(&idx);
    return status;
}

// One to four bytes changed, or the end cut off, all drawn from the round's number.
static size_t mutate(unsigned char *bytes, size_t size, unsigned int round)
{
    const struct random4 how = random_bits(3, 4, round, 0, 0, 0);
    const unsigned int changes = how.v[0] % 5;
    for (unsigned int i = 0; i < changes; i++) {
        const struct random4 r = random_bits(3, 4, round, i, 1, 0);
        bytes[r.v[0] % (r.v[1] % 2 ? size : 16)] =
            (unsigned char)(r.v[2] % 3 ? r.v[3] % 16 : r.v[3]);
    }
    return how.v[1] % 4 == 0 || changes == 0 ? how.v[2] % size : size;
}

static void mutations_of(const char *name, unsigned int rounds,
                         enum bough_status (*read)(const char *path))
{
    unsigned char valid[2048], bytes[2048];
    const size_t size = read_file(valid, sizeof valid, name);
    assert_int_equal(read(in_folder(name)), BOUGH_OK);
    unsigned int fine = 0;
    for (unsigned int round = 0; round < rounds; round++) {
        memcpy(bytes, valid, size);
        write_bytes("mutant", bytes, mutate(bytes, size, round));
        const enum bough_status status = read(in_folder("mutant"));
        assert_true(status == BOUGH_OK || status == BOUGH_DATA);
        fine += status == BOUGH_OK;
    }
    assert_true(fine < rounds);
}

static void idx_mutations_never_crash(void **state)
{
    (void)state;
    unsigned char idx[600], elements[500];
    for (int i = 0; i < 500; i++)
        elements[i] = (unsigned char)(i * i);
    write_idx("a", 0x0B, 3, SIZES(5, 5, 10), elements, 500);
    mutations_of("a", 6000, read_idx);
    gzFile stream = gzopen(in_folder("z"), "wb");
    gzwrite(stream, idx, (unsigned)build_idx(idx, 8, 2, SIZES(20, 25), elements, 500));
    gzclose(stream);
    mutations_of("z", 3000, read_idx);
}

// ---- PNG ----

static const png_color greys[] = {{0, 0, 0}, {7, 7, 7}, {255, 255, 255}};
static const png_color colours[] = {{1, 2, 3}, {4, 5, 6}, {255, 0, 9}, {8, 8, 8}};

// Two by two pixels of every kind: what is read, [channels, 2, 2].
static const struct {
    const char *name;
    struct png_spec spec;
    int channels;
    uint8_t wanted[12];
} pictures[] = {
    {"grey 1",
     {2, 2, 1, PNG_COLOR_TYPE_GRAY, .rows = (const uint8_t *)"\x80\x40"},
     1,
     {255, 0, 0, 255}},
    {"grey 2",
     {2, 2, 2, PNG_COLOR_TYPE_GRAY, .rows = (const uint8_t *)"\x10\xb0"},
     1,
     {0, 85, 170, 255}},
    {"grey 4",
     {2, 2, 4, PNG_COLOR_TYPE_GRAY, .rows = (const uint8_t *)"\x01\xef"},
     1,
     {0, 17, 238, 255}},
    {"grey 8",
     {2, 2, 8, PNG_COLOR_TYPE_GRAY, .rows = (const uint8_t *)"\1\2\3\4"},
     1,
     {1, 2, 3, 4}},
    {"grey 16",
     {2, 2, 16, PNG_COLOR_TYPE_GRAY, .rows = (const uint8_t *)"\0\0\xff\xff\x80\x80\1\2"},
     1,
     {0, 255, 128, 1}},
    {"grey 8, interlaced",
     {2, 2, 8, PNG_COLOR_TYPE_GRAY, .interlace = 1, .rows = (const uint8_t *)"\1\2\3\4"},
     1,
     {1, 2, 3, 4}},
    {"grey and alpha",
     {2, 2, 8, PNG_COLOR_TYPE_GRAY_ALPHA,
      .rows = (const uint8_t *)"\xc8\xff\xc8\0\xc8\x80\x64\x40"},
     1,
     {200, 0, 100, 25}},
    {"rgb 8",
     {2, 2, 8, PNG_COLOR_TYPE_RGB, .rows = (const uint8_t *)"\1\2\3\4\5\6\7\10\11\12\13\14"},
     3,
     {1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12}},
    {"rgb 16",
     {2, 2, 16, PNG_COLOR_TYPE_RGB,
      .rows = (const uint8_t *)"\1\1\2\2\3\3\4\4\5\5\6\6\7\7\10\10\11\11\12\12\13\13\14\14"},
     3,
     {1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12}},
    {"rgb and alpha",
     {2, 2, 8, PNG_COLOR_TYPE_RGB_ALPHA,
      .rows = (const uint8_t *)"\1\2\3\xff\4\5\6\0\310\144\62\x80\12\13\14\xff"},
     3,
     {1, 0, 100, 10, 2, 0, 50, 11, 3, 0, 25, 12}},
    {"palette",
     {2, 2, 2, PNG_COLOR_TYPE_PALETTE, .rows = (const uint8_t *)"\x10\xb0", .palette = colours,
      .colours = 4},
     3,
     {1, 4, 255, 8, 2, 5, 0, 8, 3, 6, 9, 8}},
    {"palette of greys",
     {2, 2, 8, PNG_COLOR_TYPE_PALETTE, .rows = (const uint8_t *)"\0\1\2\1", .palette = greys,
      .colours = 3},
     1,
     {0, 7, 255, 7}},
    {"palette and alpha",
     {2, 2, 8, PNG_COLOR_TYPE_PALETTE, .rows = (const uint8_t *)"\0\1\2\1", .palette = greys,
      .colours = 3, .alpha = (const uint8_t *)"\xff\0\x80", .alphas = 3},
     1,
     {0, 0, 128, 0}},
};

static void png_reads_every_kind(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pictures / sizeof *pictures; i++) {
        struct png_size size;
        uint8_t pixels[12] = {0};
        write_png("a.png", &pictures[i].spec);
        assert_int_equal(png_probe(&size, in_folder("a.png")), BOUGH_OK);
        assert_int_equal(size.width, 2);
        assert_int_equal(size.height, 2);
        assert_int_equal(png_load(pixels, &size, in_folder("a.png")), BOUGH_OK);
        if (size.channels != pictures[i].channels ||
            memcmp(pixels, pictures[i].wanted, 4 * (size_t)size.channels) != 0)
            fail_msg("%s: %d channels: %d %d %d %d", pictures[i].name, (int)size.channels,
                     pixels[0], pixels[1], pixels[2], pixels[3]);
    }
}

static void png_grey_becomes_colour(void **state)
{
    (void)state;
    const struct png_size size = {3, 2, 2};
    uint8_t pixels[12];
    write_png("a.png", &pictures[3].spec);
    assert_int_equal(png_load(pixels, &size, in_folder("a.png")), BOUGH_OK);
    assert_memory_equal(pixels, "\1\2\3\4\1\2\3\4\1\2\3\4", 12);
}

static enum bough_status read_png(const char *path)
{
    struct png_size size;
    enum bough_status status = png_probe(&size, path);
    if (status != BOUGH_OK)
        return status;
    if (size.width * size.height > 1 << 20) // valid, and slow to try
        return BOUGH_DATA;
    uint8_t *pixels = malloc((size_t)(size.channels * size.width * size.height));
    status = png_load(pixels, &size, path);
    free(pixels);
    return status;
}

static void png_mutations_never_crash(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pictures / sizeof *pictures; i++) {
        write_png("a.png", &pictures[i].spec);
        mutations_of("a.png", 200, read_png);
    }
}

static void png_saved_is_loaded(void **state)
{
    (void)state;
    const struct png_size size = {3, 2, 2};
    uint8_t pixels[12];
    assert_int_equal(png_save(in_folder("s.png"), (const uint8_t *)"abcdefghijkl", 2, 2), BOUGH_OK);
    assert_int_equal(png_load(pixels, &size, in_folder("s.png")), BOUGH_OK);
    assert_memory_equal(pixels, "adgjbehkcfil", 12);
    assert_int_equal(count_names(test_folder()), 1);
}

// ---- CSV ----

static void csv_reads_quotes_and_line_ends(void **state)
{
    (void)state;
    struct csv_reader csv;
    write_text("a.csv", "\xef\xbb\xbf"
                        "path,\"a,\"\"b\"\"\"\r\n\r\nx,\"1\n2\"\n,\n\"\",z\n a b \t, \" c \" ");
    assert_int_equal(csv_reader_open(&csv, in_folder("a.csv"), 0), BOUGH_OK);
    static const struct {
        int line, columns;
        const char *field[2];
    } wanted[] = {{1, 2, {"path", "a,\"b\""}},
                  {3, 2, {"x", "1\n2"}},
                  {5, 2, {"", ""}},
                  {6, 2, {"", "z"}},
                  {7, 2, {"a b", " c "}}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        assert_int_equal(csv_reader_next(&csv), BOUGH_OK);
        assert_int_equal(csv.line, wanted[i].line);
        assert_int_equal(csv.cells, wanted[i].columns);
        for (int k = 0; k < csv.cells; k++)
            assert_string_equal(csv.cell[k].text, wanted[i].field[k]);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(csv_reader_next(&csv), BOUGH_OK);
        assert_int_equal(csv.cells, 0);
    }
    csv_reader_close(&csv);
}

static void csv_finds_the_separator(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int columns;
        const char *last;
    } wanted[] = {
        {"a,b,c\n", 3, "c"},
        {"a;b;4,2\n", 3, "4,2"},
        {"a\tb c\t1;2\n", 3, "1;2"},
        {"a;\"b,,,\";c", 3, "c"},
        {"a\n;;;", 1, "a"},
        {"a\t\t\n", 3, ""},
        {"sep=;\r\na,b;c\r\n", 2, "c"},
        {"\"a\n,,\";b", 2, "b"},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        struct csv_reader csv;
        write_text("a.csv", wanted[i].text);
        assert_int_equal(csv_reader_open(&csv, in_folder("a.csv"), 0), BOUGH_OK);
        assert_int_equal(csv_reader_next(&csv), BOUGH_OK);
        assert_int_equal(csv.cells, wanted[i].columns);
        assert_string_equal(csv.cell[csv.cells - 1].text, wanted[i].last);
        csv_reader_close(&csv);
    }
}

static void text_is_utf8_or_not(void **state)
{
    (void)state;
    static const char *const good[] = {"",
                                       "a",
                                       "\xc3\xa9",
                                       "\xe2\x82\xac",
                                       "\xf0\x9f\x98\x80",
                                       "\xed\x9f\xbf",
                                       "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {"\x80",
                                      "\xc3",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xe2\x82",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "a\xff"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(text_is_utf8(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(text_is_utf8(bad[i], strlen(bad[i])));
}

static enum bough_status read_csv(const char *path)
{
    struct csv_reader csv;
    enum bough_status status = csv_reader_open(&csv, path, 0);
    if (status != BOUGH_OK)
        return status;
    size_t length = 0;
    do {
        status = csv_reader_next(&csv);
        for (int i = 0; status == BOUGH_OK && i < csv.cells; i++)
            length += strlen(csv.cell[i].text);
    } while (status == BOUGH_OK && csv.cells > 0);
    csv_reader_close(&csv);
    return length > 100000 ? BOUGH_INTERNAL : status;
}

static void csv_mutations_never_crash(void **state)
{
    (void)state;
    write_text("a.csv", "path,a,\"b c\"\r\n\"x\"\"y\",1,2\n\n,\"\",\"\n\"\nz,5,\"6\"");
    mutations_of("a.csv", 4000, read_csv);
}

// ---- Resizing ----

static void resizing_keeps_what_it_should(void **state)
{
    (void)state;
    uint8_t from[6 * 8], to[64 * 64];
    for (int i = 0; i < 48; i++)
        from[i] = (uint8_t)(i * 5);
    assert_int_equal(resize_planes(to, 6, 8, from, 6, 8, 1), BOUGH_OK);
    assert_memory_equal(to, from, 48); // the same size: the same
    memset(from, 77, sizeof from);
    static const int sides[] = {1, 3, 7, 64};
    for (int h = 0; h < 4; h++) {
        for (int w = 0; w < 4; w++) {
            assert_int_equal(resize_planes(to, sides[h], sides[w], from, 6, 8, 1), BOUGH_OK);
            for (int i = 0; i < sides[h] * sides[w]; i++)
                assert_int_equal(to[i], 77); // flat stays flat
        }
    }
    const uint8_t edge[] = {0, 0, 0, 0, 200, 200, 200, 200};
    assert_int_equal(resize_planes(to, 1, 2, edge, 1, 8, 1), BOUGH_OK);
    assert_in_range(to[0], 1, 60); // each a weighted mean, darker and brighter
    assert_in_range(to[1], 140, 199);
    assert_int_equal(to[0] + to[1], 200);
    const uint8_t two[] = {0, 100};
    assert_int_equal(resize_planes(to, 1, 4, two, 1, 2, 1), BOUGH_OK);
    assert_memory_equal(to, "\0\31\113\144", 4); // 0, 25, 75, 100
}

static void nearest_takes_the_pixel_at_the_centre(void **state)
{
    (void)state;
    uint8_t from[36], to[28];
    for (int i = 0; i < 36; i++)
        from[i] = (uint8_t)i;
    resize_nearest(to, 1, 28, from, 1, 36);
    for (int i = 0; i < 28; i++)
        assert_int_equal(to[i], (int)((i + 0.5) * 36 / 28));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, test_folder_begin, test_folder_end)
    const struct CMUnitTest tests[] = {
        CASE(idx_reads_every_type),           CASE(idx_mutations_never_crash),
        CASE(png_reads_every_kind),           CASE(png_grey_becomes_colour),
        CASE(png_mutations_never_crash),      CASE(png_saved_is_loaded),
        CASE(csv_reads_quotes_and_line_ends), CASE(csv_mutations_never_crash),
        CASE(csv_finds_the_separator),        CASE(text_is_utf8_or_not),
        CASE(resizing_keeps_what_it_should),  CASE(nearest_takes_the_pixel_at_the_centre),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
