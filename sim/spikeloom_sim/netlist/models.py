"""The Verilog modules that hold the cells with models, and how their vectors are wired."""

import dataclasses
from collections.abc import Callable, Sequence

from .gates import Bit, Model

__all__ = ["ModelGroup", "group_models"]

_LEAST_BITS = 96
"""Verilator keeps wider vectors as words of 32 bits; narrower ones would have other types."""


@dataclasses.dataclass(frozen=True)
class ModelGroup:
    """Cells with models, in one module with a clock, an input and an output vector.

    Attributes
    ----------
    name : str
        Of the module.
    verilog : str
    inputs : tuple of int
        Net of each input bit.
    input_models : tuple of int
        To which model, counted from 0, each input bit leads.
    outputs : tuple of int
        Net of each output bit.
    output_ranges : tuple of pairs of int
        First output bit of each model, and the one after its last.
    """

    name: str
    verilog: str
    inputs: tuple[int, ...]
    input_models: tuple[int, ...]
    outputs: tuple[int, ...]
    output_ranges: tuple[tuple[int, int], ...]


def group_models(
    name: str, models: Sequence[Model], net_of: Callable[[Bit], int], constants: dict[int, str]
) -> ModelGroup:
    """Put models into one module.

    Parameters
    ----------
    name : str
        Of the module.
    models : sequence of Model
        The cells.
    net_of : callable
        Number of a bit's net.
    constants : dict of int to str
        Nets that never change, and how Verilog writes them.
    """
    inputs: list[int] = []
    input_models: list[int] = []
    outputs: list[int] = []
    ranges: list[tuple[int, int]] = []
    instances = []
    for number, model in enumerate(models):
        first_output = len(outputs)
        places: dict[int, int] = {}

        def input_bit(bit: Bit, places: dict[int, int] = places, number: int = number) -> str:
            net = net_of(bit)
            if net in constants:
                return constants[net]
            if net not in places:
                places[net] = len(inputs)
                inputs.append(net)
                input_models.append(number)
            return f"i[{places[net]}]"

        pins = []
        for pin, bits in model.cell.pins.items():
            if pin in model.clocks and net_of(bits[0]) not in constants:
                wired = "clk"
            elif pin in model.outputs:
                first = len(outputs)
                outputs.extend(net_of(bit) for bit in bits)
                wired = f"o[{len(outputs) - 1}:{first}]"
            else:
                wired = "{" + ", ".join(input_bit(bit) for bit in reversed(bits)) + "}"
            pins.append(f".{pin}({wired})")
        ranges.append((first_output, len(outputs)))
        instances.append(
            f"    {model.module or model.cell.type} #({', '.join(_parameters(model))}) "
            f"cell_{number} ({', '.join(pins)});"
        )
    return ModelGroup(
        name=name,
        verilog=_module(name, len(inputs), len(outputs), instances),
        inputs=tuple(inputs),
        input_models=tuple(input_models),
        outputs=tuple(outputs),
        output_ranges=tuple(ranges),
    )


def _parameters(model: Model) -> list[str]:
    texts = []
    for name, value in model.cell.parameters.items():
        if value and set(value) <= set("01x"):
            digits = value.replace("x", "0")
            texts.append(f".{name}({len(digits)}'b{digits})")
        else:
            texts.append(f'.{name}("{value.strip()}")')
    return texts


def _module(name: str, inputs: int, outputs: int, instances: list[str]) -> str:
    top_in, top_out = max(inputs, _LEAST_BITS) - 1, max(outputs, _LEAST_BITS) - 1
    lines = [
        f"module {name} (input clk, input [{top_in}:0] i, output [{top_out}:0] o);",
        *instances,
    ]
    if outputs <= top_out:
        lines.append(f"    assign o[{top_out}:{outputs}] = 0;")
    return "\n".join([*lines, "endmodule", ""])
