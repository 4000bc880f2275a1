#include "data_random.h"
#include "data_tool.h"
#include "resize.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: bough-data compose --recipe mgda|pareto -i FILE [-j FILE] [--seed N] -o FILE\n"
    "\n"
    "Makes a two-task data set: every image is two items, one over the other, and the\n"
    "tasks are to name the left and the right one. Item i of the first file comes to the\n"
    "left, a random item of the second (or the same) file to the right, in every split;\n"
    "where they overlap, the brighter pixel stands. The fields are image, left and right; and id,\n"
    "\"left + right\", where the items have one.\n"
    "\n"
    "  --recipe mgda    on a canvas 8 pixels larger, the left item in the upper left corner\n"
    "                   and the right one 6 pixels down and to the right; then back to the\n"
    "                   items' size by nearest pixel (Sener and Koltun, NeurIPS 2018)\n"
    "  --recipe pareto  the canvas 8 pixels larger stays; each item is moved by 0 to 4\n"
    "                   pixels both ways from its corner, upper left and lower right\n"
    "                   (Lin et al., NeurIPS 2019)\n"
    "  -i FILE          single items: U8 images [N, C, H, W] and I64 labels [N]\n"
    "  -j FILE          the right items; default those of -i\n"
    "  --seed N         of the random choices; default 0\n"
    "  --field F=NAME   the inputs call their field `image` or `label` NAME\n"
    "  -o, --output FILE\n"
    "\n"
    "Example:\n"
    "  bough-data compose --recipe mgda -i fashion.safetensors --seed 1 \\\n"
    "                     -o multifashion.safetensors\n";

enum { MARGIN = 8, MGDA_OFFSET = 6, PARETO_REACH = 4 };

// The items of one split of one file.
struct items {
    const uint8_t *image;               // [count, channels, height, width]
    const int64_t *label;               // [count]
    const struct bough_file_tensor *id; // text; NULL if there is none
    int64_t count, channels, height, width;
};

struct pair {
    struct items left, right;
    uint64_t seed;
    uint32_t stream;
};

// A recipe draws sample i into `image`; `canvas` is room for one, [height + 8, width + 8].
struct recipe {
    const char *name;
    int64_t margin; // pixels that the result is larger than an item
    void (*draw)(uint8_t *image, uint8_t *canvas, const struct pair *pair, int64_t i);
};

// ---- Drawing ----

static struct draws draws_for(const struct pair *pair, int64_t i)
{
    return draws_of(pair->seed, pair->stream, (uint64_t)i);
}

// The first draw of a sample.
static int64_t partner(const struct pair *pair, struct draws *draws)
{
    return (int64_t)draw_below(draws, (uint64_t)pair->right.count);
}

static const uint8_t *plane(const struct items *items, int64_t i, int64_t channel)
{
    return items->image + (i * items->channels + channel) * items->height * items->width;
}

static void lay(uint8_t *canvas, const uint8_t *item, int64_t height, int64_t width, int64_t top,
                int64_t left)
{
    for (int64_t y = 0; y < height; y++) {
        uint8_t *row = canvas + (top + y) * (width + MARGIN) + left;
        for (int64_t x = 0; x < width; x++)
            if (item[y * width + x] > row[x])
                row[x] = item[y * width + x];
    }
}

static void draw_mgda(uint8_t *image, uint8_t *canvas, const struct pair *pair, int64_t i)
{
    const int64_t height = pair->left.height, width = pair->left.width;
    struct draws draws = draws_for(pair, i);
    const int64_t j = partner(pair, &draws);
    for (int64_t c = 0; c < pair->left.channels; c++) {
        memset(canvas, 0, (size_t)((height + MARGIN) * (width + MARGIN)));
        lay(canvas, plane(&pair->left, i, c), height, width, 0, 0);
        lay(canvas, plane(&pair->right, j, c), height, width, MGDA_OFFSET, MGDA_OFFSET);
        resize_nearest(image + c * height * width, height, width, canvas, height + MARGIN,
                       width + MARGIN);
    }
}

static void draw_pareto(uint8_t *image, uint8_t *canvas, const struct pair *pair, int64_t i)
{
    const int64_t height = pair->left.height, width = pair->left.width;
    const int64_t area = (height + MARGIN) * (width + MARGIN);
    struct draws draws = draws_for(pair, i);
    const int64_t j = partner(pair, &draws);
    int64_t moved[4];
    for (int k = 0; k < 4; k++)
        moved[k] = (int64_t)draw_below(&draws, PARETO_REACH + 1);
    (void)canvas;
    memset(image, 0, (size_t)(pair->left.channels * area));
    for (int64_t c = 0; c < pair->left.channels; c++) {
        lay(image + c * area, plane(&pair->left, i, c), height, width, moved[0], moved[1]);
        lay(image + c * area, plane(&pair->right, j, c), height, width, MARGIN - moved[2],
            MARGIN - moved[3]);
    }
}

static const struct recipe recipes[] = {
    {"mgda", 0, draw_mgda},
    {"pareto", MARGIN, draw_pareto},
};

static enum bough_status find_recipe(const struct recipe **recipe, const char *name)
{
    for (size_t i = 0; i < sizeof recipes / sizeof *recipes; i++) {
        if (strcmp(recipes[i].name, name) == 0) {
            *recipe = &recipes[i];
            return BOUGH_OK;
        }
    }
    return tool_fail(BOUGH_INVALID, "--recipe: \"%s\", wanted mgda or pareto", name);
}

// ---- Items ----

static enum bough_status check_labels(const struct bough_tensor_file *file,
                                      const struct bough_file_tensor *label, const char *field)
{
    const int64_t classes = tool_class_count(tool_find_classes(file, field));
    const int64_t *value = label->data;
    for (int64_t i = 0; i < label->shape.dim[0]; i++) {
        if (value[i] >= -1 && (classes == 0 || value[i] < classes))
            continue;
        char wanted[64] = "wanted 0 and up, or -1 for none";
        if (classes > 0)
            snprintf(wanted, sizeof wanted, "classes are 0..%" PRId64, classes - 1);
        return tool_fail(BOUGH_DATA, "%s: %s, row %" PRId64 ": label %" PRId64 ", %s",
                         bough_tensor_file_path(file), label->name, i, value[i], wanted);
    }
    return BOUGH_OK;
}

static enum bough_status take_items(struct items *items, const struct bough_tensor_file *file,
                                    const char *split, const struct tool_fields *fields)
{
    enum bough_status status;
    const struct bough_file_tensor *image, *label;
    char text[256];
    TRY(bough_dataset_field(&image, file, split, fields->image));
    TRY(bough_dataset_field(&label, file, split, fields->label));
    if (image->dtype != BOUGH_U8 || image->shape.rank != 4)
        return tool_fail(BOUGH_DATA, "%s: %s: %s %s, wanted U8 [N, C, H, W]",
                         bough_tensor_file_path(file), image->name, bough_dtype_name(image->dtype),
                         bough_shape_format(&image->shape, text, sizeof text));
    if (label->dtype != BOUGH_I64 || label->shape.rank != 1)
        return tool_fail(BOUGH_DATA, "%s: %s: %s %s, wanted I64 [N]", bough_tensor_file_path(file),
                         label->name, bough_dtype_name(label->dtype),
                         bough_shape_format(&label->shape, text, sizeof text));
    TRY(check_labels(file, label, fields->label));
    const int64_t *dim = image->shape.dim;
    *items = (struct items){image->data, label->data, NULL, dim[0], dim[1], dim[2], dim[3]};
    TRY(tool_name(text, split, "id"));
    const struct bough_file_tensor *id = bough_tensor_file_find(file, text);
    if (id && tool_is_text(file, id))
        TRY(bough_dataset_field(&items->id, file, split, "id"));
done:
    return status;
}

static uint32_t hash(const char *text)
{
    uint32_t value = 2166136261u; // FNV-1a
    for (; *text; text++)
        value = (value ^ (unsigned char)*text) * 16777619u;
    return value;
}

static enum bough_status take_pair(struct pair *pair, struct bough_tensor_file *const file[2],
                                   const char *split, const struct tool_fields *fields,
                                   uint64_t seed)
{
    enum bough_status status;
    struct items *left = &pair->left, *right = &pair->right;
    TRY(take_items(left, file[0], split, fields));
    TRY(take_items(right, file[1], split, fields));
    if (left->channels != right->channels || left->height != right->height ||
        left->width != right->width)
        return tool_fail(BOUGH_DATA,
                         "%s: %s: images of %" PRId64 "x%" PRId64 "x%" PRId64 ", wanted %" PRId64
                         "x%" PRId64 "x%" PRId64 " as in %s",
                         bough_tensor_file_path(file[1]), split, right->channels, right->height,
                         right->width, left->channels, left->height, left->width,
                         bough_tensor_file_path(file[0]));
    if (left->count > 0 && right->count == 0)
        return tool_fail(BOUGH_DATA, "%s: %s: no items, wanted some",
                         bough_tensor_file_path(file[1]), split);
    pair->seed = seed;
    pair->stream = hash(split);
done:
    return status;
}

// ---- Names ----

static const char between[] = " + ";

// A pair is called "left + right"; 0 where an item has no name.
static size_t id_bytes(const struct pair *pair)
{
    if (!pair->left.id || !pair->right.id)
        return 0;
    return (size_t)(pair->left.id->shape.dim[1] + pair->right.id->shape.dim[1]) + sizeof between -
           1;
}

static enum bough_status write_ids(struct bough_tensor_writer *writer, const struct pair *pair)
{
    enum bough_status status = BOUGH_OK;
    const size_t bytes = id_bytes(pair);
    char *id = malloc(bytes + 1);
    TRY_MEMORY(id);
    for (int64_t i = 0; i < pair->left.count && bytes; i++) {
        struct draws draws = draws_for(pair, i);
        const char *left, *right;
        const size_t first = tool_text_at(&left, pair->left.id, i);
        const size_t second = tool_text_at(&right, pair->right.id, partner(pair, &draws));
        memset(id, 0, bytes);
        snprintf(id, bytes + 1, "%.*s%s%.*s", (int)first, left, between, (int)second, right);
        TRY(bough_tensor_writer_write(writer, id, bytes));
    }
done:
    free(id);
    return status;
}

// ---- The file ----

static enum bough_status declare(struct bough_tensor_writer *writer, const char *split,
                                 const struct pair *pair, const struct recipe *recipe)
{
    enum bough_status status;
    const struct items *left = &pair->left;
    const struct bough_shape single = {0};
    const struct bough_shape image = {
        3, {left->channels, left->height + recipe->margin, left->width + recipe->margin}};
    TRY(tool_declare(writer, split, "image", BOUGH_U8, left->count, &image));
    TRY(tool_declare(writer, split, "left", BOUGH_I64, left->count, &single));
    TRY(tool_declare(writer, split, "right", BOUGH_I64, left->count, &single));
    if (id_bytes(pair))
        TRY(tool_declare(writer, split, "id", BOUGH_U8, left->count,
                         &(struct bough_shape){1, {(int64_t)id_bytes(pair)}}));
done:
    return status;
}

static enum bough_status declare_classes(struct bough_tensor_writer *writer,
                                         struct bough_tensor_file *const file[2], const char *label)
{
    enum bough_status status = BOUGH_OK;
    const char *left = tool_find_classes(file[0], label);
    const char *right = tool_find_classes(file[1], label);
    if (left)
        TRY(tool_classes(writer, "left", left));
    if (right)
        TRY(tool_classes(writer, "right", right));
done:
    return status;
}

static enum bough_status write_images(struct bough_tensor_writer *writer, const struct pair *pair,
                                      const struct recipe *recipe, const char *split)
{
    enum bough_status status = BOUGH_OK;
    const struct items *items = &pair->left;
    const size_t canvas_bytes = (size_t)((items->height + MARGIN) * (items->width + MARGIN));
    const size_t bytes = (size_t)(items->channels * (items->height + recipe->margin) *
                                  (items->width + recipe->margin));
    uint8_t *image = malloc(bytes + canvas_bytes);
    TRY_MEMORY(image);
    for (int64_t i = 0; i < items->count; i++) {
        TRY(tool_step(split, i, items->count));
        recipe->draw(image, image + bytes, pair, i);
        TRY(bough_tensor_writer_write(writer, image, bytes));
    }
done:
    free(image);
    return status;
}

static enum bough_status write_labels(struct bough_tensor_writer *writer, const struct pair *pair)
{
    enum bough_status status;
    const size_t count = (size_t)pair->left.count;
    TRY(bough_tensor_writer_write(writer, pair->left.label, count * sizeof(int64_t)));
    for (size_t i = 0; i < count; i++) {
        struct draws draws = draws_for(pair, (int64_t)i);
        const int64_t j = partner(pair, &draws);
        TRY(bough_tensor_writer_write(writer, &pair->right.label[j], sizeof(int64_t)));
    }
done:
    return status;
}

static enum bough_status write_all(struct bough_tensor_writer *writer,
                                   struct bough_tensor_file *const file[2],
                                   const struct tool_fields *fields, const struct recipe *recipe,
                                   uint64_t seed)
{
    enum bough_status status;
    char split[TOOL_NAME_MAX];
    struct pair pair;
    size_t n = 0;
    int named = 0;
    TRY(declare_classes(writer, file, fields->label));
    for (; tool_split_at(file[0], n, split); n++) {
        TRY(take_pair(&pair, file, split, fields, seed));
        TRY(declare(writer, split, &pair, recipe));
        if (id_bytes(&pair) && !named++)
            TRY(tool_text(writer, "id"));
    }
    if (n == 0)
        return tool_fail(BOUGH_DATA, "%s: no tensor named split/field, wanted some",
                         bough_tensor_file_path(file[0]));
    for (n = 0; tool_split_at(file[0], n, split); n++) {
        TRY(take_pair(&pair, file, split, fields, seed));
        TRY(write_images(writer, &pair, recipe, split));
        TRY(write_labels(writer, &pair));
        TRY(write_ids(writer, &pair));
    }
    TRY(bough_tensor_writer_commit(writer));
done:
    return status;
}

static enum bough_status run(int argc, char **argv)
{
    const char *name = NULL, *first = NULL, *second = NULL, *seed_text = NULL, *output = NULL;
    const char *renamed[TOOL_VALUES_MAX + 1] = {0};
    const struct tool_option options[] = {
        {"recipe", 0, .value = &name, .min = 1, .max = 1},
        {"input", 'i', .value = &first, .min = 1, .max = 1},
        {"other", 'j', .value = &second, .max = 1},
        {"seed", 0, .value = &seed_text, .max = 1},
        {"output", 'o', .value = &output, .min = 1, .max = 1},
        {"field", 0, .value = renamed, .max = TOOL_VALUES_MAX},
    };
    enum bough_status status;
    struct bough_tensor_file *left = NULL, *right = NULL;
    struct bough_tensor_writer *writer = NULL;
    struct tool_fields fields;
    const struct recipe *recipe = NULL;
    int64_t seed = 0;
    TRY(DATA_OPTIONS(argc, argv, options));
    TRY(find_recipe(&recipe, name));
    TRY(tool_whole(&seed, seed_text, "--seed", 0, INT64_MAX));
    TRY(tool_fields(&fields, renamed));
    TRY(tool_check_output(output, first));
    TRY(tool_check_output(output, second));
    TRY(bough_tensor_file_open(&left, first));
    if (second)
        TRY(bough_tensor_file_open(&right, second));
    struct bough_tensor_file *const files[2] = {left, second ? right : left};
    TRY(bough_tensor_writer_create(&writer, output));
    TRY(write_all(writer, files, &fields, recipe, (uint64_t)seed));
    TRY(tool_report(output));
done:
    bough_tensor_writer_destroy(&writer);
    bough_tensor_file_close(&left);
    bough_tensor_file_close(&right);
    return status;
}

const struct tool_command tool_compose = {
    "compose", "two items in one image: two tasks from single-item sets", help, run};
