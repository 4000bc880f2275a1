#!/bin/sh
# Runs a test on plain C alone, with one instruction set that is forced.
# usage: isa.sh SET BOUGH COMMAND...     exits 77 where the processor has not that set
set -u
bough=$2
export BOUGH_ISA="$1" OCL_ICD_VENDORS=/nonexistent OCL_ICD_FILENAMES= OPENCL_VENDOR_PATH=/nonexistent
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
