"""The same networks on other simulators: what ``spikeloom bench peers`` measures."""
