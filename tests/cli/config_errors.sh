# Each mistake in one line: where it is, what was found, what is wanted.
tiny
with() { # replaces the first argument by the second in tiny.yaml
    sed "s|$1|$2|" tiny.yaml > bad.yaml
    echo "$2"
    bough info bad.yaml > info.txt
    echo "exit $?"
}
with 'linear: 8' 'liner: 8'
with 'linear: 8' 'linear: eight'
with 'linear: 8' 'linear: 0'
with 'linear: 8' 'linear: -1'
with 'linear: 8' 'linear: {unit: 8}'
with 'linear: 8' 'linear: {units: 8, kernel: 3}'
with 'linear: 8' 'linear: {units: 8, units: 9}'
with 'linear: 8' 'linear: {bias: maybe, units: 8}'
with 'linear: 8' 'linear: {bias: true}'
with 'linear: 8' 'linear: 8, relu: 1'
with 'relu' 'relu: 1'
with 'flatten' 'dropout: 1'
with 'flatten' 'conv2d: {channels: 8, kernel: [3, 3, 3]}'
with 'data:' 'dta:'
with 'data: .*' ''
with 'data: .*' 'data: [a]'
with 'trunk:' 'data: tiny.safetensors\ntrunk:'
with 'loss: cross_entropy' 'loss: crossentropy'
with 'loss: cross_entropy, ' ''
with 'target: left, ' ''
with 'head: .linear: 2., ' ''
with 'confusion' 'acuracy'
with 'confusion' 'mse'
with 'right:' 'left:'
with 'right:' 'trunk:'
with 'right:' '"a.b":'
with 'sgd' 'sdg'
with 'lr: 0.5' 'lr: 0'
with 'lr: 0.5' 'lr: .inf'
with 'lr: 0.5' 'betas: [0.9, 0.99]'
with 'lr: 0.5' 'nesterov: true'
with 'epochs: 3' 'epochs: 2.5'
with 'epochs: 3' 'epoch: 3'
with 'seed: 1' 'seed: -1'
with 'validation: 0.25' 'validation: 1'
with 'seed: 1' 'early_stopping: {metric: left.f1}'
with 'seed: 1' 'fold: 2'
with 'seed: 1' 'folds: 3, fold: 4'
with 'optimizer:' 'weighting: {name: fixed, weights: {left: 1}}\noptimizer:'
with 'optimizer:' 'weighting: {name: fixed, weights: {left: 1, rigth: 1, right: 1}}\noptimizer:'
with 'optimizer:' 'weighting: {name: fixed, weights: [1]}\noptimizer:'
with 'optimizer:' 'weighting: {name: mgda, losses: graddrop}\noptimizer:'
with 'optimizer:' 'weighting: {name: equal, losses: uncertainty}\noptimizer:'
with 'optimizer:' 'weighting: [uncertainty, cagrad]\noptimizer:'
with 'optimizer:' 'weighting: {name: graddrop, on: representation}\noptimizer:'
with 'optimizer:' 'weighting: {name: graddrop, groups: layer}\noptimizer:'
with 'optimizer:' 'weighting: {name: mgda, on: representation, groups: tensor}\noptimizer:'
with 'optimizer:' 'weighting: {name: mgda, groups: layers}\noptimizer:'
with 'optimizer:' 'weighting: {name: sdmgrad, on: representation}\noptimizer:'
with 'optimizer:' 'weighting: {name: auto_lambda, on: representation}\noptimizer:'
with 'optimizer:' 'weighting: {name: auto_lambda, losses: uncertainty}\noptimizer:'
with 'optimizer:' 'weighting: {name: moml, groups: layer}\noptimizer:'
with 'optimizer:' 'weighting: {name: moml, smoothing: 0.5}\noptimizer:'
with 'optimizer:' 'weighting: {name: auto_lambda, primary: [0, 0]}\noptimizer:'
with 'optimizer:' 'weighting: {name: forum, every: 2}\noptimizer:'
with 'optimizer:' 'weighting: {name: forum, losses: uncertainty}\noptimizer:'
with 'optimizer:' 'weighting: {name: forum, steps: 0}\noptimizer:'
with 'optimizer:' 'weighting: {name: dwa, every: 2}\noptimizer:'
with 'optimizer:' 'weighting: {name: uncertainty, smoothing: 0.5}\noptimizer:'
with 'optimizer:' 'weighting: {name: equal, weights: [1, 1]}\noptimizer:'
with 'optimizer:' 'architecture: mmeo\noptimizer:'
with 'optimizer:' 'architecture: {name: mmoe, experts: 0}\noptimizer:'
with 'optimizer:' 'architecture: {name: dselect_k, experts: 1}\noptimizer:'
with 'optimizer:' 'architecture: {experts: 3}\noptimizer:'
with 'optimizer:' 'architecture: {name: hard_sharing, groups: [1, 2, 2]}\noptimizer:'
with 'optimizer:' 'architecture: {name: hard_sharing, groups: [1, 1.5]}\noptimizer:'
with 'optimizer:' 'architecture: {name: hard_sharing, groups: {left: 1, right: 2}}\noptimizer:'
with 'seed: 1' 'regime: independent}\narchitecture: {name: hard_sharing, groups: [1, 2, 2]}\n# {'
with 'optimizer:' 'architecture: esmm\noptimizer:'
with 'optimizer:' 'alignment: {name: mmd, on: score}\noptimizer:'
with 'optimizer:' 'alignment: {weight: 2}\noptimizer:'
with 'optimizer:' 'alignment: mmd\noptimizer:'
with 'seed: 1' 'regime: independent, seed: 1}\nalignment: {name: mmd, weight: 1}\n# {'
with 'optimizer:' 'architecture: {name: aitm, tower: [liner: 4]}\noptimizer:'
with 'optimizer:' 'input: {normalize: {mean: [1, 2], std: 1}}\noptimizer:'
with 'optimizer:' 'input: image\ninputs: {a: , b: {type: ids}}\noptimizer:'
with 'optimizer:' 'inputs: {a: , b: {typ: ids}}\noptimizer:'
with 'optimizer:' 'inputs: {a: , b: {stem: [liner: 4], optional: true}}\noptimizer:'
with 'data: .*' 'inputs: {image: {data: tiny.safetensors}, b: }'
with 'optimizer:' 'join: add\noptimizer:'
with 'optimizer:' 'optimizer: ['
with 'optimizer:' '\toptimizer:'
try bough info tiny.yaml --set train.epochs=many
try bough info tiny.yaml --set train.epoch=3
try bough info tiny.yaml --set trunk.9=relu
try bough info tiny.yaml --set trunk.1.linear=[1
try bough info tiny.yaml --set train
try bough info tiny.yaml --set tasks.lft.weight=2
try bough info tiny.yaml --set tasks.more.weight=2
try bough info tiny.yaml --set weighting='{name: uncertainty, start: nan}'
try bough info tiny.yaml --set train.epochs=3000000000
try bough info tiny.yaml --set tasks.left.weight=0 --set tasks.right.weight=0
try bough info tiny.yaml --set tasks.left.weight=0 --set weighting=metabalance
try bough info tiny.yaml --set weighting=krum
try bough info tiny.yaml --set weighting='{name: mgda, smoothing: 0.99999999}'
sed 's/^trunk/inputs: {left: , right: }\ntrunk/' tiny.yaml > two.yaml
try bough info two.yaml --input 4 --input 4 --set inputs.lft.type=numbers
try bough info two.yaml --input 4 --input 5 --set inputs.left.type=numbers
try bough info two.yaml --input 4 --input 4 --input 1 --set inputs.more.type=numbers --set trunk=[]
try bough info two.yaml --input 4 --input 4 --set inputs.right.data=other --set tasks.left.inputs=[left]
try bough info two.yaml --input 4 --input 4 --set tasks.left.inputs=[left] --set tasks.right.inputs=[left]
for map in '{"trunk.[02].*": "trunk.*"}' '{"trunk.?.bias": "trunk.2.bias"}' '{"*.0.*": "*.1.*"}' \
    '{"left.0.bias": "*.bias"}' '{"left.*": "[a].*"}'; do
    try bough info tiny.yaml --set from="{file: base, map: $map}"
done
: > empty.yaml
try bough info empty.yaml
