"""Weights, backbones, heads and cut points."""
