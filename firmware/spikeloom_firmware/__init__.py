"""What goes into a board: gateware with clock and pins, bitstreams, images, flashing."""
