# One task after the other: what is told of an epoch, and of a run that has ended.
tiny
again() { try bough train --resume apart -d c "$@" 2>&1 | metrics | grep -E '^(\$|warning|epoch|exit)'; }
try bough train tiny.yaml -d c -r apart -s train.regime=independent -s optimizer.lr=1e-12 \
    -s train.early_stopping.patience=1 2>&1 | machine | metrics
again
again -s train.early_stopping.patience=3
again
again -s train.epochs=2
grep epochs: apart/config.yaml
