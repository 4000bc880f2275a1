#!/usr/bin/env python3
"""What the golden files are compared by takes what may differ, and nothing else."""
from compare import settled, without_name


def main():
    golden = "left loss ~0.6746 accuracy ±0.5625  (best)\n"
    for same in ("left loss ~0.6747 accuracy ±0.5  (best)\n", "left loss ~0.674 accuracy ±0.625  (best)\n"):
        assert settled(same, golden) == golden, same
    for other in ("left loss ~0.6846 accuracy ±0.5625  (best)\n", "left loss ~0.6646 accuracy ±0.5625  (best)\n",
                  "left loss ~0.6746 accuracy ±0.75  (best)\n", "left loss ~nan accuracy ±0.5625  (best)\n",
                  "left loss ~0.6746 accuracy ±0.5625\n", "right loss ~0.6746 accuracy ±0.5625  (best)\n",
                  "left loss ~6.746 accuracy ±0.5625  (best)\n", "left loss 0.6746 accuracy ±0.5625  (best)\n"):
        assert settled(other, golden) == other, other
    assert settled(golden + golden, golden) == golden + golden
    assert settled("", golden) == ""
    for name in ("plain C", "Intel(R) [x] \\1 $& 100% \"é\""):
        assert without_name(f"device c: {name} (plain C, 2 threads)", name) == "device c: NAME (plain C, 2 threads)"
        assert without_name(f"there are c ({name});", name) == "there are c (NAME);"
    assert without_name('{"name": "a\\\\\\"é"}', 'a\\"é') == '{"name": "NAME"}'
    assert without_name("device c: other", "o.h") == "device c: other"


if __name__ == "__main__":
    main()
