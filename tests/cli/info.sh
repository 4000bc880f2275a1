tiny
try bough info tiny.yaml
try bough info tiny.yaml --input 3,8,8 --set trunk.1.linear.units=32
try bough info tiny.yaml --set architecture='{name: mmoe, experts: 2}'
try bough info tiny.yaml --set architecture='{name: hard_sharing, groups: [1, 2, 1]}' \
    --set tasks.more='{target: left, loss: cross_entropy, head: [linear: 2]}'
for architecture in cross_stitch mtan adapters tensor_factorised; do
    try bough info tiny.yaml --set architecture=$architecture
done
for architecture in mtan adapters tensor_factorised; do
    try bough info tiny.yaml --set trunk='[flatten, linear: 8, relu, linear: 4, tanh]' \
        --set architecture=$architecture --set tasks.more='{target: left, loss: cross_entropy, head: [linear: 2]}' |
        sed '2,/^$/d'
done
try bough info tiny.yaml --set trunk=[] --set architecture=mmoe
try bough info tiny.yaml --set architecture=ltb
try bough info tiny.yaml --set architecture=omoe \
    --set tasks.gate='{target: left, loss: cross_entropy, head: [relu, linear: 2]}'
sed 's/cross_entropy/binary_&/; s/linear: 2/linear: 1/; s/, metrics.*]//' tiny.yaml > events.yaml
try bough info events.yaml --set architecture=esmm
try bough info events.yaml --set architecture='{name: aitm, tower: [linear: 4, relu]}'
try bough info events.yaml --set architecture=aitm \
    --set tasks.more='{target: left, loss: binary_cross_entropy, head: [linear: 1]}' | sed '2,/^$/d'
for weighting in equal '{name: cagrad, losses: uncertainty, every: 4}' \
    '{name: mgda, on: representation, losses: {name: fixed, weights: {right: 2, left: 0.5}}}' \
    '{name: cagrad, c: 0.25, rescale: 1, groups: layer, every: 1, smoothing: 0.9}'; do
    try bough info tiny.yaml --set "weighting=$weighting" | grep -e '^\$' -e weighting
done
try bough info tiny.yaml --set inputs='{image: , more: {field: photo}}' --input 1,4,4 --input 2,4,4
try bough info tiny.yaml --set inputs='{a: image, b: image}'
{ echo 'inputs: {image: }' && cat tiny.yaml; } > flow.yaml
try bough info flow.yaml | sed '4,$d'
for join in sum gate; do
    try bough info tiny.yaml --set inputs='{image: {stem: [flatten, linear: 4]}, more: {stem: [linear: 4], optional: true}}' \
        --input 1,4,4 --input 3 --set tasks.left.inputs='[more]' --set join=$join
done
try bough info tiny.yaml --set inputs='{image: , more: {field: photo}}' --input 1,4,4
try bough info tiny.yaml --set inputs='{image: , more: {field: photo}}' --input 1,4,4 --input 1,4
try bough info tiny.yaml --set inputs='{image: {stem: [flatten]}, more: }' --input 1,4,4 --input 4 --set join=sum
try bough info tiny.yaml --set inputs='{image: , more: {field: photo}}'
try bough info tiny.yaml --set input.type=ids
try bough info tiny.yaml --input 1,x
try bough info tiny.yaml --input 0,2
try bough info tiny.yaml --set trunk.0=max_pool2d:3
try bough info tiny.yaml --set 'trunk.0={conv2d: {channels: 4, kernel: 3, groups: 3}}'
try bough info tiny.safetensors
head -c 100 tiny.safetensors > cut.safetensors
try bough info cut.safetensors
try bough info tiny.yaml --set architecture='{name: mmoe, experts: 2}' --dot
try bough info tiny.safetensors --dot
