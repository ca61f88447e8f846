"""Recordings of wire traffic: replayed byte for byte, and every way in which they do not fit."""

import json
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikeloom import LIF, Board, Network
from spikeloom.contract import CONFIGS, Capability
from spikeloom.contract.frames import Op, Request, Status
from spikeloom.contract.words import STEP_TAG
from spikeloom.link import DisconnectedError, Limits, LinkTarget
from spikeloom.link.describing import describe_request, difference
from spikeloom.link.recorder import Recorder, open_record, record
from spikeloom.link.replay import (
    Replay,
    ReplayError,
    ReplayLimits,
    ReplayPort,
    open_replay,
)
from spikeloom.link.tape import Tape, TapeError, TapeEvent, TapeHeader, TapeWriter, read_tape
from spikeloom_sim.device import FaultyPort, device_port

QUICK = Limits(answer_latency_s=0.02, poll_s=0.01)


def network() -> Network:
    net = Network("net")
    source = net.input("in", 5)
    cells = net.population("cells", 6, LIF(threshold=1.0, v_decay=0.1))
    net.connect(source, cells, np.random.default_rng(2).uniform(0, 0.8, (5, 6)))
    net.connect(cells, cells, -0.2)
    return net


def noise(steps=150, seed=0):
    return np.random.default_rng(seed).random((steps, 5)) < 0.3


def session(board: Board) -> np.ndarray:
    with board:
        return work(board, noise())


def work(board: Board, stimulus) -> np.ndarray:
    board.program(network())
    run = board.run(stimulus, record=("spikes", "v"))
    board.snapshot()
    return np.concatenate([run.dense("cells"), run.values("v", "cells", raw=True)], axis=1)


def recorded(path, port=None, limits=QUICK) -> np.ndarray:
    def opener() -> Board:
        return Board(LinkTarget(port or device_port("model:tiny"), "device:", limits=limits))

    return session(record(path, "device:", opener))


@pytest.fixture
def tape(tmp_path):
    path = tmp_path / "a.wire"
    recorded(path)
    return path


def test_a_replay_gives_what_the_board_gave(tmp_path):
    path = tmp_path / "a.wire"
    golden = recorded(path)
    for _ in range(2):
        replay = Replay(path)
        assert np.array_equal(session(Board(replay.open())), golden)
        assert replay.unsent is None
    assert golden[:, :6].sum() > 50
    assert not list(tmp_path.glob("*.partial"))


def test_a_replay_does_what_was_done_about_faults(tmp_path):
    """Retries, time limits and changes of rate depend on the time, which is on the tape."""
    path = tmp_path / "a.wire"
    port = FaultyPort(device_port("model:tiny"), rate=1 / 300, seed=5)
    golden = recorded(path, port)
    assert port.counts.faults > 20
    tape = read_tape(path)
    port = ReplayPort(tape)
    target = LinkTarget(port, "replay:", limits=ReplayLimits(**tape.header.limits))
    assert np.array_equal(session(Board(target)), golden)
    assert port.next_words() is None
    assert target.statistics.retries > 20
    assert target.statistics.timeouts > 0
    assert port.now() == port.watch_now() == tape.events[-1].t_us / 1e6


def test_a_port_that_was_lost_is_lost_again(tmp_path):
    path = tmp_path / "a.wire"
    port = FaultyPort(device_port("model:tiny"), cut_after=900)

    def lost_port() -> LinkTarget:
        return LinkTarget(port, "device:", limits=QUICK)

    for opener in (
        lambda: record(path, "device:", lost_port),
        lambda: open_replay(f"replay:{path}"),
    ):
        board = Board(opener())
        with pytest.raises(DisconnectedError, match="must stay connected, but it was lost"):
            session(board)


class Wrapped:
    """A port whose time goes on at every look, and whose reads fail from some number on."""

    def __init__(self, port, reads=10**9):
        self._port = port
        self._left = reads
        self._seconds = 0.0

    def now(self):
        self._seconds += 1e-3
        return self._seconds

    @property
    def in_waiting(self):
        self._left -= 1
        if self._left < 0:
            raise OSError("gone")
        return self._port.in_waiting

    def __getattr__(self, name):
        return getattr(self._port, name)


def test_time_stands_still_between_reads(tmp_path):
    recorder = Recorder(tmp_path / "a.wire", "device:")
    line = recorder.line(Wrapped(device_port("model:tiny")), "device:", QUICK, None)
    assert line.now() == line.now() == line.watch_now() == 0.0
    assert line.read(0.01) == b""
    assert 0.0 < line.now() == line.now()
    line.close()
    assert not list(tmp_path.iterdir())


def test_a_port_that_is_lost_while_it_is_read(tmp_path):
    path = tmp_path / "a.wire"

    def lost_port() -> LinkTarget:
        return LinkTarget(Wrapped(device_port("model:tiny"), reads=9), "device:", limits=QUICK)

    for opener in (
        lambda: record(path, "device:", lost_port),
        lambda: open_replay(f"replay:{path}"),
    ):
        with pytest.raises(DisconnectedError, match="it was lost"):
            session(Board(opener()))
    assert read_tape(path).events[-1].kind == "L"


def test_a_replay_in_another_process(tmp_path, tape):
    """Hash seeds, addresses and clocks are others there."""
    code = f"""
import sys; sys.path[:0] = {[str(p) for p in sys.path]!r}
from test_testing_wire import *
print(session(Board(open_replay("replay:{tape}"))).sum())
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(found.stdout) == session(Board(open_replay(f"replay:{tape}"))).sum()


def test_what_the_file_says_of_itself(tape):
    with zipfile.ZipFile(tape) as archive:
        header = json.loads(archive.read("header.json"))
    assert (header["magic"], header["version"]) == ("spikeloom-wire", 1)
    assert (header["url"], header["config"], header["package"]) == ("device:", "tiny", "0.1.0")
    read = read_tape(tape)
    assert read.header.capability.config == CONFIGS["tiny"]
    times = [event.t_us for event in read.events]
    assert times == sorted(times)
    assert {event.kind for event in read.events} >= {"R", "W"}
    traffic = sum(len(event.data) for event in read.events)
    assert tape.stat().st_size < traffic


class TestOtherHosts:
    """What the host sends is not what it sent then."""

    def fails(self, tape, board_use, text):
        board = Board(open_replay(f"replay:{tape}"))
        with pytest.raises(ReplayError, match=text):
            board_use(board)
        # It stays so, whatever is tried next; nothing hangs.
        with pytest.raises(ReplayError, match=text):
            board.status()
        board.close()

    def test_another_stimulus(self, tape):
        other = noise()
        other[0] = ~other[0]
        self.fails(
            tape,
            lambda board: work(board, other),
            r"a.wire': byte \d+ of what the host sends, in frame \d+: the host sends PUSH of \d+ "
            r"event words, recorded is PUSH .*; event word 0 is EVENT on axon .*, not .*; network,",
        )

    def test_another_order(self, tape):
        self.fails(tape, Board.reset_state, "the host sends RESET STATE, recorded is RESET ALL")

    def test_another_place(self, tape):
        def use(board):
            board.reset_all()
            board.read("v", core=1)

        self.fails(
            tape, use, "the host sends READ of words 0..7 of window 'v', core 1, recorded is WR"
        )

    def test_more_than_there_is(self, tape):
        board = Board(open_replay(f"replay:{tape}"))
        board.program(network())
        board.run(noise(), record=("spikes", "v"))
        board.snapshot()
        with pytest.raises(
            ReplayError, match="recording ends, but the host goes on with RESET ALL"
        ):
            board.reset_all()

    def test_less_than_there_is(self, tape):
        replay = Replay(tape)
        with Board(replay.open()) as board:
            board.program(network())
        assert "closes the board before frame" in replay.unsent
        assert "WRITE of word" in replay.unsent

    def test_a_new_session(self, tape):
        target = open_replay(f"replay:{tape}")
        words = iter([np.array([1, STEP_TAG | 1], np.uint16)])
        with pytest.raises(
            ReplayError, match="sends PULL of output words from 0 on, recorded is RES"
        ):
            list(target.run(words))


def test_a_port_answers_when_it_was_asked(tape):
    """Not before; and each read gives what the read gave then, with its time."""
    full = read_tape(tape)
    events = (
        TapeEvent("W", 5, b"ab"),
        TapeEvent("R", 7, b""),
        TapeEvent("R", 9, b"xyz"),
        TapeEvent("B", 10, b"9600"),
        TapeEvent("W", 11, b"c"),
    )
    port = ReplayPort(Tape("t.wire", full.header, events))
    assert (port.read(9), port.in_waiting) == (b"", 0)
    assert port.now() == 0.05
    port = ReplayPort(Tape("t.wire", full.header, events))
    port.write(b"a")
    assert port.in_waiting == 0
    port.write(b"b")
    assert (port.in_waiting, port.read(9), port.now()) == (0, b"", 7e-6)
    assert (port.in_waiting, port.read(2), port.in_waiting, port.read(9)) == (3, b"xy", 1, b"z")
    port.baudrate = 9600
    assert port.next_words() == "frame 2, 1 bytes that are no frame"
    port.write(b"c")
    assert port.now() == 11e-6
    with pytest.raises(ReplayError, match="the recording ends here, but the host waits for more"):
        port.read(1)
    with pytest.raises(ReplayError, match="the recording ends here"):
        port.now()


def test_requests_in_words():
    memory = read_memory()
    for request, words in (
        (Request(0, Op.SYNC, 7 | 1 << 16), "SYNC with nonce 7, protocol version 1"),
        (Request(0, Op.WRITE, memory["control"].address(0), bytes(4)), "WRITE of register"),
        (Request(0, Op.PULL, 5, bytes(4)), "PULL of output words from 5 on"),
        (Request(0, Op.ECHO, 0, bytes(9)), "ECHO of 9 bytes"),
        (Request(0, Op.BAUD, 99), "BAUD with phase increment 99"),
        (Request(0, Op.READ, 0xFFFF_FFFF, b"\1"), "address 0xffffffff, where nothing is"),
        (Request(0, 77, 3, b"x"), "op 77 at 0x3 with 1 bytes"),
        (Request(0, Op.RESET, 9), "RESET 9"),
    ):
        assert words in describe_request(request, memory)
    one = Request(1, Op.WRITE, 5, b"abc")
    assert difference(one, Request(1, Op.WRITE, 6, b"abc")) == "address is 5, not 6"
    assert "byte 2 of its payload is 0x63, not 0x64" in difference(one, Request(1, 3, 5, b"abd"))
    assert "has 3 bytes, not 2" in difference(one, Request(1, 3, 5, b"ab"))
    word = Request(1, Op.PUSH, 0, b"\1\xc0\3\x80")
    assert "CONTROL of register 1, not STEP by 1" in difference(word, Request(1, 4, 0, b"\1\x80"))
    assert Status.OK == 0


@pytest.mark.parametrize(
    ("word", "text"),
    [
        (0x7FFF, "EVENT on axon 32767"),
        (0x8000, "STEP by 0"),
        (0xDFFF, "CONTROL of register 8191"),
        (0xE000, "BITMAP of 0 words"),
        (0xEFFF, "BITMAP of 4095 words"),
        (0xF000, "LEVELS of 0 inputs"),
        (0xF7FF, "LEVELS of 2047 inputs"),
        (0xF800, "SAMPLE 0"),
        (0xF803, "SAMPLE REPORT | RESTART"),
    ],
)
def test_event_words_are_named(word, text):
    one, other = (Request(1, Op.PUSH, 0, bytes([each & 255, each >> 8])) for each in (word, 8))
    assert difference(one, other) == f"event word 0 is {text}, not EVENT on axon 8"


def read_memory():
    from spikeloom.contract import MemoryMap

    return MemoryMap(CONFIGS["tiny"])


class TestFiles:
    @pytest.mark.parametrize("part", [0, 1, 100, -1, -30])
    def test_cut_off(self, tape, part):
        tape.write_bytes(tape.read_bytes()[:part])
        with pytest.raises(TapeError, match=r"must be a complete recording .* record it again"):
            open_replay(f"replay:{tape}")

    def test_damaged(self, tape):
        data = bytearray(tape.read_bytes())
        data[200] ^= 1
        tape.write_bytes(data)
        with pytest.raises(TapeError, match="complete recording"):
            open_replay(f"replay:{tape}")

    def test_foreign(self, tmp_path):
        path = tmp_path / "other"
        np.savez(path, a=np.arange(3))
        with pytest.raises(TapeError, match="complete recording"):
            read_tape(f"{path}.npz")
        path.write_text("#!/bin/sh\n")
        with pytest.raises(TapeError, match="complete recording"):
            read_tape(path)
        with pytest.raises(TapeError, match="must exist, but does not; make it with"):
            read_tape(tmp_path / "none")

    @pytest.mark.parametrize(
        ("change", "text"),
        [
            ({"version": 2}, "version of a recording .* must be 1, not 2; .* spikeloom 0.1.0"),
            ({"magic": "wav"}, "it says 'wav'"),
            ({"capability": ""}, "of a board that this package can talk to, but: a capability"),
            ({"limits": {"retry": 1}}, "complete recording"),
            ({"limits": None}, "complete recording"),
        ],
    )
    def test_headers(self, tape, change, text):
        with zipfile.ZipFile(tape) as archive:
            header, events = json.loads(archive.read("header.json")), archive.read("events")
        with zipfile.ZipFile(tape, "w") as archive:
            archive.writestr("header.json", json.dumps(header | change))
            archive.writestr("events", events)
        with pytest.raises(TapeError, match=text):
            open_replay(f"replay:{tape}")

    @pytest.mark.parametrize("events", [b"X\0\0", b"W", b"W\0\5abc", b"W\xff"])
    def test_events(self, tape, events):
        with zipfile.ZipFile(tape) as archive:
            header = archive.read("header.json")
        with zipfile.ZipFile(tape, "w") as archive:
            archive.writestr("header.json", header)
            archive.writestr("events", events)
        with pytest.raises(TapeError, match="ValueError: "):
            read_tape(tape)

    @settings(max_examples=20, deadline=None)
    @given(
        st.lists(
            st.tuples(st.sampled_from("WRBLF"), st.integers(0, 1 << 40), st.binary(max_size=300))
        )
    )
    def test_what_is_written_is_read(self, tmp_path_factory, events):
        path = tmp_path_factory.mktemp("tape") / "a.wire"
        writer = TapeWriter(path)
        wanted, t_us = [], 0
        for kind, delta_us, data in events:
            t_us += delta_us
            writer.add(kind, t_us, data)
            wanted.append(TapeEvent(kind, t_us, data))
        header = TapeHeader(
            url="u", package="p", recorded="r", baud=9, has_line_rate=True, baudrate=None,
            limits={"retries": 3}, byte_s=None, capability=Capability(bytes(8), CONFIGS["quad"]),
        )  # fmt: skip
        writer.finish(header)
        tape = read_tape(path)
        assert tape.events == tuple(wanted)
        assert tape.header == header


class TestOpening:
    def test_urls(self, tmp_path):
        for url in ("record:", "record:a.wire", "record:?sim:"):
            with pytest.raises(TapeError, match=r"must be record:FILE\?URL, not"):
                open_record(url)
        with pytest.raises(TapeError, match="must be replay:FILE"):
            open_replay("replay:")
        with pytest.raises(TapeError, match="in a folder that can be written, but"):
            open_record(f"record:{tmp_path}/none/a.wire?model:tiny")

    def test_a_model_has_no_wire(self, tmp_path):
        with pytest.raises(TapeError, match="behind a serial link, not 'model:tiny', which has no"):
            open_record(f"record:{tmp_path}/a.wire?model:tiny")
        assert not list(tmp_path.iterdir())

    def test_what_does_not_open_leaves_nothing_behind(self, tmp_path):
        (tmp_path / "a.wire").write_text("before")
        with pytest.raises(Exception, match="must exist and open"):
            open_record(f"record:{tmp_path}/a.wire?/dev/there-is-none")
        assert [path.read_text() for path in tmp_path.iterdir()] == ["before"]

    def test_one_line_at_a_time(self, tmp_path):
        def two():
            LinkTarget(device_port("model:tiny"), "one", limits=QUICK)
            return LinkTarget(device_port("model:tiny"), "two", limits=QUICK)

        with pytest.raises(
            TapeError, match="must be of one board, but 'two' is opened in the midst"
        ):
            record(tmp_path / "a.wire", "two", two)

    def test_limits_are_those_of_then(self, tape):
        limits = ReplayLimits(answer_latency_s=1.0, byte_s=0.25)
        assert limits.reply_s(4, 9600) == 2.0
        assert ReplayLimits(answer_latency_s=1.0).reply_s(960, 9600) == 2.0
        assert read_tape(tape).header.limits["answer_latency_s"] == 0.02
