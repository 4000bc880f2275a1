# One training a folder, a hangup, a closed pipe, and config mistakes that were silent.
tiny
"$PYTHON" "$CASES/make_data.py" many.safetensors 20000
begin() { # in the background, until its first epoch has ended
    : > log.txt
    bough train "$@" -d c > log.txt 2> err.txt &
    until grep -q '^epoch ' log.txt || ! kill -0 $!; do sleep 0.05; done
}
ended() { # by that signal
    kill -"$1" $holder
    wait $holder
    echo "exit $?"
    tail -n 2 log.txt | sed -E 's/epoch [0-9]+ after step [0-9]+/epoch E after step S/; s/^  [^ ]*bough/  bough/'
}
begin tiny.yaml -s data=many.safetensors -s train.epochs=1000000 -r held
holder=$!
bough train --resume held -d c -q > busy.txt 2>&1
echo "exit $?"
sed -E "s/process $holder on [^ ]+/process HOLDER on HOST/" busy.txt
ended HUP
begin --resume held
holder=$!
ended TERM
{ sleep 0.1; bough train tiny.yaml -d c -r piped 2> err.txt; echo "exit $?" > code; } | true
machine < err.txt
cat code
ls piped
try bough train tiny.yaml -d c --force
try bough info tiny.yaml --set epochs=3
try bough info tiny.yaml --set train.epochs=
sed -e 's/right:/höhe:/' tiny.yaml > name.yaml
bough train name.yaml -d c -q -r name | grep -o '^höhe'
bough predict name --data tiny.safetensors -o out.csv -d c > log.txt 2>&1 && head -n 1 out.csv

# What a run was begun with is kept, by an override and by hand.
bough train tiny.yaml -d c -q -r drop -s weighting=graddrop -s train.epochs=1 > log.txt 2>&1
try bough train --resume drop -d c -q --set weighting.name=mgda
sed -i 's/lr: 0.5/lr: 0.25/' drop/config.yaml
try bough train --resume drop -d c -q --set train.epochs=2

# Rows may lack an input, and of which a task has none they are left empty.
"$PYTHON" "$CASES/make_data.py" lacking.safetensors 64 lacking
gaps="inputs={image: {present: seen, stem: [flatten, linear: 4]}, table: {optional: true, stem: [linear: 4]}}"
bough train tiny.yaml -d c -s data=lacking.safetensors -s "$gaps" -s join=gate -r gaps > log.txt 2>&1
grep 'lack it' log.txt
try bough predict gaps --data lacking.safetensors -d c -o out.csv 2>&1 | machine
bough predict gaps --data lacking.safetensors --allow-missing -d c -o out.csv > log.txt 2>&1
grep -n ',,,' out.csv
try bough eval gaps -d c 2>&1 | machine | metrics
