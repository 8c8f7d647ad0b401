"""The things that take energy, and how often each happens."""

from dataclasses import asdict, dataclass, fields


@dataclass(frozen=True)
class Events:
    """How often each event happens. Words are numbers of the format that the array computes in.

    Attributes:
        multiply: multiplications.
        add: additions of two numbers in the reduction network.
        forward: partial sums passed through a multiplier to be added to the rest of their filter.
        buffer_read: words read from the global buffer: weights, activations, partial sums.
        buffer_write: words written to it: partial sums and outputs.
        switch: words passed on by a switch of the distribution network.
        distribution_wire: words over a wire between the buffer and a multiplier.
        reduction_wire: words over a wire between a multiplier and the buffer.
        dram_read: words read from outside the chip.
        dram_write: words written there.
        multiplier_cycle: cycles times multipliers, for what they take when nothing happens.
        adder_cycle: cycles times adders.
        switch_cycle: cycles times switches.
        buffer_cycle: cycles.
    """

    multiply: float = 0
    add: float = 0
    forward: float = 0
    buffer_read: float = 0
    buffer_write: float = 0
    switch: float = 0
    distribution_wire: float = 0
    reduction_wire: float = 0
    dram_read: float = 0
    dram_write: float = 0
    multiplier_cycle: float = 0
    adder_cycle: float = 0
    switch_cycle: float = 0
    buffer_cycle: float = 0

    def __add__(self, other: "Events") -> "Events":
        return Events(
            **{name: value + getattr(other, name) for name, value in asdict(self).items()}
        )

    def __mul__(self, times: float) -> "Events":
        return Events(**{name: value * times for name, value in asdict(self).items()})


EVENTS = tuple(field.name for field in fields(Events))

COMPONENTS = {
    "multiply": ("multiply", "forward"),
    "add": ("add",),
    "buffer": ("buffer_read", "buffer_write"),
    "distribution": ("switch", "distribution_wire"),
    "reduction": ("reduction_wire",),
    "dram": ("dram_read", "dram_write"),
    "static": ("multiplier_cycle", "adder_cycle", "switch_cycle", "buffer_cycle"),
}
"""The parts of the chip that a report shows, and the events of each."""
