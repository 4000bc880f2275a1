tiny
# What a profiled training leaves: its ops by name and stage, and the stages of its trace.
stages() {
    bough train tiny.yaml --device c --profile --quiet --run "$1" "${@:2}" > said
    sed -n '1,/^$/p' said | sed -E 's/( +[0-9.%]+)+$//; s/ +/ /g' | grep -v -e '^op' -e '^$' | sort
    "$PYTHON" "$CASES/check_trace.py" "$1/trace.json"
}

# `said` begins with the command. Numbers, the order of rows, and what is fused differ.
try bough train tiny.yaml --device c --profile --quiet --set train.epochs=1 --run run > said
sed -n '2,/^$/p' said | sed -E 's/( +[0-9.%]+)+$//; s/ +/ /g' | grep -E '^(op|gather|linear|sgd) ' | sort
grep -c '^gemm ' said
tail -n 2 said | machine
ls run
"$PYTHON" "$CASES/check_trace.py" run/trace.json
for weighting in uncertainty mgda graddrop; do
    echo "# $weighting"
    stages "$weighting" --set "weighting=$weighting" --set optimizer.clip_norm=1
done
echo "# mmoe"
stages mmoe --set 'architecture={name: mmoe, experts: 2}' --set weighting=mgda
echo "# aitm"
sed 's/cross_entropy/binary_&/; s/linear: 2/linear: 1/; s/, metrics.*]//' tiny.yaml > events.yaml
bough train events.yaml --device c --profile --quiet --run aitm --set architecture=aitm > said
grep -oE '(concat|softmax) attention[a-z.]*' aitm/trace.json | sort -u
