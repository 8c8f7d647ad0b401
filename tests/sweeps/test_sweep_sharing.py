"""Several processes, folders and machines on one sweep, and several sweeps on one run folder."""

import fcntl
import threading
from contextlib import ExitStack

import pytest

from plumline.errors import InputError
from plumline.sweeps import Spec, results, run, storage, work
from plumline.sweeps.points import points
from plumline.sweeps.study import (
    LOCKS,
    PLACE,
    QUEUED,
    is_dead,
    open_study,
    put_back,
    standing,
    taken,
)
from plumline.training import Recipe
from plumline.training.lock import FolderInUse, sole_writer


def scores(found):
    return [row["test_top1"] for row in found.rows]


@pytest.fixture
def two(base):
    return Spec.from_toml(base + '[axes]\n"train.seed" = [0, 1]\n')


def in_use(monkeypatch):
    """Make the training of `trained` look at the lock of its folder, as a real one does."""
    real = work.train

    def train(recipe, folder, *arguments, **options):
        with sole_writer(folder):
            return real(recipe, folder, *arguments, **options)

    monkeypatch.setattr(work, "train", train)


def test_a_run_that_another_sweep_trains_comes_last_and_is_waited_for(
    two, out, tmp_path, trained, monkeypatch
):
    in_use(monkeypatch)
    pool = tmp_path / "pool"
    shared = pool / work._shared_name(two.recipe({"train.seed": "0"}))
    held = ExitStack()
    held.enter_context(sole_writer(shared))
    before = []

    def finish():
        before.extend(recipe.train.seed for recipe in trained)
        held.close()

    other = threading.Timer(3, finish)
    other.start()
    found = run(two, out, runs=pool, quiet=True)
    other.join()
    assert before == [1]
    assert [recipe.train.seed for recipe in trained] == [1, 0]
    assert [row["state"] for row in found.rows] == ["done", "done"]
    assert [row["train.seed"] for row in found.rows] == ["0", "1"]


def test_a_run_that_was_put_back_keeps_its_place(two, out):
    study, spec = open_study(two, out, None)
    with taken(study, spec, out) as trial:
        put_back(study, trial.number)
    assert [row["state"] for row in results(out).rows] == ["waiting"] * 2
    with taken(study, spec, out) as trial:
        assert trial.params == {"train.seed": "1"}
    assert [row["train.seed"] for row in results(out).rows] == ["0", "1"]


def test_a_dead_run_is_seen_by_all_who_look_at_once(two, out):
    study, spec = open_study(two, out, None)
    with taken(study, spec, out) as trial:
        assert not is_dead(trial, out)
    with (out / LOCKS / str(trial.number)).open("rb") as looked_at:
        fcntl.flock(looked_at, fcntl.LOCK_SH)
        assert is_dead(trial, out)


def test_a_busy_folder_is_told_by_an_error_of_its_own(tmp_path):
    with sole_writer(tmp_path), pytest.raises(FolderInUse), sole_writer(tmp_path):
        pass


@pytest.mark.parametrize("sampler", ["grid", "random", "tpe"])
def test_two_machines_that_begin_at_once_do_each_run_once(sampler, out, tmp_path, base, trained):
    drawn = "" if sampler == "grid" else f'sampler = "{sampler}"\ntrials = 4\n'
    spec = Spec.from_toml(drawn + base + '[axes]\n"train.seed" = [0, 1, 2, 3]\n')
    url = f"sqlite:///{tmp_path}/sweep.db"
    study, _ = open_study(spec, out, url)
    # The other one found nothing queued, and queued everything too.
    for place, point in enumerate(spec.grid() if sampler == "grid" else [{}] * 4):
        study.enqueue_trial(point, user_attrs={QUEUED: True, PLACE: place})
    found = run(spec, out, storage=url, quiet=True)
    assert [row["state"] for row in found.rows] == ["done"] * 4
    assert len(trained) == 4
    if sampler == "grid":
        assert [row["train.seed"] for row in found.rows] == ["0", "1", "2", "3"]


def test_a_run_taken_up_again_twice_counts_once(two, out):
    study, _ = open_study(two, out, None)
    first = standing(study)[0]
    for _ in range(2):
        attributes = {QUEUED: True, "instead_of": first.number}
        study.enqueue_trial({"train.seed": "0"}, user_attrs=attributes)
    assert [trial.number for trial in standing(study)] == [2, 1]


def test_a_folder_remembers_its_storage(two, out, tmp_path, trained, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = run(two, out, storage="sqlite:///sweep.db", quiet=True)
    table = (out / "results.csv").read_text()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    files = sorted(out.rglob("*"))
    assert results(out).rows == found.rows
    assert run(two, out, quiet=True).rows == found.rows
    assert sorted(out.rglob("*")) == files
    assert (out / "results.csv").read_text() == table
    with pytest.raises(InputError, match=r"was begun with the storage .*sweep\.db', not with"):
        results(out, f"sqlite:///{tmp_path}/other.db")
    with pytest.raises(InputError, match="was begun with"):
        run(two, out, storage=f"sqlite:///{tmp_path}/other.db")
    assert not (tmp_path / "other.db").exists()
    # The name of the study is remembered too.
    moved = out.rename(tmp_path / "moved")
    assert scores(results(moved)) == scores(found)
    (tmp_path / "sweep.db").unlink()
    with pytest.raises(InputError, match="is gone"):
        results(moved)
    assert not (tmp_path / "sweep.db").exists()


def test_a_journal_is_not_left_for_a_database(two, out, tmp_path):
    open_study(two, out, None)
    (out / storage.FILE).unlink()  # as an earlier version leaves it
    assert len(results(out).rows) == 2
    with pytest.raises(InputError, match="was begun with its own journal"):
        run(two, out, storage=f"sqlite:///{tmp_path}/new.db")
    (out / storage.JOURNAL).unlink()
    with pytest.raises(InputError, match="name the storage"):
        results(out)
    assert not (out / storage.JOURNAL).exists()


def test_a_password_is_in_no_file_and_no_message(tmp_path):
    url = "postgresql://me:se:cr@et@host:5432/db?sslmode=require&password=se:cr@et"
    storage.Storage(url, "s").save(tmp_path)
    text = (tmp_path / storage.FILE).read_text()
    assert "se:cr" not in text
    assert "postgresql://me@host:5432/db?sslmode=require" in text
    assert "se:cr" not in str(storage.Storage(url, "s"))
    assert storage.storage_of(tmp_path, url, begun=True).url == url
    plain = "sqlite:////a/b.db?timeout=3"
    assert storage.without_password(plain) == plain


def test_a_base_that_has_changed_is_refused(out, tmp_path, trained):
    base = tmp_path / "mine.toml"
    base.write_text('base = "digits-quick"\n[train]\nlr = 0.01\n')
    spec = Spec(str(base), axes={"train.seed": [0, 1]})
    run(spec.with_changes(axes={"train.seed": [0, 1]}), out, quiet=True)
    base.write_text('base = "digits-quick"\n[train]\nlr = 0.02\n')
    with pytest.raises(InputError, match=r"mine\.toml' has changed since runs/seed=0"):
        run(spec, out, quiet=True)
    # What does not change the weights may change.
    base.write_text('base = "digits-quick"\n[train]\nlr = 0.01\nworkers = 2\nlatents = false\n')
    assert len(run(spec, out, quiet=True).done) == 2
    assert len(trained) == 2


def test_shared_folders_are_named_by_what_decides_the_weights():
    recipe = Recipe.load("cifar10-resnet20-signed-binary")
    other = recipe.override({"train.workers": "2", "train.checkpoint_seconds": "9"})
    assert work._shared_name(other) == work._shared_name(recipe)
    assert work._shared_name(recipe.override({"train.lr": "2"})) != work._shared_name(recipe)


@pytest.mark.parametrize(
    "name", ["positive-share", "regions", "delta", "gradient", "activation", "batch-size"]
)
def test_every_ablation_of_signed_binary_has_the_standard_settings_as_a_point(name):
    spec = Spec.load(f"plum-{name}")
    names = {work._shared_name(spec.recipe(point)) for point in points(spec)}
    assert work._shared_name(Recipe.load("cifar10-resnet20-signed-binary")) in names
    assert len(names) == spec.runs
