"""Pictures of what there is to show: a series, a forecast, what was said beside what came."""
