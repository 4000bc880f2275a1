# Every line that times begins with this machine's ceiling, for half a second of every thread.
export BOUGH_THREADS=1
tiny
speeds() {
    sed -E -e 's/ +[0-9.]+( %| us| s| samples\/s| GFLOP\/s| GB\/s|)/ N\1/g' -e 's/ %  [a-z0-9_]+$/ %/' \
        -e 's/^device .*/device/'
}
try bough bench gemm 5,7,9 64,64,64 -d c -t 0.001 2>&1 | tail -n 4 | speeds
bough bench gemm 5,7,9 64,64,64 -d c -t 0.001 --json 2> log | "$PYTHON" "$CASES/check_bench.py" gemm
bough bench ops -d c -t 0.001 --json 2> log | "$PYTHON" "$CASES/check_bench.py" ops
bough bench ops -d c -t 0.001 2> log | sed '/^leaky/Q' | speeds
bough bench step tiny.yaml -d c -t 0.01 --json 2> log | "$PYTHON" "$CASES/check_bench.py" step
bough bench step tiny.yaml -d c -t 0.01 -s train.batch_size=8 2>&1 | speeds
bough bench step tiny.yaml -d c -t 0.01 --no-first-step 2>&1 | speeds
cp tiny.yaml $'l\xe4tt.yaml'
bough bench step $'l\xe4tt.yaml' -d c -t 0.01 --no-first-step --json 2> log | "$PYTHON" "$CASES/check_bench.py" warm
try bough bench step tiny.yaml -d c -s data=nothing.safetensors
try bough bench step
try bough bench
try bough bench gemm 5,7
try bough bench gemm 4611686018427387905,1,1 -d c -t 0.001 2>&1 | machine
try bough bench gemm 99999999999999999999,1,1 -d c
try bough bench ops relu
try bough bench ops --set train.epochs=1
try bough bench ops --no-first-step
try bough bench frobnicate
try bough bench ops -t soon
try bough bench ops -t 1e300
try bough bench ops -t inf
