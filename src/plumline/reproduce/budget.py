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
        values: most values of an axis of an ablation; 0: all.
        changes: of every recipe, such as another data set in the place of its own.
    """

    name: str
    form: str
    epochs: int
    ablation_epochs: int
    seeds: int
    depths: tuple[int, ...]
    seconds: float
    turns: int
    values: int = 0
    changes: Mapping[str, str] = field(default_factory=dict)

    @property
    def smoke(self) -> bool:
        """Whether only that everything runs is to be seen, not figures."""
        return self.name == "smoke"


# 32-bit numbers, since 16-bit ones are slow where the processor has none.
DIGITS = {
    **{"data.name": "digits", "data.options.size": "16"},
    **{"train.compile": "false", "train.precision": "32", "train.batch_size": "64"},
}

BUDGETS = {
    budget.name: budget
    for budget in (
        # Minutes, on data that comes with the packages: whether everything runs.
        Budget("smoke", "plum", 1, 1, 1, (20,), 0.02, 3, 2, DIGITS),
        # Days on two cores: short training of the smallest networks.
        Budget("cpu", "plum", 60, 15, 1, (20,), 0.5, 10),
        # For a GPU. The 350 epochs are recalled of the paper, not verified.
        Budget("full", "full", 350, 350, 3, (20, 32, 44, 56, 110), 1.0, 20),
    )
}


def budget(name: str) -> Budget:
    """Return a budget by name."""
    return _names.look_up("budget", name, BUDGETS)
