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
    wiring = _Wiring(net_of, constants)
    instances, ranges = [], []
    for number, model in enumerate(models):
        first_output = len(wiring.outputs)
        wiring.begin(number)
        pins = [f".{pin}({wiring.wire(model, pin)})" for pin in model.cell.pins]
        ranges.append((first_output, len(wiring.outputs)))
        instances.append(
            f"    {model.module or model.cell.type} #({', '.join(_parameters(model))}) "
            f"cell_{number} ({', '.join(pins)});"
        )
    return ModelGroup(
        name=name,
        verilog=_module(name, len(wiring.inputs), len(wiring.outputs), instances),
        inputs=tuple(wiring.inputs),
        input_models=tuple(wiring.input_models),
        outputs=tuple(wiring.outputs),
        output_ranges=tuple(ranges),
    )


class _Wiring:
    """Gives the pins of models places in the vectors."""

    def __init__(self, net_of: Callable[[Bit], int], constants: dict[int, str]) -> None:
        self._net_of, self._constants = net_of, constants
        self.inputs: list[int] = []
        self.input_models: list[int] = []
        self.outputs: list[int] = []
        self.begin(0)

    def begin(self, model: int) -> None:
        """Go on to a model; a net that leads to several of its pins takes one place."""
        self._model = model
        self._places: dict[int, int] = {}

    def wire(self, model: Model, pin: str) -> str:
        """Return what a pin is connected to."""
        nets = [self._net_of(bit) for bit in model.cell.pins[pin]]
        if pin in model.clocks and nets[0] not in self._constants:
            return "clk"
        if pin in model.outputs:
            first = len(self.outputs)
            self.outputs += nets
            return f"o[{len(self.outputs) - 1}:{first}]"
        return "{" + ", ".join(self._input(net) for net in reversed(nets)) + "}"

    def _input(self, net: int) -> str:
        if net in self._constants:
            return self._constants[net]
        if net not in self._places:
            self._places[net] = len(self.inputs)
            self.inputs.append(net)
            self.input_models.append(self._model)
        return f"i[{self._places[net]}]"


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
