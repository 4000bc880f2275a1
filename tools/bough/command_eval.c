#include "cli.h"

static const char help[] =
    "usage: bough eval RUN [--data FILE] [--split NAME] [--device D]\n"
    "\n"
    "Evaluates a run folder's best model: a row of scores for each task.\n"
    "\n"
    "      --data FILE   a data set with the same fields; default the run's own\n"
    "      --split NAME  default test\n"
    "  -d, --device D    as for `bough train`\n"
    "      --kernels F   as for `bough train`\n"
    "\n"
    "Example:\n"
    "  bough eval runs/multifashion-1 --split validation\n";

static enum bough_status run(int argc, char **argv)
{
    enum bough_status status;
    const char *run_dir, *data = NULL, *split = NULL, *wanted = NULL, *kernels = NULL;
    struct bough_device *device = NULL;
    struct bough_run *evaluated = NULL;
    const struct cli_option options[] = {{"data", 0, .value = &data},
                                         {"split", 0, .value = &split},
                                         {"device", 'd', .value = &wanted},
                                         {"kernels", 0, .value = &kernels}};
    CLI_TRY(cli_options(argc, argv, options, sizeof options / sizeof *options, &run_dir, 1, 1));
    CLI_TRY(cli_device_open(&device, wanted, kernels));
    CLI_TRY(bough_evaluate(&evaluated, run_dir, data, split, device));
    CLI_TRY(cli_print_scores(split ? split : "test", bough_run_result(evaluated)->test));
done:
    bough_run_destroy(&evaluated);
    bough_device_close(&device);
    return status;
}

const struct cli_command cli_eval = {"eval", "evaluates the model of a run folder", help, run};
