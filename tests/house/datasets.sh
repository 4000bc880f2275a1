#!/bin/sh
# Makes every data set of datasets/ whose source is on this machine, in a scratch copy, and trains each
# config for one epoch. multifashion is trained by the README's test.
# usage: datasets.sh SOURCE_DIR BIN_DIR made-up|mnist|flights|snips     exits 77 where the source is missing
set -eu
source=$1
export BOUGH_BIN=$2
archives=${BOUGH_TEST_DATA-$source/../shared/data}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp -r "$source/datasets" "$scratch"
cd "$scratch"

train() {
    echo "== $1"
    "$BOUGH_BIN/bough" train "datasets/$1/config.yaml" --device c --run "$1" --quiet \
        --set train.epochs=1
}

need() {
    [ -e "$1" ] || { echo "skipped: $1 is not there" && exit 77; }
}

if [ "$3" = snips ]; then
    need "$archives/snips.tar.gz"
    datasets/make snips "$archives/snips.tar.gz"
    train snips
    exit
fi
if [ "$3" = mnist ]; then
    mnist=$archives/mnist-png.tar.gz
    need "$mnist"
    datasets/make mnist "$mnist"
    train mnist-dense
    train mnist-cnn
    train mnist-soft-sharing
    datasets/make multimnist "$mnist"
    train multimnist
    exit
fi
if [ "$3" = flights ]; then
    need "$archives/flights.csv.gz"
    datasets/make flights "$archives/flights.csv.gz"
    "$BOUGH_BIN/bough-data" info datasets/flights/flights.safetensors |
        grep -Fx -e "train/table  F32 [55483, 17]" -e "validation/table  F32 [13896, 17]" \
            -e "test/table  F32 [14815, 17]" | wc -l | grep -x 3
    train flights
    exit
fi
for name in mmoe regression-and-classes independent-logistic alpha-pair task-groups; do
    datasets/make $name
    train $name
done
