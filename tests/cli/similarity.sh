# How similar the tasks of a model are. Cosines differ in their last digits from machine to machine.
tiny
cosines() { sed -E 's/ +-?0\.[0-9]+/  N/g'; }
bough train tiny.yaml -d c -q -r hard -s 'tasks.other={target: left, loss: cross_entropy, head: [linear: 2]}' >/dev/null
try bough similarity hard -d c 2>&1 | machine | cosines
try bough similarity hard -d c --by cka --rows 5 --groups 2 --csv all.csv --png all.png 2>/dev/null
bough similarity hard -d c --by cka --groups 2 2>&1 >/dev/null | tail -n 1
cat all.csv
od -An -tx1 -N24 all.png | tr -d ' \n'; echo
try bough similarity hard -d c --by mmd --split train --groups 3 --png far.png 2>/dev/null
cmp all.png far.png
bough train tiny.yaml -d c -q -r apart -s 'architecture={name: hard_sharing, groups: [1, 2]}' >/dev/null
try bough similarity apart -d c 2>&1 | machine | cosines
rm -r apart
bough train tiny.yaml -d c -q -r some -s 'tasks.other={target: left, loss: cross_entropy, head: [linear: 2]}' \
    -s 'architecture={name: hard_sharing, groups: [1, 2, 1]}' >/dev/null
bough similarity some -d c --groups 2 2>&1 >/dev/null | grep -c warning
rm -r some
bough train tiny.yaml -d c -q -r soft -s architecture=soft_sharing >/dev/null
bough similarity soft -d c --split validation 2>&1 | machine | cosines
ls
try bough similarity soft -d c --by cosine 2>&1 | tail -n 2
try bough similarity soft -d c --by mdm 2>&1 | tail -n 2
try bough similarity soft -d c --groups 3 2>&1 | tail -n 2
try bough similarity soft --groups 0
try bough similarity soft --rows some
try bough similarity soft -d c --split elsewhere 2>&1 | tail -n 2
try bough similarity soft -d c --csv no/such.csv 2>&1 | tail -n 2
try bough similarity soft -d c --png . 2>&1 | tail -n 2
try bough similarity nowhere -d c 2>&1 | tail -n 2
