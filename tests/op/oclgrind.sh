#!/bin/bash
# Runs an op test at small shapes on oclgrind's simulated device. Fails on any report: out of
# bounds, data race, uninitialised read, wrong call.
# usage: oclgrind.sh PROGRAM [GEMM]     exits 77 where oclgrind is missing
set -u
command -v oclgrind >/dev/null || { echo "skipped: oclgrind is not installed" && exit 77; }
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT

# It knows the instructions that clang writes without optimising, and few of the others. Programs of
# the cache may have been built with other options of oclgrind.
export BOUGH_CACHE=off BOUGH_TEST_TINY=1 BOUGH_TEST_NO_SELFTEST=1 BOUGH_GEMM=${2-generic}
oclgrind --build-options -cl-opt-disable --data-races --uninitialized --check-api \
    --log "$folder/reports" "$1" >"$folder/output" 2>&1
result=$?
head -n 100 "$folder/output"
grep -q '^device [0-9]*:[0-9]*: Oclgrind' "$folder/output" ||
    { echo "the simulated device did not run" && exit 1; }
[ -s "$folder/reports" ] && { head -n 100 "$folder/reports" && exit 1; }
exit $result
