"""Counters of the processor, in a folder that looks like the system's."""

import itertools
import time
from pathlib import Path

import pytest

from plumline.energy import powercap
from plumline.errors import InputError


def zone(root, folder, name, uj, limit=10_000_000):
    path = root / folder
    path.mkdir(parents=True)
    (path / "name").write_text(f"{name}\n")
    (path / "energy_uj").write_text(f"{uj}\n")
    (path / "max_energy_range_uj").write_text(f"{limit}\n")
    return path / "energy_uj"


def test_packages_are_counted_once_and_what_is_in_them_not_at_all(tmp_path):
    zone(tmp_path, "intel-rapl:0", "package-0", 1)
    zone(tmp_path, "intel-rapl:1", "package-1", 1)
    zone(tmp_path, "intel-rapl:2", "psys", 1)
    zone(tmp_path, "intel-rapl:0:0", "core", 1)
    zone(tmp_path, "intel-rapl-mmio:0", "package-0", 1)
    assert [found.name for found in powercap.zones(tmp_path)] == ["package-0", "package-1"]


def test_a_counter_that_starts_again_is_followed(tmp_path):
    zone(tmp_path, "intel-rapl:0", "package-0", 9_000_000, limit=10_000_000)
    (package,) = powercap.zones(tmp_path)
    assert package.joules(9_000_000, 9_500_000) == pytest.approx(0.5)
    assert package.joules(9_000_000, 500_000) == pytest.approx(1.5)


def test_a_counter_that_starts_again_several_times_is_followed(tmp_path, monkeypatch):
    counter = zone(tmp_path, "intel-rapl:0", "package-0", 0, limit=10_000_000)
    clock, used = [0.0], [0]

    def pass_time(seconds):
        clock[0] += seconds
        used[0] += round(seconds * 200_000)
        counter.write_text(str(used[0] % 10_000_000))

    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(time, "sleep", pass_time)
    found = powercap.measure(lambda: pass_time(0.7), seconds=400.0, root=tmp_path)
    assert found.joules == pytest.approx(0.2 * found.seconds)
    assert found.net_joules_per_sample == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("samples", [1, 8])
def test_samples_are_measured_with_and_without_idle_power(tmp_path, monkeypatch, samples):
    counter = zone(tmp_path, "intel-rapl:0", "package-0", 9_000_000, limit=10_000_000)
    used = itertools.count(1)

    def call():
        """Take 0.2 J and a tenth of a second."""
        clock[0] += 0.1
        counter.write_text(str((9_000_000 + 200_000 * next(used)) % 10_000_000))

    clock = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])

    def sleep(seconds):
        """Take 0.2 J in the time asked for."""
        call()
        clock[0] += seconds - 0.1

    monkeypatch.setattr(time, "sleep", sleep)
    found = powercap.measure(call, seconds=1.0, samples=samples, root=tmp_path)
    assert found.zones == ("package-0",)
    assert found.calls == pytest.approx(10, abs=1)
    assert found.joules_per_sample == pytest.approx(0.2 / samples)
    assert found.idle_watts == pytest.approx(0.2)
    assert found.net_joules_per_sample == pytest.approx((0.2 - 0.2 * 0.1) / samples)


def test_a_machine_without_counters_says_so_in_one_line(tmp_path):
    for root in (tmp_path, tmp_path / "absent"):
        with pytest.raises(InputError, match="offers no energy counters") as error:
            powercap.zones(root)
        assert "\n" not in str(error.value)


def test_counters_that_may_not_be_read_are_named_with_the_cure(tmp_path, monkeypatch):
    zone(tmp_path, "intel-rapl:0", "package-0", 1)
    read_text = Path.read_text

    def refuse(path, *arguments, **options):
        """Refuse the administrator too, who may run this test."""
        if path.name == "energy_uj":
            raise PermissionError(13, "Permission denied")
        return read_text(path, *arguments, **options)

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(InputError, match=r"sudo chmod a\+r .*energy_uj"):
        powercap.zones(tmp_path)


def test_a_counter_without_a_number_is_named(tmp_path):
    zone(tmp_path, "intel-rapl:0", "package-0", "gone")
    with pytest.raises(InputError, match="energy_uj holds no number"):
        powercap.zones(tmp_path)
