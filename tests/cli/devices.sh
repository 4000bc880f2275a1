# Without any OpenCL driver; driver and version of plain C are this build's.
export OCL_ICD_VENDORS=/nonexistent OCL_ICD_FILENAMES= OPENCL_VENDOR_PATH=/nonexistent
bough devices | "$PYTHON" "$CASES/check_columns.py"
bough devices --json | sed -E 's/("(driver|version)": )".*"/\1"..."/; s/("(memory|max_buffer|compute_units)": )[0-9]+/\1N/'
try bough selftest --device c 2>&1 | machine
try bough selftest --device gpu
