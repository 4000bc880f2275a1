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

void bough__drawing_see(struct bough__drawing *drawing, const char *name,
                        const struct bough__builder *builder, int64_t parameters, int64_t flops)
{
    const struct bough__graph *graph = builder->graph;
    size_t block = find(drawing, name);
    if (block == drawing->blocks)
        add_block(drawing, name);
    if (!make_nodes(drawing, graph->count) || block == drawing->blocks)
        return;
    drawing->block[block].parameters += parameters;
    drawing->block[block].flops += flops;
    for (int32_t n = drawing->nodes; n < graph->count; n++) {
        const struct bough__node *node = &graph->node[n];
        drawing->block_of[n] = (size_t)n < drawing->inputs      ? n
                               : node->layer == builder->prefix ? (int32_t)block
                                                                : NO_BLOCK;
        for (int i = 0; drawing->block_of[n] == (int32_t)block && i < node->inputs; i++)
            read_node(drawing, graph, node->input[i], block);
    }
    drawing->nodes = graph->count;
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

// Marks what block `to` reads, directly or not.
static void reach(const struct bough_model_info *info, size_t to, unsigned char *reached)
{
    if (reached[to])
        return;
    reached[to] = 1;
    for (size_t i = 0; i < info->block[to].reads_count; i++)
        reach(info, info->block[to].reads[i], reached);
}

static enum bough_status list_tasks(struct bough__drawing *drawing, struct bough_model_info *info)
{
    enum bough_status status = BOUGH_OK;
    unsigned char *reached = calloc(drawing->blocks + 1, 1);
    size_t *tasks = BOUGH_NEW(drawing->arena, size_t, drawing->blocks * info->tasks);
    BOUGH_TRY_MEMORY(reached);
    BOUGH_TRY_MEMORY(tasks);
    for (size_t b = 0; b < drawing->blocks; b++)
        info->block[b].tasks = tasks + b * info->tasks;
    for (size_t t = 0; t < info->tasks; t++) {
        const size_t head = find(drawing, info->task[t]);
        memset(reached, 0, drawing->blocks);
        if (head < drawing->blocks)
            reach(info, head, reached);
        for (size_t b = 0; b < drawing->blocks; b++)
            if (reached[b])
                tasks[b * info->tasks + info->block[b].tasks_count++] = t;
    }
done:
    free(reached);
    return status;
}

enum bough_status bough__drawing_end(struct bough__drawing *drawing, struct bough_model_info *info)
{
    enum bough_status status = BOUGH_OK;
    if (drawing->lost)
        return bough__no_memory();
    info->block = BOUGH_NEW(drawing->arena, struct bough_block_row, drawing->blocks);
    BOUGH_TRY_MEMORY(info->block);
    info->blocks = drawing->blocks;
    for (size_t b = 0; b < drawing->blocks; b++) {
        info->block[b] = (struct bough_block_row){.name = drawing->block[b].name,
                                                  .parameters = drawing->block[b].parameters,
                                                  .flops = drawing->block[b].flops};
        BOUGH_TRY(list_reads(drawing, &info->block[b], b));
    }
    BOUGH_TRY(list_tasks(drawing, info));
done:
    return status;
}

void bough__drawing_fini(struct bough__drawing *drawing)
{
    free(drawing->block);
    free(drawing->block_of);
    free(drawing->edge);
}
