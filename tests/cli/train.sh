tiny
try bough train tiny.yaml --device c 2>&1 | machine | metrics
try bough train tiny.yaml --device c --quiet --set train.epochs=1 --set tasks.left.metrics=[accuracy] 2>&1 | machine | metrics
ls runs runs/tiny-1
try bough train tiny.yaml --device c --run runs/tiny-1 2>&1 | machine | metrics
try bough train --resume runs/tiny-1 --device c --set train.epochs=4 2>&1 | machine | metrics
try bough eval runs/tiny-1 --device c 2>&1 | machine | metrics
try bough eval runs/tiny-1 --device c --split validation 2>&1 | machine | metrics
try bough predict runs/tiny-1 --data tiny.safetensors -o out.csv --device c 2>&1 | machine | metrics
head -n 1 out.csv
wc -l < out.csv
try bough info runs/tiny-1 | machine | metrics
mkdir multi && cp tiny.yaml multi/config.yaml
bough train multi/config.yaml --set data=tiny.safetensors --set train.epochs=1 -q -d c | tail -n 1
bough train tiny.yaml --set architecture=mmoe --run runs/mmoe -q -d c >/dev/null
try bough eval runs/mmoe --device c 2>&1 | machine | metrics
try bough predict runs/mmoe --data tiny.safetensors -o out.csv --device c 2>&1 | machine | metrics
