from __future__ import annotations

import threading
import time

from evalsuite.scoring.sandbox import turns


def test_alone_means_that_nobody_else_has_a_turn() -> None:
    running: set[str] = set()
    seen: list[set[str]] = []
    together_at_once: list[int] = []
    lock = threading.Lock()

    def shared(name: str) -> None:
        with turns.together():
            with lock:
                running.add(name)
                together_at_once.append(len(running))
            time.sleep(0.02)
            with lock:
                running.discard(name)

    def single(name: str) -> None:
        with turns.alone():
            with lock:
                seen.append(set(running))
                running.add(name)
            time.sleep(0.02)
            with lock:
                seen.append(running - {name})
                running.discard(name)

    threads = [
        threading.Thread(target=single if number % 3 == 0 else shared, args=(str(number),))
        for number in range(18)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [set()] * 12
    assert max(together_at_once) > 1
