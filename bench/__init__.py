"""Benchmarks: `python -m bench [name]`. Ratios made in one run, told as one line of JSON each."""
