"""Several models on one photo: what each says, where they differ, and on which photos they differ most.

Begin with `comparison.py`. `disagreement.py` looks over many photos, `drawing.py` and `plots.py` are what a
screen shows of it, `opening.py` is what it opens with. Others use `comparison.compare_shown`,
`comparison.Comparison` and `disagreement.DisagreementSurvey`.
"""
