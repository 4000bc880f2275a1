# Parameters that start where another run left its own: what fits, what does not, what is told of it.
tiny
bough train tiny.yaml -d c -q -r base -s train.epochs=1 > base.txt
more() {
    try bough train tiny.yaml -d c -r "$1" -s train.epochs=1 "${@:2}" 2>&1 |
        grep -E '^(\$|from|warning|bough|exit)'
}
more same --from base
more other --from base -s trunk.1.linear=5 \
    -s 'tasks.other={target: left, loss: cross_entropy, head: [linear: 2]}'
more renamed -s 'from={file: base/model.safetensors, map: {"left.*": "right.*"}}'
bough train tiny.yaml -d c -q -r learned -s train.epochs=1 -s weighting=uncertainty > learned.txt
more anew --from learned -s weighting=uncertainty
more anew-by-map -s 'from={file: learned, map: {"*": "*"}}' -s weighting=uncertainty
more none -s 'from={file: base, map: {"left.*": "trunk.*.x"}}'
more slip -s 'from={file: base, map: {"lefft.*": "left.*"}}'
more missing --from nowhere
more text --from tiny.yaml
"$PYTHON" - <<'END'
data = bytearray(open("base/model.safetensors", "rb").read())
data[-4:] = b"\x00\x00\xc0\x7f"
open("nan.safetensors", "wb").write(data)
END
more damaged --from nan.safetensors
try bough train --resume base --from base
ls -d */
