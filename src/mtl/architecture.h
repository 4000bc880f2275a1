// How trunk and heads are wired.
#ifndef BOUGH_MTL_ARCHITECTURE_H
#define BOUGH_MTL_ARCHITECTURE_H

#include "nn/layer.h"

// Is told of every layer as it stands; `block` is "trunk" or the task's name. All may be NULL.
struct bough__layer_observer {
    void (*built)(void *user, const struct bough_layer *layer, const struct bough__builder *builder,
                  int32_t node);
    void *user;
};

// Hard sharing: scores[t] = head_t(trunk(input)).
// Errors: INVALID, naming the layer.
enum bough_status bough__hard_sharing_build(struct bough__builder *builder, int32_t *scores,
                                            int32_t input, const struct bough_config *config,
                                            const struct bough__layer_observer *observer);

#endif
