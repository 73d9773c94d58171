"""The data doctor: what the numbers of a panel give reason to say; it informs, and changes nothing that is done."""

from lstmcast.doctor.examination import examine

__all__ = ["examine"]
