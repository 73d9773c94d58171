"""The data doctor: what the numbers of a panel give reason to say; it informs, and changes nothing that is done."""

from lstmcast.data.checks.examination import examine
from lstmcast.data.checks.overview import Overview, overview
from lstmcast.data.checks.places import OddPlace, odd_places

__all__ = ["OddPlace", "Overview", "examine", "odd_places", "overview"]
