// Bad texts.
#include "tools/data_bad.h"

#include <unistd.h>

static void none(void)
{
}
static void folder(void)
{
    make_folder("a");
}
static void empty(void)
{
    write_text("a", "");
}
static void comments(void)
{
    write_text("a", "# nothing but this\n\n");
}
static void mark(void)
{
    write_text("a", "\xef\xbb\xbf");
}
static void utf8(void)
{
    write_text("a", "b O\n\xc3\xa9\xe9 O\n");
}
static void cut_utf8(void)
{
    write_text("a", "b O\nc\xe2\x82\n");
}
static void zero(void)
{
    write_bytes("a", "b O\nc \0 O\n", 10);
}
static void long_line(void)
{
    write_text("a", "b O\n");
    assert_int_equal(truncate(in_folder("a"), 100000000), 0);
}
static void longest_line(void)
{
    static char line[(1 << 20) + 2];
    memset(line, 'x', sizeof line);
    line[1 << 20] = '\n';
    write_bytes("a", line, sizeof line); // just short enough; then one that lacks a column
}
static void short_line(void)
{
    write_text("a", "b O\n\n\xc3\xa9t \n");
}
static void wide_line(void)
{
    write_text("a", "b O\n\xc3\xa9 O  more\n");
}
static void tag_first(void)
{
    write_text("a", "b B-x\n\nc I-x\n");
}
static void tag_behind_o(void)
{
    write_text("a", "b O\nc I-x\n");
}
static void tag_behind_other(void)
{
    write_text("a", "b B-xy\nc I-xy\nd I-x\n");
}
static void tag_long(void)
{
    char text[200] = "b O\nb ";
    memset(text + 6, 'x', 128);
    write_text("a", text);
}
static void no_token(void)
{
    write_text("a", "# intent: x\nb O\n\n\n# intent: y\n# more: z\n\nc O\n");
}
static void no_token_at_end(void)
{
    write_text("a", "b O\n\n# intent: y\n");
}
static void label_twice(void)
{
    write_text("a", "# i: x\n# i: y\nb O\n");
}
static void label_taken(void)
{
    write_text("a", "b O\n\n# words: y\nb O\n");
}
static void label_tag(void)
{
    write_text("a", "# tags: y\nb O\n");
}
static void gzip_cut(void)
{
    unsigned char bytes[4096];
    gzFile stream = gzopen(in_folder("a"), "wb");
    for (int i = 0; i < 2000; i++)
        gzprintf(stream, "%d O\n", i * i);
    gzclose(stream);
    write_bytes("a", bytes, read_file(bytes, sizeof bytes, "a") / 2);
}
static void no_tab(void)
{
    write_text("a", "b\tx\nc d\n");
}
static void more_tabs(void)
{
    write_text("a", "b\tx\t\n");
}
static void blank_line(void)
{
    write_text("a", "b\n\nc\n");
}
static void no_text(void)
{
    write_text("a", "b\tx\n \ty\n");
}
static void no_number(void)
{
    write_text("a", "b\t1\nc\t 1,5\n");
}
static void number_beyond(void)
{
    write_text("a", "b\t1e39\n");
}

static void csv_without_text(void)
{
    write_text("a", "text,x\nb,1\n");
}
static void csv_header(void)
{
    write_text("a", "text,x\n");
}
static void csv_short(void)
{
    write_text("a", "text,x\nb,1\nc\n");
}
static void csv_no_text(void)
{
    write_text("a", "text,x\nb,1\n\" \n\",2\n");
}
static void csv_twice(void)
{
    write_text("a", "text,x,x\nb,1,1\n");
}
static void csv_name(void)
{
    write_text("a", "text,length\nb,1\n");
}
static void csv_break(void)
{
    write_text("a", "text,x\nb,\"1\n2\"\n");
}

static void write_vocabulary(const char *lines)
{
    char header[300];
    const int length = snprintf(header, sizeof header, "{\"__metadata__\":{%s}}", lines);
    write_safetensors("v", (uint64_t)length, header, 0);
    write_text("a", "b\n");
}

static void vocabulary_missing(void)
{
    write_vocabulary("\"classes/x\":\"a\"");
}
static void vocabulary_other(void)
{
    write_vocabulary("\"vocabulary/tokens\":\"[PAD]\\n[UNK]\"");
}
static void vocabulary_twice(void)
{
    write_vocabulary("\"vocabulary/tokens\":\"<pad>\\n<unk>\\na\\nb\\na\"");
}

static void long_among_short(void)
{
    enum { LONG = 1000000, SHORT = 400 };
    char *text = malloc(2 * SHORT + LONG);
    for (int i = 0; i < 2 * SHORT + LONG; i += 2)
        memcpy(text + i, i < 2 * SHORT ? "a\n" : "b ", 2);
    write_bytes("a", text, 2 * SHORT + LONG);
    free(text);
}

static const struct bad_case bad[] = {
    {none, "text a -o o", "a: cannot open: No such file"},
    {folder, "text a -o o", "a: cannot read: Is a directory"},
    {empty, "text a -o o", "a: line 1, column 1: the end of the file, wanted a text"},
    {mark, "text a -o o", "a: line 1, column 1: a text without a token, wanted one"},
    {empty, "text --conll a -o o", "a: line 1, column 1: the end of the file, wanted a sentence"},
    {comments, "text --conll a -o o", "a: line 3, column 1: the end of the file, wanted a sent"},
    {utf8, "text --conll a -o o", "a: line 2, column 2: byte 0xe9 is no UTF-8, wanted a file in"},
    {cut_utf8, "text --conll a -o o", "a: line 2, column 2: byte 0xe2 is no UTF-8"},
    {utf8, "text a -o o", "a: line 2, column 2: byte 0xe9 is no UTF-8"},
    {zero, "text --conll a -o o", "a: line 2, column 3: a zero byte, wanted text"},
    {long_line, "text --conll a -o o", "a: line 2: longer than 1048576 bytes"},
    {long_line, "text a -o o", "a: line 2: longer than 1048576 bytes"},
    {longest_line, "text a --columns text,x -o o", "a: line 1, column 1048577: the line ends"},
    {short_line, "text --conll a -o o",
     "a: line 3, column 4: the line ends, wanted column 2 of 2, `tags`"},
    {wide_line, "text --conll a -o o",
     "a: line 2, column 6: \"more\", wanted the end of the line behind 2 columns; --columns names"},
    {tag_first, "text --conll a -o o",
     "a: line 3, column 3: I-x at the sentence's beginning, outside its span: wanted B-x or I-x "
     "before it; or --loose-tags"},
    {tag_behind_o, "text --conll a -o o",
     "a: line 2, column 3: I-x behind O, outside its span: wanted B-x or I-x before it"},
    {tag_behind_other, "text --conll a -o o",
     "a: line 3, column 3: I-x behind I-xy, outside its span: wanted B-x or I-x before it"},
    {tag_long, "text --conll a -o o",
     "a: line 2, column 3: a tag of 128 bytes, wanted at most 127"},
    {no_token, "text --conll a -o o",
     "a: line 7, column 1: the end of a sentence without a token, wanted one behind the label in "
     "line 5"},
    {no_token_at_end, "text --conll a -o o",
     "a: line 4, column 1: the end of a sentence without a token"},
    {label_twice, "text --conll a -o o",
     "a: line 2, column 1: label \"i\" stands twice, wanted one a sentence"},
    {label_taken, "text --conll a -o o",
     "a: line 3, column 1: label \"words\", wanted another name: at most 100 bytes, without /"},
    {label_tag, "text --conll a -o o",
     "a: line 1, column 1: label \"tags\", wanted another name: at most 100 bytes, without /"},
    {gzip_cut, "text --conll a -o o", "unexpected end of file, wanted a whole file"},
    {no_tab, "text a --columns text,x -o o",
     "a: line 2, column 4: the line ends, wanted column 2 of 2, `x`, behind a tab"},
    {more_tabs, "text a --columns text,x -o o",
     "a: line 1, column 4: a tab, wanted the end of the line behind 2 columns"},
    {blank_line, "text a -o o", "a: line 2, column 1: a text without a token, wanted one"},
    {no_text, "text a --columns text,x -o o",
     "a: line 2, column 1: a text without a token, wanted one"},
    {long_among_short, "text a -o o",
     "a: line 401: a sentence of 500000 tokens, to which all are padded: 1.1 GiB, "},
    {no_number, "text a --columns text,x --number x -o o",
     "a: line 2, column 4: \"1,5\", wanted a number"},
    {number_beyond, "text a --columns text,x --number x -o o",
     "a: line 1, column 3: \"1e39\", wanted a number"},
    {empty, "text a --csv text -o o", "a: line 1, column 1: the end of the file, wanted a header"},
    {csv_without_text, "text a --csv words -o o",
     "a: line 1, column \"words\": not in the header, wanted the texts there"},
    {csv_without_text, "text a --csv text --columns x,y -o o",
     "a: line 1, column \"y\": not in the header, wanted it there"},
    {csv_header, "text a --csv text -o o",
     "a: the end of the file behind the header, wanted a row"},
    {csv_short, "text a --csv text -o o", "a: line 3, column 2: 1 cell in the row, wanted 2"},
    {csv_no_text, "text a --csv text -o o",
     "a: line 3, column \"text\": a text without a token, wanted one"},
    {csv_twice, "text a --csv text -o o",
     "a: line 1, column \"x\": stands twice, wanted different names"},
    {csv_name, "text a --csv text -o o", "a: line 1, column \"length\": no name of a label"},
    {csv_break, "text a --csv text -o o",
     "a: line 2, column \"x\": \"1?2\" has a line break, wanted a name without"},
    {csv_without_text, "text a --csv x --number text -o o",
     "a: line 2, column \"text\": \"b\", wanted a number"},
    {vocabulary_missing, "text a --vocabulary v -o o",
     "v: no vocabulary/tokens in its metadata, wanted a file that bough-data text made"},
    {vocabulary_other, "text a --vocabulary v -o o",
     "v: vocabulary/tokens: begins with \"[PAD]\", wanted <pad> and <unk>"},
    {vocabulary_twice, "text a --vocabulary v -o o",
     "v: vocabulary/tokens: 4 different tokens in 5 lines, wanted each once"},
};

static void bad_input_is_told(void **state)
{
    (void)state;
    assert_told(bad, sizeof bad / sizeof *bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(bad_input_is_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
