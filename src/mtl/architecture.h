// How trunk and heads are wired.
#ifndef BOUGH_MTL_ARCHITECTURE_H
#define BOUGH_MTL_ARCHITECTURE_H

#include "mtl/task.h"
#include "nn/loss.h"

// What an input goes through before it is joined with others.
struct bough__stem {
    const char *key;    // of the input: "inputs.table"
    const char *prefix; // of its parameters: "stems.table"
    const struct bough__choice *layers;
    size_t count;
};

// An input of a batch, in leaves of the graph.
struct bough__leaf {
    int32_t x;       // [N, sample]; zeros where the row lacks it
    int32_t present; // [N, 1], 1 where the row has it, else 0; -1 = every row has it
};

// What an architecture wires.
struct bough__net {
    const void *options;               // of the architecture's row
    const struct bough__choice *trunk; // of bough__layers
    size_t trunk_count;
    const struct bough__task *tasks;
    size_t tasks_count;
    const struct bough__choice *alignment;
    const struct bough__choice *join; // of bough__joins
    const struct bough__stem *stems;  // [inputs]
    size_t inputs;
    const size_t *number; // [tasks] of each among all of the model's, for `build`
};

// A number [1] that a task minimises beside its loss, weighed as the loss is. Its gradient reaches
// that task's score alone: of what other tasks give it is none.
struct bough__penalty {
    int32_t node, task;
};

// What an architecture hands back, in nodes.
struct bough__wiring {
    int32_t *scores;                 // [tasks], the caller's
    int32_t *representations;        // [tasks], what each head reads. In the parameters' arena.
    struct bough__loss_params *loss; // [tasks], what each loss learns. In the parameters' arena.
    // Of a training. In the parameters' arena.
    struct bough__penalty *penalty;
    size_t penalties;
};

struct bough__architecture {
    struct bough__row row;
    int needs_trunk; // it is no use without one
    int is_sequence; // its tasks are events in a sequence: their losses are of binary targets
    int meets;       // tasks take from each other what they make of a row: all read the same
    int apart;       // tasks share nothing, not even stems
    const struct bough__option *by_task; // its list of a number for each task; NULL = it has none
    // Builds the trunk and heads on x [N, sample].
    // Errors: INVALID, naming the layer.
    enum bough_status (*build)(struct bough__builder *builder, struct bough__wiring *wiring,
                               int32_t x, const struct bough__net *net);
    // Adds to the gradients of the parameters what they have beside the losses'. NULL = nothing.
    enum bough_status (*regularize)(struct bough__sequence *out, const struct bough__net *net,
                                    const struct bough__params *params);
};

#define BOUGH_ARCHITECTURE(name) extern const struct bough__architecture bough__architecture_##name;
#include "mtl/architecture_list.h"
#undef BOUGH_ARCHITECTURE

extern const struct bough__family bough__architectures;

// The nets of soft sharing with nothing that draws them together: of regimes, not in the family.
extern const struct bough__architecture bough__architecture_apart;

// Of a choice of bough__architectures.
static inline const struct bough__architecture *
bough__architecture_of(const struct bough__choice *choice)
{
    return (const struct bough__architecture *)(const void *)choice->row;
}

// Builds the stems of the inputs that are read on their leaves `input` [inputs], and on what they
// give the architecture, the tasks that read the same inputs together, each such set of inputs
// joined. What several sets' parts call by the same name is the same parameter, but for norms,
// which are each set's own: behind the first one `streams.<task>.<name>`, of the first task that
// reads it. What joins a set is that task's, too: `join.<task>.<name>`. Then what aligns the tasks.
// Of an architecture that keeps tasks apart each has a stem of its own: `<prefix>.<task>`.
// Errors: INVALID, naming the layer, or inputs that do not go together.
enum bough_status bough__wire(struct bough__builder *builder, struct bough__wiring *wiring,
                              const struct bough__architecture *architecture,
                              const struct bough__net *net, const struct bough__leaf *input);

// The owner of each node of the graph (bough__graph_owners) among so many tasks from `first` on.
// What a task's loss learns is that task's, although no scores reach it.
void bough__wiring_owners(int32_t *owner, const struct bough__graph *graph,
                          const struct bough__wiring *wiring, size_t first, size_t tasks);

// ---- For architectures ----

// One node of `count`, beside each other along dimension 1, as torch.cat(dim=1), sequences
// [N, L, D] along dimension 2; of one itself.
//   part  what it is a part of, "experts"; borrowed by the graph
// Errors: INVALID, naming the first two that do not go together by what they are a part of.
enum bough_status bough__join(struct bough__builder *builder, int32_t *joined, const int32_t *node,
                              size_t count, const char *part);

// Likewise of [N, D...] each one [N, count, D...], as torch.stack(dim=1).
enum bough_status bough__stack(struct bough__builder *builder, int32_t *stacked,
                               const int32_t *node, size_t count, const char *part);

// mixed [N, D...] = the sum over e of gate[n, e] stacked[n, e], called `<prefix>.mix`; a gate [1,
// E] is every row's.
enum bough_status bough__mix(struct bough__builder *builder, int32_t *mixed, int32_t stacked,
                             int32_t gate, const char *prefix);

// The same with a gate [N, E] = softmax(W x) of its own: a linear layer without bias on x,
// flattened. Its layers are `<prefix>.0` to `<prefix>.2`.
enum bough_status bough__gated_mix(struct bough__builder *builder, int32_t *mixed, int32_t x,
                                   int32_t stacked, const char *prefix);

// A parameter called `<prefix>.<name>`, counted in what is being built or else comes next.
enum bough_status bough__part_param(struct bough__builder *builder, int32_t *node,
                                    const struct bough__param *param, const char *prefix);

// y = op(a, b), of `add`, `multiply` or `logit_and`, called `<prefix>.<op>`.
enum bough_status bough__combine(struct bough__builder *builder, int32_t *y,
                                 const struct bough__op *op, int32_t a, int32_t b,
                                 const char *prefix);

// A layer of `width` outputs at each position of `node`: `linear` on [N, D], a `conv2d` of 1 x 1 on
// [N, C, H, W]. Its options are in the parameters' arena.
//   part  what it is a part of: "masks"
// Errors: INVALID, naming the part, of another shape.
enum bough_status bough__pointwise(struct bough__builder *builder, struct bough__choice *layer,
                                   int32_t node, int64_t width, struct bough__weights weights,
                                   const char *part);

// Where the stages of a trunk begin: at its first layer, and where the config says `stage`; where
// it never does, at each layer with weights, but a norm's and the first, or where the shape for it
// is made.
struct bough__stages {
    size_t count;
    size_t *first; // [count + 1]: layers; in the parameters' arena
};
enum bough_status bough__stages_find(struct bough__stages *stages, struct bough__builder *builder,
                                     const struct bough__net *net);

// Builds a stage of the trunk; its layers keep their numbers in the whole: `<prefix>.<index>`.
enum bough_status bough__stage_build(struct bough__builder *builder, int32_t *node,
                                     const struct bough__net *net,
                                     const struct bough__stages *stages, size_t stage,
                                     const char *prefix);

// stacked [N, count, D...]: experts on x, copies of the trunk called `experts.<e>`.
enum bough_status bough__experts_build(struct bough__builder *builder, int32_t *stacked, int32_t x,
                                       const struct bough__net *net, int32_t count);

// Errors: INVALID, naming both tasks, if the scores of task t, at least 1, have another shape than
// those of the task before it.
enum bough_status bough__check_sequence(const struct bough__builder *builder,
                                        const struct bough__wiring *wiring,
                                        const struct bough__net *net, size_t t);

// `node` is a penalty of task t.
enum bough_status bough__penalize(struct bough__builder *builder, struct bough__wiring *wiring,
                                  int32_t node, size_t t);

// Builds the head of task t on `node`, its representation: scores[t]; and what its loss learns.
enum bough_status bough__head_build(struct bough__builder *builder, struct bough__wiring *wiring,
                                    const struct bough__net *net, size_t t, int32_t node);

// Likewise of every task, each on its stream [tasks].
enum bough_status bough__heads_build(struct bough__builder *builder, struct bough__wiring *wiring,
                                     const struct bough__net *net, const int32_t *stream);

// ---- Streams: layers of the trunk, once for each task ----

// A stream for each task [tasks], which all begin with x; in the parameters' arena.
enum bough_status bough__streams_begin(struct bough__builder *builder, int32_t **stream, int32_t x,
                                       const struct bough__net *net);

// Whose parameters a layer gets that is built on the stream of one task after the other.
struct bough__stream {
    const void *options;              // of the architecture
    char own[100];                    // prefix of what is the stream's own: "streams.left.2"
    int norm;                         // the layer is one
    int32_t shared[BOUGH_MAX_INPUTS]; // what all streams share, in order
    int count, next;
};

// For a stream, `user`: a parameter of its own; one that the first stream makes and all read; and
// the one or the other: norms are the stream's own, as streams would move the statistics of a
// common batch_norm each to its own side.
bough__param_give bough__stream_own, bough__stream_share, bough__stream_give;

// Builds a stage of the trunk on each task's stream [tasks]. Parameters are `<prefix>.<index>`
// where they are shared, else `streams.<task>.<index>`.
//   give  called with a struct bough__stream
enum bough_status bough__streams_build(struct bough__builder *builder, int32_t *stream,
                                       const struct bough__net *net,
                                       const struct bough__stages *stages, size_t stage,
                                       const char *prefix, bough__param_give *give);

#endif
