"""Boards that Spikeloom runs on, a table each. Bitstreams are not built yet."""
