"""Tests of the page are not lost in silence."""

import pytest
import viewer


def test_without_a_browser_tests_are_skipped_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(viewer, "CHROMIUMS", ("no-such-browser",))
    with pytest.raises(pytest.skip.Exception, match="apt-get install chromium"), viewer.browser():
        pass


def test_without_a_browser_they_fail_where_ci_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setattr(viewer, "CHROMIUMS", ("no-such-browser",))
    with pytest.raises(pytest.fail.Exception, match="CI is set: there is no Chromium"):
        viewer.browser().__enter__()
