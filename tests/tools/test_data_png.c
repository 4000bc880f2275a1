// bough-data png: from folders and CSVs of pictures.
#include "tools/data_support.h"

static void png_folders_are_classes(void **state)
{
    (void)state;
    const char *folders[] = {"d",         "d/train", "d/train/2", "d/train/10",
                             "d/train/9", "d/test",  "d/test/10", "d/test/.hidden"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        make_folder(folders[i]);
    write_grey("d/train/10/a.png", 2, 2, 1);
    write_grey("d/train/9/b.PNG", 2, 2, 2);
    write_grey("d/train/9/a.png", 2, 2, 3);
    write_grey("d/train/2/a.png", 2, 2, 4);
    write_grey("d/test/10/a.png", 2, 2, 5);
    write_text("d/train/2/notes.txt", "no picture");
    write_text("d/train/.a.png", "no picture");
    assert_runs("png d --field image=x -o o");
    struct bough_tensor_file *file = open_set("o");
    assert_shape(find(file, "train/x"), BOUGH_U8, "[4, 1, 2, 2]");
    // By path: 10 comes before 2 and 9. The classes are by value.
    assert_memory_equal(find(file, "train/x")->data, "\1\1\1\1\4\4\4\4\3\3\3\3\2\2\2\2", 16);
    assert_classes(find(file, "train/label"), CLASSES(2, 0, 1, 1));
    assert_classes(find(file, "test/label"), CLASSES(2));
    assert_string_equal(bough_tensor_file_metadata(file, "classes/label"), "2\n9\n10");
    bough_tensor_file_close(&file);
    char output[1000];
    assert_int_equal(run_data(output, sizeof output, "png d --split dev -o o"), 2);
    assert_runs("png d/train --split dev -o o");
    file = open_set("o");
    assert_shape(find(file, "dev/image"), BOUGH_U8, "[4, 1, 2, 2]");
    bough_tensor_file_close(&file);
}

static void png_csv_has_a_column_a_task(void **state)
{
    (void)state;
    make_folder("d");
    write_grey("d/1.png", 4, 2, 10);
    write_png("d/2.png",
              &(struct png_spec){1, 1, 8, PNG_COLOR_TYPE_RGB, .rows = (const uint8_t *)"\1\2\3"});
    write_text("l.csv", "path,digit,age,who,none\n"
                        "1.png,3,0.5,\"b, c\",\n2.png,-1,NaN,a,\n1.png,,7,NA,\n");
    write_text("m.csv", "path,digit,age,who,none\n2.png,10,1e3,c,\n");
    assert_runs("png d --csv l.csv --csv test=m.csv --class digit --resize 3x2 -o o");
    struct bough_tensor_file *file = open_set("o");
    const uint8_t *image = find(file, "train/image")->data;
    assert_shape(find(file, "train/image"), BOUGH_U8, "[3, 3, 2, 3]");
    for (int i = 0; i < 18; i++) {
        assert_int_equal(image[i], 10);
        assert_int_equal(image[18 + i], 1 + i / 6);
    }
    assert_classes(find(file, "train/digit"), CLASSES(1, 0, -1));
    assert_classes(find(file, "test/digit"), CLASSES(2));
    assert_string_equal(bough_tensor_file_metadata(file, "classes/digit"), "-1\n3\n10");
    assert_numbers(find(file, "train/age"), NUMBERS(0.5f, NAN, 7));
    assert_numbers(find(file, "test/age"), NUMBERS(1000));
    assert_classes(find(file, "train/who"), CLASSES(1, 0, -1));
    assert_classes(find(file, "test/who"), CLASSES(2));
    assert_string_equal(bough_tensor_file_metadata(file, "classes/who"), "a\nb, c\nc");
    assert_null(bough_tensor_file_find(file, "train/none"));
    assert_string_equal(texts(file, "train/id"), "1.png|2.png|1.png|");
    bough_tensor_file_close(&file);
}

static void whole_numbers_are_numbers(void **state)
{
    (void)state;
    char output[1000];
    make_folder("d");
    write_grey("d/1.png", 1, 1, 10);
    write_text("l.csv", "\xef\xbb\xbfpath;change;cost\r\n1.png;-1;4,2\r\n1.png;0;-1,5e3\r\n"
                        "1.png;2;NA\r\n");
    assert_int_equal(run_data(output, sizeof output, "png d --csv l.csv -o o"), 0);
    assert_non_null(strstr(output, "  change             numbers, -1 to 2; classes with --class "
                                   "change\n"));
    assert_non_null(strstr(output, "  cost               numbers, -1500 to 4.2; 1 missing\n"));
    struct bough_tensor_file *file = open_set("o");
    assert_numbers(find(file, "train/change"), NUMBERS(-1, 0, 2));
    assert_numbers(find(file, "train/cost"), NUMBERS(4.2f, -1500, NAN));
    bough_tensor_file_close(&file);
    assert_int_equal(run_data(output, sizeof output, "png d --csv l.csv --class age -o o"), 2);
}

static void each_csv_has_its_own_style(void **state)
{
    (void)state;
    char output[2000];
    make_folder("d");
    write_grey("d/1.png", 1, 1, 10);
    write_text("train.csv", "path,cost\n1.png,1.5\n1.png,-2e3\n");
    write_text("test.csv", "path;cost\n1.png;1002010,5\n1.png;0,25\n");
    write_text("dev.csv", "path\tcost\n1.png\t0.5\n");
    assert_runs("png d --csv train.csv --csv test=test.csv --csv dev=dev.csv -o o");
    struct bough_tensor_file *file = open_set("o");
    assert_numbers(find(file, "train/cost"), NUMBERS(1.5f, -2000));
    assert_numbers(find(file, "test/cost"), NUMBERS(1002010.5f, 0.25f));
    assert_numbers(find(file, "dev/cost"), NUMBERS(0.5f));
    bough_tensor_file_close(&file);
    write_text("train.csv", "path,cost\n1.png,\"1,5\"\n1.png,2\n1.png,3\n");
    assert_int_equal(
        run_data(output, sizeof output, "png d --csv train.csv --csv test=test.csv -o o"), 3);
    assert_non_null(strstr(output, "train.csv: line 2, column \"cost\": \"1,5\", wanted a number"));
}

static void the_usual_words_are_missing(void **state)
{
    (void)state;
    char output[2000];
    make_folder("d");
    write_grey("d/1.png", 1, 1, 10);
    static const char *const words[] = {"NA",  "N/A",  "na",   "n/a",  "nan",
                                        "NaN", "null", "NULL", "None", ""};
    char text[1000] = "path,cost,who\n1.png,5,none\n";
    for (size_t i = 0; i < 10; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "1.png,%s,%s\n", words[i],
                 words[i]);
    write_text("l.csv", text);
    assert_int_equal(run_data(output, sizeof output, "png d --csv l.csv -o o"), 0);
    assert_non_null(strstr(output, "  cost               numbers, 5 to 5; 10 missing; "));
    assert_non_null(strstr(output, "  who                1 class: none; 10 missing\n"));
    struct bough_tensor_file *file = open_set("o");
    assert_numbers(find(file, "train/cost"),
                   NUMBERS(5, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN));
    assert_classes(find(file, "train/who"), CLASSES(0, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1));
    bough_tensor_file_close(&file);
}

static int is_hinted(const char *a, const char *b, const char *more)
{
    char text[500], args[100], output[2000];
    snprintf(text, sizeof text, "path,x\n1.png,\"%s\"\n1.png,\"%s\"\n1.png,z\n", a, b);
    write_text("l.csv", text);
    snprintf(args, sizeof args, "png d --csv l.csv %s -o o", more);
    assert_int_equal(run_data(output, sizeof output, args), 0);
    assert_non_null(strstr(output, " classes: "));
    return strstr(output, "    most of its cells look like numbers") != NULL;
}

static void classes_that_look_like_numbers_are_told(void **state)
{
    (void)state;
    static const char *const numbers[] = {"4,2", "1.234,5", "1,234.5", "1,234,567", "50%",
                                          "5 %", "$ 1.50",  "7,50 €",  "−4",        "1'000"};
    static const char *const names[] = {"2024-01-02", "1.2.3", "a1", "%", "1,2,3", "12:30", "e"};
    make_folder("d");
    write_grey("d/1.png", 1, 1, 10);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (!is_hinted(numbers[i], numbers[i], ""))
            fail_msg("no hint for \"%s\"", numbers[i]);
        assert_false(is_hinted(numbers[i], "a", ""));
        assert_false(is_hinted(numbers[i], numbers[i], "--class x"));
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is_hinted(names[i], names[i], ""))
            fail_msg("a hint for \"%s\"", names[i]);
}

static void columns_are_told_in_line(void **state)
{
    (void)state;
    char output[2000];
    make_folder("d");
    write_grey("d/1.png", 1, 1, 10);
    write_text("l.csv", "path,größe,who\n1.png,5,\"a, b\"\n1.png,6,c\n");
    assert_int_equal(run_data(output, sizeof output, "png d --csv l.csv -o o"), 0);
    assert_non_null(strstr(output, "\n  größe              numbers, 5 to 6; classes"));
    assert_non_null(strstr(output, "\n  who                2 classes: \"a, b\", c\n"));
    assert_non_null(strstr(output, "\n  train/größe        F32  [2]\n"));
    assert_non_null(strstr(output, "\n  train/who          I64  [2]\n"));
    write_text("l.csv", "path,a\n1.png\n");
    assert_int_equal(run_data(output, sizeof output, "png d --csv l.csv -o o"), 3);
    assert_non_null(strstr(output, "line 2: 1 column, wanted 2; the separator is"));
}

static void a_first_line_that_names_a_file_is_no_header(void **state)
{
    (void)state;
    char output[1000];
    make_folder("d");
    write_grey("d/1.png", 1, 1, 10);
    write_grey("d/second", 1, 1, 20);
    write_text("l.csv", "1.png,5,a\nsecond,6,b\n");
    write_text("m.csv", "second\n1.png\n");
    write_text("n=1.csv", "folder\n1.png\n");
    make_folder("d/folder");
    assert_int_equal(run_data(output, sizeof output, "png d --csv l.csv -o o"), 0);
    assert_non_null(strstr(output, "l.csv: no header, its first line names a file\n"));
    struct bough_tensor_file *file = open_set("o");
    assert_memory_equal(find(file, "train/image")->data, "\12\24", 2);
    assert_numbers(find(file, "train/label1"), NUMBERS(5, 6));
    assert_classes(find(file, "train/label2"), CLASSES(0, 1));
    bough_tensor_file_close(&file);
    assert_runs("png d --csv m.csv -o o"); // a list of files, without labels
    file = open_set("o");
    assert_memory_equal(find(file, "train/image")->data, "\24\12", 2);
    assert_int_equal(bough_tensor_file_count(file), 2);
    bough_tensor_file_close(&file);
    assert_runs("png d --csv n=1.csv -o o"); // the name of a folder is no picture's
    file = open_set("o");
    assert_string_equal(texts(file, "train/id"), "1.png|");
    bough_tensor_file_close(&file);
}

static void png_without_labels_keeps_names(void **state)
{
    (void)state;
    make_folder("d");
    make_folder("d/train");
    make_folder("d/train/x y");
    make_folder("d/test");
    write_grey("d/train/x y/b.png", 1, 1, 7);
    write_grey("d/test/\xc3\xa9 1.png", 1, 1, 8);
    write_grey("d/test/2.png", 1, 1, 9);
    assert_runs("png d/test --split test -o o");
    struct bough_tensor_file *file = open_set("o");
    assert_int_equal(bough_tensor_file_count(file), 2);
    assert_string_equal(texts(file, "test/id"), "2.png|\xc3\xa9 1.png|");
    bough_tensor_file_close(&file);
    assert_runs("png d -o o");
    file = open_set("o");
    assert_string_equal(texts(file, "train/id"), "train/x y/b.png|");
    assert_string_equal(texts(file, "test/id"), "test/2.png|test/\xc3\xa9 1.png|");
    assert_classes(find(file, "train/label"), CLASSES(0));
    assert_classes(find(file, "test/label"), CLASSES(-1, -1));
    bough_tensor_file_close(&file);
    write_text("l.csv", "path,id,n\ntest/2.png,first,1\ntrain/x y/b.png,second,2\n");
    assert_runs("png d --csv l.csv -o o");
    file = open_set("o");
    assert_string_equal(texts(file, "train/id"), "first|second|");
    assert_numbers(find(file, "train/n"), NUMBERS(1, 2));
    bough_tensor_file_close(&file);
}

// Through every command that makes one data set from others.
static void names_travel(void **state)
{
    (void)state;
    const char *names[] = {"d", "d/a", "d/b", "d/a/1.png", "d/a/22.png", "d/b/3.png"};
    char output[2000];
    for (int i = 0; i < 3; i++)
        make_folder(names[i]);
    for (int i = 3; i < 6; i++)
        write_grey(names[i], 1, 1, i);
    assert_runs("png d -o a");
    assert_runs("png d/b --split test -o b");
    assert_runs("merge a b -o m");
    assert_runs("split m --to dev --count 1 -o s");
    struct bough_tensor_file *file = open_set("s");
    const uint8_t *image = find(file, "dev/image")->data;
    char wanted[30];
    snprintf(wanted, sizeof wanted, "%s|", names[*image] + 2);
    assert_string_equal(texts(file, "dev/id"), wanted);
    assert_string_equal(texts(file, "test/id"), "3.png|");
    bough_tensor_file_close(&file);
    assert_int_equal(run_data(output, sizeof output, "info s"), 0);
    assert_non_null(strstr(output, "test/id  U8 [1, 5]\n  text: 3.png\n"));
    assert_int_equal(run_data(output, sizeof output, "info s --json"), 0);
    assert_non_null(strstr(output, "\"text\": [\n        \"3.png\"\n"));
    assert_runs("compose --recipe mgda -i a -o c");
    file = open_set("c");
    const int64_t *right = find(file, "train/right")->data;
    const char *all = texts(file, "train/id");
    for (int i = 0; i < 3; i++, all = strchr(all, '|') + 1) {
        const size_t length = strcspn(all, " ");
        assert_memory_equal(all, names[3 + i] + 2, length);
        assert_memory_equal(all + length, right[i] ? " + b/3.png" : " + a/", right[i] ? 10 : 5);
    }
    bough_tensor_file_close(&file);
    assert_runs("show a -o s.png");
}

static void png_converts_mnist(void **state)
{
    (void)state;
    const char *archive = test_data("mnist-png.tar.gz");
    if (!archive)
        skip();
    char command[2000];
    snprintf(command, sizeof command, "tar xzf '%s' -C '%s' test", archive, test_folder());
    assert_int_equal(system(command), 0);
    assert_runs("png test --split test -o o");
    struct bough_tensor_file *file = open_set("o");
    assert_shape(find(file, "test/image"), BOUGH_U8, "[10000, 1, 28, 28]");
    const int64_t *label = find(file, "test/label")->data;
    int count[10] = {0};
    for (int i = 0; i < 10000; i++)
        count[label[i]]++;
    const int wanted[] = {980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009};
    assert_memory_equal(count, wanted, sizeof count);
    bough_tensor_file_close(&file);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, test_folder_begin, test_folder_end)
    const struct CMUnitTest tests[] = {
        CASE(png_folders_are_classes),
        CASE(png_csv_has_a_column_a_task),
        CASE(whole_numbers_are_numbers),
        CASE(each_csv_has_its_own_style),
        CASE(the_usual_words_are_missing),
        CASE(classes_that_look_like_numbers_are_told),
        CASE(columns_are_told_in_line),
        CASE(a_first_line_that_names_a_file_is_no_header),
        CASE(png_without_labels_keeps_names),
        CASE(names_travel),
        CASE(png_converts_mnist),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
