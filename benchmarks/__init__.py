"""Side-by-side measurements: Thaw against what people use today. `python -m benchmarks --list` names them."""
