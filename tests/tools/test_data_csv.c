// From a CSV to a data set.
#include "tools/data_support.h"

#include "table_convert.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static const char *metadata(const struct bough_tensor_file *file, const char *key)
{
    const char *value = bough_tensor_file_metadata(file, key);
    if (!value)
        fail_msg("no metadata %s", key);
    return value;
}

static void assert_table(const struct bough_tensor_file *file, const char *name, const char *shape,
                         const float *wanted)
{
    const struct bough_file_tensor *tensor = find(file, name);
    assert_shape(tensor, BOUGH_F32, shape);
    for (size_t i = 0; i < tensor->bytes / sizeof(float); i++) {
        const float got = ((const float *)tensor->data)[i];
        if (isnan(wanted[i]) ? !isnan(got) : got != wanted[i])
            fail_msg("%s: number %zu: %g, wanted %g", name, i, (double)got, (double)wanted[i]);
    }
}

static void columns_are_what_their_cells_are(void **state)
{
    (void)state;
    write_text("t.csv", "size,colour,seen,kind,cost,who\r\n"
                        "1.5,red,1970-01-02,a,3,\"x, y\"\r\n"
                        ",blue,,b,NA,z\r\n"
                        "-2,,1972-12-31,,5,ü\r\n"
                        "n/a,red,1969-12-31,a,0,\r\n");
    write_text("s.yaml", "columns: {kind: target, cost: target, who: id}");
    assert_runs("csv t.csv --schema s.yaml -o o.safetensors");
    struct bough_tensor_file *file = open_set("o.safetensors");
    assert_string_equal(metadata(file, "columns/table"),
                        "size\ncolour\nseen.days\nseen.weekday\nseen.yearday");
    assert_string_equal(metadata(file, "types/table"), "number\nclass\nnumber\nnumber\nnumber");
    assert_string_equal(metadata(file, "classes/table/colour"), "blue\nred");
    assert_string_equal(metadata(file, "classes/kind"), "a\nb");
    assert_table(
        file, "train/table", "[4, 5]",
        NUMBERS(1.5F, 3, 1, 4, 1, NAN, 2, NAN, NAN, NAN, -2, 0, 1095, 6, 365, NAN, 3, -1, 2, 364));
    assert_classes(find(file, "train/kind"), CLASSES(0, 1, -1, 0));
    assert_shape(find(file, "train/cost"), BOUGH_F32, "[4]");
    assert_numbers(find(file, "train/cost"), NUMBERS(3, NAN, 5, 0));
    assert_string_equal(texts(file, "train/id"), "x, y|z|ü||");
    bough_tensor_file_close(&file);
}

static void date_times_have_hours(void **state)
{
    (void)state;
    write_text("t.csv", "t\n1970-01-01 06:30\n2013-03-01\n2012-03-01T00:00:00Z\n\n");
    assert_runs("csv t.csv -o o");
    struct bough_tensor_file *file = open_set("o");
    assert_string_equal(metadata(file, "columns/table"), "t.days\nt.weekday\nt.yearday\nt.hour");
    assert_table(file, "train/table", "[3, 4]",
                 NUMBERS(0, 3, 0, 6.5F, 15765, 4, 59, 0, 15400, 3, 60, 0));
    bough_tensor_file_close(&file);
}

static void assert_same(const char *a, const char *b)
{
    static char one[200000], two[200000];
    const size_t size = read_file(one, sizeof one, a);
    assert_int_equal(read_file(two, sizeof two, b), size);
    assert_memory_equal(one, two, size);
}

// The schema that is written makes the same set again, from a gzipped file too.
static void a_schema_can_be_given_back(void **state)
{
    (void)state;
    char command[1500];
    write_text("t.csv", "a,\"b: {c\",day,on,k\n1,yes,1,2013-01-01,5\n2,\"no\",2,2013-01-02,6\n"
                        "3,\"[x, \"\"y\"\"]\",3,2013-01-03 10:00,5\n4,null,4,,6\n5,~,5,,7\n");
    write_text("s.yaml", "split: {column: day, parts: {train: ..3, test: rest}}\n"
                         "missing: [\"\", \"3\"]\ncolumns: {k: {role: target, type: class}}\n");
    assert_runs("csv t.csv --schema s.yaml -o o.safetensors");
    snprintf(command, sizeof command, "cd '%s' && gzip -k t.csv", test_folder());
    assert_int_equal(system(command), 0);
    assert_runs("csv t.csv.gz --schema o.schema.yaml -o p.safetensors");
    assert_same("o.safetensors", "p.safetensors");
    assert_same("o.schema.yaml", "p.schema.yaml");
    assert_runs("csv t.csv --schema p.schema.yaml -o p.safetensors");
    assert_same("o.safetensors", "p.safetensors");
    struct bough_tensor_file *file = open_set("o.safetensors");
    assert_string_equal(metadata(file, "classes/table/b: {c"), "[x, \"y\"]\nno\nyes");
    assert_string_equal(metadata(file, "classes/k"), "5\n6\n7");
    bough_tensor_file_close(&file);
}

static void an_edited_schema_is_not_written_over(void **state)
{
    (void)state;
    char output[4000];
    static const char edited[] = "columns: {a: target}\n";
    write_text("t.csv", "a,b\n1,2\n");
    assert_runs("csv t.csv -o o.safetensors");
    write_text("t.csv", "a,b\n1,3\n");
    assert_runs("csv t.csv -o o.safetensors");
    write_text("o.schema.yaml", edited);
    assert_int_equal(run_data(output, sizeof output, "csv t.csv -o o.safetensors"), 2);
    assert_non_null(strstr(output, "bough-data: o.schema.yaml: not as it was written with o.safe"));
    assert_runs("csv t.csv --schema o.schema.yaml -o o.safetensors");
    output[read_file(output, sizeof output - 1, "o.schema.yaml")] = 0;
    assert_string_equal(output, edited);
}

// ---- Types that show late ----

static FILE *open_table(const char *header)
{
    FILE *file = fopen(in_folder("t.csv"), "wb");
    assert_non_null(file);
    fprintf(file, "%s\n", header);
    return file;
}

static void late_surprises_are_found(void **state)
{
    (void)state;
    enum { ROWS = 30000 };
    char output[4000];
    FILE *file = open_table("odd,empty,day,text,number");
    for (int i = 0; i < ROWS; i++)
        fprintf(file, "%d,%s,%s,word %d,%d\n", i % 3, i == ROWS - 1 ? "x" : "",
                i < 20000 ? "" : "2013-01-01", i, i);
    fprintf(file, "n.a.,,2013-01-01 10:00,z,1.5\n");
    fclose(file);
    assert_int_equal(run_data(output, sizeof output, "csv t.csv -o o"), 0);
    assert_non_null(strstr(output, "numbers but for 1 cell, as \"n.a.\" in line 30002; add what"));
    assert_non_null(strstr(output, "leave_out text     too many cells differ"));
    struct bough_tensor_file *set = open_set("o");
    assert_string_equal(metadata(set, "columns/table"), "odd\nempty\nday.days\nday.weekday\n"
                                                        "day.yearday\nday.hour\nnumber");
    assert_string_equal(metadata(set, "classes/table/odd"), "0\n1\n2\nn.a.");
    const float *table = find(set, "train/table")->data;
    for (int i = 0; i < ROWS; i++) {
        assert_true(table[7 * i] == 2 + i % 3 && table[7 * i + 6] == i);
        assert_true(table[7 * i + 1] == (i == ROWS - 1 ? 2 : 0));
        assert_true(i < 20000 ? isnan(table[7 * i + 2]) : table[7 * i + 2] == 15706);
    }
    bough_tensor_file_close(&set);
}

static void numbers_beyond_f32_are_names(void **state)
{
    (void)state;
    char output[4000];
    write_text("t.csv", "part,hash\n12e45,7\n12,1E999\n12e45,7\n12,7\n");
    assert_int_equal(run_data(output, sizeof output, "csv t.csv -o o"), 0);
    assert_non_null(strstr(output, "numbers but for 1 cell, as \"1E999\" in line 3; add what"));
    struct bough_tensor_file *set = open_set("o");
    assert_string_equal(metadata(set, "classes/table/part"), "12\n12e45");
    assert_string_equal(metadata(set, "classes/table/hash"), "7\n1E999");
    bough_tensor_file_close(&set);
}

static void names_of_all_rows_are_text(void **state)
{
    (void)state;
    char output[4000];
    FILE *file = open_table("name,city,n");
    for (int i = 0; i < 70000; i++)
        fprintf(file, "n%d,c%d,1\n", i, i % 30000);
    fclose(file);
    assert_int_equal(run_data(output, sizeof output, "csv t.csv -o o"), 0);
    assert_non_null(
        strstr(output, "  name               leave_out text     too many cells differ\n"));
    assert_non_null(
        strstr(output, "  city               input     class    30000 classes: c0, c1, "));
    write_text("s.yaml", "columns: {name: class, city: {type: class, minimum: 3}}");
    assert_int_equal(run_data(output, sizeof output, "csv t.csv --schema s.yaml -o o"), 0);
    assert_non_null(strstr(output, "class    70000 classes: n0, n1, n10, n100, ...\n"));
    assert_non_null(
        strstr(output, "class    10000 classes: c0, c1, c10, c100, ...; 40000 of a class"));
    write_text("s.yaml", "columns: {name: target}");
    assert_int_equal(run_data(output, sizeof output, "csv t.csv --schema s.yaml -o o"), 3);
    assert_non_null(strstr(output, "column \"name\": a target of text, too many cells differ"));
}

static void a_column_of_as_many_names_as_may_be_is_a_class(void **state)
{
    (void)state;
    enum { NAMES = 1 << 16 };
    char output[4000];
    FILE *file = open_table("name,more");
    for (int i = 0; i < 3 * NAMES; i++)
        fprintf(file, "n%d,m%d\n", i % NAMES, i % (NAMES + 1));
    fclose(file);
    assert_int_equal(run_data(output, sizeof output, "csv t.csv -o o"), 0);
    assert_non_null(strstr(output, "class    65536 classes: n0, n1, n10, n100, ...\n"));
    assert_non_null(strstr(output, "  more               leave_out text     too many cells"));
}

// ---- Splits ----

static int64_t rows_of(const struct bough_tensor_file *file, const char *name)
{
    return find(file, name)->shape.dim[0];
}

static void splits_are_by_column_share_or_group(void **state)
{
    (void)state;
    FILE *file = open_table("who,n,fold");
    for (int i = 0; i < 10000; i++)
        fprintf(file, "p%d,%d,%c\n", i / 10, i / 10, "abc"[i % 3]);
    fclose(file);
    write_text("s.yaml", "split: {seed: 7, parts: {train: 0.7, test: rest}}\ncolumns: {who: id}");
    assert_runs("csv t.csv --schema s.yaml -o share");
    write_text("s.yaml", "split: {group: who, parts: {train: 0.5, validation: 0.25, test: 0.25}}");
    assert_runs("csv t.csv --schema s.yaml -o group");
    write_text("s.yaml", "split: {column: fold, parts: {train: [a, b], test: c}}");
    assert_runs("csv t.csv --schema s.yaml -o names");
    write_text("s.yaml", "split: {column: n, parts: {train: 100.., test: ..9.5}}");
    assert_runs("csv t.csv --schema s.yaml -o numbers");

    struct bough_tensor_file *set = open_set("share");
    assert_in_range(rows_of(set, "train/table"), 6800, 7200);
    assert_int_equal(rows_of(set, "train/id") + rows_of(set, "test/id"), 10000);
    bough_tensor_file_close(&set);

    set = open_set("group");
    static const char *const splits[] = {"train/table", "validation/table", "test/table"};
    int split_of[1000] = {0}, rows = 0;
    for (int s = 0; s < 3; s++) {
        const struct bough_file_tensor *tensor = find(set, splits[s]);
        const float *number = tensor->data;
        assert_in_range(tensor->shape.dim[0], 2000, 6000);
        for (int64_t i = 0; i < tensor->shape.dim[0]; i++, rows++) {
            const int who = (int)number[i * tensor->shape.dim[1]];
            assert_true(split_of[who] == 0 || split_of[who] == s + 1);
            split_of[who] = s + 1;
        }
    }
    assert_int_equal(rows, 10000);
    bough_tensor_file_close(&set);

    set = open_set("names");
    assert_int_equal(rows_of(set, "train/table"), 6667);
    assert_int_equal(rows_of(set, "test/table"), 3333);
    bough_tensor_file_close(&set);
    set = open_set("numbers");
    assert_int_equal(rows_of(set, "train/table"), 9000);
    assert_int_equal(rows_of(set, "test/table"), 100);
    bough_tensor_file_close(&set);
}

// What train lacks is unknown to an input, and a class of its own of a target.
static void only_training_rows_are_seen(void **state)
{
    (void)state;
    char output[4000];
    write_text("t.csv", "s,c,y\n1,a,u\n1,b,v\n2,c,w\n2,a,u\n1,b,\n");
    write_text("s.yaml", "split: {column: s, parts: {test: 2, train: 1}}\ncolumns: {y: target}");
    assert_int_equal(run_data(output, sizeof output, "csv t.csv --schema s.yaml -o o"), 0);
    assert_non_null(strstr(output, "2 classes: a, b; 1 of a class that train lacks, as \"c\"\n"));
    assert_non_null(
        strstr(output, "3 classes: u, v, w; 1 missing; 1 of a class that train lacks, as \"w\""));
    struct bough_tensor_file *set = open_set("o");
    assert_table(set, "train/table", "[3, 1]", NUMBERS(2, 3, 3));
    assert_table(set, "test/table", "[2, 1]", NUMBERS(1, 2));
    assert_classes(find(set, "train/y"), CLASSES(0, 1, -1));
    assert_classes(find(set, "test/y"), CLASSES(2, 0));
    bough_tensor_file_close(&set);
}

// ---- For a model ----

static enum bough_status no_step(const char *what, int64_t done, int64_t total)
{
    (void)what, (void)done, (void)total;
    return BOUGH_OK;
}

static enum bough_status convert_new(struct table_report *report, const char *schema_text)
{
    struct table_schema schema;
    const struct table_request request = {.path = in_folder("new.csv"),
                                          .output = in_folder("new"),
                                          .schema = &schema,
                                          .only = "rows",
                                          .step = no_step};
    assert_ok(table_schema_init(&schema));
    assert_ok(table_schema_parse(&schema, "model", schema_text, strlen(schema_text)));
    const enum bough_status status = table_convert(report, &request);
    if (status == BOUGH_OK) { // the report borrows from the schema
        assert_int_equal(report->rows[0], 3);
        assert_string_equal(report->field[1].column->name, "c");
        assert_int_equal(report->field[1].unknown, 1);
        assert_string_equal(report->field[1].unknown_name, "new");
        assert_int_equal(report->field[2].missing, 2);
    }
    table_schema_fini(&schema);
    return status;
}

static void new_rows_are_read_by_the_schema_of_a_model(void **state)
{
    (void)state;
    write_text("t.csv", "n,c,y,who,s\n1,a,u,p,1\n2,b,v,q,1\n3,a,u,r,2\n");
    write_text("s.yaml", "split: {column: s, parts: {train: 1, test: 2}}\n"
                         "columns: {y: target, who: id}");
    assert_runs("csv t.csv --schema s.yaml -o o");
    struct bough_tensor_file *set = open_set("o");
    struct table_report report;
    write_text("new.csv", "more,c,n,who\nx,b,,p\nx,new,7,q\nx,,NA,r\n");
    assert_int_equal(convert_new(&report, metadata(set, "schema")), BOUGH_OK);
    table_report_fini(&report);
    struct bough_tensor_file *new = open_set("new");
    assert_int_equal(bough_tensor_file_count(new), 2);
    assert_string_equal(metadata(new, "columns/table"), "c\nn");
    assert_table(new, "rows/table", "[3, 2]", NUMBERS(3, NAN, 1, 7, 0, NAN));
    assert_string_equal(texts(new, "rows/id"), "p|q|r|");
    bough_tensor_file_close(&new);
    write_text("new.csv", "c,m\na,5\n");
    assert_int_equal(convert_new(&report, metadata(set, "schema")), BOUGH_DATA);
    table_report_fini(&report);
    assert_non_null(
        strstr(tool_error(), "line 1: no column \"n\", wanted one, as the model reads"));
    bough_tensor_file_close(&set);
}

// ---- Ends ----

static void a_full_disk_leaves_nothing(void **state)
{
    (void)state;
    char command[2000], message[1000];
    FILE *file = open_table("a,b");
    for (int i = 0; i < 20000; i++)
        fprintf(file, "%d,%d\n", i, i);
    fclose(file);
    snprintf(command, sizeof command,
             "cd '%s' && (ulimit -f 100; %s/bin/bough-data csv t.csv -o o) 2>e", test_folder(),
             TEST_BINARY_DIR);
    assert_int_equal(WEXITSTATUS(system(command)), 3);
    message[read_file(message, sizeof message - 1, "e")] = 0;
    assert_non_null(
        strstr(message, "bough-data: o: cannot write a temporary file beside it: File"));
    assert_int_equal(count_names(test_folder()), 2);
}

// A pipe that gives some rows and then nothing more.
static void ctrl_c_leaves_nothing(void **state)
{
    (void)state;
    char pipe[600], output[600], program[400];
    static char rows[300000];
    snprintf(pipe, sizeof pipe, "%s", in_folder("pipe"));
    snprintf(output, sizeof output, "%s", in_folder("o"));
    snprintf(program, sizeof program, "%s/bin/bough-data", TEST_BINARY_DIR);
    memset(rows, '1', sizeof rows);
    for (size_t i = 1; i < sizeof rows; i += 2)
        rows[i] = '\n';
    rows[0] = 'a';
    assert_int_equal(mkfifo(pipe, 0600), 0);
    pid_t child = fork();
    if (child == 0) {
        freopen("/dev/null", "w", stderr);
        execl(program, program, "csv", pipe, "-o", output, (char *)NULL);
        _exit(99);
    }
    int writer = open(pipe, O_WRONLY), code;
    assert_int_equal(write(writer, rows, sizeof rows), sizeof rows);
    while (kill(child, SIGINT) == 0 && waitpid(child, &code, WNOHANG) == 0)
        usleep(10000); // the signal may come just before it waits
    close(writer);
    assert_true(WIFEXITED(code));
    assert_int_equal(WEXITSTATUS(code), 130);
    assert_int_equal(count_names(test_folder()), 1);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, test_folder_begin, test_folder_end)
    const struct CMUnitTest tests[] = {
        CASE(columns_are_what_their_cells_are),
        CASE(date_times_have_hours),
        CASE(a_schema_can_be_given_back),
        CASE(an_edited_schema_is_not_written_over),
        CASE(late_surprises_are_found),
        CASE(numbers_beyond_f32_are_names),
        CASE(names_of_all_rows_are_text),
        CASE(a_column_of_as_many_names_as_may_be_is_a_class),
        CASE(splits_are_by_column_share_or_group),
        CASE(only_training_rows_are_seen),
        CASE(new_rows_are_read_by_the_schema_of_a_model),
        CASE(a_full_disk_leaves_nothing),
        CASE(ctrl_c_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
