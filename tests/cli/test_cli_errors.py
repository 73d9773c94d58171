"""Bad input: one clear line, the exit code of the table, nothing on stdout, nothing written or overwritten."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.command_line import Said, lstmcast
from tests.conftest import QUICK, hourly_rows, write_csv

ROWS = hourly_rows(28 * 24)


def refused(said: Said, code: int, *words: str) -> None:
    """One line on stderr that names the error's kind and says these words; nothing on stdout."""
    assert (said.code, said.out) == (code, ""), said
    assert said.err.startswith("lstmcast: E_")
    assert said.err.count("\n") == 1
    for word in words:
        assert word in said.err


def train(data: Path, folder: Path, *arguments: str) -> Said:
    """Train where a model already stands, and see that a refusal leaves it, and nothing else, there."""
    output = folder / "model.pkl"
    output.write_bytes(b"before")
    here = sorted(os.listdir(folder))
    said = lstmcast("train", data, *(arguments or QUICK), "-o", output)
    assert output.read_bytes() == b"before"
    assert sorted(os.listdir(folder)) == here
    return said


def predict(model_file: Path, data: Path, *arguments: str) -> Said:
    """Predict to a file that already stands there, and see that a refusal leaves it."""
    output = data.parent / "forecast.csv"
    if data.parent.is_dir():
        output.write_bytes(b"before")
    said = lstmcast("predict", model_file, data, "-o", output, *arguments)
    assert not output.exists() or output.read_bytes() == b"before"
    return said


def test_a_file_that_is_absent_is_3(tmp_path: Path, model_file: Path) -> None:
    refused(train(tmp_path / "absent.csv", tmp_path), 3, "absent.csv")
    refused(predict(model_file, tmp_path / "absent.csv"), 3, "absent.csv")


def test_an_empty_file_is_3(tmp_path: Path) -> None:
    path = tmp_path / "empty.csv"
    path.touch()
    refused(train(path, tmp_path), 3, "empty.csv", "empty")


def test_a_folder_is_3(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    refused(train(folder, tmp_path), 3, str(folder))


def test_a_header_without_rows_is_3(tmp_path: Path) -> None:
    refused(train(write_csv(tmp_path / "data.csv", []), tmp_path), 3, "data.csv")


def test_an_absent_target_is_3_and_names_the_columns_and_the_nearest(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "data.csv", ROWS)
    refused(train(path, tmp_path, "--target", "laod"), 3, "'laod'", "'load'", "time")


def test_a_target_that_is_not_numeric_is_3(tmp_path: Path) -> None:
    rows = [row.replace(",", f",{chr(97 + i % 26)}warm ", 1) for i, row in enumerate(ROWS)]
    refused(train(write_csv(tmp_path / "data.csv", rows), tmp_path), 3, "load", "warm")


def test_no_time_column_is_3(tmp_path: Path) -> None:
    rows = [f"{row.split(',')[1]},{row.split(',')[1]}" for row in ROWS]
    refused(train(write_csv(tmp_path / "data.csv", rows, "other,load"), tmp_path), 3, "time")


def test_a_time_column_that_is_not_there_is_3(tmp_path: Path) -> None:
    refused(train(write_csv(tmp_path / "data.csv", ROWS), tmp_path, *QUICK, "--time", "when"), 3, "when")


def test_too_little_history_to_train_is_7_and_says_which_option_helps(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "data.csv", ROWS[:60])
    refused(train(path, tmp_path, "--target", "load", "--safeguard", "network"), 7, "rows", "--")
    path = write_csv(tmp_path / "few.csv", ROWS[:20])
    refused(
        train(path, tmp_path, "--target", "load", "--horizon", "8", "--test", "13"),
        7,
        "20 rows",
        "21",
        "--test",
    )
    path = write_csv(tmp_path / "few.csv", ROWS[:7])
    refused(train(path, tmp_path, "--target", "load"), 7, "7 rows", "at least 8")


def test_too_little_history_to_predict_is_3_without_fallback(model_file: Path, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "data.csv", ROWS[:47])
    refused(predict(model_file, path, "--no-fallback"), 3, "47 rows", "48")


def test_a_missing_column_in_predict_is_3(model_file: Path, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "data.csv", ROWS, "time,lod")
    refused(predict(model_file, path), 3, "load")


def test_another_frequency_in_predict_is_3(model_file: Path, tmp_path: Path) -> None:
    refused(predict(model_file, write_csv(tmp_path / "data.csv", ROWS[::2])), 3, "2h apart", "h apart")


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x80\x04}."], ids=["empty", "text", "pickle"])
@pytest.mark.parametrize("command", ["predict", "evaluate", "info"])
def test_a_file_that_is_no_model_is_4(command: str, content: bytes, history: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(content)
    refused(lstmcast(command, path, *([] if command == "info" else [history])), 4, "model.pkl")


def test_a_model_file_that_is_absent_is_4(tmp_path: Path) -> None:
    refused(lstmcast("info", tmp_path / "absent.pkl"), 4, "absent.pkl")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--horizon", "0"], "--horizon goes from 1"),
        (
            ["--horizon", "soon"],
            "--horizon takes a number of rows such as 24, or a time such as 24h, 1d or 2w",
        ),
        (["--dropout", "nan"], "--dropout goes from 0"),
        (["--decoder", "both"], "--decoder is one of segments, direct"),
        (["--season", "24,day"], "--season takes whole numbers"),
        (["--budget", "soon"], "a duration looks like"),
        (["--val", "some"], "--val is a share"),
        (["--steps", "5", "--epochs", "2"], "--steps and --epochs"),
        (["--nonsense"], "--nonsense"),
        (["more.csv"], "extra argument"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_bad_option_is_2(arguments: list[str], words: str, history: Path, tmp_path: Path) -> None:
    refused(train(history, tmp_path, "--target", "load", *arguments), 2, words)


def test_an_option_without_its_value_is_2(history: Path) -> None:
    refused(lstmcast("train", history, "--target"), 2, "'--target' requires an argument")


def test_no_target_among_several_is_2(history: Path, tmp_path: Path) -> None:
    header, *rows = history.read_text().splitlines()
    several = tmp_path / "several.csv"
    several.write_text(
        "\n".join([f"{header},temp", *(f"{row},{place % 9}.5" for place, row in enumerate(rows))])
    )
    refused(
        train(several, tmp_path, "--hidden", "8"), 2, "--target is missing: --target load is the likeliest"
    )


@pytest.mark.parametrize("arguments", [["nonsense"], ["train"], ["predict", "model.pkl"]])
def test_a_command_line_that_says_too_little_is_2(arguments: list[str]) -> None:
    refused(lstmcast(*arguments), 2, "see lstmcast", "--help")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--level", "80,99"], "--level takes whole percents from 1 to 98, such as 80,95; got '80,99'"),
        (["--level", "0"], "got '0'"),
        (["--level", "80.5"], "got '80.5'"),
        (["--level", "95%"], "got '95%'"),
        (["--level", ""], "got ''"),
        (
            ["--quantiles", "0.05,1"],
            "--quantiles takes numbers from 0.01 to 0.99, such as 0.05,0.5,0.95; got",
        ),
        (["--quantiles", "nan"], "got 'nan'"),
        (["--quantiles", "half"], "--quantiles takes a number; got 'half'"),
        (["--quantiles", ","], "got ','"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_level_or_quantile_that_cannot_be_is_2(
    arguments: list[str], words: str, model_file: Path, tmp_path: Path
) -> None:
    refused(predict(model_file, write_csv(tmp_path / "data.csv", ROWS), *arguments), 2, words)


@pytest.mark.parametrize(("command", "option"), [("predict", "--horizon"), ("evaluate", "--stride")])
def test_a_number_out_of_limits_is_2(command: str, option: str, history: Path, model_file: Path) -> None:
    refused(lstmcast(command, model_file, history, option, "0"), 2, f"{option} goes from 1")


def test_an_output_that_cannot_be_written_is_8_before_anything_is_trained(history: Path) -> None:
    refused(lstmcast("train", history, *QUICK, "-o", "/nowhere/model.pkl"), 8, "/nowhere/model.pkl")


@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_a_result_that_cannot_be_written_is_8(command: str, history: Path, model_file: Path) -> None:
    refused(lstmcast(command, model_file, history, "-o", "/nowhere/out.csv"), 8, "/nowhere/out.csv")


def test_a_second_training_of_the_same_model_is_9(history: Path, tmp_path: Path) -> None:
    from lstmcast.persistence import lock

    with lock(tmp_path / "model.pkl"):
        refused(lstmcast("train", history, *QUICK, "-o", tmp_path / "model.pkl"), 9, "model.pkl")


@pytest.mark.parametrize("command", ["predict", "evaluate", "refresh", "plot", "watch", "explain", "report"])
def test_swapped_arguments_are_noticed(command: str, history: Path, model_file: Path) -> None:
    before = model_file.read_bytes(), history.read_bytes()
    said = lstmcast(command, history, model_file)
    assert said.code in (2, 4)
    assert f"are the arguments swapped? lstmcast {command} {model_file} {history}" in said.err
    assert said.err.count("\n") == 1
    assert (model_file.read_bytes(), history.read_bytes()) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["predcit"], "there is no command 'predcit'; did you mean predict?"),
        (["zzz"], "there is no command 'zzz'; see lstmcast --help"),
        (["train", "--traget"], "lstmcast train has no option --traget; did you mean --target?"),
        (["watch", "--ledgr", "x"], "lstmcast watch has no option --ledgr; did you mean --ledger?"),
        (["train", "--zzz"], "lstmcast train has no option --zzz; see lstmcast train --help"),
    ],
)
def test_a_word_mistyped_gets_one_suggestion(words: list[str], said: str) -> None:
    refused(lstmcast(*words), 2, said)


@pytest.mark.parametrize(
    ("words", "flag"),
    [
        (("train", "d.csv", "--known", "a", "--known", "b"), "--known"),
        (("train", "d.csv", "--missing", "x", "--missing=y"), "--missing"),
        (("predict", "m.pkl", "d.csv", "--level", "80", "--level", "95"), "--level"),
    ],
)
def test_a_list_in_two_options_is_refused_and_not_halved(words: tuple[str, ...], flag: str) -> None:
    said = lstmcast(*words)
    assert (said.code, said.out, said.err.count("\n")) == (2, "", 1)
    assert f"{flag} is given twice" in said.err
