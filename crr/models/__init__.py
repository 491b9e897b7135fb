"""The methods: CRR and what it is compared with, one file each, all behind the interface `Detector`.

A method says what the encoder's features should look like (`decode`); distances, anomaly map and score
follow for all alike. Begin with `detector.py`, then `crr.py`. A new method is one file here and one line in
`registry.py`. Others use `detector.Detector`, `registry.create`, and `blueprint.draw`, which says how large
what a config describes would be.
"""
