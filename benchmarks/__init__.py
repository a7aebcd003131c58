"""Measurements of a whole Macropod, side by side with what they do without it: `python -m benchmarks`."""
