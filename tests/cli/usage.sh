try bough
try bough trian
try bough frobnicate
try bough help trian
try bough train
try bough train a.yaml b.yaml
try bough train a.yaml --devcie c
try bough train a.yaml --device
try bough train a.yaml -d
try bough train a.yaml -z
try bough train a.yaml --run a --resume b
try bough train a.yaml --set
try bough eval
try bough predict run
try bough predict run --data a.safetensors
try bough devices --jsn
try bough selftest extra
try bough kernels --device c
try bough kernels --device c -o c.kernels 2>&1 | machine
try bough selftest --device c --kernels c.kernels 2>&1 | machine
try bough tune --export a --import b
try bough tune a.yaml --import b
try bough tune --set train.epochs=1
