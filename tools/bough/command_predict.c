#include "cli.h"

static const char help[] =
    "usage: bough predict RUN --data FILE -o OUT.csv [--split NAME] [--device D]\n"
    "\n"
    "Predicts every row of a data set with a run folder's best model. The table has the row's\n"
    "number, and for each task the predicted class and its probability, or the outputs.\n"
    "The data set needs the input field only; labels are not read.\n"
    "\n"
    "      --data FILE   the data set\n"
    "  -o, --out FILE    the CSV to write\n"
    "      --split NAME  default test\n"
    "  -d, --device D    as for `bough train`\n"
    "      --kernels F   as for `bough train`\n"
    "\n"
    "Example:\n"
    "  bough predict runs/multifashion-1 --data new.safetensors --split train -o new.csv\n";

static enum bough_status run(int argc, char **argv)
{
    enum bough_status status;
    const char *run_dir, *data = NULL, *out = NULL, *split = NULL, *wanted = NULL, *kernels = NULL;
    struct bough_device *device = NULL;
    const struct cli_option options[] = {{"data", 0, .value = &data},
                                         {"out", 'o', .value = &out},
                                         {"split", 0, .value = &split},
                                         {"device", 'd', .value = &wanted},
                                         {"kernels", 0, .value = &kernels}};
    CLI_TRY(cli_options(argc, argv, options, sizeof options / sizeof *options, &run_dir, 1, 1));
    if (!data || !out)
        return cli_fail(BOUGH_INVALID, "%s is missing; see bough predict --help",
                        data ? "-o OUT.csv" : "--data FILE");
    CLI_TRY(cli_device_open(&device, wanted, kernels));
    CLI_TRY(bough_predict(run_dir, data, split, out, device));
    printf("%s\n", out);
done:
    bough_device_close(&device);
    return status;
}

const struct cli_command cli_predict = {"predict", "predicts every row of a data set", help, run};
