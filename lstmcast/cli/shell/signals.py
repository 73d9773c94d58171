"""SIGINT and SIGTERM as an exception, so that whatever is open gets closed on the way out."""

from __future__ import annotations

TYPE_CHECKING = False  # typing itself is not loaded: --version goes this way
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any


class Stopped(BaseException):
    """A signal asked us to stop; no `except Exception` on the way may swallow it."""

    def __init__(self, number: int, name: str, words: str = " before it was done") -> None:
        super().__init__(f"stopped by {name}{words}")
        self._number, self._name = number, name
        self.exit_code = 128 + number

    def with_words(self, words: str) -> Stopped:
        """Return the signal with other words after its name: on how things stand now."""
        return Stopped(self._number, self._name, words)


def ignore_signals() -> None:
    """From here on, until Signals is left, nothing more is raised: what is under way is the way out."""
    import signal
    import threading

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)


class Signals:
    """While it is entered the two signals raise Stopped.

    One that our starter ignores (nohup) stays ignored, and in a thread of another program nothing changes.
    """

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}

    def __enter__(self) -> None:
        import signal
        import threading

        def stop(number: int, frame: FrameType | None) -> None:
            raise Stopped(number, signal.Signals(number).name)

        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, stop)

    def __exit__(self, *_: object) -> None:
        import signal

        for number, handler in self._before.items():
            signal.signal(number, handler)
