#include "cli.h"

#include <errno.h>
#include <string.h>

static const char help[] =
    "usage: bough predict MODEL --data FILE -o OUT.csv [--split NAME] [--device D]\n"
    "\n"
    "Predicts every row of a data set with a trained model: a run folder's best, or\n"
    "a file model.safetensors alone. The table has the row's number, the data set's\n"
    "texts (file names), and for each task the predicted class and its probability,\n"
    "or its outputs. The data set needs the input fields only; labels are not read.\n"
    "\n"
    "      --data FILE      the data set\n"
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
    "  bough predict runs/multifashion-1 --data new.safetensors --split train -o new.csv\n";

static enum bough_status write_out(void *user, const char *text, size_t size)
{
    (void)user;
    if (fwrite(text, 1, size, stdout) == size && fflush(stdout) == 0)
        return BOUGH_OK;
    return tool_fail(BOUGH_DATA, "standard output: %s", strerror(errno));
}

static enum bough_status run(int argc, char **argv)
{
    enum bough_status status;
    const char *model = NULL, *wanted = NULL, *kernels = NULL;
    struct bough_predict_options predict = {.write = write_out};
    int probabilities = 0, allow_missing = 0;
    const struct tool_option options[] = {{NULL, 0, .value = &model, .min = 1, .max = 1},
                                          {"data", 0, .value = &predict.data},
                                          {"out", 'o', .value = &predict.out},
                                          {"split", 0, .value = &predict.split},
                                          {"probabilities", 0, .flag = &probabilities},
                                          {"allow-missing", 0, .flag = &allow_missing},
                                          {"device", 'd', .value = &wanted},
                                          {"kernels", 0, .value = &kernels}};
    TRY(TOOL_OPTIONS(argc, argv, options));
    if (!predict.data || !predict.out)
        return tool_fail(BOUGH_INVALID, "%s is missing; see bough predict --help",
                         predict.data ? "-o OUT.csv" : "--data FILE");
    int to_stdout = strcmp(predict.out, "-") == 0;
    predict.probabilities = probabilities ? BOUGH_ON : BOUGH_OFF;
    predict.allow_missing = allow_missing ? BOUGH_ON : BOUGH_OFF;
    TRY(cli_device_open(&predict.device, wanted, kernels));
    if (to_stdout)
        predict.out = NULL;
    TRY(bough_predict(model, &predict));
    if (!to_stdout)
        printf("%s\n", predict.out);
done:
    bough_device_close(&predict.device);
    return status;
}

const struct tool_command cli_predict = {"predict", "predicts every row of a data set", help, run};
