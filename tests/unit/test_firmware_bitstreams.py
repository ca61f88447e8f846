"""What is read out of bitstreams, and that every difference is noticed."""

import dataclasses
import json
import random
from pathlib import Path
from types import SimpleNamespace

import pytest

from spikeloom.contract import Capability, named_config
from spikeloom_boards import find_board
from spikeloom_firmware.bitstreams import MismatchError, check_bitstream, format_of
from spikeloom_firmware.bitstreams.format import BitstreamError

CONFIG = named_config("tiny")
BUILD_ID = bytes(range(8))
BLOCK = Capability(BUILD_ID, CONFIG).to_bytes()
ICE, ECP = format_of("icestorm"), format_of("trellis")


def netlist(kind, *contents):
    cells = {
        f"ram{k}": {"type": kind, "parameters": parameters} for k, parameters in enumerate(contents)
    }
    cells["other"] = {"type": "SB_LUT4", "parameters": {}}
    return {"modules": {"top": {"attributes": {"top": "1"}, "cells": cells}, "lib": {"cells": {}}}}


def bits(value, count):
    return f"{value:0{count}b}"


# iCE40


def ice_init(data):
    """Parameters of an SB_RAM40_4K that holds bytes as Yosys' ``brams_map.v`` lays them."""
    logical = int.from_bytes(data, "little")
    init = {}
    for k in range(16):
        value = 0
        for i in range(256):
            row, bit = divmod(i, 16)
            source = k * 256 + row * 16 + int(f"{bit:04b}"[::-1], 2)
            value |= (logical >> source & 1) << i
        init[f"INIT_{k:X}"] = bits(value, 256)
    return init


def ice_text(*rams, device="5k"):
    text = f".comment\n.device {device}\n.logic_tile 1 1\n000\n"
    for x, init in enumerate(rams):
        lines = [f"{int(init[f'INIT_{k:X}'], 2):064x}" for k in range(16)]
        text += f".ram_data {x} 1\n" + "\n".join(lines) + "\n\n"
    return text + ".extra_bit 0 1 2\n"


def test_ice40_memories_come_back():
    data = random.Random(1).randbytes(512)
    init = ice_init(data)
    (words,) = ICE.netlist_rams(netlist("SB_RAM40_4KNW", init))
    unpacked = ICE.read(ice_text(init, ice_init(b"")), b"")
    assert unpacked.device == "5k"
    assert unpacked.rams == {"0 1": words, "1 1": (0,) * 256}
    assert data in list(ICE.views(words))


def test_ice40_unknown_bits_are_zeros():
    init = {name: value.replace("0", "x", 3) for name, value in ice_init(BLOCK).items()}
    assert ICE.netlist_rams(netlist("SB_RAM40_4K", init)) == ICE.netlist_rams(
        netlist("SB_RAM40_4K", ice_init(BLOCK))
    )


@pytest.mark.parametrize(
    "text",
    ["", ".device 5k\n.ram_data 1 1\nabc\n", ".device 5k\n.ram_data 1 1\n" + "0" * 64 + "\n"],
)
def test_ice40_text_that_is_none(text):
    with pytest.raises(BitstreamError):
        ICE.read(text, b"")


# ECP5


def ecp_init(words):
    """Parameters of a DP16KD; a parameter has 16 pairs of words of 9 bits in 20 bits each."""
    init = {}
    for k in range(64):
        value = 0
        for pair in range(16):
            low, high = words[k * 32 + pair * 2 : k * 32 + pair * 2 + 2]
            value |= (low | high << 9) << 20 * pair
        init[f"INITVAL_{k:02X}"] = bits(value, 320)
    return init


def ecp_words(data, width):
    """Words of 9 bits of a memory of bytes that is `width` of them wide."""
    words = [0] * 2048
    for k, byte in enumerate(data):
        words[k * width] = byte
    return tuple(words)


def ecp_text(*rams, device="LFE5U-25F"):
    text = f".device {device}\n\n.comment Part: X\n\n"
    for number, words in enumerate(rams):
        lines = [" ".join(f"{w:03x}" for w in words[k : k + 8]) for k in range(0, 2048, 8)]
        text += f".bram_init {number}\n" + "\n".join(lines) + "\n\n"
    return text + ".tile X\narc: A B\n"


def ecp_bits(idcode):
    return b"\xff\x00Part\x00\xff\xff\xbd\xb3\xe2\x00\x00\x00" + idcode.to_bytes(4, "big") + b"x"


@pytest.mark.parametrize("width", [1, 2, 4])
def test_ecp5_memories_come_back(width):
    words = ecp_words(BLOCK, width)
    assert ECP.netlist_rams(netlist("DP16KD", ecp_init(words))) == [words]
    unpacked = ECP.read(ecp_text((0,) * 2048, words), ecp_bits(0x41111043))
    assert unpacked.rams == {"0": (0,) * 2048, "1": words}
    assert unpacked.idcode == 0x41111043
    assert any(BLOCK in view for view in ECP.views(words))


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("", ecp_bits(1)),
        (".device LFE5U-25F\n", b"no command"),
        (".device LFE5U-25F\n", b"\xe2\x00\x00\x00\x41"),
        (".device LFE5U-25F\n.bram_init 1\n000 000\n", ecp_bits(1)),
    ],
)
def test_ecp5_text_that_is_none(text, data):
    with pytest.raises(BitstreamError):
        ECP.read(text, data)


def test_a_parameter_that_is_none():
    with pytest.raises(BitstreamError, match="must be 256 bits, not '2'"):
        ICE.netlist_rams(netlist("SB_RAM40_4K", {"INIT_0": "2"}))


def test_families_without_a_format():
    assert format_of("apicula") is None
    assert format_of("vivado") is None


# The check as a whole, with tools that pretend


class Tools:
    """Tools that write what they are told, and remember."""

    def __init__(self, text, again):
        self.text, self.again = text, again

    def find(self, name):
        def run(arguments, folder, log):
            if name == "ecpunpack":
                (folder / ECP.text).write_text(self.text)
            else:
                (folder / arguments[-1]).write_bytes(self.again)

        return SimpleNamespace(run=run)


def case(tmp_path: Path, **changes):
    words = ecp_words(BLOCK, 1)
    facts = {
        "bitstream": ecp_bits(0x41111043),
        "again": ecp_bits(0x41111043),
        "rams": [words],
        "netlist": [words, (0,) * 2048],
        "device": "LFE5U-25F",
        **changes,
    }
    (tmp_path / "top.bit").write_bytes(facts["bitstream"])
    design = netlist("DP16KD", *map(ecp_init, facts["netlist"]))
    (tmp_path / "netlist.json").write_text(json.dumps(design))
    result = SimpleNamespace(
        board=find_board("ulx3s_25f"),
        config=CONFIG,
        bitstream=tmp_path / "top.bit",
        netlist_json=tmp_path / "netlist.json",
    )
    return result, Tools(ecp_text(*facts["rams"], device=facts["device"]), facts["again"])


def test_a_good_bitstream(tmp_path):
    result, tools = case(tmp_path)
    checked = check_bitstream(result, BUILD_ID, tools)
    assert (checked.rams, checked.empty_rams) == (2, 1)
    assert checked.build_id == BUILD_ID
    assert "identity code 0x41111043" in "\n".join(checked.lines())


def flipped(words, at, bit=0):
    return (*words[:at], words[at] ^ 1 << bit, *words[at + 1 :])


GOOD = ecp_words(BLOCK, 1)
BAD = {
    "repacked": ({"again": ecp_bits(0x41111043) + b"y"}, "but differs from byte 20 on"),
    "device": ({"device": "LFE5U-85F"}, "must be for 'LFE5U-25F', not 'LFE5U-85F'"),
    "idcode": (
        dict.fromkeys(("bitstream", "again"), ecp_bits(0x21111043)),
        "must be 0x41111043, not 0x21111043",
    ),
    "size": (dict.fromkeys(("bitstream", "again"), ecp_bits(0x41111043) + bytes(10**6)), "at most"),
    "a bit of the block": ({"rams": [flipped(GOOD, 8)]}, "1 in the bitstream are none of its 1"),
    "a bit beyond it": ({"rams": [flipped(GOOD, 2000)]}, "1 in the bitstream are none"),
    "a memory more": ({"rams": [GOOD, flipped((0,) * 2048, 3)]}, "1 in the bitstream are none"),
    "a memory less": ({"rams": []}, "1 are missing"),
    "twice": ({"rams": [GOOD, GOOD], "netlist": [GOOD, GOOD]}, "in one block memory .* not in 2"),
    "another build": (
        {"rams": [flipped(GOOD, 8)], "netlist": [flipped(GOOD, 8)]},
        "in one block memory .* not in 0",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_a_bitstream_that_differs(tmp_path, what):
    changes, text = BAD[what]
    result, tools = case(tmp_path, **changes)
    with pytest.raises(MismatchError, match=text):
        check_bitstream(result, BUILD_ID, tools)


def test_a_board_whose_bitstreams_cannot_be_unpacked(tmp_path):
    result, tools = case(tmp_path)
    result.board = find_board("tang_nano_9k")
    with pytest.raises(MismatchError, match="must be one that can be unpacked"):
        check_bitstream(result, BUILD_ID, tools)


def test_the_checked_result_is_frozen(tmp_path):
    result, tools = case(tmp_path)
    with pytest.raises(dataclasses.FrozenInstanceError):
        check_bitstream(result, BUILD_ID, tools).rams = 3
