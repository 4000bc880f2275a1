#include "csv_data.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static const char help[] =
    "usage: bough predict MODEL FILE -o OUT.csv [--split NAME] [--device D]\n"
    "\n"
    "Predicts every row of a CSV, or of a data set's split, with a trained model: a run\n"
    "folder's best, or a file model.safetensors alone. The table has the row's number, the\n"
    "data set's texts (file names), and for each task the predicted class and its\n"
    "probability, or its outputs; of a sequence what each position has. The data set needs the "
    "input fields only; labels are not read.\n"
    "\n"
    "A CSV (.csv or .tsv, also .gz) can stand for the data set where the model was trained\n"
    "on one of `bough-data csv`: its columns may have any order, others are left out, and\n"
    "what is missing in it, or unknown to the model, is told.\n"
    "\n"
    "      --data FILE      the same as FILE\n"
    "  -o, --out FILE       the CSV to write; - is standard output\n"
    "      --split NAME     default test, or the only one that there is\n"
    "      --probabilities  of all classes, a column for each\n"
    "      --allow-missing  empty cells for rows whose input is nan or infinite, or\n"
    "                       that have none of those that a task reads; else these\n"
    "                       are an error\n"
    "  -d, --device D       as for `bough train`\n"
    "      --kernels F      as for `bough train`\n"
    "\n"
    "Example:\n"
    "  bough predict runs/multifashion-1 new.safetensors --split train -o predicted.csv\n"
    "  bough predict runs/flights-1 new.csv.gz -o predicted.csv\n";

static enum bough_status write_out(void *user, const char *text, size_t size)
{
    (void)user;
    if (fwrite(text, 1, size, stdout) == size && fflush(stdout) == 0)
        return BOUGH_OK;
    return tool_fail(BOUGH_DATA, "standard output: %s", strerror(errno));
}

static enum bough_status take_data(struct bough_predict_options *predict, const char *file)
{
    if (file && predict->data)
        return tool_fail(BOUGH_INVALID, "%s and --data %s: wanted one of them", file,
                         predict->data);
    predict->data = file ? file : predict->data;
    if (!predict->data || !predict->out)
        return tool_fail(BOUGH_INVALID, "%s is missing; see bough predict --help",
                         predict->data ? "-o OUT.csv" : "the data set");
    return BOUGH_OK;
}

static enum bough_status take_csv(struct bough_predict_options *predict, const char *model)
{
    struct stat in, out;
    if (!csv_data_is(predict->data))
        return BOUGH_OK;
    if (predict->split)
        return tool_fail(BOUGH_INVALID, "--split %s: %s has no splits, all rows are predicted",
                         predict->split, predict->data);
    if (predict->out && stat(predict->data, &in) == 0 && stat(predict->out, &out) == 0 &&
        in.st_dev == out.st_dev && in.st_ino == out.st_ino)
        return tool_fail(BOUGH_INVALID, "%s: is an input; the CSV wants a file of its own",
                         predict->out);
    return csv_data_make(&predict->data, predict->data, model);
}

static enum bough_status run(int argc, char **argv)
{
    enum bough_status status;
    const char *given[2] = {0}, *wanted = NULL, *kernels = NULL;
    struct bough_predict_options predict = {.write = write_out};
    int probabilities = 0, allow_missing = 0;
    const struct tool_option options[] = {{NULL, 0, .value = given, .min = 1, .max = 2},
                                          {"data", 0, .value = &predict.data},
                                          {"out", 'o', .value = &predict.out},
                                          {"split", 0, .value = &predict.split},
                                          {"probabilities", 0, .flag = &probabilities},
                                          {"allow-missing", 0, .flag = &allow_missing},
                                          {"device", 'd', .value = &wanted},
                                          {"kernels", 0, .value = &kernels}};
    TRY(TOOL_OPTIONS(argc, argv, options));
    TRY(take_data(&predict, given[1]));
    const char *model = given[0];
    const int to_stdout = strcmp(predict.out, "-") == 0;
    predict.probabilities = probabilities ? BOUGH_ON : BOUGH_OFF;
    predict.allow_missing = allow_missing ? BOUGH_ON : BOUGH_OFF;
    TRY(cli_device_open(&predict.device, wanted, kernels));
    if (to_stdout)
        predict.out = NULL;
    TRY(take_csv(&predict, model));
    TRY(bough_predict(model, &predict));
    if (!to_stdout)
        printf("%s\n", predict.out);
done:
    csv_data_remove();
    bough_device_close(&predict.device);
    return status;
}

const struct tool_command cli_predict = {"predict", "predicts every row of a CSV, or of a split",
                                         help, run};
