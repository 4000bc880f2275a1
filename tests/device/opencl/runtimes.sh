#!/bin/bash
# Runs the tests of ops, the golden step and one training on every OpenCL runtime of this machine,
# one by one, and ends with a line for each: what ran, or why it did not.
# usage: runtimes.sh BIN_DIR        fails if a runtime that is here has no usable device, or does not
#                                   pass; of Clover, which knows no CPU, a device is not wanted
#
# Runtimes are those of /etc/OpenCL/vendors, oclgrind, and Intel's for CPUs, which needs no
# installation: `python3 -m venv V && V/bin/pip install intel-opencl-rt intel-cmplr-lib-rt`, and
# BOUGH_TEST_INTEL=V; without the variable it is looked for where python3 has its packages.
set -u
bin=$(cd "$1" && pwd) || exit 2
cases=$(cd "$(dirname "$0")/../../cli" && pwd)
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
lines=()
failed=0
intel_cpu=

note() { # NAME WORDS...
    lines+=("$(printf '  %-12s %s' "$1" "${*:2}")")
    echo "${lines[-1]}"
}

train() { # PROGRAM...
    cp "$cases/tiny.yaml" "$folder" && rm -rf "$folder/run" &&
        python3 "$cases/make_data.py" "$folder/tiny.safetensors" &&
        "$@" train "$folder/tiny.yaml" --run "$folder/run" --device 0:0
}

# All that is run where OCL_ICD_VENDORS says. Each test fails that finds no OpenCL device.
steps() {
    local test
    export BOUGH_TEST_OPENCL=1
    for test in "$bin"/test_op_* "$bin/test_golden"; do
        echo "== ${test##*/}" && "$test" || return
    done
    echo "== training" && train "$bin/bough"
}

try() { # NAME LIBRARY [VARIABLE=VALUE...]
    local name=$1 start=$SECONDS device log=$folder/log
    mkdir -p "$folder/$name" && echo "$2" >"$folder/$name/runtime.icd"
    shift 2
    device=$(env OCL_ICD_VENDORS="$folder/$name" "$@" "$bin/bough" devices --json |
        python3 -c 'import json, sys
for d in json.load(sys.stdin)["devices"]:
    if d["device"] == "0:0": print(d["name"] + ", driver " + d["driver"], d["refused"], sep="\n")')
    if [ -z "$device" ] && [ "$name" = mesa ]; then
        note "$name" "not run: it has no device, as Clover knows no CPU"
    elif [ -z "$device" ]; then
        failed=1
        note "$name" "FAILED: it has no device"
    elif [ "$(echo "$device" | wc -l)" -gt 1 ]; then # refused
        failed=1
        note "$name" "FAILED: $(echo "$device" | tr '\n' ' ')"
    elif (export OCL_ICD_VENDORS="$folder/$name" "$@" && steps) >"$log" 2>&1 &&
        grep -q "^device 0:0: " "$log"; then
        note "$name" "passes on $(echo "$device" | head -n 1), in $((SECONDS - start)) s${*:+; with $*}"
    else
        failed=1
        tail -n 40 "$log"
        note "$name" "FAILED on $(echo "$device" | head -n 1), in $(grep '^== ' "$log" | tail -n 1)"
    fi
}

# Its folder of libraries, in a venv or where packages are.
intel() {
    local library
    for library in ${BOUGH_TEST_INTEL:+"$BOUGH_TEST_INTEL"/lib/libintelocl.so} \
        "$(python3 -c 'import sys; print(sys.prefix)')/lib/libintelocl.so" \
        "$HOME/.local/lib/libintelocl.so" /opt/intel/oneapi/compiler/latest/lib/libintelocl.so; do
        [ -r "$library" ] && try intel "$library" && return
    done
    note intel "not run: no libintelocl.so here; $(basename "$0") says how to try it"
}

simulated() {
    command -v oclgrind >/dev/null || { note oclgrind "not run: it is not installed" && return; }
    local start=$SECONDS
    # It knows the instructions that clang writes without optimising, and few of the others.
    if BOUGH_CACHE=off train oclgrind --build-options -cl-opt-disable "$bin/bough" \
        >"$folder/log" 2>&1 && grep -q '^device 0:0: Oclgrind' "$folder/log"; then
        note oclgrind "passes a training, in $((SECONDS - start)) s; every op: the tests oclgrind_*"
    else
        failed=1
        tail -n 40 "$folder/log"
        note oclgrind "FAILED"
    fi
}

export XDG_CACHE_HOME=${XDG_CACHE_HOME:-$folder/cache}
for vendor in pocl rusticl; do
    [ -r "/etc/OpenCL/vendors/$vendor.icd" ] || note $vendor "not run: it is not installed"
done
for icd in /etc/OpenCL/vendors/*.icd; do
    name=$(basename "$icd" .icd)
    case $name in
    # It ends loops after 65535 turns, which the self-test refuses and these tests do not need.
    rusticl) try "$name" "$(cat "$icd")" RUSTICL_ENABLE=llvmpipe BOUGH_FORCE_DEVICE=1 \
        BOUGH_TEST_NO_SELFTEST=1 ;;
    *) try "$name" "$(cat "$icd")" ;;
    esac
    grep -q libintelocl "$icd" && intel_cpu=1
done
[ -n "$intel_cpu" ] || intel
simulated
echo "runtimes:"
printf '%s\n' "${lines[@]}"
exit $failed
