"""Synthesised netlists as simulated boards: the cells that place and route gets, at work."""
