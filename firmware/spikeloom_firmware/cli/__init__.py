"""Commands about boards: ``spikeloom boards``, ``build``, ``flash`` and ``fit``."""
