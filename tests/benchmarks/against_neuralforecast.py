"""One model of neuralforecast on one file, as a whole process in an environment of its own; prints one JSON line.

It knows nothing of lstmcast: see against.py, which starts it.
"""

from __future__ import annotations

import argparse
import json
import logging
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)


def main() -> None:
    """Train on the rows before the test block, forecast at every origin in it, print the mean absolute error."""
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("model", choices=("LSTM", "NHITS"))
    parser.add_argument("--freq", required=True)
    parser.add_argument("--known", default="")
    for name in ("horizon", "lookback", "val", "test"):
        parser.add_argument(f"--{name}", type=int, required=True)
    given = parser.parse_args()

    import pandas as pd
    from neuralforecast import NeuralForecast, models

    frame = pd.read_csv(given.file, parse_dates=["time"]).rename(columns={"time": "ds"})
    frame["unique_id"] = "one"
    known = {"futr_exog_list": given.known.split(",")} if given.known else {}
    # NHITS has no default for how far it looks back; LSTM's is three horizons.
    size = {"input_size": given.lookback} if given.model == "NHITS" else {}
    quiet = {"logger": False, "enable_progress_bar": False, "enable_checkpointing": False}
    quiet["enable_model_summary"] = False
    model = getattr(models, given.model)(h=given.horizon, **size, **known, **quiet)
    said = NeuralForecast(models=[model], freq=given.freq).cross_validation(
        frame, n_windows=None, step_size=1, val_size=given.val, test_size=given.test
    )
    error = (said["y"] - said[given.model]).abs()
    print(json.dumps({"mae": float(error.mean()), "windows": len(said) // given.horizon}))


if __name__ == "__main__":
    main()
