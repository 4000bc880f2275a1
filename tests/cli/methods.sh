# The table of weightings, a page of every kind, and all pages whole.
try bough methods
for name in fixed uncertainty famo gradvac cagrad pcd sdmgrad dbmtl auto_lambda forum; do
    try bough methods $name
done
parts='rule|options|paper|use|needs|cost|weights|heads|state|yaml|letters'
for name in $(bough methods | sed -nE 's/^  ([a-z_]+) .*/\1/p' | grep -vx name); do
    echo "$name: $(bough methods $name | grep -cE "^($parts) +[^ ]") of 11 parts"
done | grep -v ': 11 of'
try bough methods cagard
try bough methods nosuch
try bough methods mgda nash
# What the pages say to write.
tiny
for losses in equal uncertainty famo '{name: fixed, weights: [1, 2]}'; do
    bough info tiny.yaml --set weighting="{name: cagrad, losses: $losses, on: representation}" \
        > log.txt || cat log.txt
done
for name in auto_lambda moml forum; do
    bough info tiny.yaml --set weighting="{name: $name, losses: {name: fixed, weights: [1, 2]}}" \
        > log.txt || cat log.txt
done
