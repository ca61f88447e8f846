"""What keeps a simulator out of the bench, or ends the bench."""

from spikeloom.contract import SpikeloomError

__all__ = ["MissingPeerError", "PeerError", "PeerSpikesError"]


class MissingPeerError(SpikeloomError):
    """A simulator, or what it needs, is not installed; the bench goes on without it."""

    exit_code = 3


class PeerError(SpikeloomError):
    """A simulator failed, or did not answer in time."""

    exit_code = 3


class PeerSpikesError(SpikeloomError):
    """A simulator that computes in integers has other spikes than ``fast:``, so one is wrong."""

    exit_code = 1
