// Embeddings that start from a file.
#ifndef BOUGH_TRAIN_VECTORS_H
#define BOUGH_TRAIN_VECTORS_H

#include "train/model.h"

// Writes what the embeddings' `from` names over what was drawn for them: a tensor [V, D] of a
// safetensors file, or of word2vec's or GloVe's text, a token and its D numbers a line, the rows of
// the tokens that the vocabulary has; how many were found is told. To be called once the names are
// read. Errors: DATA with file, line, found and wanted; INVALID without a vocabulary.
enum bough_status bough__vectors_load(struct bough__model *model);

#endif
