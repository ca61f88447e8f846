"""Demonstrations on real input: networks, trained weights, and the scripts that train them."""
