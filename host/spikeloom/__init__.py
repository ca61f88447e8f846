"""Host tools of Spikeloom, an FPGA emulator for spiking neural networks."""
