// A corpus as a data set.
#ifndef BOUGH_DATA_TEXT_SET_H
#define BOUGH_DATA_TEXT_SET_H

#include "text_vocabulary.h"

// The classes of a field: those that are known, then those that are not, each sorted.
struct text_classes {
    struct name_set names;
    int32_t *class; // [names of the field]; -1 where no token or sentence has it
    int32_t known;  // of `names`: in train, or in the file whose vocabulary it is
};

// Zero-initialised before.
struct text_set {
    const struct text_corpus *corpus;
    const struct text_vocabulary *vocabulary;
    const struct text_tokens *tokens;
    const struct bough_tensor_file *from; // whose vocabulary it is, or NULL
    struct text_classes tag[TEXT_TAGS_MAX], label[TEXT_LABELS_MAX];
};

// Finds the classes. Errors: DATA where there are more tags than I16 holds; INTERNAL.
enum bough_status text_set_init(struct text_set *set);
enum bough_status text_set_write(const struct text_set *set, const char *output);
// Prints what the file does not tell: sizes, tokens that are unknown, classes that are new.
void text_set_report(const struct text_set *set);
void text_set_fini(struct text_set *set);

// The split "train", or NULL.
const struct text_split *text_find_train(const struct text_corpus *corpus);

#endif
