"""Make the files in ``tests/data/nir``: networks trained with snnTorch, SpikingJelly and Norse.

    python3 -m venv frames && frames/bin/pip install -r tests/frameworks/requirements.txt
    frames/bin/pip install --no-deps norse==1.1.0
    frames/bin/python tests/frameworks/make_nir.py

Each network has 64 inputs (the pixels of scikit-learn's digits), 32 hidden neurons and 10 outputs,
and is trained on the training part of the split that the demos use. For each there are

* ``NAME.nir``: as trained, and ``NAME_grid.nir``: weights and biases rounded to multiples of one
  number, as the exporter of the framework writes both;
* ``NAME.npz``: accuracy of the trained network on the test images, and the spikes of the rounded
  one, computed by the framework (layers in the step of their stimulus).

Two more, one recurrent and one with a convolution, are not trained: only their spikes count.

Decays are a half and a sample lasts 8 steps, as is usual in SpikingJelly: a potential then needs 7
bits behind the point, which the array has, so that nothing is rounded while it decays. The
threshold is no multiple of 1/128 of the grid, so that no framework meets a tie.
"""

import abc
from pathlib import Path
from typing import Any

import nir
import numpy as np
import torch
from digit_spikes import HIDDEN, OUTPUTS, PIXELS, encode, split
from torch import nn

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests/data/nir"


EPOCHS = 60
BATCH = 64
GRID_UNITS = 40 + 1 / 256
"""The threshold in units of the grid."""


class Framework(abc.ABC):
    """A network of two layers, how it runs, and how it is exported."""

    name = ""
    weight_factor = 1.0
    """What a weight of 1 adds to the potential."""

    @abc.abstractmethod
    def build(self) -> nn.Module:
        """Return the network: linear, neurons, linear, neurons."""

    @abc.abstractmethod
    def reset(self, net: nn.Module) -> None:
        """Set the state of all neurons to its beginning."""

    @abc.abstractmethod
    def export(self, net: nn.Module) -> Any:
        """Return the graph that the framework's exporter makes."""

    def run(self, net: nn.Module, spikes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the spikes of both layers."""
        self.reset(net)
        hidden, output = [], []
        for step in spikes:
            hidden.append(net[1](net[0](step)))
            output.append(net[3](net[2](hidden[-1])))
        return torch.stack(hidden), torch.stack(output)

    def linears(self, net: nn.Module) -> list[Any]:
        """Return the layers with weights."""
        return [m for m in net.modules() if isinstance(m, nn.Linear | nn.Conv2d)]


class SnnTorch(Framework):
    """Leaky and Synaptic, both reset to zero."""

    def __init__(self, kind: str) -> None:
        self.name = f"snntorch_{kind}"
        self.kind = kind

    def neurons(self, size: int) -> nn.Module:
        import snntorch

        # One value per neuron: nir 1.0.8 refuses what the exporter makes of one for all.
        common = {
            "beta": torch.full((size,), 0.5),
            "threshold": torch.ones(size),
            "reset_mechanism": "zero",
            "init_hidden": True,
        }
        if self.kind == "leaky":
            return snntorch.Leaky(**common)
        return snntorch.Synaptic(alpha=torch.full((size,), 0.5), **common)

    def build(self) -> nn.Module:
        return nn.Sequential(
            nn.Linear(PIXELS, HIDDEN),
            self.neurons(HIDDEN),
            nn.Linear(HIDDEN, OUTPUTS),
            self.neurons(OUTPUTS),
        )

    def reset(self, net: nn.Module) -> None:
        from snntorch import utils

        utils.reset(net)

    def export(self, net: nn.Module) -> Any:
        from snntorch.export_nir import export_to_nir

        self.reset(net)
        return export_to_nir(net, torch.zeros(1, PIXELS), ignore_dims=[0])


class SnnTorchRecurrent(SnnTorch):
    """RLeaky, which feeds itself through a linear layer, and Leaky."""

    def __init__(self) -> None:
        super().__init__("leaky")
        self.name = "snntorch_rleaky"

    def build(self) -> nn.Module:
        import snntorch

        recurrent = snntorch.RLeaky(
            beta=torch.full((HIDDEN,), 0.5),
            threshold=torch.ones(HIDDEN),
            linear_features=HIDDEN,
            reset_mechanism="zero",
            init_hidden=True,
        )
        return nn.Sequential(
            nn.Linear(PIXELS, HIDDEN), recurrent, nn.Linear(HIDDEN, OUTPUTS), self.neurons(OUTPUTS)
        )


class SpikingJelly(Framework):
    """LIFNode with its default tau of 2."""

    name = "spikingjelly_lif"
    image: tuple[int, ...] = (PIXELS,)
    """Shape in which the network takes an image."""

    def neurons(self) -> nn.Module:
        from spikingjelly.activation_based import neuron

        return neuron.LIFNode(tau=2.0, decay_input=False, v_reset=0.0)

    def build(self) -> nn.Module:
        from spikingjelly.activation_based import layer

        return nn.Sequential(
            layer.Linear(PIXELS, HIDDEN),
            self.neurons(),
            layer.Linear(HIDDEN, OUTPUTS),
            self.neurons(),
        )

    def reset(self, net: nn.Module) -> None:
        from spikingjelly.activation_based import functional

        functional.reset_net(net)

    def export(self, net: nn.Module) -> Any:
        from spikingjelly.activation_based import nir_exchange

        self.reset(net)
        return nir_exchange.export_to_nir(net, torch.zeros(1, *self.image))


class SpikingJellyConv(SpikingJelly):
    """A convolution, average pooling and a linear layer."""

    name = "spikingjelly_conv"
    image = (1, 8, 8)

    def build(self) -> nn.Module:
        from spikingjelly.activation_based import layer

        return nn.Sequential(
            layer.Conv2d(1, 2, 3, padding=1, stride=2),
            self.neurons(),
            layer.AvgPool2d(2),
            layer.Flatten(),
            layer.Linear(8, OUTPUTS),
            self.neurons(),
        )

    def run(self, net: nn.Module, spikes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        self.reset(net)
        hidden, output = [], []
        for step in spikes:
            hidden.append(net[1](net[0](step.reshape(-1, *self.image))))
            output.append(net[2:](hidden[-1]))
        return torch.stack(hidden).flatten(2), torch.stack(output)


class Norse(Framework):
    """LIFBoxCell; a step of 1 ms and a time constant of 2 ms make a decay of a half."""

    name = "norse_lif_box"
    weight_factor = 0.5

    def build(self) -> nn.Module:
        import norse.torch as norse

        def cells(size: int) -> nn.Module:
            # One value per neuron: h5py cannot compress the one number that is written else.
            return norse.LIFBoxCell(
                norse.LIFBoxParameters(
                    tau_mem_inv=torch.full((size,), 500.0),
                    v_leak=torch.zeros(size),
                    v_th=torch.ones(size),
                )
            )

        return norse.SequentialState(
            nn.Linear(PIXELS, HIDDEN), cells(HIDDEN), nn.Linear(HIDDEN, OUTPUTS), cells(OUTPUTS)
        )

    def run(self, net: nn.Module, spikes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        hidden, output = [], []
        states: list[Any] = [None, None]
        first, lif1, second, lif2 = list(net.children())
        for step in spikes:
            z, states[0] = lif1(first(step), states[0])
            hidden.append(z)
            z, states[1] = lif2(second(z), states[1])
            output.append(z)
        return torch.stack(hidden), torch.stack(output)

    def reset(self, net: nn.Module) -> None:
        """Do nothing: cells take their state and give it back."""

    def export(self, net: nn.Module) -> Any:
        from norse.torch.utils.export_nir import to_nir

        return to_nir(net, torch.zeros(1, PIXELS))


def train(framework: Framework, spikes: torch.Tensor, labels: torch.Tensor) -> nn.Module:
    """Train on spike counts of the outputs."""
    torch.manual_seed(7)
    net = framework.build()
    for linear in framework.linears(net):
        linear.weight.data *= 2.0 / framework.weight_factor
    optimiser = torch.optim.Adam(net.parameters(), lr=2e-3)
    loss = nn.CrossEntropyLoss()
    for epoch in range(EPOCHS):
        order = torch.randperm(len(labels))
        for batch in order.split(BATCH):
            optimiser.zero_grad()
            _, output = framework.run(net, spikes[:, batch])
            loss(output.sum(0), labels[batch]).backward()
            optimiser.step()
        if epoch % 20 == 19:
            print(f"  epoch {epoch + 1}: {accuracy(framework, net, spikes, labels):.3f}")
    return net


def accuracy(
    framework: Framework, net: nn.Module, spikes: torch.Tensor, labels: torch.Tensor
) -> float:
    """Return the share of samples whose output with most spikes (the first of them) is right."""
    with torch.no_grad():
        _, output = framework.run(net, spikes)
    return float((output.sum(0).argmax(1) == labels).float().mean())


def to_grid(framework: Framework, net: nn.Module) -> None:
    """Round weights and biases to multiples of the grid, at most 127."""
    unit = 1 / (framework.weight_factor * GRID_UNITS)
    for linear in framework.linears(net):
        for values in (linear.weight, linear.bias):
            values.data = torch.round(values.data / unit).clamp(-127, 127) * unit


def make(framework: Framework, data: Any) -> None:
    """Train, export, round, export, run."""
    print(framework.name)
    train_spikes, train_labels, test_spikes, test_labels = data
    net = train(framework, train_spikes, train_labels)
    trained = accuracy(framework, net, test_spikes, test_labels)
    nir.write(FOLDER / f"{framework.name}.nir", framework.export(net))
    to_grid(framework, net)
    nir.write(FOLDER / f"{framework.name}_grid.nir", framework.export(net))
    with torch.no_grad():
        hidden, output = framework.run(net, test_spikes)
    rounded = accuracy(framework, net, test_spikes, test_labels)
    print(f"  test: {trained:.4f}, on the grid {rounded:.4f}")
    store(framework, hidden, output, accuracy=trained, grid_accuracy=rounded)


def make_untrained(framework: Framework, spikes: torch.Tensor) -> None:
    """Make the files of a network with random weights on the grid."""
    print(framework.name)
    torch.manual_seed(11)
    net = framework.build()
    for linear in framework.linears(net):
        linear.weight.data = torch.randn_like(linear.weight) * 2 / linear.weight[0].numel() ** 0.5
        linear.bias.data = torch.randn_like(linear.bias) / 4
    to_grid(framework, net)
    nir.write(FOLDER / f"{framework.name}_grid.nir", framework.export(net))
    with torch.no_grad():
        store(framework, *framework.run(net, spikes))


def store(framework: Framework, hidden: torch.Tensor, output: torch.Tensor, **more: float) -> None:
    """Write the spikes of both layers."""
    spikes = torch.cat([hidden, output], dim=2).permute(1, 0, 2).numpy().astype(bool)
    np.savez_compressed(
        FOLDER / f"{framework.name}.npz",
        **more,
        grid_spikes=np.packbits(spikes, axis=None),
        shape=spikes.shape,
    )
    print(f"  {spikes.mean():.3f} spikes a bin")


def main() -> None:
    """Make all files."""
    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    train_images, test_images, train_labels, test_labels = split()
    data = (
        torch.from_numpy(encode(train_images).transpose(1, 0, 2)).float(),
        torch.from_numpy(train_labels),
        torch.from_numpy(encode(test_images).transpose(1, 0, 2)).float(),
        torch.from_numpy(test_labels),
    )
    for framework in (SnnTorch("leaky"), SnnTorch("synaptic"), SpikingJelly(), Norse()):
        make(framework, data)
    for framework in (SnnTorchRecurrent(), SpikingJellyConv()):
        make_untrained(framework, data[2])


if __name__ == "__main__":
    main()
