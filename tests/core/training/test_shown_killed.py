"""A run that is killed while it draws its first pictures draws the others when it goes on."""

import pytest

from detente.training import shown
from detente.training.run_folder import Run


class Domain:
    preview_suffix, preview_count = ".txt", 2

    @staticmethod
    def preview(samples, path) -> None:
        path.write_text(samples)


class Built:
    domain = Domain


@pytest.mark.parametrize("killed_at", shown.ROWS)
def test_both_pictures_are_there_in_the_end(killed_at, tmp_path, monkeypatch):
    run = Run(tmp_path)
    run.samples.mkdir()

    def samples(row, built):
        if row == killed_at:
            raise KeyboardInterrupt
        return row

    monkeypatch.setattr(shown, "_samples", samples)
    with pytest.raises(KeyboardInterrupt):
        shown.write(Built, run)
    monkeypatch.setattr(shown, "_samples", lambda row, built: row)
    shown.write(Built, run)
    assert {path.stem: path.read_text() for path in run.samples.iterdir()} == {row: row for row in shown.ROWS}
