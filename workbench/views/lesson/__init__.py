"""The page Lesson: a step, its live picture, its question. Begin with `step.py`."""
