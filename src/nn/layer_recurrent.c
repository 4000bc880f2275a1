// lstm, gru. Parameters of layer n, both directions in one, as PyTorch's of nn.LSTM and nn.GRU:
//   weight_ih_l<n> [dirs * gates * H, D]   its weight_ih_l<n>, and of the way back behind it
//   bias_l<n>      [dirs * gates * H]      bias_ih + bias_hh; of gru's last gate bias_ih alone
//   weight_hh_l<n> [dirs, gates * H, H]
//   bias_hn_l<n>   [dirs, H]               of gru: bias_hh of its last gate
#include "base/error.h"
#include "cl/recurrent_params.h"
#include "nn/layer_parts.h"

#include <stdio.h>

struct recurrent_options {
    int32_t units, layers;
    int bidirectional;
    float dropout;
};

static const struct bough__option recurrent_options[] = {
    {"units", BOUGH__OPTION_INT, offsetof(struct recurrent_options, units),
     .range = &bough__range_width, .needed = 1, .help = "outputs of each direction"},
    {"layers", BOUGH__OPTION_INT, offsetof(struct recurrent_options, layers),
     .range = &bough__range_size, .number = {1}, .help = "one on the other"},
    {"bidirectional", BOUGH__OPTION_SWITCH, offsetof(struct recurrent_options, bidirectional),
     .help = "from the last position to the first as well; outputs behind those of the way there"},
    {"dropout", BOUGH__OPTION_NUMBER, offsetof(struct recurrent_options, dropout),
     .range = &bough__range_below_one,
     .help = "probability of dropping an element between layers, in training"},
};

// What is built: number `layer` of it.
struct recurrent {
    const struct recurrent_options *options;
    const struct bough__op *op;
    int64_t gates;
    int32_t layer;
};

static enum bough_status param(struct bough__builder *builder, int32_t *node, const char *name,
                               const struct recurrent *r, struct bough_shape shape)
{
    char numbered[32];
    snprintf(numbered, sizeof numbered, "%s_l%d", name, r->layer);
    const struct bough__param made = {.name = numbered,
                                      .shape = shape,
                                      .fan_in = r->options->units, // so it is in PyTorch
                                      .fan_out = r->options->units};
    return bough__builder_param(builder, node, &made);
}

static enum bough_status one_layer(struct bough__builder *builder, int32_t *node,
                                   const struct recurrent *r)
{
    enum bough_status status;
    int32_t product[2], more[BOUGH_MAX_INPUTS - 2], count = 1;
    const int64_t dirs = r->options->bidirectional ? 2 : 1, units = r->options->units;
    const int64_t width = bough__shape_of(builder, *node)->dim[2], gates = r->gates * units;
    BOUGH_TRY(param(builder, &product[0], "weight_ih", r,
                    (struct bough_shape){2, {dirs * gates, width}}));
    BOUGH_TRY(param(builder, &product[1], "bias", r, (struct bough_shape){1, {dirs * gates}}));
    BOUGH_TRY(
        param(builder, &more[0], "weight_hh", r, (struct bough_shape){3, {dirs, gates, units}}));
    if (r->gates == GRU_GATES)
        BOUGH_TRY(
            param(builder, &more[count++], "bias_hn", r, (struct bough_shape){2, {dirs, units}}));
    BOUGH_TRY(bough__layer_op(builder, node, &bough__op_linear, NULL, product, 2, 2 * width));
    BOUGH_TRY(bough__sequence_op(builder, node, r->op, NULL, more, count, 2 * gates));
done:
    return status;
}

static enum bough_status build(struct bough__builder *builder, int32_t *node, struct recurrent *r)
{
    enum bough_status status;
    BOUGH_TRY(bough__want_rank(builder, *node, 3, "a sequence [N, L, D]"));
    for (r->layer = 0; r->layer < r->options->layers; r->layer++) {
        if (r->layer > 0 && r->options->dropout > 0 && builder->training) {
            const struct bough__attr attr = {.value = r->options->dropout,
                                             .stream = builder->stream++};
            BOUGH_TRY(bough__layer_op(builder, node, &bough__op_dropout, &attr, NULL, 0, 1));
        }
        BOUGH_TRY(one_layer(builder, node, r));
    }
done:
    return status;
}

static enum bough_status lstm(struct bough__builder *builder, int32_t *node, const void *options)
{
    return build(builder, node, &(struct recurrent){options, &bough__op_lstm, LSTM_GATES, 0});
}

static enum bough_status gru(struct bough__builder *builder, int32_t *node, const void *options)
{
    return build(builder, node, &(struct recurrent){options, &bough__op_gru, GRU_GATES, 0});
}

const struct bough__layer_kind bough__layer_lstm = {
    {.name = "lstm",
     .help = "each position of a sequence by what was before it",
     .paper = "Hochreiter, Schmidhuber, 1997",
     .options = BOUGH_OPTIONS(recurrent_options, struct recurrent_options)},
    .build = lstm,
    .begins_stage = 1};
const struct bough__layer_kind bough__layer_gru = {
    {.name = "gru",
     .help = "likewise, with fewer gates and no cell",
     .paper = "Cho et al., 2014",
     .options = BOUGH_OPTIONS(recurrent_options, struct recurrent_options)},
    .build = gru,
    .begins_stage = 1};
