#include "train/drawing.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

struct bough__drawn_block {
    const char *name;
    int64_t parameters, flops;
    size_t seen; // the last block that was found to read it, counted from 1
};

struct bough__drawn_edge {
    size_t from, to;
};

struct bough__drawn_layer {
    int32_t node; // its output
    int64_t flops;
};

enum { NO_BLOCK = -1 };

// `items` with room for one more of `size` bytes; NULL, and noted, where memory ends.
static void *grown(struct bough__drawing *drawing, void *items, size_t count, size_t *capacity,
                   size_t size)
{
    if (count < *capacity)
        return items;
    const size_t more = *capacity ? 2 * *capacity : 64;
    void *larger = realloc(items, more * size);
    if (larger)
        *capacity = more;
    else
        drawing->lost = 1;
    return larger;
}

static size_t find(const struct bough__drawing *drawing, const char *name)
{
    size_t b = drawing->inputs; // of which one may be called as a task is
    while (b < drawing->blocks && strcmp(drawing->block[b].name, name) != 0)
        b++;
    return b;
}

static void add_block(struct bough__drawing *drawing, const char *name)
{
    const char *kept = bough__arena_string(drawing->arena, name);
    struct bough__drawn_block *block =
        grown(drawing, drawing->block, drawing->blocks, &drawing->block_capacity, sizeof *block);
    if (!kept || !block) {
        drawing->lost = 1;
        return;
    }
    drawing->block = block;
    block[drawing->blocks++] = (struct bough__drawn_block){.name = kept};
}

void bough__drawing_input(struct bough__drawing *drawing, const char *name)
{
    add_block(drawing, name);
    drawing->inputs++;
}

static void add_edge(struct bough__drawing *drawing, size_t from, size_t to)
{
    struct bough__drawn_edge *edge =
        grown(drawing, drawing->edge, drawing->edges, &drawing->edge_capacity, sizeof *edge);
    if (!edge)
        return;
    drawing->edge = edge;
    if (from != to)
        edge[drawing->edges++] = (struct bough__drawn_edge){from, to};
}

// Edges from the blocks that a node is a part of, or that it joins.
static void read_node(struct bough__drawing *drawing, const struct bough__graph *graph,
                      int32_t node, size_t to)
{
    if (drawing->block_of[node] != NO_BLOCK) {
        add_edge(drawing, (size_t)drawing->block_of[node], to);
        return;
    }
    for (int i = 0; i < graph->node[node].inputs; i++)
        read_node(drawing, graph, graph->node[node].input[i], to);
}

static int make_nodes(struct bough__drawing *drawing, int32_t nodes)
{
    if (nodes <= drawing->node_capacity)
        return 1;
    int32_t *grown = realloc(drawing->block_of, 2 * (size_t)nodes * sizeof *grown);
    if (!grown) {
        drawing->lost = 1;
        return 0;
    }
    drawing->block_of = grown;
    drawing->node_capacity = 2 * nodes;
    return 1;
}

static void add_layer(struct bough__drawing *drawing, int32_t node, int64_t flops)
{
    struct bough__drawn_layer *layer =
        grown(drawing, drawing->layer, drawing->layers, &drawing->layer_capacity, sizeof *layer);
    if (!layer)
        return;
    drawing->layer = layer;
    layer[drawing->layers++] = (struct bough__drawn_layer){node, flops};
}

void bough__drawing_see(struct bough__drawing *drawing, const char *name,
                        const struct bough__builder *builder, int32_t node, int64_t parameters,
                        int64_t flops)
{
    const struct bough__graph *graph = builder->graph;
    size_t block = find(drawing, name);
    if (block == drawing->blocks)
        add_block(drawing, name);
    if (!make_nodes(drawing, graph->count) || block == drawing->blocks)
        return;
    drawing->block[block].parameters += parameters;
    drawing->block[block].flops += flops;
    add_layer(drawing, node, flops);
    for (int32_t n = drawing->nodes; n < graph->count; n++) {
        const struct bough__node *seen = &graph->node[n];
        drawing->block_of[n] = (size_t)n < drawing->inputs      ? n
                               : seen->layer == builder->prefix ? (int32_t)block
                                                                : NO_BLOCK;
        for (int i = 0; drawing->block_of[n] == (int32_t)block && i < seen->inputs; i++)
            read_node(drawing, graph, seen->input[i], block);
    }
    drawing->nodes = graph->count;
}

// ---- The whole ----

// What the scores of task t are made of.
static void reach(struct bough__drawing *drawing, const struct bough__graph *graph, int32_t scores,
                  size_t t, size_t tasks, unsigned char *reached)
{
    memset(reached, 0, (size_t)graph->count);
    reached[scores] = 1;
    for (int32_t n = scores; n >= 0; n--) {
        for (int i = 0; reached[n] && i < graph->node[n].inputs; i++)
            reached[graph->node[n].input[i]] = 1;
        if (reached[n] && n < drawing->nodes && drawing->block_of[n] != NO_BLOCK)
            drawing->feeds[(size_t)drawing->block_of[n] * tasks + t] = 1;
    }
}

void bough__drawing_reach(struct bough__drawing *drawing, const struct bough__graph *graph,
                          const int32_t *scores, size_t tasks)
{
    unsigned char *reached = malloc((size_t)graph->count);
    int32_t *owner = malloc((size_t)graph->count * sizeof *owner);
    drawing->feeds = BOUGH_NEW(drawing->arena, unsigned char, drawing->blocks *tasks);
    drawing->owner = BOUGH_NEW(drawing->arena, struct bough_owner_row, 1 + tasks);
    drawing->lost |= !reached || !owner || !drawing->feeds || !drawing->owner;
    if (!drawing->lost) {
        for (size_t t = 0; t < tasks; t++)
            reach(drawing, graph, scores[t], t, tasks, reached);
        bough__graph_owners(graph, scores, tasks, owner);
        for (size_t i = 0; i < drawing->layers; i++) {
            const int32_t whose = owner[drawing->layer[i].node];
            drawing->owner[whose < 0 ? 0 : whose + 1].flops += drawing->layer[i].flops;
        }
    }
    free(reached);
    free(owner);
}

// ---- The end ----

// The rows that a block reads, each once, in the order of the blocks.
static enum bough_status list_reads(struct bough__drawing *drawing, struct bough_block_row *row,
                                    size_t to)
{
    size_t *reads = BOUGH_NEW(drawing->arena, size_t, drawing->blocks);
    if (!reads)
        return bough__no_memory();
    for (size_t e = 0; e < drawing->edges; e++)
        if (drawing->edge[e].to == to)
            drawing->block[drawing->edge[e].from].seen = to + 1;
    row->reads = reads;
    for (size_t b = 0; b < drawing->blocks; b++)
        if (drawing->block[b].seen == to + 1)
            reads[row->reads_count++] = b;
    return BOUGH_OK;
}

static enum bough_status list_tasks(const struct bough__drawing *drawing,
                                    struct bough_model_info *info, size_t b)
{
    size_t *tasks = BOUGH_NEW(drawing->arena, size_t, info->tasks);
    if (!tasks)
        return bough__no_memory();
    info->block[b].tasks = tasks;
    for (size_t t = 0; t < info->tasks; t++)
        if (drawing->feeds[b * info->tasks + t])
            tasks[info->block[b].tasks_count++] = t;
    return BOUGH_OK;
}

enum bough_status bough__drawing_end(struct bough__drawing *drawing, struct bough_model_info *info)
{
    enum bough_status status = BOUGH_OK;
    if (drawing->lost)
        return bough__no_memory();
    info->block = BOUGH_NEW(drawing->arena, struct bough_block_row, drawing->blocks);
    BOUGH_TRY_MEMORY(info->block);
    info->blocks = drawing->blocks;
    info->owner = drawing->owner;
    for (size_t b = 0; b < drawing->blocks; b++) {
        info->block[b] = (struct bough_block_row){.name = drawing->block[b].name,
                                                  .parameters = drawing->block[b].parameters,
                                                  .flops = drawing->block[b].flops};
        BOUGH_TRY(list_reads(drawing, &info->block[b], b));
        BOUGH_TRY(list_tasks(drawing, info, b));
    }
done:
    return status;
}

void bough__drawing_fini(struct bough__drawing *drawing)
{
    free(drawing->block);
    free(drawing->block_of);
    free(drawing->edge);
    free(drawing->layer);
}
