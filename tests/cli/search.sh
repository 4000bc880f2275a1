tiny
# Names of run folders are digests of paths, too; what is measured is marked.
search() {
    echo "\$ bough search $*"
    local code=0
    bough search "$@" --device c > out.txt 2>&1 || code=$?
    machine < out.txt | sed -E -e 's/[0-9a-f]{16}/DIGEST/' -e 's/^  [^ ]*bough/  bough/' \
        -e 's/loss ([0-9.]+)/loss ~\1/g' -e "s/(^|[ -])([0-9]+\.[0-9]{4})( |$)/\1${mark}\2\3/g"
    [ $code = 0 ] || echo "exit $code"
}
losses='{left: {target: left, loss: cross_entropy, head: [linear: 2], monitor: loss}}'

mark='~'
search tiny.yaml --set "tasks=$losses" --grid optimizer.lr=0.05,0.5 --grid 'architecture=hard_sharing,{name: mmoe, experts: 2}'
sed -E 's/,([0-9]*\.[0-9]{5,})/,~\1/g; s/,-([0-9]*\.[0-9]{5,})/,-~\1/g' runs/tiny-search-1/search.csv
"$PYTHON" -c 'import json; all = json.load(open("runs/tiny-search-1/search.json"))
print(all["criterion"], all["folds"], *(sorted(trial) for trial in all["trials"][:1]), *all["trials"][0]["values"].items())'

# What is trained is found again, whatever its number.
touch marker
search tiny.yaml --set "tasks=$losses" --grid optimizer.lr=0.1,0.5,0.05 --grid 'architecture=hard_sharing,{name: mmoe, experts: 2}' --run runs/tiny-search-1
find runs/tiny-search-1 -name log.jsonl | wc -l
find runs/tiny-search-1 -name log.jsonl -newer marker | wc -l

# Folds; draws; a training that diverges.
search tiny.yaml --set "tasks=$losses" --folds 4 --grid train.epochs=1,2 --set train.early_stopping.metric=left.loss --quiet
search tiny.yaml --set "tasks=$losses" --random optimizer.lr=1e-3..1:log --random trunk.1.linear.units=4..8 --trials 3 --quiet
search tiny.yaml --set "tasks=$losses" --grid optimizer.lr=1e30,0.5 --run runs/diverges
search tiny.yaml --set "tasks=$losses" --grid optimizer.lr=1e30 --run runs/diverges
mark='±'
search tiny.yaml --set train.early_stopping.metric=right.accuracy --grid tasks.left.weight=1,0.5 --quiet

# A fold by hand: eval finds the rows that it holds out.
try bough train tiny.yaml --device c --set train.folds=4 --set train.fold=3 --run runs/fold --quiet 2>&1 | tail -n 3 | machine
"$PYTHON" -c 'import json; print(*json.load(open("runs/fold/result.json"))["validation"]["right"].values())' > result.txt
bough eval runs/fold --device c --split validation 2>&1 | grep '^right ' | awk '{print $2, $3}' > eval.txt
"$PYTHON" -c 'a, b = (open(name).read().split() for name in ("result.txt", "eval.txt"))
print([f"{float(x):.4f}" for x in a] == b)'

# Ctrl-C, and the command that it tells.
"$PYTHON" "$CASES/make_data.py" tiny.safetensors 20000
bough search tiny.yaml --device c --grid train.seed=1,2 --set train.epochs=100 --run 'my runs' > log.txt 2> err.txt &
until [ -n "$(find 'my runs' -name model.safetensors 2> find.txt)" ] || ! kill -0 $!; do sleep 0.05; done
kill -INT $!
wait $!
echo "exit $?"
tail -n 2 log.txt | sed -E 's/epoch [0-9]+ after step [0-9]+/epoch E after step S/; s/^  [^ ]*bough/  bough/'
eval "$(tail -n 1 log.txt)" > log.txt 2>&1
grep -c '^trial' log.txt
cat my\ runs/*/log.jsonl | grep -c '"event":"resume"'
