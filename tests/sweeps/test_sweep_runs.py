"""Runs of a sweep: done once, by whoever, gone on with after any end, kept in one table."""

import csv
import json
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from plumline.cli import main
from plumline.errors import InputError
from plumline.sweeps import Spec, results, run, work
from plumline.sweeps.study import open_study, taken


def table(out):
    with (out / "results.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_sweep_fills_a_table_and_is_done_once(four, out):
    found = run(four, out, quiet=True)
    assert [row["state"] for row in found.rows] == ["done"] * 4
    assert [row["scheme.options.delta"] for row in found.rows] == ["0.05", "0.05", "0.2", "0.2"]
    assert table(out) == [{k: str(v) for k, v in row.items()} for row in found.rows]
    for row in found.rows:
        last = json.loads((out / row["run"] / "metrics.jsonl").read_text())
        assert last["test_top1"] == row["test_top1"]
        assert row["density"] == pytest.approx(row["effectual"] / row["parameters"])
    # A larger threshold leaves fewer weights.
    few, many = found.over_seeds()[::-1]
    assert few["density"] < many["density"]
    assert few["runs"] == many["runs"] == 2
    assert few["deviation"] is not None
    assert found.best["test_top1"] == max(row["test_top1"] for row in found.rows)

    def written():
        return {path: path.stat().st_mtime_ns for path in (out / "runs").rglob("*")}

    before = written()
    again = run(four, out, quiet=True)
    assert again.rows == found.rows
    assert written() == before


def test_processes_share_the_runs(four, out):
    found = run(four, out, jobs=2, quiet=True)
    assert [row["state"] for row in found.rows] == ["done"] * 4
    study, _ = open_study(None, out, None)
    assert len(study.get_trials()) == 4


def test_sweeps_share_run_folders(four, out, tmp_path):
    pool = tmp_path / "pool"
    few = four.with_changes(axes={"train.seed": [0]})
    first = run(few, out, runs=pool, quiet=True)
    assert not (out / "runs").exists()
    assert len(list(pool.iterdir())) == 2
    before = {path: path.stat().st_mtime_ns for path in pool.rglob("checkpoint.pt")}
    more = run(four, tmp_path / "more", runs=pool, quiet=True)
    assert len(more.done) == 4
    assert len(list(pool.iterdir())) == 4
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())
    scores = [row["test_top1"] for row in more.rows if row["train.seed"] == "0"]
    assert scores == [row["test_top1"] for row in first.rows]
    assert all((out / row["run"] / "recipe.toml").is_file() for row in first.rows)


def test_a_database_can_hold_it(four, out, tmp_path):
    storage = f"sqlite:///{tmp_path}/sweep.db"
    small = four.with_changes(axes={"train.seed": [0]})
    found = run(small, out, storage=storage, quiet=True)
    assert len(found.done) == 2
    assert not (out / "journal.log").exists()
    assert results(out, storage).rows == found.rows
    # Another machine, with a folder of its own of this name, finds nothing left to do.
    other = tmp_path / "elsewhere" / out.name
    assert run(small, other, storage=storage, quiet=True).rows == found.rows
    assert not (other / "runs").exists()


@pytest.mark.parametrize("sampler", ["random", "qmc", "tpe"])
def test_what_a_sampler_draws_is_as_much_as_was_asked_for(sampler, tmp_path, base, trained):
    spec = Spec.from_toml(
        f'sampler = "{sampler}"\ntrials = 3\n'
        + base
        + '[axes]\n"scheme.options.delta" = { low = 0.01, high = 0.3, log = true }\n'
        + '"train.seed" = { low = 1, high = 9 }\n'
    )
    found = run(spec, tmp_path / "one", quiet=True)
    assert len(found.done) == 3
    assert all(0.01 <= row["scheme.options.delta"] <= 0.3 for row in found.rows)
    assert all(row["train.seed"] in range(1, 10) for row in found.rows)
    assert len({row["run"] for row in found.rows}) == 3
    # The seed decides what is drawn.
    assert run(spec, tmp_path / "two", quiet=True).rows == found.rows
    other = run(replace(spec, seed=1), tmp_path / "three", quiet=True)
    assert not {row["run"] for row in other.rows} & {row["run"] for row in found.rows}


def test_a_killed_run_is_taken_up_again_where_it_was(out, tmp_path, base):
    spec = tmp_path / "own.toml"
    axes = '[axes]\n"train.seed" = [0, 1]\n'
    spec.write_text(base.replace('"train.epochs" = 1', '"train.epochs" = 8') + axes)
    command = [sys.executable, "-m", "plumline.cli", "sweep", str(spec), "--out", str(out)]
    process = subprocess.Popen([*command, "--device", "cpu"], stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if line.startswith("epoch 2/8"):
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()
    assert [row["state"] for row in results(out).rows] == ["stopped", "waiting"]
    metrics = out / "runs" / "seed=0" / "metrics.jsonl"
    first = metrics.read_text().splitlines()[0]

    found = run(Spec.load(spec), out, device="cpu", quiet=True)
    assert [row["state"] for row in found.rows] == ["done", "done"]
    assert [row["train.seed"] for row in found.rows] == ["0", "1"]
    assert metrics.read_text().splitlines()[0] == first  # with the seconds that it took then


def test_a_run_in_other_hands_is_left_alone(four, out):
    one = four.with_changes(axes={"train.seed": [0], "scheme.options.delta": [0.05]})
    study, spec = open_study(one, out, None)
    with taken(study, spec, out) as mine:
        assert mine is not None
        (row,) = run(one, out, quiet=True).rows
        assert row["state"] == "running"
    assert [row["state"] for row in results(out).rows] == ["stopped"]
    assert len(run(one, out, quiet=True).done) == 1


def test_a_run_that_cannot_be_is_told_and_tried_again(out, base):
    spec = Spec.from_toml(base + '[axes]\n"train.lr" = [1e30, 0.01]\n')
    for _ in range(2):
        found = run(spec, out, quiet=True)
        assert [row["state"] for row in found.rows] == ["failed", "done"]
        assert "the training loss is nan" in found.rows[0]["error"]
        assert found.unfinished == "1 of 2 runs are not done: 1 failed"


def test_no_error_of_a_run_stops_the_others(four, out, trained, monkeypatch):
    real = work.train

    def train(recipe, *arguments, **options):
        if recipe.train.seed == 0:
            raise torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate")
        return real(recipe, *arguments, **options)

    monkeypatch.setattr(work, "train", train)
    for _ in range(2):
        found = run(four, out, quiet=True)
        assert [row["state"] for row in found.rows] == ["failed", "done"] * 2
        reason = "OutOfMemoryError: CUDA out of memory. Tried to allocate"
        assert found.rows[0]["error"] == reason


def test_mistakes_are_found_before_anything_is_written(four, out, tmp_path, monkeypatch):
    monkeypatch.delenv("PLUMLINE_DATA", raising=False)
    with pytest.raises(InputError, match=r"did you mean 'train\.seed'"):
        run(four.with_changes(axes={"train.sed": [1]}), out)
    with pytest.raises(InputError, match=r"train\.batch_size = 0"):
        run(four.with_changes(axes={"train.batch_size": [8, 0]}), out)
    with pytest.raises(InputError, match="region_channels is 7"):
        run(four.with_changes(axes={"scheme.options.region_channels": [16, 7]}), out)
    with pytest.raises(InputError, match="did you mean 'delta'"):
        run(four.with_changes(set={"scheme.options.delto": 0.1}), out)
    with pytest.raises(InputError, match="nosuch"):
        run(four.with_changes(axes={"model.options.nosuch": [1]}), out)
    with pytest.raises(InputError, match="cifar10"):
        run(four.with_changes(base="cifar10-resnet20-signed-binary"), out, tmp_path)
    with pytest.raises(InputError, match="holds no sweep"):
        results(out)
    assert not out.exists()


def test_a_folder_of_another_sweep_and_a_bad_storage_are_refused(four, out, tmp_path):
    open_study(four, out, None)
    with pytest.raises(InputError, match="holds another sweep"):
        run(four.with_changes(set={"train.lr": 0.5}), out)
    with pytest.raises(InputError, match="'nosuch://x' cannot be opened"):
        run(four, tmp_path / "new", storage="nosuch://x")


def test_the_verb_runs_a_sweep_and_says_how_far_it_is(out, tmp_path, capsys, base):
    spec = tmp_path / "own.toml"
    spec.write_text(base + '[axes]\n"scheme.options.delta" = [0.05]\n')
    arguments = ["sweep", str(spec), "--out", str(out), "--axis", "train.seed=0,1"]
    arguments += ["--set", "train.lr=0.01"]
    assert main([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["state"] for row in found["runs"]] == ["done", "done"]
    assert found["over_seeds"][0]["runs"] == 2
    assert main([*arguments, "--status"]) == 0
    said = capsys.readouterr().out
    assert "2 done, 0 left" in said
    assert "mean test_top1" in said
    recipe = (out / found["runs"][0]["run"] / "recipe.toml").read_text()
    assert "lr = 0.01" in recipe


def test_the_verb_fails_unless_all_runs_are_done(out, tmp_path, capsys, base):
    spec = tmp_path / "own.toml"
    spec.write_text(base + '[axes]\n"train.lr" = [1e30]\n')
    arguments = ["sweep", str(spec), "--out", str(out)]
    assert main(arguments) == 1
    said = capsys.readouterr()
    assert "1 of 1 runs are not done: 1 failed" in said.err
    assert "the training loss is nan" in said.out
    assert main([*arguments, "--status"]) == 0
