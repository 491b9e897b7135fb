"""What a class asks once."""

import threading

import numpy as np
import pytest

from workbench.lesson.shared_answers import SharedAnswers, ShownAnswer


def answer(score: float = 0.5) -> ShownAnswer:
    return ShownAnswer(0.5, "50 %", "defective", score, 0.4, None, np.zeros((8, 8, 3), np.uint8))


def test_a_class_that_comes_at_once_asks_once():
    asked, shared, begun = [], SharedAnswers(2**20), threading.Event()

    def ask() -> ShownAnswer:
        begun.wait(5)
        asked.append(1)
        return answer()

    seen: list[ShownAnswer] = []
    students = [threading.Thread(target=lambda: seen.append(shared.answer("part", ask))) for _ in range(8)]
    for student in students:
        student.start()
    begun.set()
    for student in students:
        student.join()
    assert len(asked) == 1
    assert all(found is seen[0] for found in seen)


def test_another_part_is_asked_about_and_what_fails_is_asked_again():
    shared = SharedAnswers(2**20)
    assert shared.answer("one", lambda: answer(0.1)).score == 0.1
    assert shared.answer("two", lambda: answer(0.2)).score == 0.2
    with pytest.raises(ZeroDivisionError):
        shared.answer("three", lambda: 1 / 0)
    assert shared.answer("three", lambda: answer(0.3)).score == 0.3
