make() { "$PYTHON" "$CASES/make_gradients.py" "$@"; }
residual() { sed -E -e 's/residual [0-9.e+-]+/residual R/' -e 's/"residual": ?[0-9.e+-]+/"residual": R/'; }
rounded() {
    "$PYTHON" -c '
import json, sys
def near(x): return round(x, 4) + 0.0 if isinstance(x, float) else [near(y) for y in x] if isinstance(x, list) else x
for key, value in json.load(sys.stdin).items(): print(key, near(value))'
}
two=gradients='[[-4, 1, 1], [6, 1, 1]]'
make two.safetensors "$two"
make missing.safetensors 'gradients=[[-4, 1, 1], [NaN, 0, 0], [6, 1, 1]]' 'losses:F64=[0.5, NaN, 2]'
try bough weigh mgda --gradients two.safetensors | residual
try bough weigh cagrad -g two.safetensors --set rescale=0 | residual
try bough weigh '{name: mgda, losses: imtl_l}' -g missing.safetensors | residual
try bough weigh graddrop -g two.safetensors --set leak=1
try bough weigh config -g two.safetensors --weights 3,1 | residual
try bough weigh mgda -g two.safetensors -w 1,2 | residual
try bough weigh mgda -g two.safetensors -w 0,.5 | residual
make long.safetensors 'gradients=[[1, 2, 0, 1], [1, -1, 2, 0.5]]'
try bough weigh excess -g long.safetensors -w 1e25,1
try bough weigh excess -g long.safetensors -w 1e25,1 --json
try bough weigh '{name: metabalance, losses: {name: fixed, weights: [1e25, 1]}}' -g long.safetensors
make large.safetensors 'gradients=[[1e25, 2e25, 0, 1e25], [1, -1, 2, 0.5]]'
try bough weigh metabalance -g large.safetensors -w 1e-25,1
bough weigh mgda -g missing.safetensors --json | rounded
bough weigh graddrop -g two.safetensors -s leak=1 --json | rounded
make many.safetensors "gradients=[$(printf '[1, 2],%.0s' {1..16})[1, 2]]"
try bough weigh krum -g many.safetensors | residual | tail -n 3
try bough weigh famo -g two.safetensors
try bough weigh auto_lambda -g two.safetensors
try bough weigh cagard -g two.safetensors 2>&1 | sed 's/ (equal, .*/ (...)/'
try bough weigh cagrad -g two.safetensors --set c=-1
try bough weigh cagrad -g two.safetensors --set d=1
try bough weigh cagrad -g two.safetensors --set groups=layer
try bough weigh mgda -g two.safetensors --weights 1
try bough weigh mgda -g two.safetensors --weights 1,2,3
try bough weigh mgda -g two.safetensors --weights 1,-2
try bough weigh mgda -g two.safetensors --weights nan,1
try bough weigh mgda -g two.safetensors --weights 1,1e99
try bough weigh mgda -g two.safetensors --weights 1,two
try bough weigh mgda -g two.safetensors --weights 1,
try bough weigh mgda -g two.safetensors --weights '1;2'
try bough weigh mgda -g two.safetensors --weights 0,0
try bough weigh mgda
try bough weigh -g two.safetensors
try bough weigh mgda -g nothing.safetensors
make wrong.safetensors 'losses=[1, 2]'
try bough weigh mgda -g wrong.safetensors
make wrong.safetensors 'gradients=[1, 2]'
try bough weigh mgda -g wrong.safetensors
make wrong.safetensors 'gradients=[[]]'
try bough weigh mgda -g wrong.safetensors
make wrong.safetensors 'gradients:I32=[[1, 2], [3, 4]]'
try bough weigh mgda -g wrong.safetensors
make wrong.safetensors "$two" 'losses=[1, 2, 3]'
try bough weigh mgda -g wrong.safetensors
make wrong.safetensors "$two" 'losses=[1, Infinity]'
try bough weigh mgda -g wrong.safetensors
make wrong.safetensors 'gradients=[[1, 2], [3, NaN]]'
try bough weigh mgda -g wrong.safetensors
make wrong.safetensors 'gradients:F64=[[1, 2], [3, 1e300]]'
try bough weigh mgda -g wrong.safetensors
