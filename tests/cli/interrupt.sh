# Ctrl-C while it trains: exit code 130, and the command that it tells goes on.
tiny
"$PYTHON" "$CASES/make_data.py" tiny.safetensors 20000
: > log.txt # there before the first look at it
bough train tiny.yaml --device c --set train.epochs=1000000 --run 'my runs/a run' > log.txt 2> err.txt &
until grep -q '^epoch 2/' log.txt || ! kill -0 $!; do sleep 0.05; done
kill -INT $!
wait $!
echo "exit $?"
tail -n 2 log.txt | sed -E 's/epoch [0-9]+ after step [0-9]+/epoch E after step S/; s/^  [^ ]*bough/  bough/'
epochs=$(grep -c '^epoch [0-9]*/1000000  train' log.txt)
command=$(tail -n 1 log.txt)
eval "$command --set train.epochs=$((epochs + 2)) --quiet" 2>&1 | tail -n 1

# And while bench waits for the process of a first step, which waits for its config: nothing stays.
mkdir temporary
mkfifo pipe.yaml
TMPDIR=$PWD/temporary bough bench step pipe.yaml --device c &
cat tiny.yaml > pipe.yaml
until [ -n "$(ls temporary)" ] || ! kill -0 $!; do sleep 0.05; done
kill -TERM $!
wait $!
echo "exit $?"
ls temporary
