"""`train --compile` and `--channels-last`; what `doctor` says of the processor."""

from command_line import Call


def test_the_flag_compiles_both_and_the_recipe_of_old_says_nothing_of_it(call: Call):
    text = call("train", "ring", "--dry-run", "--json", "--compile").data
    assert text["compile"] == "both"
    plain = call("train", "ring", "--dry-run", "--json").data
    assert "compile" not in plain and "channels_last" not in plain
    assert call("train", "ring", "--dry-run", "--compile", "--reg", "r1").code == 2


def test_the_doctor_shows_the_processor(call: Call):
    checks = {check["what"]: check for check in call("doctor", "--json").data["checks"]}
    assert checks["processor"]["status"] == "ok" and "bf" in checks["processor"]["found"]
