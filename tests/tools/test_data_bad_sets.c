// Bad data sets, safetensors files.
#include "tools/data_bad.h"

// A header, and as many bytes of data; the length as it should be.
static void set(const char *name, const char *header, size_t bytes)
{
    write_safetensors(name, strlen(header), header, bytes);
}

#define IMAGES(split, n, shape, to)                                                                \
    "\"" split "/image\":{\"dtype\":\"U8\",\"shape\":[" n "," shape "],\"data_offsets\":[0," to "]}"
#define LABELS(split, n, from, to)                                                                 \
    "\"" split "/label\":{\"dtype\":\"I64\",\"shape\":[" n "],\"data_offsets\":[" from "," to "]}"

static void make_set_header(void)
{
    write_safetensors("a", UINT64_C(100) << 30, "{}", 0);
}
static void make_set_truncated(void)
{
    write_safetensors("a", 300, "{}", 100);
}
static void make_set_overlap(void)
{
    set("a", "{" IMAGES("train", "1", "1,2,4", "8") "," LABELS("train", "1", "4", "12") "}", 12);
}
static void make_set_overflow(void)
{
    set("a", "{" IMAGES("train", "4294967296", "4294967296,2,4", "8") "}", 8);
}
static void make_set_counts(void)
{
    set("a", "{" IMAGES("train", "2", "1,2,2", "8") "," LABELS("train", "1", "8", "16") "}", 16);
}
static void make_set_types(void)
{
    set("a", "{" IMAGES("train", "1", "2,4", "8") "," LABELS("train", "1", "8", "16") "}", 16);
}
static void make_set_unlabelled(void)
{
    set("a", "{" IMAGES("train", "1", "1,2,4", "8") "}", 8);
}
static void make_set_none(void)
{
    set("a", "{}", 0);
}
static void make_set_class(void)
{
    const char *header = "{\"__metadata__\":{\"classes/label\":\"x\\ny\"}," IMAGES(
        "train", "2", "1,2,2", "8") "," LABELS("train", "2", "8", "24") "}";
    unsigned char bytes[1000] = {(unsigned char)strlen(header)};
    memcpy(bytes + 8, header, strlen(header));
    bytes[8 + strlen(header) + 16] = 2;
    write_bytes("a", bytes, 8 + strlen(header) + 24);
}
static void make_sets(void)
{
    set("a", "{" IMAGES("train", "1", "1,2,4", "8") "," LABELS("train", "1", "8", "16") "}", 16);
    set("b", "{" IMAGES("train", "1", "1,4,2", "8") "," LABELS("train", "1", "8", "16") "}", 16);
    set("c", "{\"train/other\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}", 2);
    set("d", "{\"__metadata__\":{\"k\":\"1\"}}", 0);
    set("e", "{\"__metadata__\":{\"k\":\"2\"}}", 0);
}

static void make_classes(void)
{
    write_idx("labels", 8, 1, SIZES(2), "\0\1", 2);
    assert_runs("idx --labels labels --classes x,y -o a");
    assert_runs("idx --labels labels --classes y,y --split test -o b");
    const char *header =
        "{\"__metadata__\":{\"classes/label\":\"y\"},\"dev/label\":{\"dtype\":\"U8\","
        "\"shape\":[1],\"data_offsets\":[0,1]}}\1"; // and the label behind it
    write_safetensors("c", strlen(header) - 1, header, 0);
}

static const struct bad_case bad[] = {
    {make_set_header, "info a", "a: byte 0: a header of 107374182400 bytes, wanted at most"},
    {make_set_truncated, "info a", "a: byte 0: a header of 300 bytes, wanted at most the 102"},
    {make_set_overlap, "info a", "a: header, tensor \"train/label\": data_offsets overlap at 4"},
    {make_set_overflow, "info a",
     "a: header, tensor \"train/image\": a shape whose bytes overflow"},
    {make_set_overlap, "show a -o out", "data_offsets overlap at 4, wanted 8"},
    {make_set_overlap, "merge a a -o out", "data_offsets overlap at 4, wanted 8"},
    {make_set_overlap, "split a --to b --count 1 -o out", "data_offsets overlap at 4, wanted 8"},
    {make_set_overlap, "compose --recipe mgda -i a -o out", "data_offsets overlap at 4, wanted 8"},
    {make_set_counts, "compose --recipe mgda -i a -o out",
     "a: train/image: 2 samples, but train/label has 1"},
    {make_set_types, "compose --recipe pareto -i a -o out",
     "a: train/image: U8 [1, 2, 4], wanted U8 [N, C, H, W]"},
    {make_set_unlabelled, "compose --recipe mgda -i a -o out",
     "a: no field train/label; split train has image"},
    {make_set_none, "compose --recipe mgda -i a -o out", "a: no tensor named split/field"},
    {make_set_class, "compose --recipe mgda -i a -o out",
     "a: train/label, row 1: label 2, classes are 0..1"},
    {make_sets, "compose --recipe mgda -i a -j b -o out",
     "b: train: images of 1x4x2, wanted 1x2x4 as in a"},
    {make_sets, "compose --recipe mgda -i a -j c -o out", "c: no field train/image"},
    {make_sets, "merge a b -o out", "b: train/image: stands in a too, wanted it once"},
    {make_sets, "merge a c -o out", "c: train/other: 2 samples, wanted 1 as train/image of a"},
    {make_sets, "merge d e -o out", "e: metadata \"k\": \"2\", wanted \"1\" as in d"},
    {make_classes, "merge a b -o out",
     "b: classes/label: \"y\" stands twice, wanted each name once"},
    {make_classes, "merge a c -o out", "c: dev/label, row 0: label 1, classes are 0..0"},
    {make_sets, "split a --from dev --to test --count 1 -o out", "a: no split \"dev\""},
    {make_sets, "split a --to train --count 1 -o out", "a: split \"train\" stands already"},
    {make_set_counts, "split a --to test --count 1 -o out", "a: train/image: 2 samples, but"},
    {make_sets, "show c -o out", "c: no field train/image"},
    {make_sets, "show a --split test -o out", "a: no split `test`; there is train"},
    {make_set_counts, "show a -o out", "a: train/image: 2 samples, but train/label has 1"},
    {make_sets, "merge a d -o no/out", "no/out: cannot write: No such file"},
    {make_sets, "show a -o no/out", "no/out: cannot write: No such file"},
    {make_sets, "show a -o .", ".: cannot write: it is no regular file"},
};

static void bad_input_is_told(void **state)
{
    (void)state;
    assert_told(bad, sizeof bad / sizeof *bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_input_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
