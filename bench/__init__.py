"""Measurements: `make bench` compares speed with named peers, `make eval` scores quality on gold sets."""
