try bough --help
try bough --version
for command in train search eval predict info methods devices selftest tune bench kernels weigh similarity; do
    try bough $command --help
done
try bough help eval
try bough help config
