#include "show_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FIELDS_MAX = 32, LABEL_MAX = 200 };

struct sentences {
    const struct bough_tensor_file *file;
    const struct bough_file_tensor *tokens, *length, *words;
    const struct bough_file_tensor *tag[FIELDS_MAX], *label[FIELDS_MAX];
    int tags, labels;
    const char *vocabulary;
};

static int is_shape(const struct bough_file_tensor *tensor, const struct bough_shape *shape)
{
    return tensor->shape.rank == shape->rank &&
           memcmp(tensor->shape.dim, shape->dim, (size_t)shape->rank * sizeof *shape->dim) == 0;
}

static void take_field(struct sentences *sentences, const struct bough_file_tensor *tensor,
                       const char *field)
{
    const int whole = !bough_dtype_is_float(tensor->dtype);
    if (strcmp(field, "length") == 0 && tensor->shape.rank == 1 && whole)
        sentences->length = tensor;
    else if (strcmp(field, "words") == 0 && tool_is_text(sentences->file, tensor))
        sentences->words = tensor;
    else if ((tensor->shape.rank == 1 || tool_is_text(sentences->file, tensor)) &&
             sentences->labels < FIELDS_MAX)
        sentences->label[sentences->labels++] = tensor;
    else if (tensor != sentences->tokens && whole && is_shape(tensor, &sentences->tokens->shape) &&
             sentences->tags < FIELDS_MAX)
        sentences->tag[sentences->tags++] = tensor;
}

static enum bough_status take_fields(struct sentences *sentences, const char *split)
{
    enum bough_status status;
    char name[TOOL_NAME_MAX], text[256];
    const char *field;
    const struct bough_file_tensor *tensor;
    TRY(bough_dataset_field(&sentences->tokens, sentences->file, split, "tokens"));
    if (sentences->tokens->shape.rank != 2 || bough_dtype_is_float(sentences->tokens->dtype))
        return tool_fail(BOUGH_DATA, "%s: %s: %s %s, wanted ids [N, L]; images are drawn with -o",
                         bough_tensor_file_path(sentences->file), sentences->tokens->name,
                         bough_dtype_name(sentences->tokens->dtype),
                         bough_shape_format(&sentences->tokens->shape, text, sizeof text));
    for (size_t i = 0; i < bough_tensor_file_count(sentences->file); i++) {
        tensor = bough_tensor_file_at(sentences->file, i);
        if (!tool_is_field(tensor, name, &field) || strcmp(name, split) != 0)
            continue;
        TRY(bough_dataset_field(&tensor, sentences->file, split, field)); // as many samples
        take_field(sentences, tensor, field);
    }
    sentences->vocabulary = tool_find(sentences->file, "vocabulary", "tokens");
done:
    return status;
}

// The text of token `t`; where the samples' words are there, `*words` goes from one to the next.
static size_t take_token(const char **token, char number[32], const struct sentences *sentences,
                         int64_t at, const char **words, const char *end)
{
    size_t length;
    if (*words) {
        *token = *words;
        const char *space = memchr(*words, ' ', (size_t)(end - *words));
        length = (size_t)((space ? space : end) - *words);
        *words = space ? space + 1 : end;
        return length;
    }
    const int64_t id = bough_integer_at(sentences->tokens->data, sentences->tokens->dtype, at);
    if (tool_class_name(sentences->vocabulary, id, token, &length))
        return length;
    *token = number;
    return (size_t)snprintf(number, 32, "%" PRId64, id);
}

static void print_labels(const struct sentences *sentences, int64_t i)
{
    char split[TOOL_NAME_MAX], text[LABEL_MAX];
    const char *field;
    for (int k = 0; k < sentences->labels; k++) {
        tool_is_field(sentences->label[k], split, &field);
        tool_label_text(text, sizeof text, sentences->file, sentences->label[k], i);
        printf("# %s: %s\n", field, text);
    }
}

static void print_sentence(const struct sentences *sentences, int64_t i)
{
    const int64_t width = sentences->tokens->shape.dim[1];
    const char *words = NULL, *token;
    char number[32], tag[LABEL_MAX];
    int64_t length = width;
    const size_t bytes_of_words = sentences->words ? tool_text_at(&words, sentences->words, i) : 0;
    const char *end = words ? words + bytes_of_words : NULL;
    if (sentences->length)
        length = bough_integer_at(sentences->length->data, sentences->length->dtype, i);
    print_labels(sentences, i);
    for (int64_t t = 0; t < length && t < width; t++) {
        const size_t bytes = take_token(&token, number, sentences, i * width + t, &words, end);
        if (sentences->tags == 0) {
            printf("%s%.*s", t ? " " : "", (int)bytes, token);
            continue;
        }
        tool_print_padded(token, bytes, 20);
        for (int k = 0; k < sentences->tags; k++) {
            tool_label_text(tag, sizeof tag, sentences->file, sentences->tag[k], i * width + t);
            printf(" ");
            tool_print_padded(tag, strlen(tag), k + 1 < sentences->tags ? 20 : 0);
        }
        printf("\n");
    }
    printf(sentences->tags == 0 ? "\n\n" : "\n");
}

enum bough_status show_text(const struct bough_tensor_file *file, const char *split, int64_t count)
{
    enum bough_status status;
    struct sentences sentences = {.file = file};
    TRY(take_fields(&sentences, split));
    const int64_t all = sentences.tokens->shape.dim[0];
    if (count > all)
        count = all;
    for (int64_t k = 0; k < count; k++) {
        TRY(tool_step("sentences", k, count));
        print_sentence(&sentences, k * all / count);
    }
done:
    return status;
}
