tiny
# `said` begins with the command. Numbers, the order of rows, and what is fused differ.
try bough train tiny.yaml --device c --profile --quiet --set train.epochs=1 --run run > said
sed -n '2,/^$/p' said | sed -E 's/( +[0-9.%]+)+$//; s/ +/ /g' | grep -E '^(op|gather|linear|sgd) ' | sort
grep -c '^gemm ' said
tail -n 2 said | machine
ls run
"$PYTHON" "$CASES/check_trace.py" run/trace.json
