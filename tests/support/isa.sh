#!/bin/sh
# Runs a test on plain C alone, with one instruction set that is forced: matrix products by
# BOUGH_ISA, and all else by a library that was built with no better one (tests/isa).
# usage: isa.sh SET BOUGH COMMAND...     exits 77 where the processor has not that set
set -u
bough=$2
export BOUGH_ISA="$1" OCL_ICD_VENDORS=/nonexistent OCL_ICD_FILENAMES= OPENCL_VENDOR_PATH=/nonexistent
lib=$(dirname "$bough")/../lib
[ "$1" = avx512 ] || export LD_LIBRARY_PATH="$lib/$1" BOUGH_OPENCL_MODULE="$lib/bough/libbough_opencl.so"
shift 2
if ! said=$("$bough" selftest --device c 2>&1); then
    case $said in
    *'and this processor has:'*) echo "skipped: instruction set $BOUGH_ISA: not of this processor" && exit 77 ;;
    esac
    echo "$said"
    exit 1
fi
echo "instruction set $BOUGH_ISA"
exec "$@"
