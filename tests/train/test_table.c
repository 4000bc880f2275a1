// Tables of numbers and classes, and ids: their types are found in the data, kept in the model, and
// understood by name in another file.
#include "support/training.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CELLS = 4, WORDS = 3 };

// A file of N rows: `table` of the columns size, color, spare, price; `words`, and what is learned.
struct file {
    int permuted; // its columns and classes stand in another order, with others between
    int without_names, foreign;
    int retyped; // sizes are classes, and colors numbers
};

static unsigned drawn(unsigned i, unsigned of)
{
    return (i * 2654435761u >> 12) % of;
}

static const char *path_of(const char *name)
{
    static char path[700];
    snprintf(path, sizeof path, "%s/%s", test_folder(), name);
    return path;
}

static void write_names(struct bough_tensor_writer *writer, const struct file *file)
{
    static const struct {
        const char *key, *plain, *permuted;
    } lines[] = {
        {"schema", "columns: {}", "columns: {}"},
        {"columns/table", "size\ncolor\nspare\nprice", "price\nother\ncolor\nsize"},
        {"types/table", "number\nclass\nclass\nnumber", "number\nclass\nclass\nnumber"},
        {"classes/table/color", "red\ngreen\nblue", "blue\npink\nred\ngreen"},
        {"vocabulary/words", "<pad>\n<unk>\na\nb\nc\nd", "<pad>\n<unk>\nd\nx\nc\nb\na"},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_ok(bough_tensor_writer_metadata(writer, lines[i].key,
                                               file->retyped && i == 2
                                                   ? "class\nnumber\nclass\nnumber"
                                               : file->permuted ? lines[i].permuted
                                                                : lines[i].plain));
}

static void cells_of(float *cell, const struct file *file, unsigned n)
{
    static const float id[2][5] = {{0, 1, 2, 3, 4}, {0, 3, 4, 5, 2}}; // pink is unknown
    const float size = n % 7 ? (float)drawn(n, 50) : NAN, price = 100 + (float)drawn(n + 900, 9);
    const float color = id[file->permuted][n % 11 ? 2 + drawn(n + 77, 3) : drawn(n, 2)];
    const float plain[] = {size, color, 2, price}, permuted[] = {price, 3, color, size};
    memcpy(cell, file->permuted ? permuted : plain, sizeof plain);
}

static void words_of(int32_t *word, const struct file *file, unsigned n)
{
    static const int32_t id[2][6] = {{0, 1, 2, 3, 4, 5}, {0, 3, 6, 5, 4, 2}};
    for (unsigned i = 0; i < WORDS; i++)
        word[i] = id[file->permuted][drawn(3 * n + i, 6)];
}

static void write_split(struct bough_tensor_writer *writer, const struct file *file, unsigned rows)
{
    for (unsigned n = 0; n < rows; n++) {
        float cell[CELLS];
        cells_of(cell, file, n);
        assert_ok(bough_tensor_writer_write(writer, cell, sizeof cell));
    }
    for (unsigned n = 0; n < rows; n++) {
        int32_t word[WORDS];
        words_of(word, file, n);
        assert_ok(bough_tensor_writer_write(writer, word, sizeof word));
    }
    for (unsigned n = 0; n < rows; n++) {
        float cell[CELLS];
        cells_of(cell, &(struct file){0}, n);
        const float y = cell[1] * 3 + (isnan(cell[0]) ? 20 : cell[0]) / 10;
        assert_ok(bough_tensor_writer_write(writer, &y, sizeof y));
    }
}

static const char *write_file(const char *name, const struct file *file)
{
    static const struct {
        const char *split;
        unsigned rows;
    } splits[] = {{"train", 200}, {"test", 60}};
    struct bough_tensor_writer *writer;
    const char *path = path_of(name);
    assert_ok(bough_tensor_writer_create(&writer, path));
    if (!file->without_names)
        write_names(writer, file);
    if (file->foreign)
        assert_ok(bough_tensor_writer_metadata(writer, "vocabulary/words", "<pad>\n<unk>\nx\ny"));
    for (int s = 0; s < 2; s++) {
        const int64_t rows = splits[s].rows;
        char field[3][40];
        snprintf(field[0], 40, "%s/table", splits[s].split);
        snprintf(field[1], 40, "%s/words", splits[s].split);
        snprintf(field[2], 40, "%s/y", splits[s].split);
        assert_ok(bough_tensor_writer_declare(writer, field[0], BOUGH_F32,
                                              &(struct bough_shape){2, {rows, CELLS}}));
        assert_ok(bough_tensor_writer_declare(writer, field[1], BOUGH_I32,
                                              &(struct bough_shape){2, {rows, WORDS}}));
        assert_ok(bough_tensor_writer_declare(writer, field[2], BOUGH_F32,
                                              &(struct bough_shape){2, {rows, 1}}));
    }
    for (int s = 0; s < 2; s++)
        write_split(writer, file, splits[s].rows);
    assert_ok(bough_tensor_writer_commit(writer));
    bough_tensor_writer_destroy(&writer);
    return path;
}

static const char both[] =
    "data: none\n"
    "inputs:\n"
    "  table: {columns: [color, size, price], normalize: auto, stem: [table, linear: 8]}\n"
    "  words: {type: ids, stem: [embedding: 4, flatten, linear: 8]}\n"
    "join: sum\n"
    "trunk: [relu, linear: 8, relu]\n"
    "tasks: {y: {target: y, loss: mse, head: [linear: 1], metrics: [mse]}}\n"
    "train: {epochs: 3, batch_size: 32, seed: 4, validation: 0.2}\n";

static const char *train(const char *name, const struct bough_config *config)
{
    const char *dir = path_of(name);
    struct bough_run *run;
    assert_ok(bough_train(&run, config, &(struct bough_train_options){.run_dir = dir}));
    bough_run_destroy(&run);
    return dir;
}

static double loss_on(const char *model, const char *data)
{
    struct bough_run *run;
    assert_ok(bough_evaluate(&run, model, data, "test", NULL));
    const double loss = bough_metrics_find(bough_run_result(run)->test, "y", "loss");
    bough_run_destroy(&run);
    return loss;
}

static char plain_file[700], trained[700];

static int start(void **state)
{
    const int failed = test_folder_begin(state);
    snprintf(plain_file, sizeof plain_file, "%s",
             write_file("plain.safetensors", &(struct file){0}));
    const struct bough_config config = test_config_with(both, plain_file, NULL);
    snprintf(trained, sizeof trained, "%s", train("trained", &config));
    return failed;
}

static void types_are_found_and_kept(void **state)
{
    (void)state;
    char path[800];
    struct bough_config *kept;
    snprintf(path, sizeof path, "%s/config.yaml", trained);
    assert_ok(bough_config_open(&kept, path, NULL, 0));
    const struct bough__input *table = &kept->inputs[0], *words = &kept->inputs[1];
    static const int32_t classes[] = {5, 0, 0}, masks[] = {0, 1, 0};
    assert_int_equal(table->columns_count, 3);
    assert_memory_equal(table->classes, classes, sizeof classes);
    assert_memory_equal(table->masks, masks, sizeof masks);
    assert_true(table->mean[0] == 0 && table->std[0] == 1 && table->mean[2] > 100);
    assert_int_equal(words->vocabulary, 6);
    bough_config_close(&kept);
    struct bough_tensor_file *file;
    snprintf(path, sizeof path, "%s/model.safetensors", trained);
    assert_ok(bough_tensor_file_open(&file, path));
    assert_non_null(bough_tensor_file_find(file, "stems.table.0.color.weight"));
    assert_string_equal(bough_tensor_file_metadata(file, "classes/table/color"),
                        "red\ngreen\nblue\n");
    assert_string_equal(bough_tensor_file_metadata(file, "vocabulary/words"),
                        "<pad>\n<unk>\na\nb\nc\nd\n");
    assert_string_equal(bough_tensor_file_metadata(file, "schema"), "columns: {}");
    bough_tensor_file_close(&file);
}

static void it_goes_on_bit_for_bit(void **state)
{
    (void)state;
    char dir[700];
    struct bough_config config = test_config_with(both, plain_file, "train.epochs=1", NULL);
    snprintf(dir, sizeof dir, "%s", train("resumed", &config));
    config.train.epochs = 3;
    struct bough_run *run;
    assert_ok(bough_train(&run, &config, &(struct bough_train_options){.resume = dir}));
    bough_run_destroy(&run);
    training_same_tensors(trained, dir, "last.safetensors");
}

// Columns, classes and words by name; what the model does not know is unknown to it.
static void another_order_is_understood(void **state)
{
    (void)state;
    const char *other = write_file("permuted.safetensors", &(struct file){.permuted = 1});
    const double wanted = loss_on(trained, plain_file);
    assert_true(fabs(wanted / loss_on(trained, other) - 1) < 1e-6);
}

static void files_that_do_not_go_with_it(void **state)
{
    (void)state;
    struct bough_run *run;
    char other[700];
    snprintf(other, sizeof other, "%s",
             write_file("foreign.safetensors", &(struct file){.without_names = 1, .foreign = 1}));
    assert_fails(bough_evaluate(&run, trained, other, "test", NULL), BOUGH_DATA,
                 "has 4 columns without names; wanted 3");
    snprintf(other, sizeof other, "%s",
             write_file("retyped.safetensors", &(struct file){.retyped = 1}));
    assert_fails(bough_evaluate(&run, trained, other, "test", NULL), BOUGH_DATA,
                 "column color is of numbers, and the model's is of classes");
    snprintf(other, sizeof other, "%s",
             write_file("foreign.safetensors", &(struct file){.without_names = 1, .foreign = 1}));
    const struct bough_config words =
        test_config_with("data: none\n"
                         "input: {field: words, type: ids}\n"
                         "trunk: [embedding: 4, flatten]\n"
                         "tasks: {y: {target: y, loss: mse, head: [linear: 1]}}\n",
                         plain_file, NULL);
    char dir[700];
    snprintf(dir, sizeof dir, "%s", train("words", &words));
    assert_fails(bough_evaluate(&run, dir, other, "test", NULL), BOUGH_DATA,
                 "vocabulary/words: none of its 4 words is of the model's 6");
}

static void mistakes_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *input, *trunk, *message;
    } wrong[] = {
        {"{field: table, columns: [size, colour]}", "[table]",
         "no column 'colour' among the 4 of table; did you mean color?"},
        {"{field: table}", "[linear: 3]",
         "reads input, a table of numbers and classes; wanted the layer `table` before it"},
        {"{field: y}", "[table]", "reads an input whose columns have types"},
        {"{field: y}", "[embedding: 3]", "reads ids, and input is of numbers"},
        {"{field: words, type: ids}", "[embedding: 3, flatten, linear: {units: 6, tied: trunk.7}]",
         "tied to 'trunk.7': no layer of that name before it"},
        {"{field: words, type: ids}", "[embedding: 3, flatten, linear: {units: 6, tied: trunk.0}]",
         "tied to 'trunk.0', whose weight is [6, 3]; wanted [6, 9]"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[600];
        snprintf(text, sizeof text,
                 "data: none\ninput: %s\ntrunk: %s\n"
                 "tasks: {y: {target: y, loss: mse, head: [linear: 1]}}\n",
                 wrong[i].input, wrong[i].trunk);
        const struct bough_config config = test_config_with(text, plain_file, NULL);
        struct bough_run *run;
        const enum bough_status status =
            bough_train(&run, &config, &(struct bough_train_options){.run_dir = path_of("wrong")});
        assert_true(status == BOUGH_DATA || status == BOUGH_INVALID);
        if (!strstr(bough_last_error(), wrong[i].message))
            fail_msg("\"%s\"; wanted \"%s\"", bough_last_error(), wrong[i].message);
    }
}

// A word that the file has not, and the padding, stay as they were drawn.
static void vectors_come_from_a_file(void **state)
{
    (void)state;
    char text[1200], line[800];
    const char *vectors = path_of("vectors.txt");
    FILE *out = fopen(vectors, "w");
    assert_non_null(out);
    fputs("3 2\nc 0.5 -1\nzebra 9 9\na 1e-2 2\n", out);
    fclose(out);
    snprintf(text, sizeof text,
             "data: none\ninput: {field: words, type: ids}\n"
             "trunk: [embedding: {dimension: 2, from: %s}, flatten, linear: {units: 6}]\n"
             "parameters: {trunk.0.*: {freeze: true}}\n"
             "tasks: {y: {target: y, loss: mse, head: [linear: 1]}}\n",
             vectors);
    const struct bough_config config = test_config_with(text, plain_file, NULL);
    struct bough_tensor_file *file;
    snprintf(line, sizeof line, "%s/model.safetensors", train("vectors", &config));
    assert_ok(bough_tensor_file_open(&file, line));
    const struct bough_file_tensor *weight = bough_tensor_file_find(file, "trunk.0.weight");
    const float *row = weight->data;
    assert_true(row[4] == 0.01f && row[5] == 2 && row[8] == 0.5f && row[9] == -1);
    assert_true(row[6] != 0 && fabsf(row[6]) < 0.71f);
    bough_tensor_file_close(&file);
}

static void vectors_that_are_none_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *lines, *message; // NULL: a folder
    } wrong[] = {
        {"a 1 2\nb 3\n", "vectors.txt: line 2: 1 numbers; wanted a token and 2"},
        {"a 1 1e39\n", "vectors.txt: line 1: '1e39'; wanted a finite number"},
        {"zebra 1 2\n", "vectors.txt: it has none of the 6 words of trunk.0.weight"},
        {"", "vectors.txt: it has none of the 6 words"},
        {"long", "vectors.txt: line 1: 1048576 bytes or more; wanted a token"},
        {NULL, "cannot be read: Is a directory"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[1200];
        snprintf(text, sizeof text,
                 "data: none\ninput: {field: words, type: ids}\n"
                 "trunk: [embedding: {dimension: 2, from: %s}, flatten, linear: {units: 6}]\n"
                 "tasks: {y: {target: y, loss: mse, head: [linear: 1]}}\n",
                 wrong[i].lines ? path_of("vectors.txt") : test_folder());
        const struct bough_config config = test_config_with(text, plain_file, NULL);
        FILE *out = fopen(path_of("vectors.txt"), "w");
        struct bough_run *run;
        assert_non_null(out);
        if (wrong[i].lines)
            fputs(wrong[i].lines, out);
        if (wrong[i].lines && strcmp(wrong[i].lines, "long") == 0)
            fprintf(out, "%1048576d\n", 7);
        fclose(out);
        assert_fails(
            bough_train(&run, &config, &(struct bough_train_options){.run_dir = path_of("none")}),
            BOUGH_DATA, wrong[i].message);
    }
}

static void a_tied_layer_has_one_weight(void **state)
{
    (void)state;
    static const char tied[] =
        "data: none\n"
        "input: {field: words, type: ids}\n"
        "trunk: [embedding: {dimension: 2, padding: false}, flatten, linear: 2, tanh,"
        "        linear: {units: 6, tied: trunk.0, bias: false}]\n"
        "tasks: {y: {target: y, loss: mse, head: [linear: 1]}}\n"
        "train: {batch_size: 32, seed: 2}\n";
    char path[800], dir[2][700];
    struct bough_tensor_file *file;
    for (int i = 0; i < 2; i++) {
        struct bough_config config = test_config_with(tied, plain_file, NULL);
        config.train.epochs = i ? 6 : 1;
        snprintf(dir[i], sizeof dir[i], "%s", train(i ? "tied-6" : "tied-1", &config));
    }
    snprintf(path, sizeof path, "%s/model.safetensors", dir[1]);
    assert_ok(bough_tensor_file_open(&file, path));
    assert_non_null(bough_tensor_file_find(file, "trunk.0.weight"));
    assert_null(bough_tensor_file_find(file, "trunk.4.weight"));
    bough_tensor_file_close(&file);
    assert_true(loss_on(dir[1], plain_file) < loss_on(dir[0], plain_file));
}

// Rows in memory have the model's columns; a cell may be missing there.
static void rows_in_memory_may_miss_cells(void **state)
{
    (void)state;
    struct bough_model *model;
    const float table[2][3] = {{2, NAN, 101}, {4, 3, 104}};
    const int32_t words[2][3] = {{0, 2, 5}, {4, 3, 9}};
    float score[2];
    assert_ok(bough_model_open(&model, trained, NULL));
    const struct bough_rows rows[] = {{.data = table, .dtype = BOUGH_F32},
                                      {.data = words, .dtype = BOUGH_I32}};
    assert_ok(bough_model_run(model, (float *const[]){score}, rows, 2));
    assert_true(isfinite(score[0]) && isfinite(score[1]));
    bough_model_close(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_are_found_and_kept),
        cmocka_unit_test(it_goes_on_bit_for_bit),
        cmocka_unit_test(another_order_is_understood),
        cmocka_unit_test(files_that_do_not_go_with_it),
        cmocka_unit_test(mistakes_are_told),
        cmocka_unit_test(vectors_come_from_a_file),
        cmocka_unit_test(vectors_that_are_none_are_refused),
        cmocka_unit_test(a_tied_layer_has_one_weight),
        cmocka_unit_test(rows_in_memory_may_miss_cells),
    };
    return cmocka_run_group_tests(tests, start, test_folder_end);
}
