"""Benchmarks: ratios measured in one run, against peers run side by side."""
