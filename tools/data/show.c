#include "font.h"
#include "png_image.h"
#include "png_save.h"
#include "show_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: bough-data show FILE [--split NAME] [--count N] [-o SHEET.png]\n"
    "\n"
    "Draws a contact sheet: samples spread evenly over a split, with their labels and names\n"
    "as text under them. Images are [N, C, H, W] or [N, H, W]; three channels are colours,\n"
    "else the first one is drawn. What is no U8 is scaled to the range of what is drawn.\n"
    "\n"
    "Without -o, prints sentences: a token a line with its tags, or without tags a line each.\n"
    "\n"
    "  --split NAME     default train\n"
    "  --count N        how many samples; default 64, of sentences 5, or all if there are\n"
    "                   fewer\n"
    "  --field F=NAME   the image field is called NAME: image=NAME\n"
    "  -o, --output FILE\n"
    "\n"
    "Example:\n"
    "  bough-data show multifashion.safetensors -o sheet.png\n";

enum { LABELS_MAX = 8, TEXT_MAX = 32, GAP = 6, WIDTH_WANTED = 96, SIDE_MAX = 16384 };

struct sheet {
    const struct bough_tensor_file *file;
    const struct bough_file_tensor *image, *label[LABELS_MAX];
    int64_t channels, height, width; // of an image
    double low, high;                // drawn black and white
    int64_t count, columns;          // of the cells
    int64_t scale, cell_width, cell_height;
    int labels;
    uint8_t *rgb;
};

// ---- What is drawn ----

static int64_t sample_at(const struct sheet *sheet, int64_t cell)
{
    return cell * sheet->image->shape.dim[0] / sheet->count;
}

static double pixel(const struct sheet *sheet, int64_t sample, int64_t channel, int64_t at)
{
    const int64_t area = sheet->height * sheet->width;
    const int64_t i = (sample * sheet->channels + channel) * area + at;
    return bough_number_at(sheet->image->data, sheet->image->dtype, i);
}

// "left Bag": the field's name only if there are several.
static void label_text(char text[TEXT_MAX], const struct sheet *sheet, int label, int64_t sample)
{
    const struct bough_file_tensor *tensor = sheet->label[label];
    char split[TOOL_NAME_MAX];
    const char *field;
    tool_is_field(tensor, split, &field);
    const int used = sheet->labels > 1 ? snprintf(text, TEXT_MAX, "%s ", field) : 0;
    if (used < TEXT_MAX)
        tool_label_text(text + used, (size_t)(TEXT_MAX - used), sheet->file, tensor, sample);
}

static enum bough_status take_image(struct sheet *sheet, const char *split, const char *field)
{
    enum bough_status status;
    char text[256];
    TRY(bough_dataset_field(&sheet->image, sheet->file, split, field));
    const struct bough_shape *shape = &sheet->image->shape;
    const int64_t *dim = shape->dim;
    if (shape->rank < 3 || shape->rank > 4 || bough_shape_elements(shape) == 0)
        return tool_fail(BOUGH_DATA, "%s: %s: %s %s, wanted images [N, C, H, W] or [N, H, W]",
                         bough_tensor_file_path(sheet->file), sheet->image->name,
                         bough_dtype_name(sheet->image->dtype),
                         bough_shape_format(shape, text, sizeof text));
    sheet->channels = shape->rank == 4 ? dim[1] : 1;
    sheet->height = dim[shape->rank - 2];
    sheet->width = dim[shape->rank - 1];
    if (sheet->count > dim[0])
        sheet->count = dim[0];
done:
    return status;
}

static enum bough_status take_labels(struct sheet *sheet, const char *split)
{
    enum bough_status status = BOUGH_OK;
    char name[TOOL_NAME_MAX];
    const char *field;
    for (size_t i = 0; i < bough_tensor_file_count(sheet->file); i++) {
        const struct bough_file_tensor *tensor = bough_tensor_file_at(sheet->file, i);
        if (!tool_is_field(tensor, name, &field) || strcmp(name, split) != 0 ||
            sheet->labels == LABELS_MAX)
            continue;
        if (tensor->shape.rank == 1 || tool_is_text(sheet->file, tensor))
            TRY(bough_dataset_field(&sheet->label[sheet->labels++], sheet->file, split, field));
    }
done:
    return status;
}

static void find_range(struct sheet *sheet)
{
    sheet->low = 0;
    sheet->high = 255;
    if (sheet->image->dtype == BOUGH_U8)
        return;
    sheet->low = INFINITY;
    sheet->high = -INFINITY;
    for (int64_t cell = 0; cell < sheet->count; cell++) {
        for (int64_t at = 0; at < sheet->channels * sheet->height * sheet->width; at++) {
            const double value = pixel(sheet, sample_at(sheet, cell), 0, at);
            sheet->low = fmin(sheet->low, value); // fmin and fmax pass over NaN
            sheet->high = fmax(sheet->high, value);
        }
    }
}

// ---- Drawing ----

static enum bough_status lay_out(struct sheet *sheet)
{
    size_t longest = 0;
    char text[TEXT_MAX];
    for (int64_t cell = 0; cell < sheet->count; cell++) {
        for (int k = 0; k < sheet->labels; k++) {
            label_text(text, sheet, k, sample_at(sheet, cell));
            longest = strlen(text) > longest ? strlen(text) : longest;
        }
    }
    const int64_t text_width = (int64_t)longest * FONT_WIDTH;
    sheet->scale = sheet->width < WIDTH_WANTED ? WIDTH_WANTED / sheet->width : 1;
    sheet->cell_width = sheet->width * sheet->scale;
    if (sheet->cell_width < text_width)
        sheet->cell_width = text_width;
    sheet->cell_width += GAP;
    sheet->cell_height = sheet->height * sheet->scale + sheet->labels * FONT_HEIGHT + 2 * GAP;
    sheet->columns = (int64_t)ceil(sqrt((double)sheet->count));
    const int64_t rows = (sheet->count + sheet->columns - 1) / sheet->columns;
    const int64_t width = sheet->columns * sheet->cell_width, height = rows * sheet->cell_height;
    if (width > SIDE_MAX || height > SIDE_MAX)
        return tool_fail(BOUGH_INVALID,
                         "--count: a sheet of %" PRId64 "x%" PRId64 " pixels, wanted at most %d a "
                         "side",
                         width, height, SIDE_MAX);
    sheet->rgb = calloc((size_t)(width * height), 3);
    return sheet->rgb ? BOUGH_OK : tool_no_memory();
}

static uint8_t shade(const struct sheet *sheet, double value)
{
    const double range = sheet->high - sheet->low;
    const double part = range > 0 ? (value - sheet->low) / range : 0;
    return part > 0 ? part < 1 ? (uint8_t)lround(255 * part) : 255 : 0; // NaN is black
}

static void draw_image(const struct sheet *sheet, uint8_t *rgb, int64_t stride, int64_t sample)
{
    for (int64_t y = 0; y < sheet->height * sheet->scale; y++) {
        for (int64_t x = 0; x < sheet->width * sheet->scale; x++) {
            const int64_t at = y / sheet->scale * sheet->width + x / sheet->scale;
            for (int64_t c = 0; c < 3; c++)
                rgb[y * stride + 3 * x + c] =
                    shade(sheet, pixel(sheet, sample, sheet->channels == 3 ? c : 0, at));
        }
    }
}

static void draw(const struct sheet *sheet)
{
    const int64_t stride = 3 * sheet->columns * sheet->cell_width;
    char text[TEXT_MAX];
    for (int64_t cell = 0; cell < sheet->count; cell++) {
        const int64_t top = cell / sheet->columns * sheet->cell_height + GAP / 2;
        const int64_t left = cell % sheet->columns * sheet->cell_width + GAP / 2;
        uint8_t *rgb = sheet->rgb + top * stride + 3 * left;
        draw_image(sheet, rgb, stride, sample_at(sheet, cell));
        rgb += (sheet->height * sheet->scale + GAP / 2) * stride;
        for (int k = 0; k < sheet->labels; k++, rgb += FONT_HEIGHT * stride) {
            label_text(text, sheet, k, sample_at(sheet, cell));
            font_draw(rgb, (int)stride, text, TEXT_MAX);
        }
    }
}

static enum bough_status run(int argc, char **argv)
{
    const char *path = NULL, *split = NULL, *count = NULL, *output = NULL;
    const char *renamed[TOOL_VALUES_MAX + 1] = {0};
    const struct tool_option options[] = {
        {NULL, 0, .value = &path, .min = 1, .max = 1},
        {"split", 0, .value = &split, .max = 1},
        {"count", 0, .value = &count, .max = 1},
        {"field", 0, .value = renamed, .max = TOOL_VALUES_MAX},
        {"output", 'o', .value = &output, .max = 1},
    };
    enum bough_status status;
    struct bough_tensor_file *file = NULL;
    struct sheet sheet = {0};
    struct tool_fields fields;
    TRY(DATA_OPTIONS(argc, argv, options));
    TRY(tool_fields(&fields, renamed));
    sheet.count = output ? 64 : 5;
    TRY(tool_whole(&sheet.count, count, "--count", 1, 10000));
    TRY(bough_tensor_file_open(&file, path));
    if (!output) {
        TRY(show_text(file, split ? split : "train", sheet.count));
        goto done;
    }
    TRY(tool_check_output(output, path));
    sheet.file = file;
    TRY(take_image(&sheet, split ? split : "train", fields.image));
    TRY(take_labels(&sheet, split ? split : "train"));
    find_range(&sheet);
    TRY(lay_out(&sheet));
    draw(&sheet);
    TRY(png_save(output, sheet.rgb, (int)(sheet.columns * sheet.cell_width),
                 (int)((sheet.count + sheet.columns - 1) / sheet.columns * sheet.cell_height)));
done:
    free(sheet.rgb);
    bough_tensor_file_close(&file);
    return status;
}

const struct tool_command tool_show = {"show", "a contact sheet of samples", help, run};
