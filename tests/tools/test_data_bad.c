// Bad IDX, PNG and CSV files.
#include "tools/data_bad.h"

#include <unistd.h>

static const unsigned char zeros[2048];

static void idx_images(uint32_t count, size_t bytes)
{
    write_idx("images", 8, 3, SIZES(count, 2, 2), zeros, bytes);
}

static void idx_labels(uint32_t count, const void *labels)
{
    write_idx("labels", 8, 1, SIZES(count), labels, count);
}

static void write_gzip(const char *name, size_t keep, size_t damage)
{
    unsigned char bytes[4096];
    gzFile stream = gzopen(in_folder(name), "wb");
    unsigned char idx[600];
    for (size_t i = 0; i < sizeof idx; i++)
        idx[i] = (unsigned char)(i * i * 7 + i / 3);
    gzwrite(stream, idx, (unsigned)build_idx(idx, 8, 1, SIZES(592), idx + 8, 592));
    gzclose(stream);
    const size_t size = read_file(bytes, sizeof bytes, name);
    if (damage)
        bytes[damage] ^= 0x55;
    write_bytes(name, bytes, keep ? keep : size);
}

static void make_idx_missing(void)
{
}
static void make_idx_empty(void)
{
    write_text("images", "");
}
static void make_idx_magic(void)
{
    write_text("images", "\x89PNG\r\n\x1a\n  ");
}
static void make_idx_type(void)
{
    write_idx("images", 0x0a, 1, SIZES(1), zeros, 1);
}
static void make_idx_rank_0(void)
{
    write_idx("images", 8, 0, SIZES(0), zeros, 1);
}
static void make_idx_rank_9(void)
{
    write_idx("images", 8, 9, SIZES(1, 1, 1, 1, 1, 1, 1, 1, 1), zeros, 1);
}
static void make_idx_no_sizes(void)
{
    write_bytes("images", "\0\0\x08\x03\0\0\0\1\0", 9);
}
static void make_idx_truncated(void)
{
    idx_images(3, 11);
}
static void make_idx_longer(void)
{
    idx_images(3, 13);
}
static void make_idx_overflow(void)
{
    write_idx("images", 8, 3, SIZES(~0u, ~0u, ~0u), zeros, 8);
}
static void make_idx_huge(void)
{
    write_idx("images", 8, 3, SIZES(60000, 60000, 60000), zeros, 8);
}
static void make_idx_huge_labels(void)
{
    write_idx("labels", 8, 2, SIZES(~0u, 1u << 28), zeros, 8);
}
static void make_idx_rank_8(void)
{
    write_idx("labels", 8, 8, SIZES(1, 1, 1, 1, 1, 1, 1, 0), zeros, 1);
}
static void make_idx_counts(void)
{
    idx_images(3, 12), idx_labels(2, zeros);
}
static void make_idx_negative(void)
{
    write_idx("labels", 9, 1, SIZES(3), "\1\377\376", 3);
}
static void make_idx_class(void)
{
    idx_labels(3, "\0\1\2");
}
static void make_gzip_truncated(void)
{
    write_gzip("images", 300, 0);
}
static void make_gzip_damaged(void)
{
    write_gzip("images", 0, 200);
}
static void make_folder_there(void)
{
    make_folder("images");
}

static void make_png_none(void)
{
    make_folder("d");
}

static void make_png_class(const char *name)
{
    make_folder("d");
    make_folder("d/a");
    write_grey("d/a/1.png", 3, 2, 9);
    write_grey(name, 3, 2, 7);
}

static void make_png_sizes(void)
{
    make_png_class("d/a/2.png"), write_grey("d/a/3.png", 2, 3, 1);
}
static void make_png_text(void)
{
    make_png_class("d/a/2.png"), write_text("d/a/2.png", "no picture");
}
static void make_png_jpeg(void)
{
    make_png_class("d/a/2.png"), write_text("d/a/2.png", "\xff\xd8\xff\xe0..JFIF....");
}
static void make_png_short(void)
{
    make_png_class("d/a/2.png"), write_text("d/a/2.png", "\x89PN");
}
static void make_png_empty(void)
{
    make_png_class("d/a/2.png"), write_text("d/a/2.png", "");
}
static void make_png_taller(void)
{
    make_png_class("d/a/2.png"), forge_png_size("d/a/2.png", 3, 4000);
}
static void make_png_all_taller(void)
{
    make_png_class("d/a/2.png");
    forge_png_size("d/a/1.png", 3, 4000);
    forge_png_size("d/a/2.png", 3, 4000);
}
static void make_png_all_shorter(void)
{
    make_png_class("d/a/2.png");
    forge_png_size("d/a/1.png", 3, 1);
    forge_png_size("d/a/2.png", 3, 1);
}
static void make_png_vast(void)
{
    make_png_class("d/a/2.png"), forge_png_size("d/a/1.png", 1u << 30, 1u << 30);
}
static void make_png_zero(void)
{
    make_png_class("d/a/2.png"), forge_png_size("d/a/1.png", 0, 2);
}

static void cut(const char *name, size_t size)
{
    assert_int_equal(truncate(in_folder(name), (off_t)size), 0);
}

static void make_png_truncated(void)
{
    make_png_class("d/a/2.png"), cut("d/a/2.png", 50);
}
static void make_png_header_cut(void)
{
    make_png_class("d/a/2.png"), cut("d/a/2.png", 20);
}

static void make_png_checksum(void)
{
    unsigned char bytes[1000];
    make_png_class("d/a/2.png");
    const size_t size = read_file(bytes, sizeof bytes, "d/a/2.png");
    bytes[size - 14] ^= 1; // in the checksum of the pixels
    write_bytes("d/a/2.png", bytes, size);
}

static void csv(const char *text)
{
    make_folder("d");
    write_grey("d/1.png", 3, 2, 9);
    write_text("l.csv", text);
}

static void make_csv_short(void)
{
    csv("path,a,b\n1.png,1,2\n1.png,1\n");
}
static void make_csv_long(void)
{
    csv("path,a\n\n1.png,1,2\n");
}
static void make_csv_empty(void)
{
    csv("");
}
static void make_csv_header(void)
{
    csv("path,a\n");
}
static void make_csv_twice(void)
{
    csv("path,a,a\n1.png,1,2\n");
}
static void make_csv_unnamed(void)
{
    csv("path,a,\n1.png,1,2\n");
}
static void make_csv_image(void)
{
    csv("path,image\n1.png,1\n");
}
static void make_csv_quote(void)
{
    csv("path,a\n1.png,\"x\n");
}
static void make_csv_behind(void)
{
    csv("path,a\n1.png,\"x\"y\n");
}
static void make_csv_file(void)
{
    csv("path,a\n2.png,1\n");
}
static void make_csv_utf8(void)
{
    csv("path,a\n1.png,\xff\xfe\n");
}
static void make_csv_break(void)
{
    csv("path,a\n1.png,\"x\ny\"\n");
}
static void make_csv_zero(void)
{
    csv("");
    write_bytes("l.csv", "path,a\n1.png,\0\n", 15);
}
static void make_csv_cell(void)
{
    csv("path,a,age\n1.png,x,1\n1.png,x,\"4;2\"\n1.png,x,3\n");
}
static void make_csv_infinite(void)
{
    csv("path,age\n1.png,1\n\n1.png,1e40\n");
}
static void make_csv_inf(void)
{
    csv("path;age\n1.png;1\n1.png;inf\n1.png;1,5\n");
}
static void make_csv_decimals(void)
{
    csv("path;age\n1.png;1,5\n1.png;1.200\n");
}
static void make_png_both(void)
{
    make_png_class("d/2.png");
}
static void make_png_latin(void)
{
    make_folder("d");
    write_grey("d/\xe9.png", 3, 2, 7);
}
static void make_csv_columns(void)
{
    csv("path,a\n1.png,1\n");
    write_text("m.csv", "path,b\n1.png,1\n");
}

static const struct bad_case bad[] = {
    {make_idx_missing, "idx --images images -o out", "images: cannot open: No such file"},
    {make_folder_there, "idx --images images -o out", "images: byte 0: Is a directory"},
    {make_idx_empty, "idx --images images -o out",
     "images: byte 0: the end of the file, wanted 4 bytes of magic"},
    {make_idx_magic, "idx --images images -o out",
     "images: byte 0: 89504e47, wanted 0000 and the type: no IDX file"},
    {make_idx_type, "idx --images images -o out", "images: byte 2: type 0x0a, wanted 0x08 (U8)"},
    {make_idx_rank_0, "idx --images images -o out", "images: byte 3: 0 dimensions, wanted 1 to 8"},
    {make_idx_rank_9, "idx --images images -o out", "images: byte 3: 9 dimensions, wanted 1 to 8"},
    {make_idx_no_sizes, "idx --images images -o out",
     "images: byte 9: the end of the file, wanted 12 bytes of sizes"},
    {make_idx_truncated, "idx --images images -o out",
     "images: byte 27: the end of the file, wanted 12 bytes of elements"},
    {make_idx_longer, "idx --images images -o out",
     "images: byte 28: more bytes, wanted the end after 12 bytes of elements"},
    {make_idx_overflow, "idx --images images -o out", "images: byte 8: sizes whose product"},
    {make_idx_huge, "idx --images images -o out",
     "images: byte 24: the end of the file, wanted 216000000000000 bytes of elements"},
    {make_idx_huge_labels, "idx --labels labels -o out", "labels: byte "},
    {make_idx_rank_8, "idx --labels labels -o out", "labels: byte 36: more bytes, wanted the end"},
    {make_idx_counts, "idx --images images --labels labels -o out",
     "labels: byte 4: 2 items, wanted 3, as many as images has"},
    {make_idx_negative, "idx --labels labels -o out",
     "labels: item 2: label -2, wanted 0 and up, or -1 for none"},
    {make_idx_class, "idx --labels labels --classes x,y -o out",
     "labels: item 2: label 2, classes are 0..1"},
    {make_gzip_truncated, "idx --images images -o out",
     "unexpected end of file, wanted 592 bytes of elements"},
    {make_gzip_damaged, "idx --images images -o out", "images: "},

    {make_png_none, "png nowhere -o out", "nowhere: cannot open: No such file"},
    {make_png_none, "png d -o out", "d: no PNG file, wanted some, or sub-folders with some"},
    {make_png_sizes, "png d -o out", "d/a/3.png: 2x3 pixels, wanted 3x2 as d/a/1.png has"},
    {make_png_text, "png d -o out", "d/a/2.png: no PNG image, wanted one"},
    {make_png_jpeg, "png d -o out",
     "d/a/2.png: no PNG image, it looks like a JPEG image; convert it first"},
    {make_png_short, "png d -o out", "d/a/2.png: byte 3: the file ends, wanted a whole PNG image"},
    {make_png_empty, "png d -o out", "d/a/2.png: an empty file, wanted a PNG image"},
    {make_png_taller, "png d -o out", "d/a/2.png: 3x4000 pixels, wanted 3x2"},
    {make_png_all_taller, "png d -o out", "d/a/1.png: byte "},
    {make_png_all_taller, "png d --resize 4x4 -o out", "d/a/1.png: byte "},
    {make_png_all_shorter, "png d -o out", "more pixels than the header tells, wanted a whole"},
    {make_png_vast, "png d -o out", "d/a/1.png: byte "},
    {make_png_zero, "png d -o out", "d/a/1.png: byte "},
    {make_png_truncated, "png d -o out",
     "d/a/2.png: byte 50: the file ends, wanted a whole PNG image"},
    {make_png_header_cut, "png d -o out",
     "d/a/2.png: byte 20: the file ends, wanted a whole PNG image"},
    {make_png_checksum, "png d -o out", "CRC error, wanted a whole PNG image"},

    {make_png_none, "png d --csv l.csv -o out", "l.csv: cannot open: No such file"},
    {make_csv_short, "png d --csv l.csv -o out", "l.csv: line 3: 2 columns, wanted 3"},
    {make_csv_long, "png d --csv l.csv -o out", "l.csv: line 3: 3 columns, wanted 2"},
    {make_csv_empty, "png d --csv l.csv -o out", "l.csv: no PNG file, wanted a line for each"},
    {make_csv_header, "png d --csv l.csv -o out", "l.csv: no PNG file, wanted a line for each"},
    {make_csv_cell, "png d --csv l.csv -o out",
     "l.csv: line 3, column \"age\": \"4;2\", wanted a number as in most of the column"},
    {make_csv_infinite, "png d --csv l.csv -o out",
     "l.csv: line 4, column \"age\": \"1e40\" is beyond F32, wanted -3.4e38 to 3.4e38"},
    {make_csv_inf, "png d --csv l.csv -o out",
     "l.csv: line 3, column \"age\": \"inf\", wanted a number"},
    {make_csv_decimals, "png d --csv l.csv -o out",
     "l.csv: line 3, column \"age\": \"1.200\" where other numbers have the other"},
    {make_png_both, "png d -o out", "d: PNG files beside sub-folders with PNG files"},
    {make_png_latin, "png d -o out", ".png: a name that is no UTF-8 text, wanted another"},
    {make_csv_twice, "png d --csv l.csv -o out", "l.csv: line 1: column \"a\" stands twice"},
    {make_csv_unnamed, "png d --csv l.csv -o out", "l.csv: line 1: column 3 has no name"},
    {make_csv_image, "png d --csv l.csv -o out", "\"train/image\" stands already"},
    {make_csv_quote, "png d --csv l.csv -o out",
     "l.csv: line 2, column 2: a quote that is never closed"},
    {make_csv_behind, "png d --csv l.csv -o out",
     "l.csv: line 2, column 2: \"y\" behind a closing quote"},
    {make_csv_file, "png d --csv l.csv -o out",
     "d/2.png: cannot open: No such file or directory (l.csv: line 2, a path from DIR on)"},
    {make_csv_utf8, "png d --csv l.csv -o out",
     "l.csv: line 2, column 2: no UTF-8 text, wanted a file in UTF-8"},
    {make_csv_break, "png d --csv l.csv -o out",
     "l.csv: line 2, column \"a\": \"x?y\" has a line break"},
    {make_csv_zero, "png d --csv l.csv -o out",
     "l.csv: line 2, column 2: a zero byte, wanted text"},
    {make_csv_columns, "png d --csv l.csv --csv test=m.csv -o out",
     "m.csv: line 1: column \"b\", wanted \"a\" as in the first file"},
};

static void bad_input_is_told(void **state)
{
    (void)state;
    assert_told(bad, sizeof bad / sizeof *bad);
}

// The old file stands as it was when making the new one fails.
static void an_old_output_stays(void **state)
{
    (void)state;
    char output[1000], bytes[10];
    write_text("out", "old");
    make_idx_truncated();
    assert_int_equal(run_data(output, sizeof output, "idx --images images -o out"), 3);
    assert_int_equal(read_file(bytes, sizeof bytes, "out"), 3);
    assert_memory_equal(bytes, "old", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_input_is_told),
        cmocka_unit_test_setup_teardown(an_old_output_stays, test_folder_begin, test_folder_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
