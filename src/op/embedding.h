// Kernels of ids and their vectors, for embedding, one_hot and table.
#ifndef BOUGH_OP_EMBEDDING_H
#define BOUGH_OP_EMBEDDING_H

#include "cl/embedding_params.h"
#include "op/op.h"

// dweight = for each of its rows the sum of what dy has for its id, in the ids' order.
enum bough_status bough__embedding_sum(struct bough__sequence *out, struct bough__span x,
                                       struct bough__span dy, struct bough__span dweight,
                                       struct embedding_params params);

#endif
