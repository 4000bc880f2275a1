# The line that is redrawn in place and cut, taken away by Ctrl-C; and none of it with --quiet.
tiny
stopped() {
    sed -E -e 's/after step [0-9]+/after step S/' -e 's/^  [^ ]*bough/  bough/' -e 's/\^C//'
}
"$PYTHON" "$CASES/make_data.py" tiny.safetensors 40000
"$CASES/on_terminal.py" 60 bough train tiny.yaml -d c -s train.epochs=1000 \
    -s train.batch_size=1 -s trunk.1.linear=16384 -s optimizer.lr=1e-6 | machine | stopped
"$PYTHON" "$CASES/make_data.py" tiny.safetensors
"$CASES/on_terminal.py" 60 bough train tiny.yaml -d c --quiet | machine | metrics
