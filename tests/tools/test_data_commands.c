// The commands of bough-data, by what they make.
#include "tools/data_support.h"

#include <math.h>

static void assert_same_bytes(const char *a, const char *b, int same)
{
    char command[1400];
    snprintf(command, sizeof command, "cmp -s '%s' '%s'", in_folder(a), in_folder(b));
    assert_int_equal(WEXITSTATUS(system(command)), !same);
}

// ---- idx ----

static void idx_makes_a_set(void **state)
{
    (void)state;
    write_idx("i", 8, 3, SIZES(2, 1, 3), "abcdef", 6);
    write_idx("l", 9, 1, SIZES(2), "\1\377", 2);
    assert_runs("idx --images i --labels l --classes x,y --split dev --field label=digit -o o");
    struct bough_tensor_file *file = open_set("o");
    assert_shape(find(file, "dev/image"), BOUGH_U8, "[2, 1, 1, 3]");
    assert_memory_equal(find(file, "dev/image")->data, "abcdef", 6);
    assert_classes(find(file, "dev/digit"), CLASSES(1, -1));
    assert_string_equal(bough_tensor_file_metadata(file, "classes/digit"), "x\ny");
    bough_tensor_file_close(&file);
    write_idx("f", 13, 2, SIZES(1, 2), "\x3f\xc0\0\0\xc0\0\0\0", 8);
    write_idx("l", 9, 1, SIZES(1), "\0", 1);
    assert_runs("idx --images f --labels f -o o");
    file = open_set("o");
    assert_shape(find(file, "train/image"), BOUGH_F32, "[1, 2]");
    assert_shape(find(file, "train/label"), BOUGH_F32, "[1, 2]");
    assert_float_equal(((const float *)find(file, "train/label")->data)[0], 1.5, 0);
    bough_tensor_file_close(&file);
    write_idx("e", 8, 3, SIZES(0, 4, 4), "", 0);
    assert_runs("idx --images e -o o");
}

// ---- compose ----

// Items of 10x9 pixels with two channels, all different, and their labels.
enum { HEIGHT = 10, WIDTH = 9, CHANNELS = 2, AREA = HEIGHT * WIDTH };

static uint8_t item_pixel(int64_t item, int64_t c, int64_t y, int64_t x)
{
    return (uint8_t)(1 + (item * 77 + c * 31 + y * 13 + x * 7) % 250);
}

static void write_items(const char *name, int count, int first)
{
    unsigned char pixels[4000];
    for (int i = 0; i < count * CHANNELS * AREA; i++)
        pixels[i] = item_pixel(first + i / (CHANNELS * AREA), i / AREA % CHANNELS,
                               i / WIDTH % HEIGHT, i % WIDTH);
    unsigned char labels[20];
    for (int i = 0; i < count; i++)
        labels[i] = (unsigned char)(first + i);
    write_idx("i", 8, 4, SIZES((uint32_t)count, CHANNELS, HEIGHT, WIDTH), pixels,
              (size_t)count * CHANNELS * AREA);
    write_idx("l", 8, 1, SIZES((uint32_t)count), labels, (size_t)count);
    char args[300];
    snprintf(args, sizeof args, "idx --images i --labels l --classes %s -o %s",
             first ? "p,q,r,s,t,u" : "a,b,c,d", name);
    assert_runs(args);
}

// The canvas of two items, each at its place.
static int canvas_pixel(int64_t left, int64_t right, int64_t c, int64_t y, int64_t x,
                        const int moved[4])
{
    const int64_t ly = y - moved[0], lx = x - moved[1], ry = y - moved[2], rx = x - moved[3];
    int a = 0, b = 0;
    if (ly >= 0 && ly < HEIGHT && lx >= 0 && lx < WIDTH)
        a = item_pixel(left, c, ly, lx);
    if (ry >= 0 && ry < HEIGHT && rx >= 0 && rx < WIDTH)
        b = item_pixel(right, c, ry, rx);
    return a > b ? a : b;
}

static void compose_mgda_is_the_recipe(void **state)
{
    (void)state;
    write_items("a", 4, 0);
    write_items("b", 2, 4);
    assert_runs("compose --recipe mgda -i a -j b --seed 5 -o o");
    struct bough_tensor_file *file = open_set("o");
    const uint8_t *image = find(file, "train/image")->data;
    const int64_t *right = find(file, "train/right")->data;
    const int moved[] = {0, 0, 6, 6};
    assert_shape(find(file, "train/image"), BOUGH_U8, "[4, 2, 10, 9]");
    assert_classes(find(file, "train/left"), CLASSES(0, 1, 2, 3));
    for (int64_t i = 0; i < 4 * CHANNELS * AREA; i++) {
        const int64_t item = i / (CHANNELS * AREA), y = i / WIDTH % HEIGHT, x = i % WIDTH;
        assert_in_range(right[item], 4, 5);
        assert_int_equal(image[i], canvas_pixel(item, right[item], i / AREA % CHANNELS,
                                                (int64_t)((y + 0.5) * (HEIGHT + 8) / HEIGHT),
                                                (int64_t)((x + 0.5) * (WIDTH + 8) / WIDTH), moved));
    }
    assert_string_equal(bough_tensor_file_metadata(file, "classes/left"), "a\nb\nc\nd");
    assert_string_equal(bough_tensor_file_metadata(file, "classes/right"), "p\nq\nr\ns\nt\nu");
    bough_tensor_file_close(&file);
}

// Whether the image is that of the two items moved so.
static int is_drawn(const uint8_t *image, int64_t left, int64_t right, const int moved[4])
{
    for (int64_t c = 0; c < CHANNELS; c++)
        for (int64_t y = 0; y < HEIGHT + 8; y++)
            for (int64_t x = 0; x < WIDTH + 8; x++)
                if (*image++ != canvas_pixel(left, right, c, y, x, moved))
                    return 0;
    return 1;
}

// How the left and the right item were moved from their corners: 25 ways each.
static int find_move(const uint8_t *image, int64_t left, int64_t right, int found[4])
{
    for (int k = 0; k < 625; k++) {
        const int moved[] = {k / 125, k / 25 % 5, 8 - k / 5 % 5, 8 - k % 5};
        if (is_drawn(image, left, right, moved)) {
            memcpy(found, moved, sizeof moved);
            return 1;
        }
    }
    return 0;
}

static void compose_pareto_is_the_recipe(void **state)
{
    (void)state;
    int seen[4][9] = {{0}};
    write_items("a", 4, 0);
    for (int seed = 0; seed < 12; seed++) {
        char args[100];
        snprintf(args, sizeof args, "compose --recipe pareto -i a --seed %d -o o", seed);
        assert_runs(args);
        struct bough_tensor_file *file = open_set("o");
        assert_shape(find(file, "train/image"), BOUGH_U8, "[4, 2, 18, 17]");
        const uint8_t *image = find(file, "train/image")->data;
        const int64_t *right = find(file, "train/right")->data;
        for (int i = 0; i < 4; i++, image += CHANNELS * (HEIGHT + 8) * (WIDTH + 8)) {
            int moved[4];
            assert_true(find_move(image, i, right[i], moved));
            for (int k = 0; k < 4; k++)
                seen[k][moved[k]]++;
        }
        bough_tensor_file_close(&file);
    }
    for (int k = 0; k < 4; k++)
        for (int m = 0; m < 9; m++)
            assert_int_equal(seen[k][m] > 0, k < 2 ? m <= 4 : m >= 4);
}

static void compose_follows_its_seed(void **state)
{
    (void)state;
    write_items("a", 4, 0);
    assert_runs("compose --recipe pareto -i a --seed 7 -o o");
    assert_runs("compose --recipe pareto -i a --seed 7 -o p");
    assert_runs("compose --recipe pareto -i a --seed 8 -o q");
    assert_same_bytes("o", "p", 1);
    assert_same_bytes("o", "q", 0);
}

// ---- generate ----

static void generate_follows_its_seed(void **state)
{
    (void)state;
    const char *kinds[] = {"mmoe", "regression-and-classes", "logistic", "alpha-pair",
                           "task-groups"};
    for (int i = 0; i < 5; i++) {
        char args[200];
        for (int seed = 0; seed < 3; seed++) {
            snprintf(args, sizeof args, "generate %s --count 50 --test 20 --seed %d -o o%d",
                     kinds[i], seed / 2, seed);
            assert_runs(args);
        }
        assert_same_bytes("o0", "o1", 1);
        assert_same_bytes("o0", "o2", 0);
    }
}

// With a cosine of 1 the tasks differ by noise, with -1 their linear parts are opposite.
static void generate_mmoe_correlates(void **state)
{
    (void)state;
    for (int sign = -1; sign <= 1; sign += 2) {
        char args[100];
        snprintf(args, sizeof args, "generate mmoe --count 200 --correlation %d -o o", sign);
        assert_runs(args);
        struct bough_tensor_file *file = open_set("o");
        assert_shape(find(file, "train/input"), BOUGH_F32, "[200, 100]");
        assert_shape(find(file, "test/second"), BOUGH_F32, "[40]");
        const float *first = find(file, "train/first")->data;
        const float *second = find(file, "train/second")->data;
        int close = 0;
        for (int i = 0; i < 200; i++)
            close += fabsf(first[i] - second[i]) < 1;
        assert_true(sign > 0 ? close == 200 : close < 150);
        bough_tensor_file_close(&file);
    }
}

static double product(const struct bough_tensor_file *file, const char *a, const char *b)
{
    const float *x = find(file, a)->data, *y = find(file, b)->data;
    double sum = 0;
    for (int i = 0; i < 2000; i++)
        sum += (double)x[i] * (double)y[i] / 2000;
    return sum;
}

static void generate_groups_every_third_task(void **state)
{
    (void)state;
    assert_runs("generate task-groups --count 2000 -o o");
    struct bough_tensor_file *file = open_set("o");
    assert_shape(find(file, "test/y12"), BOUGH_F32, "[400]");
    assert_true(product(file, "train/y1", "train/y10") > 1);
    assert_true(product(file, "train/y2", "train/y8") > 1);
    assert_true(fabs(product(file, "train/y1", "train/y2")) < 0.5);
    assert_true(fabs(product(file, "train/y1", "train/y12")) < 0.5);
    bough_tensor_file_close(&file);
}

static void generate_has_all_classes(void **state)
{
    (void)state;
    assert_runs("generate regression-and-classes -o o");
    struct bough_tensor_file *file = open_set("o");
    assert_shape(find(file, "train/input"), BOUGH_F32, "[1000, 100]");
    assert_shape(find(file, "train/values"), BOUGH_F32, "[1000, 5]");
    int count[10] = {0};
    for (int i = 0; i < 1000; i++)
        count[((const int64_t *)find(file, "train/class")->data)[i]]++;
    for (int i = 0; i < 10; i++)
        assert_in_range(count[i], 60, 140);
    bough_tensor_file_close(&file);
}

// ---- merge, split, show ----

static void merge_puts_side_by_side(void **state)
{
    (void)state;
    write_idx("i", 8, 2, SIZES(3, 1), "abc", 3);
    write_idx("l", 8, 1, SIZES(3), "\0\1\0", 3);
    assert_runs("idx --images i --labels l --classes x,y -o a");
    assert_runs("idx --images i --labels l --classes x,y --split test -o b");
    assert_runs("idx --labels l --field label=again -o c");
    assert_runs("merge a b c -o o");
    struct bough_tensor_file *file = open_set("o");
    assert_int_equal(bough_tensor_file_count(file), 5);
    assert_int_equal(bough_tensor_file_metadata_count(file), 1);
    assert_classes(find(file, "test/label"), CLASSES(0, 1, 0));
    assert_classes(find(file, "train/again"), CLASSES(0, 1, 0));
    assert_memory_equal(find(file, "test/image")->data, "abc", 3);
    bough_tensor_file_close(&file);
    assert_runs("merge a b -o a"); // onto an input
    file = open_set("a");
    assert_int_equal(bough_tensor_file_count(file), 4);
    bough_tensor_file_close(&file);
}

static void merge_tells_classes_by_name(void **state)
{
    (void)state;
    char output[2000];
    write_idx("l", 9, 1, SIZES(4), "\0\2\1\377", 4);
    assert_runs("idx --labels l --classes cat,dog,ox -o a");
    write_idx("l", 9, 1, SIZES(4), "\1\0\377\0", 4);
    assert_runs("idx --labels l --classes cat,ox --split test -o b"); // without one of them
    write_idx("l", 8, 2, SIZES(2, 2), "\1\0\0\1", 4);
    assert_runs("idx --labels l --classes yak,dog --split dev -o c");
    assert_int_equal(run_data(output, sizeof output, "merge a b -o o"), 0);
    assert_null(strstr(output, "new"));
    struct bough_tensor_file *file = open_set("o");
    assert_string_equal(bough_tensor_file_metadata(file, "classes/label"), "cat\ndog\nox");
    assert_classes(find(file, "train/label"), CLASSES(0, 2, 1, -1));
    assert_classes(find(file, "test/label"), CLASSES(2, 0, -1, 0));
    bough_tensor_file_close(&file);
    assert_int_equal(run_data(output, sizeof output, "merge b a c -o b"), 0); // onto an input
    assert_non_null(strstr(output, "classes/label: new: dog, yak\n"));
    file = open_set("b");
    assert_string_equal(bough_tensor_file_metadata(file, "classes/label"), "cat\nox\ndog\nyak");
    assert_classes(find(file, "train/label"), CLASSES(0, 1, 2, -1));
    assert_classes(find(file, "test/label"), CLASSES(1, 0, -1, 0));
    assert_shape(find(file, "dev/label"), BOUGH_I64, "[2, 2]");
    assert_classes(find(file, "dev/label"), CLASSES(2, 3, 3, 2));
    bough_tensor_file_close(&file);
}

static void split_divides_and_keeps_the_order(void **state)
{
    (void)state;
    unsigned char bytes[200];
    for (int i = 0; i < 200; i++)
        bytes[i] = (unsigned char)i;
    write_idx("i", 8, 2, SIZES(200, 1), bytes, 200);
    write_idx("l", 8, 1, SIZES(200), bytes, 200);
    assert_runs("idx --images i --labels l -o a");
    assert_runs("split a --to dev --share 0.25 --seed 3 -o o");
    struct bough_tensor_file *file = open_set("o");
    const int64_t *rest = find(file, "train/label")->data, *moved = find(file, "dev/label")->data;
    const uint8_t *image = find(file, "dev/image")->data;
    assert_shape(find(file, "train/image"), BOUGH_U8, "[150, 1]");
    assert_shape(find(file, "dev/image"), BOUGH_U8, "[50, 1]");
    int early = 0;
    for (int i = 0, r = 0, m = 0; i < 200; i++) {
        if (m < 50 && moved[m] == i)
            assert_int_equal(image[m++], i);
        else
            assert_int_equal(rest[r++], i);
        early = i == 99 ? m : early;
    }
    assert_in_range(early, 12, 38); // of the first half: no run of neighbours
    bough_tensor_file_close(&file);
    assert_runs("split a --to dev --count 199 -o o");
    file = open_set("o");
    assert_shape(find(file, "train/image"), BOUGH_U8, "[1, 1]");
    bough_tensor_file_close(&file);
    char output[1000];
    assert_int_equal(run_data(output, sizeof output, "split a --to dev --count 200 -o o"), 2);
    assert_int_equal(run_data(output, sizeof output, "split a --to dev --share 0.001 -o o"), 2);
}

static void show_draws_images_and_text(void **state)
{
    (void)state;
    png_image sheet = {.version = PNG_IMAGE_VERSION};
    write_idx("i", 8, 3, SIZES(3, 4, 4),
              "\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\377"
              "\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\377"
              "\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\377",
              48);
    write_idx("l", 9, 1, SIZES(3), "\0\1\377", 3);
    assert_runs("idx --images i --labels l --classes x,lll -o a");
    assert_runs("show a -o s.png");
    assert_true(png_image_begin_read_from_file(&sheet, in_folder("s.png")));
    sheet.format = PNG_FORMAT_GRAY;
    // Two columns of 4 * 24 + 6 pixels, two rows of 96 + 9 + 12.
    assert_int_equal(sheet.width, 204);
    assert_int_equal(sheet.height, 234);
    uint8_t *pixels = malloc(PNG_IMAGE_SIZE(sheet));
    assert_true(png_image_finish_read(&sheet, NULL, pixels, 0, NULL));
    assert_int_equal(pixels[204 * (3 + 95) + 3 + 95], 255);
    assert_int_equal(pixels[204 * (3 + 71) + 3 + 95], 11);
    int lit = 0; // three l, of eight pixels each but for the first row's second one
    for (int y = 102; y < 110; y++)
        for (int x = 102; x < 204; x++)
            lit += pixels[204 * y + x] == 255;
    assert_int_equal(lit, 3 * 10);
    free(pixels);
}

// A file with an image of two pixels, 0 and 1, and a label 1, of the types.
static void write_types(const char *name, const char *image, size_t size, const char *pixels,
                        const char *label)
{
    char header[600];
    unsigned char bytes[800] = {0};
    const int length = snprintf(header, sizeof header,
                                "{\"train/image\":{\"dtype\":\"%s\",\"shape\":[1,1,2],"
                                "\"data_offsets\":[0,%zu]},\"train/label\":{\"dtype\":\"%s\","
                                "\"shape\":[1],\"data_offsets\":[%zu,%zu]}}  ",
                                image, size, label, size, size + 1);
    bytes[0] = (unsigned char)length;
    memcpy(bytes + 8, header, (size_t)length);
    memcpy(bytes + 8 + length, pixels, size);
    bytes[8 + (size_t)length + size] = 1;
    write_bytes(name, bytes, 9 + (size_t)length + size);
}

static void show_draws_every_type(void **state)
{
    (void)state;
    write_types("a", "F32", 8, "\0\0\0\0\0\0\x80\x3f", "U8");
    write_types("b", "F16", 4, "\0\0\0\x3c", "I8");
    write_types("c", "BF16", 4, "\0\0\x80\x3f", "BOOL");
    write_types("d", "BOOL", 2, "\0\1", "BOOL");
    assert_runs("show a -o a.png");
    for (const char *name = "bcd"; *name; name++) {
        char args[100], picture[10];
        snprintf(picture, sizeof picture, "%c.png", *name);
        snprintf(args, sizeof args, "show %c -o %s", *name, picture);
        assert_runs(args);
        assert_same_bytes("a.png", picture, 1);
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, test_folder_begin, test_folder_end)
    const struct CMUnitTest tests[] = {
        CASE(idx_makes_a_set),
        CASE(compose_mgda_is_the_recipe),
        CASE(compose_pareto_is_the_recipe),
        CASE(compose_follows_its_seed),
        CASE(generate_follows_its_seed),
        CASE(generate_mmoe_correlates),
        CASE(generate_groups_every_third_task),
        CASE(generate_has_all_classes),
        CASE(merge_puts_side_by_side),
        CASE(merge_tells_classes_by_name),
        CASE(split_divides_and_keeps_the_order),
        CASE(show_draws_images_and_text),
        CASE(show_draws_every_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
