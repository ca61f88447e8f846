"""The program of the link's processor: which arrays have it, and that it fits."""

import pytest

from spikeloom.contract import CONFIGS
from spikeloom_rtl.link.assembler import OUTPUTS, PROGRAM_WORDS, Assembler, output_bits
from spikeloom_rtl.link.compact_link import is_compact
from spikeloom_rtl.link.firmware import firmware

UP5K = CONFIGS["up5k"]


def test_only_the_smallest_parts_have_it():
    assert {name for name, config in CONFIGS.items() if is_compact(config)} == {"up5k", "gw1nr_9"}


@pytest.mark.parametrize(
    "changes",
    [{"input_words": 512}, {"output_words": 512}, {"synapse_ports": 2}],
)
def test_what_it_cannot_do_has_the_other_link(changes):
    assert not is_compact(UP5K.replace(**changes))


def test_program_and_data_fit():
    program, data = firmware(UP5K, 12_000_000)
    assert len(program) <= PROGRAM_WORDS
    assert len(data) <= 224
    assert all(0 <= word < 1 << 16 for word in program)
    assert all(0 <= byte < 256 for byte in data)


def test_outputs_differ_in_two_bits():
    assert len({output_bits(name) for name in OUTPUTS}) == len(OUTPUTS)


def test_an_instruction_is_what_the_processor_reads():
    asm = Assembler({"there": 0x103}, [7, 8], 224)
    asm.label("start")
    asm.op("ld", 5)
    asm.op("sbc", "there")
    asm.store("[x+]", "[t+]", "there")
    asm.read("rx")
    asm.write("tx")
    asm.jump("start", "zero", unless=True)
    row, column = output_bits("tx")
    assert asm.program() == [
        0x0002,
        0b1111 << 10 | 0x103,
        1 << 14 | 1 << 9 | 1 << 8 | 1 << 7 | 1 << 6,
        1 << 14 | 1 << 9 | 1 << 7 | 1 << 6,
        1 << 14 | 0x103,
        1 << 9 | 1 << 6 | 7,
        1 << 14 | 1 << 9 | 1 << row | 1 << column,
        1 << 15 | 1 << 12 | 1 << 11,
    ]
    assert asm.data() == [7, 8, 5]
