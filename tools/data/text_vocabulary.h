// Which tokens have an id.
#ifndef BOUGH_DATA_TEXT_VOCABULARY_H
#define BOUGH_DATA_TEXT_VOCABULARY_H

#include "text_tokens.h"

enum { TEXT_PADDING, TEXT_UNKNOWN, TEXT_FIRST_ID };

struct text_vocabulary {
    int64_t min_count, size; // of a new one: fewest times a token occurs; most ids, 0 for any
    int is_lower;
    struct name_set names; // by id
    int32_t *id;           // [words of the corpus], of each
};

// A new one, of the tokens of a split: the most frequent ones first.
enum bough_status text_vocabulary_build(struct text_vocabulary *vocabulary,
                                        const struct text_tokens *tokens,
                                        const struct text_corpus *corpus,
                                        const struct text_split *split);
// That of a file that has `vocabulary/tokens`; `is_lower` where the file says so, too. Errors:
// DATA.
enum bough_status text_vocabulary_load(struct text_vocabulary *vocabulary,
                                       const struct bough_tensor_file *file);
// Finds the ids of a corpus.
enum bough_status text_vocabulary_apply(struct text_vocabulary *vocabulary,
                                        const struct text_tokens *tokens,
                                        const struct text_corpus *corpus);
void text_vocabulary_fini(struct text_vocabulary *vocabulary);

#endif
