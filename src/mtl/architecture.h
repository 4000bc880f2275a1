// How trunk and heads are wired.
#ifndef BOUGH_MTL_ARCHITECTURE_H
#define BOUGH_MTL_ARCHITECTURE_H

#include "mtl/task.h"
#include "nn/layer.h"

// Is told of every layer as it stands; its prefix is the builder's. May be NULL.
struct bough__layer_observer {
    void (*built)(void *user, const struct bough__choice *layer,
                  const struct bough__builder *builder, int32_t node);
    void *user;
};

// What an architecture wires.
struct bough__net {
    const void *options;               // of the architecture's row
    const struct bough__choice *trunk; // of bough__layers
    size_t trunk_count;
    const struct bough__task *tasks;
    size_t tasks_count;
};

// What an architecture hands back, in nodes.
struct bough__wiring {
    int32_t *scores; // [tasks], the caller's
    // The shared representations: through these alone, what tasks share reaches their scores. In
    // the parameters' arena.
    int32_t *shared;
    int shared_count;
};

struct bough__architecture {
    struct bough__row row;
    int needs_trunk; // it is no use without one
    // Builds the trunk and heads on `input`, each [N, sample], at least one.
    // Errors: INVALID, naming the layer.
    enum bough_status (*build)(struct bough__builder *builder, struct bough__wiring *wiring,
                               const int32_t *input, size_t inputs, const struct bough__net *net,
                               const struct bough__layer_observer *observer);
};

#define BOUGH_ARCHITECTURE(name) extern const struct bough__architecture bough__architecture_##name;
#include "mtl/architecture_list.h"
#undef BOUGH_ARCHITECTURE

extern const struct bough__family bough__architectures;

// Of a choice of bough__architectures.
static inline const struct bough__architecture *
bough__architecture_of(const struct bough__choice *choice)
{
    return (const struct bough__architecture *)(const void *)choice->row;
}

// ---- For architectures ----

// One node of `count`, beside each other along dimension 1, as torch.cat(dim=1); of one itself.
//   part  what it is a part of: "inputs"
// Errors: INVALID, naming the first two that do not go together by what they are a part of.
enum bough_status bough__join(struct bough__builder *builder, int32_t *joined, const int32_t *node,
                              size_t count, const char *part);

// `node` is the only shared representation.
enum bough_status bough__wiring_share(struct bough__builder *builder, struct bough__wiring *wiring,
                                      int32_t node);

// Builds the head of task t on scores[t].
enum bough_status bough__head_build(struct bough__builder *builder, struct bough__wiring *wiring,
                                    const struct bough__net *net, size_t t,
                                    const struct bough__layer_observer *observer);

#endif
