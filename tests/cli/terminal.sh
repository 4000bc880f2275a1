# The line that is redrawn in place; and none of it with --quiet.
tiny
"$PYTHON" "$CASES/make_data.py" tiny.safetensors 40000
for flag in '' --quiet; do
    "$CASES/on_terminal.py" 70 bough train tiny.yaml -d c $flag -s train.epochs=2 \
        -s train.batch_size=1 -s trunk.1.linear=64 -s optimizer.lr=0.01 | machine | losses |
        sed -E 's/ accuracy [0-9.]+/ accuracy A/g; s/  .best.$//; s/best epoch [0-9]+/best epoch E/'
done
