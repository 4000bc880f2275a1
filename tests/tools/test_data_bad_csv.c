// Bad CSV files and schemas given to `bough-data csv`.
#include "tools/data_bad.h"

#define SCHEMA "csv t.csv --schema s.yaml -o out"
#define PLAIN  "csv t.csv -o out"

static const char *text, *schema;

static void make_text(void)
{
    write_text("t.csv", text);
    if (schema)
        write_text("s.yaml", schema);
}

static void make_none(void)
{
}
static void make_zero(void)
{
    write_bytes("t.csv", "a,b\n1,x\0y\n", 10);
}
static void make_utf16(void)
{
    write_bytes("t.csv",
                "\xff\xfe"
                "a\0,\0b\0\n\0",
                10);
}
static void make_zero_in_header(void)
{
    write_bytes("t.csv", "a,\0b\n1,2\n", 9);
}

static void make_zero_separator(void)
{
    write_bytes("t.csv", "sep=\0\na,b\n1,2\n", 14);
}

static void make_gzip(size_t cut, size_t damage)
{
    unsigned char bytes[20000];
    gzFile stream = gzopen(in_folder("t.csv"), "wb");
    gzputs(stream, "a,b\n");
    for (int i = 0; i < 3000; i++)
        gzprintf(stream, "%d,%d\n", i * i * 7, i);
    gzclose(stream);
    const size_t size = read_file(bytes, sizeof bytes, "t.csv");
    assert_in_range(size, 5000, sizeof bytes - 1);
    if (damage)
        bytes[damage] ^= 0x55;
    write_bytes("t.csv", bytes, size - cut);
}

static void make_gzip_cut(void)
{
    make_gzip(2000, 0);
}
static void make_gzip_damaged(void)
{
    make_gzip(0, 4000);
}

static void make_folder_of_schema(void)
{
    write_text("t.csv", "a,b\n1,2\n");
    make_folder("out.schema.yaml");
}

static void make_long(const char *before, char fill)
{
    enum { BYTES = 100 * 1000 * 1000 };
    char *bytes = malloc(BYTES);
    memset(bytes, fill, BYTES);
    memcpy(bytes, before, strlen(before));
    write_bytes("t.csv", bytes, BYTES);
    free(bytes);
}

static void make_long_line(void)
{
    make_long("a,b\n1,2\n3,", 'x');
}
static void make_long_quote(void)
{
    make_long("a,b\n1,\"", '\n');
}
static void make_long_commas(void)
{
    make_long("a,b\n1,2\n", ',');
}
static void make_long_header(void)
{
    make_long("a", 'a');
}

static const struct bad_case made[] = {
    {make_none, PLAIN, "t.csv: cannot open: No such file"},
    {make_zero, PLAIN, "t.csv: line 2, column 2: a zero byte, wanted text"},
    {make_utf16, PLAIN, "t.csv: line 1, column 1: a zero byte, wanted text; from a spreadsheet"},
    {make_zero_in_header, PLAIN, "t.csv: line 1, column 2: a zero byte"},
    {make_zero_separator, PLAIN, "t.csv: line 1, column 1: a zero byte"},
    {make_gzip_cut, PLAIN, "cannot read: unexpected end of file"},
    {make_gzip_damaged, PLAIN, "t.csv: line "},
    {make_folder_of_schema, PLAIN, "out.schema.yaml: cannot write: it is no regular file"},
    {make_long_line, PLAIN, "t.csv: line 3, column 2: a row of more than 16 MiB, wanted a shorter"},
    {make_long_quote, PLAIN, "t.csv: line 2, column 2: a row of more than 16 MiB, wanted"},
    {make_long_commas, PLAIN, "t.csv: line 3, column "},
    {make_long_header, PLAIN, "t.csv: line 1, column 1: a row of more than 16 MiB, wanted"},
};

static const struct {
    const char *text, *message;
} rows[] = {
    {"", "t.csv: no line, wanted the columns' names"},
    {"\n\n", "t.csv: no line, wanted the columns' names"},
    {"a,b\n", "t.csv: line 2: the end, wanted rows behind the header"},
    {"a,b,a\n1,2,3\n", "t.csv: line 1: column \"a\" stands twice, as column 1 and 3"},
    {"a,\n1,2\n", "t.csv: line 1: column 2 has no name"},
    {"\"a\nb\",c\n1,2\n", "t.csv: line 1: column 1: \"a?b\", wanted a name of one short line"},
    {"1,2\n3,4\n", "t.csv: line 1: numbers alone, wanted the columns' names"},
    {"a,b\n1,2\n3\n", "t.csv: line 3, column 2: 1 cell in the row, wanted 2 as in the header"},
    {"a,b\n\n1,2,3,4\n", "t.csv: line 3, column 3: 4 cells in the row, wanted 2 as in the header"},
    {"a;b\n1,2\n", "1 cell in the row, wanted 2 as in the header; the separator is \";\""},
    {"a,b\n1,\"x\n2,3\n", "t.csv: line 2, column 2: a quote that is never closed"},
    {"a,b\n1,x\"y\n", "t.csv: line 2, column 2: a quote within a cell without quotes, wanted"},
    {"a,b\n1,\"x\"y\n", "t.csv: line 2, column 2: \"y\" behind a closing quote, wanted a \",\""},
    {"a,b\n\"1\n2\",3\n4,\xc3\x28\n", "t.csv: line 4, column 2: no UTF-8 text, wanted a file in"},
    {"a\xff,b\n1,2\n", "t.csv: line 1, column 1: no UTF-8 text"},
    {"a,b\n\"x\ny\",\n", "t.csv: no column of numbers, classes or dates, wanted one"},
    {"a;b\n1,5;2\n2.5;3\n", "t.csv: line 3, column \"a\": \"2.5\", wanted one decimal sign in a"},
};

static void bad_files_are_told(void **state)
{
    (void)state;
    assert_told(made, sizeof made / sizeof *made);
}

static void bad_rows_are_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        text = rows[i].text;
        schema = NULL;
        assert_told(&(struct bad_case){make_text, PLAIN, rows[i].message}, 1);
    }
}

static const struct {
    const char *text, *schema, *message;
} cells[] = {
    {"d.days,d\n1,2024-02-29\n", "columns: {}",
     "t.csv: column \"d.days\": so the date before the point calls its own; wanted another name"},
    {"a,b\n1,2\nx,3\n", "columns: {a: number}",
     "t.csv: line 3, column \"a\": \"x\", wanted a number; or a word for a missing one"},
    {"a,b\n1,2\n1,-1e39\n", "columns: {b: number}",
     "t.csv: line 3, column \"b\": \"-1e39\", wanted -3.4e38 to 3.4e38"},
    {"a,b\n1,2\n11,3\n", "columns: {a: {range: [0, 10]}}",
     "t.csv: line 3, column \"a\": \"11\", wanted 0 to 10, the range that the schema tells"},
    {"a,b\nx,2\ny,3\n", "columns: {a: {role: target, names: [x]}}",
     "t.csv: line 3, column \"a\": \"y\", wanted one of the schema's `names`"},
    {"a,b\n\"x\ny\",2\n", "columns: {a: class}",
     "t.csv: line 2, column \"a\": \"x?y\", wanted a name of one line"},
    {"a,b\n2013-02-29,2\n", "columns: {a: date}",
     "t.csv: line 2, column \"a\": \"2013-02-29\", wanted a date as 2013-02-28"},
    {"a,b\n2013-02-28 10:00,2\n", "columns: {a: date}", "wanted a date as 2013-02-28"},
    {"a,b\n2013-02-28 24:00,2\n", "columns: {a: datetime}",
     "wanted a date, or a date and a time as 2013-02-28 13:45"},
    {"a,b\n,2\n", "columns: {a: target}", "t.csv: column \"a\": a target without a value"},
    {"table,b\n1,2\n", "columns: {table: target}", "train/table"},
    {"a,b\n1,2\n", "split: {column: a, parts: {train: [1], test: [2]}}",
     "t.csv: no row for the split \"test\", wanted some"},
};

static void bad_cells_are_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        text = cells[i].text;
        schema = cells[i].schema;
        assert_told(&(struct bad_case){make_text, SCHEMA, cells[i].message}, 1);
    }
}

static const struct {
    const char *schema, *message;
} schemas[] = {
    {"{", "s.yaml:"},
    {"[a]", "s.yaml:1: schema: wanted a mapping"},
    {"colums: {}", "s.yaml:1: \"colums\" is not known, wanted one of missing, split, columns; did "
                   "you mean \"columns\"?"},
    {"columns:\n  a: targt\n", "s.yaml:2: column \"a\": \"targt\", wanted a role (input, target"},
    {"columns: {a: {type: float}}", "s.yaml:1: type: float, wanted one of number, class, date"},
    {"columns: {a: {role: x}}", "s.yaml:1: role: x, wanted one of input, target, id, split"},
    {"columns: {a: {rnge: [1, 2]}}", "did you mean \"range\"?"},
    {"columns: {a: {range: [2, 1]}}", "s.yaml:1: range: wanted two numbers [min, max]"},
    {"columns: {a: {range: [1, 2, 3]}}", "wanted two numbers [min, max]"},
    {"columns: {a: {minimum: -1}}", "s.yaml:1: minimum: wanted a whole number from 0"},
    {"columns: {b: {role: split}}",
     "s.yaml:1: column \"b\" has the role split, and `split` does not name it; wanted split: "
     "{column: b, parts: {train: ..., test: ...}}"},
    {"columns: {a: input, a: id}", "s.yaml:1: columns: \"a\" stands twice"},
    {"split: {parts: {a: 1}}\nsplit: {parts: {b: 1}}", "s.yaml:2: schema: \"split\" stands twice"},
    {"split: {parts: {a: 0.1, a: rest}}", "s.yaml:1: parts: \"a\" stands twice"},
    {"columns: {a: {role: id, role: input}}", "s.yaml:1: a: \"role\" stands twice"},
    {"columns: {a: &x input, b: *x}", "s.yaml:1: b: wanted a mapping"},
    {"columns: {a: {names: [x, x]}}", "s.yaml:1: column \"a\": the class \"x\" stands twice"},
    {"columns: {a: {type: number, names: [x]}}", "`names` and `minimum` are for `type: class`"},
    {"columns: {a: {type: class, range: [1, 2]}}", "a `range` is for numbers"},
    {"columns: {a: {role: target, type: class, minimum: 2}}", "a `minimum` is for inputs"},
    {"columns: {a: {role: target, type: text}}", "text cannot be a target"},
    {"columns: {a: id, b: id}", "s.yaml:1: column \"b\": a second `role: id`, wanted one"},
    {"columns: {a: leave_out, b: leave_out}", "t.csv: no column is an input or a target"},
    {"columns: {ab: input}", "s.yaml:1: t.csv has no column \"ab\""},
    {"split: {column: c, parts: {train: x}}", "s.yaml:1: t.csv has no column \"c\""},
    {"split: {seed: 1}", "s.yaml:1: split: wanted `parts: {train: ..., test: ...}`"},
    {"split: {parts: {train: 0.9, test: 0.2}}", "s.yaml:1: shares of 1.1 in all, wanted at most 1"},
    {"split: {parts: {train: x, test: rest}}", "split \"train\": wanted a share of the rows"},
    {"split: {parts: {a: rest, b: rest}}", "`rest` stands 2 times, wanted one split that takes it"},
    {"split: {parts: {a/b: rest}}", "\"a/b\" is no name of a split: wanted one without /"},
    {"split: {column: a, group: b, parts: {a: 1}}", "group: there is one already"},
    {"--- {}\n--- {}\n", "s.yaml:2: a second document; wanted one"},
};

// A schema is like a config: what is wrong with it is wrong usage.
static void bad_schemas_are_told(void **state)
{
    (void)state;
    char output[4000];
    for (size_t i = 0; i < sizeof schemas / sizeof *schemas; i++) {
        write_text("t.csv", "a,b\n1,2\n");
        write_text("s.yaml", schemas[i].schema);
        const int code = run_data(output, sizeof output, SCHEMA);
        if (code != 2 || !strstr(output, schemas[i].message))
            fail_msg("%s: exit code %d: %s", schemas[i].schema, code, output);
        assert_int_equal(count_names(test_folder()), 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_files_are_told),
        cmocka_unit_test(bad_rows_are_told),
        cmocka_unit_test(bad_cells_are_told),
        cmocka_unit_test_setup_teardown(bad_schemas_are_told, test_folder_begin, test_folder_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
