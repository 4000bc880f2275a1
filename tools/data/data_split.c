#include "data_random.h"
#include "data_tool.h"

#include <inttypes.h>
#include <string.h>

static const char help[] =
    "usage: bough-data split FILE --to NAME (--share X | --count N) [--from NAME] [--seed N]\n"
    "                        -o FILE\n"
    "\n"
    "Moves some samples of one split, chosen at random, to a new split. Both keep the\n"
    "order of the samples; everything else is copied.\n"
    "\n"
    "  --from NAME      the split that gives samples; default train\n"
    "  --to NAME        the new split\n"
    "  --share X        how many move: this part of all, more than 0 and less than 1\n"
    "  --count N        how many move\n"
    "  --seed N         of the choice; default 0\n"
    "  -o, --output FILE\n"
    "\n"
    "Example:\n"
    "  bough-data split mnist.safetensors --to validation --share 0.1 -o parts.safetensors\n";

struct job {
    const struct bough_tensor_file *file;
    const char *from, *to;
    uint64_t seed;
    int64_t total, count; // samples of `from`, and how many of them move
};

// Walks the samples 0, 1, ... and says of each whether it moves: of `left` ones still to choose
// among `rest`, this one is taken with probability left / rest.
struct chooser {
    uint64_t seed;
    int64_t next, left, rest;
};

static struct chooser chooser_of(const struct job *job)
{
    return (struct chooser){job->seed, 0, job->count, job->total};
}

static int choose(struct chooser *chooser)
{
    struct draws draws = draws_of(chooser->seed, 0, (uint64_t)chooser->next++);
    const int taken = (int64_t)draw_below(&draws, (uint64_t)chooser->rest--) < chooser->left;
    chooser->left -= taken;
    return taken;
}

static int is_divided(const struct job *job, const struct bough_file_tensor *tensor,
                      const char **field)
{
    char split[TOOL_NAME_MAX];
    return tool_is_field(tensor, split, field) && strcmp(split, job->from) == 0;
}

// ---- Checking ----

static enum bough_status measure(struct job *job)
{
    const struct bough_file_tensor *tensor;
    const char *field;
    char split[TOOL_NAME_MAX];
    job->total = -1;
    for (size_t i = 0; i < bough_tensor_file_count(job->file); i++) {
        if (is_divided(job, bough_tensor_file_at(job->file, i), &field)) {
            enum bough_status status = bough_dataset_field(&tensor, job->file, job->from, field);
            if (status != BOUGH_OK)
                return status;
            job->total = tensor->shape.dim[0];
        }
        if (tool_is_field(bough_tensor_file_at(job->file, i), split, &field) &&
            strcmp(split, job->to) == 0)
            return tool_fail(BOUGH_DATA, "%s: split \"%s\" stands already, wanted a new one",
                             bough_tensor_file_path(job->file), job->to);
    }
    if (job->total < 0)
        return tool_fail(BOUGH_DATA, "%s: no split \"%s\"", bough_tensor_file_path(job->file),
                         job->from);
    return BOUGH_OK;
}

static enum bough_status take_count(struct job *job, const char *share_text, const char *count_text)
{
    enum bough_status status;
    double share = 0;
    TRY(tool_real(&share, share_text, "--share", 0, 1));
    TRY(tool_whole(&job->count, count_text, "--count", 1, INT64_MAX));
    if (share_text)
        job->count = (int64_t)(share * (double)job->total + 0.5);
    if (job->count < 1 || job->count >= job->total)
        return tool_fail(BOUGH_INVALID,
                         "%s: %" PRId64 " of %" PRId64 " samples, wanted 1 to all but one",
                         share_text ? "--share" : "--count", job->count, job->total);
done:
    return status;
}

// ---- Writing ----

static enum bough_status declare(const struct job *job, struct bough_tensor_writer *writer)
{
    enum bough_status status = BOUGH_OK;
    const char *field, *value;
    for (size_t i = 0; i < bough_tensor_file_metadata_count(job->file); i++) {
        const char *key = bough_tensor_file_metadata_at(job->file, i, &value);
        TRY(bough_tensor_writer_metadata(writer, key, value));
    }
    for (size_t i = 0; i < bough_tensor_file_count(job->file); i++) {
        const struct bough_file_tensor *tensor = bough_tensor_file_at(job->file, i);
        if (is_divided(job, tensor, &field)) {
            const struct bough_shape row = bough_shape_sample(&tensor->shape);
            TRY(tool_declare(writer, job->from, field, tensor->dtype, job->total - job->count,
                             &row));
            TRY(tool_declare(writer, job->to, field, tensor->dtype, job->count, &row));
        } else {
            TRY(bough_tensor_writer_declare(writer, tensor->name, tensor->dtype, &tensor->shape));
        }
    }
done:
    return status;
}

// Writes the samples that move (`moved` 1), or those that stay.
static enum bough_status write_part(const struct job *job, struct bough_tensor_writer *writer,
                                    const struct bough_file_tensor *tensor, int moved)
{
    enum bough_status status = BOUGH_OK;
    struct chooser chooser = chooser_of(job);
    const size_t row = job->total ? tensor->bytes / (size_t)job->total : 0;
    const char *bytes = tensor->data;
    for (int64_t i = 0; i < job->total; i++, bytes += row) {
        TRY(tool_step(tensor->name, i, job->total));
        if (choose(&chooser) == moved)
            TRY(bough_tensor_writer_write(writer, bytes, row));
    }
done:
    return status;
}

static enum bough_status write_all(const struct job *job, struct bough_tensor_writer *writer)
{
    enum bough_status status;
    const char *field;
    TRY(declare(job, writer));
    for (size_t i = 0; i < bough_tensor_file_count(job->file); i++) {
        const struct bough_file_tensor *tensor = bough_tensor_file_at(job->file, i);
        if (is_divided(job, tensor, &field)) {
            TRY(write_part(job, writer, tensor, 0));
            TRY(write_part(job, writer, tensor, 1));
        } else {
            TRY(tool_copy(writer, tensor->name, tensor));
        }
    }
    TRY(bough_tensor_writer_commit(writer));
done:
    return status;
}

static enum bough_status run(int argc, char **argv)
{
    const char *path = NULL, *from = NULL, *to = NULL, *share = NULL, *count = NULL;
    const char *seed_text = NULL, *output = NULL;
    const struct tool_option options[] = {
        {NULL, 0, .value = &path, .min = 1, .max = 1},
        {"from", 0, .value = &from, .max = 1},
        {"to", 0, .value = &to, .min = 1, .max = 1},
        {"share", 0, .value = &share, .max = 1},
        {"count", 0, .value = &count, .max = 1},
        {"seed", 0, .value = &seed_text, .max = 1},
        {"output", 'o', .value = &output, .min = 1, .max = 1},
    };
    enum bough_status status;
    struct bough_tensor_file *file = NULL;
    struct bough_tensor_writer *writer = NULL;
    char name[TOOL_NAME_MAX];
    int64_t seed = 0;
    TRY(DATA_OPTIONS(argc, argv, options));
    if (!share == !count)
        return tool_fail(BOUGH_INVALID, "wanted --share or --count; see bough-data split --help");
    TRY(tool_whole(&seed, seed_text, "--seed", 0, INT64_MAX));
    TRY(tool_name(name, to, ""));
    TRY(bough_tensor_file_open(&file, path));
    struct job job = {
        .file = file, .from = from ? from : "train", .to = to, .seed = (uint64_t)seed};
    TRY(measure(&job));
    TRY(take_count(&job, share, count));
    TRY(bough_tensor_writer_create(&writer, output));
    TRY(write_all(&job, writer));
    TRY(tool_report(output));
done:
    bough_tensor_writer_destroy(&writer);
    bough_tensor_file_close(&file);
    return status;
}

const struct tool_command tool_split = {"split", "move samples to a new split", help, run};
