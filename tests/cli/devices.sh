# Without any OpenCL driver; the names of plain C are this machine's.
export OCL_ICD_VENDORS=/nonexistent OCL_ICD_FILENAMES= OPENCL_VENDOR_PATH=/nonexistent
bough devices | awk 'NR <= 2 { print $1, $NF } NR > 2'
bough devices --json | sed -E 's/("(name|driver|version)": )".*"/\1"..."/; s/("(memory|max_buffer|compute_units)": )[0-9]+/\1N/'
try bough selftest --device c 2>&1 | machine
try bough selftest --device gpu
