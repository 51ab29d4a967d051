"""Several things at once that nobody has to wait for when the program must end."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def in_background(work: Callable[[], T], name: str) -> Future[T]:
    """Begin work in a daemon thread; the future has its result, or what it raised."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised where the result is waited for
            future.set_exception(error)

    threading.Thread(target=run, daemon=True, name=name).start()
    return future


def at_once(work: Callable[[int], T], count: int, most: int) -> list[T]:
    """``work(0)`` … ``work(count - 1)``, at most ``most`` at the same time; their results in order.

    Nothing new is begun after an error; it is raised when all that had begun has ended. The
    threads are daemons: unlike a pool's they do not keep an interrupted process from ending.
    """
    results: dict[int, T] = {}
    troubles: list[BaseException] = []
    numbers, lock = iter(range(count)), threading.Lock()

    def worker() -> None:
        while not troubles:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            try:
                results[number] = work(number)
            except BaseException as error:  # noqa: BLE001 - raised by the caller's thread
                troubles.append(error)

    threads = [
        threading.Thread(target=worker, daemon=True, name=f"part-{number}")
        for number in range(min(count, most))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for trouble in troubles:
        raise trouble
    return [results[number] for number in range(count)]
