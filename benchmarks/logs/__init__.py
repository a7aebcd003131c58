"""Measurements of logs, `make bench-logs`: a module each, with a `measure` that answers figures."""
