#include "cli.h"

static const char help[] =
    "usage: bough selftest [--device D]\n"
    "\n"
    "Compares what a device computes with plain C: products of matrices in every orientation,\n"
    "a reduction, a softmax. Exit code 4 if an answer is wrong. Any device that is opened goes\n"
    "through the same test once.\n"
    "\n"
    "  -d, --device D    as for `bough train`\n"
    "      --kernels F   as for `bough train`\n"
    "\n"
    "Example:\n"
    "  bough selftest --device 0:0\n";

static enum bough_status run(int argc, char **argv)
{
    enum bough_status status;
    const char *wanted = NULL, *kernels = NULL;
    struct bough_device *device = NULL;
    char report[8192] = "";
    const struct tool_option options[] = {{"device", 'd', .value = &wanted},
                                          {"kernels", 0, .value = &kernels}};
    TRY(TOOL_OPTIONS(argc, argv, options));
    TRY(cli_device_open(&device, wanted, kernels));
    TRY(bough_device_selftest(device, report, sizeof report));
done:
    fputs(report, stdout);
    bough_device_close(&device);
    return status;
}

const struct tool_command cli_selftest = {"selftest", "compares a device with plain C", help, run};
