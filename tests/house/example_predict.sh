#!/bin/sh
# Trains a model, and gives two rows to examples/predict.c, which knows its file alone.
# usage: example_predict.sh BIN_DIR
set -eu
work=$(mktemp -d "$1/example-XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
"$1/bough-data" generate regression-and-classes --count 100 -o data.safetensors >/dev/null
cat >config.yaml <<'END'
data: data.safetensors
input: {field: input, normalize: auto}
tasks:
  kind: {target: class, loss: cross_entropy, head: [linear: 10]}
  values: {target: {field: values, standardize: true}, loss: mse, head: [linear: 5]}
END
"$1/bough" train config.yaml --run run --device c --quiet >/dev/null
mv run/model.safetensors .
rm -r run data.safetensors config.yaml
# shellcheck disable=SC2046 # a hundred numbers a row
"$1/predict" model.safetensors $(seq 0.01 0.01 2) >scores
[ "$(wc -l <scores)" = 30 ]
awk '/^kind/ { sum[$3] += $4 }
     END { exit !(sum["0:"] > 0.999 && sum["0:"] < 1.001 && sum["1:"] > 0.999 && sum["1:"] < 1.001) }' scores
