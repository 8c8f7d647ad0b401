"""PLUM's tables and figures: which there are, what they train, and what they say."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import plumline.training
from plumline.bench import Machine, suite_run
from plumline.bench.suite import Case, Settings
from plumline.bench.suites import plum_speed
from plumline.energy import COMPONENTS
from plumline.errors import InputError
from plumline.reproduce import BUDGETS, facts, items
from plumline.reproduce.context import Context
from plumline.reproduce.item import Outcome
from plumline.reproduce.plum import (
    ablations,
    accuracy,
    arithmetic,
    density_energy,
    layers,
    speed,
    training,
)
from plumline.reproduce.plum.order import broken
from plumline.reproduce.plum.training import Trained, Wanted, train, train_all
from plumline.sweeps.study import open_study, taken

PAGE = Path(__file__).parents[2] / "docs" / "reproduce.md"
NAMES = [entry.name for entry in items("plum")]


def make(name: str, context: Context) -> Outcome:
    (entry,) = items("plum", [name])
    outcome = entry.make(context)
    assert outcome.rows
    assert outcome.draw
    assert {comparison.claim for comparison in outcome.comparisons} <= set(facts("plum"))
    assert all(list(row) == list(outcome.rows[0]) for row in outcome.rows)
    return outcome


def fake(top1: dict[str, float], effectual: int = 95_000) -> Any:
    """Train nothing: scores by scheme."""

    def train(context: Context, wanted: Wanted) -> Trained:
        scheme, seed = wanted.scheme, wanted.seed
        count = effectual if scheme == "signed-binary" else 267_264
        top = top1.get(wanted.name or scheme, top1[scheme]) + seed
        return Trained(
            "folder", wanted.dataset, wanted.model, scheme, "ste", 60, seed, top, 267_264, count
        )

    return train


def test_what_the_paper_shows_is_there() -> None:
    wanted = ["arithmetic", "energy", "speed", "accuracy", "tradeoff", "latents", "latent-history"]
    wanted += [f"ablation-{name}" for name in ablations.ABLATIONS] + ["datasets", "imagenet"]
    assert wanted == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_page_tells_of_every_item(name: str) -> None:
    assert f"`{name}`" in PAGE.read_text(encoding="utf-8")


def test_arithmetic_counts_more_reduction_with_more_zeros(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arithmetic, "SMOKE_LAYERS", 1)
    outcome = make("arithmetic", context)
    label = "summerge:tile=4:sparsity=on"
    mine = [
        row["reduction"]
        for row in outcome.rows
        if (row["scheme"], row["execution"]) == ("signed-binary", label)
    ]
    assert mine == sorted(mine, reverse=True)
    assert len(outcome.comparisons) == 2
    assert all(row["reduction"] == 1 for row in outcome.rows if row["execution"] == "dense")


def test_energy_compares_dataflows_under_both_tables(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layers, "SHAPES", layers.SHAPES[4:6])
    outcome = make("energy", context)
    assert [comparison.claim for comparison in outcome.comparisons] == ["density", *["energy"] * 2]
    assert all(row["ratio"] > 1 for row in outcome.rows)


def test_energy_is_told_of_every_layer_and_part_of_the_chip(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layers, "SHAPES", layers.SHAPES[4:6])
    rows = make("energy", context).rows
    assert [row["layer"] for row in rows[:3]] == ["1: 64->128@56/2", "2: 128->128@28", "all"]
    assert len(rows) == 3 * len(density_energy.TABLES) * len(density_energy.FORMATS)
    for *each, total in zip(rows[::3], rows[1::3], rows[2::3], strict=True):
        assert {row["table"] for row in each} == {total["table"]}
        assert sum(row["nonzeros"] for row in each) == total["nonzeros"]
        assert total["nonzeros"] / total["weights"] == total["density"]
        for name in ("binary_dense", "binary_sparse", "signed_binary_sparse"):
            assert sum(row[name] for row in each) == pytest.approx(total[name])
            parts = [total[f"{name}_{component}"] for component in COMPONENTS]
            assert sum(parts) == pytest.approx(total[name])
        share = total["binary_dense_buffer"] / total["binary_dense"]
        assert total["binary_dense_buffer_share"] == share


SPEEDS = {"binary": 1.0, "ternary": 0.75, "signed-binary": 1.25}


def timed_record(case: Case, factor: float) -> dict[str, str]:
    """A row of the suite: a layer takes 1 ms over the scheme's speed, times a factor."""
    facts = dict.fromkeys(("cpu", "isa", "version", "system", "python", "date"), "x")
    key = {"case": case.name, "scheme": case.scheme, "weights": case.weights}
    time = {"layer_ms": str(factor / SPEEDS[case.scheme]), "unrest": "0.01"}
    return {**key, "batch": "1", "threads": "1", **time, **facts}


def test_speed_compares_shapes_and_the_total_time_of_all_layers(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Binary layers of the shape that four layers have take twice the time."""

    def run_suite(name: str, settings: Settings, *, csv: Path, **_: Any) -> list[dict[str, str]]:
        csv.parent.mkdir(parents=True, exist_ok=True)
        csv.touch()
        cases = [case for group in plum_speed.groups(settings) for case in group]
        slow = [case.name.startswith("64@56 ") and case.scheme == "binary" for case in cases]
        return [timed_record(c, 2.0 if s else 1.0) for c, s in zip(cases, slow, strict=True)]

    monkeypatch.setattr(suite_run, "run_suite", run_suite)
    outcome = make("speed", replace(context, budget=BUDGETS["cpu"]))
    counts = {row["layer"]: row["layers"] for row in outcome.rows}
    assert list(counts.values()) == [4, 3, 3, 3, 1, 1, 1]
    first = outcome.comparisons[0]
    # 1.25 * 2 ** (1 / 7) of the shapes; 1.25 * (4 * 2 + 12) / 16 of the layers.
    assert first.here == "1.38x, 1.25x to 2.50x; 1.56x in all"
    assert first.conditions == (
        "signed-binary (summerge) over binary (summerge), 3x3 layers of ResNet-18, geometric mean "
        "and range of 7 shapes; in all: time of 16 layers; x, x, one thread"
    )


def test_speed_under_smoke_times_one_layer_and_tells_where_and_when(context: Context) -> None:
    outcome = make("speed", context)
    assert {(row["layer"], row["layers"]) for row in outcome.rows} == {
        (speed.SMOKE_LAYER + "/2", 1)
    }
    machine = Machine.here()
    for row in outcome.rows:
        assert (row["cpu"], row["system"], row["python"]) == (
            *(machine.cpu, machine.system, machine.python),
        )
        assert row["version"]
        assert row["date"]
    assert "only 128->256@28/2;" in outcome.comparisons[0].conditions


def test_random_latents_have_the_density_of_their_distribution(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(layers, "SHAPES", ((512, 64, 7, 1),))
    assert layers.quantized_density("laplace") == pytest.approx(0.32, abs=0.03)
    assert layers.quantized_density("normal") == pytest.approx(0.42, abs=0.03)
    assert layers.quantized_density("uniform") == pytest.approx(0.475, abs=0.003)


@pytest.mark.parametrize(
    ("costs", "told"),
    [
        ((1, 2, 3), []),
        (
            (1, 3, 2),
            ["x: not in the order of the paper's times, but signed-binary < ternary < binary"],
        ),
    ],
)
def test_another_order_than_that_of_the_papers_times_is_told(
    costs: tuple[float, ...], told: list[str]
) -> None:
    assert (
        broken("x", dict(zip(("signed-binary", "binary", "ternary"), costs, strict=True))) == told
    )


def test_of_operations_the_reason_is_told_too() -> None:
    costs = {"signed-binary": 0.1, "binary": 0.16, "ternary": 0.15}
    densities = {"signed-binary": 0.4, "binary": 1.0, "ternary": 0.6}
    (note,) = broken("x", costs, densities)
    assert note == (
        "x: not in the order of the paper's times, but signed-binary < ternary < binary: ternary "
        "has 1.67 times fewer weights that are not zero than binary, but shares less of its sums: "
        "each takes 1.56 times the operations, all of them 0.94 times"
    )
    assert broken("x", {**costs, "ternary": 0.2}, densities) == []


def test_accuracy_compares_every_depth(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        training, "train", fake({**dict.fromkeys(accuracy.SCHEMES, 90.0), "binary": 91.5})
    )
    outcome = make("accuracy", replace(context, budget=BUDGETS["full"]))
    assert len(outcome.rows) == 5 * 4 * 3
    lines = {comparison.claim: comparison for comparison in outcome.comparisons}
    assert lines["cifar-binary-110"].here == "92.50 % (91.50 to 93.50)"
    assert lines["cifar-binary-110"].conditions == (
        "cifar10, resnet110, 60 epochs, 3 seeds, ste gradient"
    )
    assert lines["cifar-ternary"].here == "91.00 % (90.00 to 92.00)"
    assert lines["sparsity"].here == (
        "64.5 %, 2.81x fewer non-zeros than binary, 1.50 points below it"
    )


def test_tradeoff_compares_at_equal_total_and_at_equal_effectual_parameters(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = {"signed-binary": 90.0, "binary": 90.2, "resnet20-narrowed-96471": 87.0}
    monkeypatch.setattr(training, "train", fake(scores))
    outcome = make("tradeoff", context)
    labels = [row["network"] for row in outcome.rows]
    assert labels == ["signed-binary", "binary", "binary, narrowed", "binary, shortened"]
    assert outcome.comparisons[0].here == "-0.20 points"


def test_a_data_set_that_is_not_there_is_left_out(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = fake({"float": 95.0, "binary": 94.0, "signed-binary": 93.0})

    def only_cifar10(context: Context, wanted: Wanted) -> Trained:
        if wanted.dataset != "cifar10":
            raise InputError("no such data")
        result: Trained = trained(context, wanted)
        return result

    monkeypatch.setattr(training, "train", only_cifar10)
    outcome = make("datasets", context)
    assert [c.here for c in outcome.comparisons] == [
        "float 95.00 %, binary 94.00 %, signed-binary 93.00 %"
    ]
    assert outcome.notes == [
        "alexnet on svhn left out: no such data",
        "resnet18 on tiny-imagenet left out: no such data",
    ]


@pytest.mark.parametrize("model", ["resnet20", "resnet56"])
def test_every_depth_has_the_papers_block(
    model: str, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipes = []

    def run(recipe: Any, *arguments: Any) -> None:
        recipes.append(recipe)
        raise InterruptedError

    monkeypatch.setattr(plumline.training, "run", run)
    with pytest.raises(InterruptedError):
        train(replace(context, budget=BUDGETS["cpu"]), Wanted("binary", model=model))
    (recipe,) = recipes
    assert recipe.model.options == {"block": "plum", "activation": "prelu"}
    assert (recipe.data.name, recipe.train.epochs, recipe.scheme.name) == ("cifar10", 60, "binary")


def test_an_ablation_covers_the_shipped_sweep_with_the_budgets_seeds(context: Context) -> None:
    full = replace(context, budget=BUDGETS["full"])
    spec = ablations._spec(full, "share", "plum-positive-share")
    assert spec.axes["scheme.options.positive_share"] == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert spec.axes["train.seed"] == [0, 1, 2]
    assert spec.base == "cifar10-resnet20-signed-binary:full"
    cut = ablations._spec(context, "seeds", "plum-seeds")
    assert list(cut.variants["scheme"]) == ["ternary", "signed-binary"]


def test_imagenet_without_its_data_is_one_clear_line(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PLUMLINE_DATA", raising=False)
    with pytest.raises(InputError, match="item 'imagenet' needs ImageNet"):
        make("imagenet", replace(context, budget=BUDGETS["full"]))


def test_imagenet_is_not_for_two_cores() -> None:
    (entry,) = items("plum", ["imagenet"])
    assert [name for name in BUDGETS if entry.fits(name)] == ["smoke", "full"]


def test_latents_come_from_a_run_that_is_trained_once(context: Context) -> None:
    found = make("latents", context)
    assert {row["group"] for row in found.rows} == {"all", "effectual", "positive", "negative"}
    checkpoint = context.runs / "digits-resnet20-signed-binary-plum" / "checkpoint.pt"
    before = checkpoint.stat().st_mtime_ns
    history = make("latent-history", context)
    assert checkpoint.stat().st_mtime_ns == before
    assert history.draw
    history.draw(context.out / "history.svg")
    assert {row["epoch"] for row in history.rows} == {1}


def test_networks_are_trained_side_by_side(context: Context) -> None:
    wanted = {scheme: Wanted(scheme) for scheme in ("binary", "signed-binary")}
    found = train_all(replace(context, jobs=2), wanted)
    checkpoints = {path: path.stat().st_mtime_ns for path in context.runs.glob("*/checkpoint.pt")}
    assert len(checkpoints) == 2
    # Another call finds them done.
    assert train_all(context, wanted) == found
    assert all(path.stat().st_mtime_ns == time for path, time in checkpoints.items())


def test_missing_data_is_told_before_any_process_starts(
    context: Context, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(plumline.training, "side_by_side", pytest.fail)
    cpu = replace(context, budget=BUDGETS["cpu"], jobs=2, data=tmp_path)
    with pytest.raises(InputError, match="cifar10"):
        train_all(cpu, {scheme: Wanted(scheme) for scheme in accuracy.SCHEMES})


def test_ablations_share_the_point_that_they_have_in_common(context: Context) -> None:
    ede = make("ablation-ede", context).rows
    activation = make("ablation-activation", context).rows
    assert len(list((context.runs / "ablations").iterdir())) == len(ede) + len(activation) - 1


def test_an_ablation_is_no_table_while_others_work_on_it(context: Context) -> None:
    spec = ablations._spec(context, "ede", "plum-gradient")
    folder = context.runs / "plum-gradient-smoke"
    study, _ = open_study(spec, folder, None)
    with taken(study, spec, folder) as point:
        assert point is not None
        with pytest.raises(InputError, match="1 of 2 runs are not done: 1 in progress elsewhere"):
            make("ablation-ede", context)


def test_what_a_network_was_trained_with_is_told(context: Context) -> None:
    recipes = {scheme: Wanted(scheme).recipe(context.budget) for scheme in accuracy.SCHEMES}
    gradients = {scheme: training._gradient(recipe) for scheme, recipe in recipes.items()}
    assert gradients == {"float": "", "binary": "ste", "ternary": "ste", "signed-binary": "ede"}


def test_an_ablation_is_trained_and_goes_on_where_it_was(context: Context) -> None:
    first = make("ablation-ede", context)
    assert [row["scheme.options.gradient"] for row in first.rows] == ["ste", "ede"]
    assert make("ablation-ede", context).rows == first.rows
    assert first.comparisons[0].conditions.startswith("digits, cifar10-resnet20-signed-binary:plum")
