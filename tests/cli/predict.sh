tiny
bough train tiny.yaml --device c --quiet --run run >/dev/null 2>&1
mv run/model.safetensors . && rm -r run
try bough predict model.safetensors --data tiny.safetensors --device c -o out.csv 2>&1 | machine
head -n 1 out.csv
bough predict model.safetensors --data tiny.safetensors --device c --probabilities -o - 2>/dev/null >all.csv
head -n 1 all.csv
cut -d, -f1-3 all.csv | cmp - <(cut -d, -f1-3 out.csv) && wc -l <all.csv
tail -n +2 out.csv | cut -d, -f2 | sort -u
try bough eval model.safetensors --device c --split elsewhere 2>&1 | machine
try bough predict tiny.safetensors --data tiny.safetensors --device c -o out.csv 2>&1 | machine
try bough eval tiny.yaml --device c 2>&1 | machine
try bough predict model.safetensors --data tiny.yaml --device c -o out.csv 2>&1 | machine
try bough predict model.safetensors --data tiny.safetensors --device c -o no/such/folder.csv 2>&1 | machine
full() { "$@" >/dev/full; }
try full bough predict model.safetensors --data tiny.safetensors --device c -o - 2>&1 | machine
try bough info model.safetensors | machine
