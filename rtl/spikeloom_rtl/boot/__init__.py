"""The boot loader: a network from the board's flash, played into the link."""
