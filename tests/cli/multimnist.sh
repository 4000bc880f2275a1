# datasets/multimnist/compare, on the tiny data: what of a folder is trained, and with what.
tiny
mv tiny.yaml config.yaml
cp "$CASES/../../datasets/multimnist/compare" .
export BOUGH_BIN
BOUGH_BIN=$(dirname "$(command -v bough)")
table() {
    try "$PYTHON" ./compare runs --weightings equal mgda --seeds 1 2 "$@" 2>&1 |
        sed -nE -e 's/^\$ .*compare/$ compare/' -e 's/[0-9]+\.[0-9]+ ± [0-9.]+/N/g' \
            -e '/^(\$|\||run folder|compare:|exit)/p'
}
table --set trian.epochs=3 # no run stands: the next may have other overrides
table
table
rm runs/mgda-2/result.json # as of one that was interrupted
table
table --set train.epochs=2
table --device gpu
BOUGH_BIN=nowhere
rm runs/equal-1/result.json
table
