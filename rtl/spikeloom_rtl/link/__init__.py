"""The gateware between a byte stream and the array: frames, sessions, rings and the UART.

`link.Link` joins everything but the UART; `docs/link.md` says what it does.
"""
