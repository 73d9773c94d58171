"""Metrics, points and pings: what they say, that they are whole, and that they fail nothing."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command_line import lstmcast
from tests.conftest import hourly_rows, write_csv


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A model and its file."""
    folder = tmp_path_factory.mktemp("health")
    data = write_csv(folder / "load.csv", hourly_rows(35 * 24))
    options = ("--horizon", "24", "--lookback", "48", "--hidden", "6", "--steps", "10", "--calendar", "none")
    assert lstmcast("train", data, "--target", "load", *options, "-o", folder / "model.pkl").code == 0
    return folder / "model.pkl", data


@pytest.fixture
def called() -> Iterator[tuple[str, list[str]]]:
    """The address of a server, and the paths that were asked for."""
    paths: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Quietly."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/secret", paths
    server.shutdown()
    server.server_close()


def metrics_of(path: Path) -> dict[str, float]:
    """Each metric of a file; every line of it is a comment or a metric."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_metrics_of_a_forecast_and_of_a_failure(made: tuple[Path, Path], tmp_path: Path) -> None:
    path = tmp_path / "predict.prom"
    assert lstmcast("predict", *made, "--metrics", path).code == 0
    found = metrics_of(path)
    name = 'lstmcast_{}{{command="predict"}}'.format
    assert found[name("exit_code")] == 0
    assert found[name("degraded_share")] == 0
    assert found[name("data_age_seconds")] > 0
    assert sum(value for key, value in found.items() if key.startswith("lstmcast_rows")) == 24
    success = found[name("last_success_timestamp_seconds")]
    assert lstmcast("predict", *made, "--metrics", path, "--max-age", "1h").code == 10
    failed = metrics_of(path)
    assert failed[name("exit_code")] == 10
    assert failed[name("last_success_timestamp_seconds")] == success
    assert failed[name("last_run_timestamp_seconds")] >= success


def test_points_have_a_line_for_each_row(made: tuple[Path, Path], tmp_path: Path) -> None:
    assert lstmcast("predict", *made, "--influx", tmp_path / "points.txt").code == 0
    lines = (tmp_path / "points.txt").read_text().splitlines()
    assert len(lines) == 24
    assert lines[0].startswith("lstmcast,target=load,source=")
    _, body, stamp = lines[0].split(" ")
    assert [field.split("=")[0] for field in body.split(",")] == ["forecast", "lo_80", "hi_80"]
    assert int(stamp) % 3_600_000_000_000 == 0
    assert lstmcast("predict", *made, "--influx", tmp_path / "points.txt").code == 0
    assert lstmcast("predict", *made, "--influx", made[1]).code == 2


def test_a_ping_says_success_and_failure_and_fails_nothing(
    made: tuple[Path, Path], called: tuple[str, list[str]]
) -> None:
    url, paths = called
    assert lstmcast("predict", *made, "--ping", url).code == 0
    assert lstmcast("predict", *made, "--ping", url, "--max-age", "1h").code == 10
    assert paths == ["/secret", "/secret/fail"]
    nobody = lstmcast("predict", *made, "--ping", "http://127.0.0.1:9/hidden")
    assert nobody.code == 0
    assert "the ping failed" in nobody.err
    assert "hidden" not in nobody.err
    assert lstmcast("predict", *made, "--ping", "nowhere").code == 2


def test_a_table_of_totals_or_paths_may_be_replaced_each_night(
    made: tuple[Path, Path], tmp_path: Path
) -> None:
    for options in (
        ("--total", "day"),
        ("--paths", "3"),
        ("--paths", "3", "--path-columns"),
        ("--total", "day", "--json"),
    ):
        for _ in range(2):
            said = lstmcast("predict", *made, *options, "-o", tmp_path / "night.csv")
            assert said.code == 0, said.err


def test_score_and_watch_have_metrics_too(made: tuple[Path, Path], tmp_path: Path) -> None:
    model, _ = made
    early = write_csv(tmp_path / "early.csv", hourly_rows(34 * 24))
    late = write_csv(tmp_path / "late.csv", hourly_rows(35 * 24))
    assert lstmcast("predict", model, early, "--log", tmp_path / "ledger.csv").code == 0
    assert lstmcast("score", tmp_path / "ledger.csv", late, "--metrics", tmp_path / "score.prom").code == 0
    assert 0 <= metrics_of(tmp_path / "score.prom")['lstmcast_coverage_ratio{command="score"}'] <= 1
    code = lstmcast("watch", model, late, "--metrics", tmp_path / "watch.prom").code
    assert metrics_of(tmp_path / "watch.prom")['lstmcast_exit_code{command="watch"}'] == code
