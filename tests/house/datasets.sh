#!/bin/sh
# Makes every data set of datasets/ whose source is on this machine, in a scratch copy, and trains each
# config for one epoch. multifashion is trained by the README's test.
# usage: datasets.sh SOURCE_DIR BIN_DIR made-up|mnist|flights     exits 77 where the source is missing
set -eu
source=$1
export BOUGH_BIN=$2
mnist=${BOUGH_TEST_DATA-$source/../shared/data}/mnist-png.tar.gz
flights=${BOUGH_TEST_DATA-$source/../shared/data}/flights.csv.gz
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp -r "$source/datasets" "$scratch"
cd "$scratch"

train() {
    echo "== $1"
    "$BOUGH_BIN/bough" train "datasets/$1/config.yaml" --device c --run "$1" --quiet \
        --set train.epochs=1
}

if [ "$3" = mnist ]; then
    [ -e "$mnist" ] || { echo "skipped: $mnist is not there" && exit 77; }
    datasets/make mnist "$mnist"
    train mnist-dense
    train mnist-cnn
    train mnist-soft-sharing
    datasets/make multimnist "$mnist"
    train multimnist
    exit
fi
if [ "$3" = flights ]; then
    [ -e "$flights" ] || { echo "skipped: $flights is not there" && exit 77; }
    datasets/make flights "$flights"
    "$BOUGH_BIN/bough-data" info datasets/flights/flights.safetensors |
        grep -Fx -e "train/table  F32 [55483, 17]" -e "validation/table  F32 [13896, 17]" \
            -e "test/table  F32 [14815, 17]" | wc -l | grep -x 3
    exit
fi
for name in mmoe regression-and-classes independent-logistic alpha-pair task-groups; do
    datasets/make $name
    train $name
done
