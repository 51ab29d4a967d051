"""Work in daemon threads, which never keep the program from ending."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def in_background(work: Callable[[], T], name: str) -> Future[T]:
    """Start work in a daemon thread. The future gets its result or its exception."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised to the caller of result()
            future.set_exception(error)

    threading.Thread(target=run, daemon=True, name=name).start()
    return future


def at_once(work: Callable[[int], T], count: int, most: int) -> list[T]:
    """The results of ``work(0)`` … ``work(count - 1)``, in order; at most ``most`` run in parallel.

    After an error nothing new starts; it is raised once all running calls have ended, or at once if
    a signal raised it. The threads are daemons: unlike a pool's they do not keep an interrupted
    process from ending.
    """
    results: dict[int, T] = {}
    errors: list[BaseException] = []
    numbers, lock = iter(range(count)), threading.Lock()

    def worker() -> None:
        while not errors:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            try:
                results[number] = work(number)
            except BaseException as error:  # noqa: BLE001 - raised by the caller's thread
                errors.append(error)

    threads = [
        threading.Thread(target=worker, daemon=True, name=f"part-{number}")
        for number in range(min(count, most))
    ]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    except BaseException as interruption:  # a signal's
        errors.append(interruption)
        raise
    if errors:
        raise errors[0]
    return [results[number] for number in range(count)]
