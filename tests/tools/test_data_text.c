// What bough-data text makes of small corpora.
#include "tools/data_support.h"

#define IDS(...)  ((const int32_t[]){__VA_ARGS__})
#define TAGS(...) ((const int16_t[]){__VA_ARGS__})

static void assert_bytes(const struct bough_file_tensor *tensor, const void *wanted)
{
    assert_memory_equal(tensor->data, wanted, tensor->bytes);
}

static void assert_metadata(const struct bough_tensor_file *file, const char *key,
                            const char *wanted)
{
    assert_string_equal(bough_tensor_file_metadata(file, key), wanted);
}

static const char train[] =
    "\xef\xbb\xbf# intent: play\r\n# id: one\r\nPlay O\r\nthe\tO\r\nBlue   B-song\r\n"
    "# I-song\r\n\r\n\r\n"
    "# a comment\n#\tO\nBlue B-song\nThe B-song\n  \t\n"
    "# intent: stop\nplay O\n";

static void conll_makes_a_set(void **state)
{
    (void)state;
    write_text("a", train);
    write_text("b", "# intent: dance\n# id: two\nmoon B-moon\n<pad> O\n<unk> O\n\n");
    assert_runs("text --conll a test=b --columns token,slot --lower-case -o o");
    struct bough_tensor_file *file = open_set("o");
    assert_shape(find(file, "train/tokens"), BOUGH_I32, "[3, 4]");
    // In train `blue`, `play` and `the` occur twice, `#` too.
    assert_metadata(file, "vocabulary/tokens", "<pad>\n<unk>\n#\nblue\nplay\nthe");
    assert_metadata(file, "tokenizer/tokens", "as given, lower_case");
    assert_bytes(find(file, "train/tokens"), IDS(4, 5, 3, 2, 2, 3, 5, 0, 4, 0, 0, 0));
    assert_bytes(find(file, "test/tokens"), IDS(1, 1, 1, 0));
    assert_bytes(find(file, "train/length"), IDS(4, 3, 1));
    assert_bytes(find(file, "test/length"), IDS(3));
    assert_metadata(file, "classes/slot", "B-song\nI-song\nO\nB-moon");
    assert_shape(find(file, "train/slot"), BOUGH_I16, "[3, 4]");
    assert_bytes(find(file, "train/slot"), TAGS(2, 2, 0, 1, 2, 0, 0, -1, 2, -1, -1, -1));
    assert_bytes(find(file, "test/slot"), TAGS(3, 2, 2, -1));
    assert_metadata(file, "classes/intent", "play\nstop\ndance");
    assert_classes(find(file, "train/intent"), CLASSES(0, -1, 1));
    assert_classes(find(file, "test/intent"), CLASSES(2));
    assert_string_equal(texts(file, "train/words"), "Play the Blue #|# Blue The|play|");
    assert_string_equal(texts(file, "train/id"), "one|||");
    bough_tensor_file_close(&file);
}

static void several_columns_are_several_tags(void **state)
{
    (void)state;
    write_text("a", "1 He he PRON O\n2 ran run VERB I-x\n\n1 So so ADV O\n");
    assert_runs("text --conll a --columns -,token,-,pos,ner --loose-tags --max-length 1 -o o");
    struct bough_tensor_file *file = open_set("o");
    assert_metadata(file, "classes/pos", "ADV\nPRON");
    assert_metadata(file, "classes/ner", "O");
    assert_bytes(find(file, "train/pos"), TAGS(1, 0));
    assert_string_equal(texts(file, "train/words"), "He|So|");
    assert_int_equal(bough_tensor_file_count(file), 5);
    bough_tensor_file_close(&file);
}

static void a_vocabulary_is_bounded_and_taken_over(void **state)
{
    (void)state;
    write_text("a", "b b b a a A c\n");
    write_text("n", "A b d\n");
    assert_runs("text a --vocabulary-size 4 --min-count 2 --lower-case -o o");
    struct bough_tensor_file *file = open_set("o");
    assert_metadata(file, "vocabulary/tokens", "<pad>\n<unk>\na\nb");
    assert_bytes(find(file, "train/tokens"), IDS(3, 3, 3, 2, 2, 2, 1));
    bough_tensor_file_close(&file);
    assert_runs("text a --min-count 3 -o p");
    file = open_set("p");
    assert_metadata(file, "vocabulary/tokens", "<pad>\n<unk>\nb");
    bough_tensor_file_close(&file);
    assert_runs("text new=n --vocabulary o -o p");
    file = open_set("p");
    assert_metadata(file, "vocabulary/tokens", "<pad>\n<unk>\na\nb");
    assert_bytes(find(file, "new/tokens"), IDS(2, 3, 1));
    bough_tensor_file_close(&file);
}

// The classes of the file whose vocabulary it is keep their numbers.
static void classes_are_taken_over(void **state)
{
    (void)state;
    write_text("a", "b\ty\nb\tx\nb\tz\n");
    write_text("n", "b\tz\nb\tw\nb\tNA\n");
    assert_runs("text a --columns text,kind -o o");
    assert_runs("text new=n --columns text,kind --vocabulary o -o p");
    struct bough_tensor_file *file = open_set("p");
    assert_metadata(file, "classes/kind", "x\ny\nz\nw");
    assert_classes(find(file, "new/kind"), CLASSES(2, 3, -1));
    bough_tensor_file_close(&file);
}

static void text_is_cut_by_rule(void **state)
{
    (void)state;
    // An accent and a virama belong to their words.
    static const char text[] = "\xe0\xa4\xb8\xe0\xa5\x8d\xe0\xa4\xa4 Don't  "
                               "e\xcc\x81t\xc3\xa9\xc2\xa0\xce\xa9 3.5\xe2\x82\xac!";
    write_text("a", text);
    assert_runs("text a -o o");
    struct bough_tensor_file *file = open_set("o");
    assert_string_equal(texts(file, "train/words"),
                        "\xe0\xa4\xb8\xe0\xa5\x8d\xe0\xa4\xa4 Don ' t e\xcc\x81t\xc3\xa9 \xce\xa9 "
                        "3 . 5 \xe2\x82\xac !|");
    bough_tensor_file_close(&file);
    write_text("a", "\xc3\x89 \tb  \n\xc8\xba\n"); // the second grows in lower case
    assert_runs("text a --characters --lower-case -o o");
    file = open_set("o");
    assert_string_equal(texts(file, "train/words"), "\xc3\x89 \xe2\x96\x81 b|\xc8\xba|");
    assert_metadata(file, "vocabulary/tokens",
                    "<pad>\n<unk>\nb\n\xc3\xa9\n\xe2\x96\x81\n\xe2\xb1\xa5");
    bough_tensor_file_close(&file);
    write_text("n", "\xc3\x89");
    assert_runs("text new=n --vocabulary o -o p");
    file = open_set("p");
    assert_bytes(find(file, "new/tokens"), IDS(3));
    bough_tensor_file_close(&file);
}

static void labels_are_classes_numbers_or_missing(void **state)
{
    (void)state;
    gzFile stream = gzopen(in_folder("a"), "wb");
    gzputs(stream, "good\tA b\t4.5\tr1\textra\nNA\tc\tnan\tr2\t\n bad \td\t-1e2\tNA\t-");
    gzclose(stream);
    assert_runs("text a --columns kind,text,stars,id,- --number stars -o o");
    struct bough_tensor_file *file = open_set("o");
    assert_classes(find(file, "train/kind"), CLASSES(1, -1, 0));
    assert_metadata(file, "classes/kind", "bad\ngood");
    assert_numbers(find(file, "train/stars"), NUMBERS(4.5F, NAN, -100));
    assert_string_equal(texts(file, "train/id"), "r1|r2|NA|");
    bough_tensor_file_close(&file);
}

static void a_csv_makes_a_set(void **state)
{
    (void)state;
    write_text("a", "id;kind;review;stars\n1;good;\"Yes;\nindeed\";4.5\n2;NA;no;\n");
    write_text("b", "review,stars,kind\nyes,1,bad\n");
    assert_runs("text a test=b --csv review --number stars --lower-case -o o");
    struct bough_tensor_file *file = open_set("o");
    assert_string_equal(texts(file, "train/words"), "Yes ; indeed|no|");
    assert_string_equal(texts(file, "train/id"), "1|2|");
    assert_classes(find(file, "train/kind"), CLASSES(0, -1));
    assert_classes(find(file, "test/kind"), CLASSES(1));
    assert_numbers(find(file, "train/stars"), NUMBERS(4.5F, NAN));
    assert_numbers(find(file, "test/stars"), NUMBERS(1));
    bough_tensor_file_close(&file);
    assert_runs("text a --csv review --columns kind -o o");
    file = open_set("o");
    assert_int_equal(bough_tensor_file_count(file), 4);
    bough_tensor_file_close(&file);
}

#ifdef BOUGH_HAS_PIECES

// A model as SentencePiece writes it (protobuf): in each piece its text, score and type.
static size_t add_piece(char *to, const char *text, float score, char type)
{
    const size_t length = strlen(text);
    const char head[] = {10, (char)(length + 9), 10, (char)length}, kind[] = {24, type};
    memcpy(to, head, 4);
    memcpy(to + 4, text, length);
    to[4 + length] = 21;
    memcpy(to + 5 + length, &score, 4);
    memcpy(to + 9 + length, kind, 2);
    return length + 11;
}

static void sentencepiece_cuts_text(void **state)
{
    (void)state;
    char model[200], output[1000];
    size_t size = add_piece(model, "<unk>", 0, 2);
    size += add_piece(model + size, "\xe2\x96\x81", -3, 1);
    size += add_piece(model + size,
                      "\xe2\x96\x81"
                      "ab",
                      -1.5F, 1);
    size += add_piece(model + size, "b", -2, 1);
    write_bytes("m", model, size);
    write_text("a", "abb  q\n");
    assert_runs("text a --sentencepiece m -o o");
    struct bough_tensor_file *file = open_set("o");
    assert_string_equal(texts(file, "train/words"), "\xe2\x96\x81"
                                                    "ab b \xe2\x96\x81 q|");
    assert_metadata(file, "tokenizer/tokens", "sentencepiece");
    bough_tensor_file_close(&file);
    assert_int_equal(run_data(output, sizeof output, "text n=a --vocabulary o -o p"), 2);
    assert_non_null(strstr(output, "the tokens of o are pieces: wanted the model too"));
    assert_runs("text n=a --vocabulary o --sentencepiece m -o p");
    assert_int_equal(run_data(output, sizeof output, "text a --sentencepiece a -o p"), 3);
    assert_non_null(strstr(output, "a: no model of SentencePiece, wanted one"));
}

#else

static void sentencepiece_cuts_text(void **state)
{
    (void)state;
    char output[1000];
    write_text("a", "abb  q\n");
    assert_int_equal(run_data(output, sizeof output, "text a --sentencepiece a -o o"), 2);
    assert_non_null(strstr(output, "it is made where libsentencepiece-dev and a C++ compiler are"));
}

#endif

#define TEST(name) cmocka_unit_test_setup_teardown(name, test_folder_begin, test_folder_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(conll_makes_a_set),
        TEST(several_columns_are_several_tags),
        TEST(a_vocabulary_is_bounded_and_taken_over),
        TEST(classes_are_taken_over),
        TEST(text_is_cut_by_rule),
        TEST(labels_are_classes_numbers_or_missing),
        TEST(a_csv_makes_a_set),
        TEST(sentencepiece_cuts_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
