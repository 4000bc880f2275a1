try bough train missing.yaml 2>&1 | machine
try bough train --resume missing --device c 2>&1 | machine
try bough eval missing --device c 2>&1 | machine
try bough info missing 2>&1 | machine
try bough info . 2>&1 | machine
try bough selftest --device 97:3 2>&1 | machine
tiny
try bough train tiny.yaml --device 97:3 2>&1 | machine
rm tiny.safetensors
try bough train tiny.yaml --device c 2>&1 | machine
try bough info tiny.yaml 2>&1 | machine
ls
