"""How much is spent on a reproduction."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from plumline import _names


@dataclass(frozen=True)
class Budget:
    """Sizes that items read.

    Args:
        name: ``smoke``, ``cpu`` or ``full``.
        form: of the CIFAR recipes.
        epochs: of a network of the accuracy tables.
        ablation_epochs: of a network of the ablations, and of the other data sets.
        seeds: runs of each setting.
        depths: CIFAR ResNets of the accuracy table.
        seconds: least time of one turn of a contender, and ``turns`` their number.
        dataset: in the place of every other data set, with ``dataset_options``; empty: each its
            own.
    """

    name: str
    form: str
    epochs: int
    ablation_epochs: int
    seeds: int
    depths: tuple[int, ...]
    seconds: float
    turns: int
    dataset: str = ""
    dataset_options: Mapping[str, int] = field(default_factory=dict)


BUDGETS = {
    budget.name: budget
    for budget in (
        # Minutes, on data that comes with the packages: whether everything runs.
        Budget("smoke", "plum", 1, 1, 1, (20,), 0.02, 3, "digits", {"size": 32}),
        # Days on two cores: short training of the smallest networks.
        Budget("cpu", "plum", 60, 15, 1, (20,), 0.5, 10),
        # The paper's lengths: a GPU.
        Budget("full", "full", 350, 350, 3, (20, 32, 44, 56, 110), 1.0, 20),
    )
}


def budget(name: str) -> Budget:
    """Return a budget by name."""
    return _names.look_up("budget", name, BUDGETS)
