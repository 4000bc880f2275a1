#!/bin/sh
# Compiles each public header alone, as C11 and as C++, without a warning; and those of cl/ whose
# structures kernels take by value, in which no compiler may find anything to pad.
# usage: headers.sh COMPILER SOURCE_DIR
set -eu
compiler=$1
cd "$2/include"
count=0
for header in bough/*.h; do
    for language in "c -std=c11" "c++ -std=c++11"; do
        # shellcheck disable=SC2086 # the language and its standard are two words
        echo "#include <$header>" | "$compiler" -x $language -I. -fsyntax-only -Wall -Wextra \
            -Wpedantic -Werror - || { echo "$header does not compile alone as $language"; exit 1; }
        count=$((count + 1))
    done
done
[ "$count" -gt 0 ]
cd ..
for header in $(grep -l "^struct.*params {" cl/*.h cl/gemm/*.h); do
    printf '#include "%s"\n' op/quick_math.h "$header" |
        "$compiler" -x c -std=gnu11 -I. -isystem src -isystem include -fsyntax-only \
            -Werror=padded - || { echo "$header: some drivers leave padding out"; exit 1; }
    count=$((count + 1))
done
echo "$count compilations, no warning"
