"""The data doctor: what the numbers of a panel give reason to say; it informs, and changes nothing that is done."""

from lstmcast.data.checks.examination import examine
from lstmcast.data.checks.overview import Overview, outline, overview

__all__ = ["Overview", "examine", "outline", "overview"]
