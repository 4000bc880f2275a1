#include "cli.h"

static const char help[] =
    "usage: bough kernels [--device D] -o FILE\n"
    "\n"
    "Builds every kernel for a device into one file. `--kernels FILE` then trains, evaluates and\n"
    "predicts on the same device and driver without its compiler: for a device that has none, or "
    "a\n"
    "driver that locks it. The file tells what it holds: a text in JSON stands at its beginning.\n"
    "\n"
    "  -o, --out FILE    the file to write\n"
    "  -d, --device D    as for `bough train`; an OpenCL device\n"
    "\n"
    "Example:\n"
    "  bough kernels --device gpu -o gpu.kernels\n"
    "  bough train config.yaml --device gpu --kernels gpu.kernels\n";

static enum bough_status run(int argc, char **argv)
{
    enum bough_status status;
    const char *wanted = NULL, *out = NULL;
    struct bough_device *device = NULL;
    char report[16384] = "";
    const struct tool_option options[] = {{"device", 'd', .value = &wanted},
                                          {"out", 'o', .value = &out}};
    TRY(TOOL_OPTIONS(argc, argv, options));
    if (!out)
        return tool_fail(BOUGH_INVALID, "-o FILE is missing; see bough kernels --help");
    TRY(bough_device_open(&device, wanted));
    TRY(bough_device_save_kernels(device, out, report, sizeof report));
    printf("%s%s\n", report, out);
done:
    bough_device_close(&device);
    return status;
}

const struct tool_command cli_kernels = {"kernels", "builds all kernels of a device into a file",
                                         help, run};
