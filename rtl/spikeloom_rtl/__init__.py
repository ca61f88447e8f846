"""Gateware of Spikeloom: the array of LIF cores, its link, and the top that joins them."""
