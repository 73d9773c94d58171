"""A script as users of a type checker write it; lines that are wrong say so, and mypy has to find those alone."""

import pandas as pd

import lstmcast

data: pd.DataFrame = lstmcast.datasets.load_victoria()
model: lstmcast.Model = lstmcast.fit(data, target="load", horizon="2d", hidden=32, known=["temp"], season=24)
forecast: lstmcast.Forecast = model.predict(data, levels=[80, 95], horizon=12, future=data)
frame: pd.DataFrame = forecast.to_frame()
forecast.plot().save("forecast.svg")
panel: lstmcast.Panel = lstmcast.read(data, target="load", time="time").panel
skills: list[float | None] = [fold.skill for fold in lstmcast.backtest("load.csv", folds=3, steps=10).folds]
tuned = lstmcast.tune(panel, trials=9, jobs=2, budget="10m")
print(tuned.verdict, tuned.gain, model.score(data), model.evaluate(data)["test"]["model"]["mase"])
again: lstmcast.Model = lstmcast.load("model.pkl").refresh(data, budget=60.0)

lstmcast.fit(data, target="load", hiden=32)  # wrong: there is no such option
lstmcast.fit(data, target="load", hidden="many")  # wrong: a number
model.predict(data, levels="80")  # wrong: numbers
lstmcast.tune(42)  # wrong: no data
