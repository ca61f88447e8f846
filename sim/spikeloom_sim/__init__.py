"""Spikeloom without a board: the reference model and the Verilated gateware."""
