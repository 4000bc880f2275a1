#include "cli.h"

static const char help[] =
    "usage: bough eval MODEL [--data FILE] [--split NAME] [--device D]\n"
    "\n"
    "Evaluates a trained model, a run folder's best or a file model.safetensors\n"
    "alone: a row of metrics for each task.\n"
    "\n"
    "      --data FILE   a data set with the same fields; default what it was trained on.\n"
    "                    Classes go by their names, where both files have them\n"
    "      --split NAME  default test, or the only one that there is\n"
    "  -d, --device D    as for `bough train`\n"
    "      --kernels F   as for `bough train`\n"
    "\n"
    "Example:\n"
    "  bough eval runs/multifashion-1 --split validation\n";

static enum bough_status run(int argc, char **argv)
{
    enum bough_status status;
    const char *model = NULL, *data = NULL, *split = NULL, *wanted = NULL, *kernels = NULL;
    struct bough_device *device = NULL;
    struct bough_run *evaluated = NULL;
    const struct tool_option options[] = {{NULL, 0, .value = &model, .min = 1, .max = 1},
                                          {"data", 0, .value = &data},
                                          {"split", 0, .value = &split},
                                          {"device", 'd', .value = &wanted},
                                          {"kernels", 0, .value = &kernels}};
    TRY(TOOL_OPTIONS(argc, argv, options));
    TRY(cli_device_open(&device, wanted, kernels));
    TRY(bough_evaluate(&evaluated, model, data, split, device));
    TRY(cli_print_metrics(bough_run_result(evaluated)->split, bough_run_result(evaluated)->test));
done:
    bough_run_destroy(&evaluated);
    bough_device_close(&device);
    return status;
}

const struct tool_command cli_eval = {"eval", "evaluates a trained model", help, run};
