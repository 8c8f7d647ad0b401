"""Files are whole or absent, and an error names the file that was asked for."""

import errno
from pathlib import Path

import pytest

from plumline._files import replacing, write_bytes, write_csv


def _fill(path: Path) -> None:
    path.write_bytes(b"half of the n")
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_file_that_fails_on_the_way_leaves_the_old_one_alone(tmp_path: Path) -> None:
    target = tmp_path / "net.plum"
    write_bytes(target, b"old")
    with pytest.raises(OSError, match=r"net\.plum'$") as caught, replacing(target) as temporary:
        _fill(temporary)
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(target))
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_in_the_way_is_named(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError) as caught:
        write_bytes(tmp_path, b"new")
    assert caught.value.filename == str(tmp_path)


def test_an_error_of_another_file_keeps_its_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught, replacing(tmp_path / "net.plum"):
        (tmp_path / "other").read_bytes()
    assert caught.value.filename == str(tmp_path / "other")


def test_rows_are_csv_with_the_columns_of_the_first(tmp_path: Path) -> None:
    write_csv(tmp_path / "rows.csv", [{"a": 1, "b": "x, y"}, {"a": None, "b": 'a "word"'}])
    assert (tmp_path / "rows.csv").read_text() == 'a,b\n1,"x, y"\n,"a ""word"""\n'
    write_csv(tmp_path / "none.csv", [])
    assert (tmp_path / "none.csv").read_text() == ""
