"""The networks and measures that methods are built of, each on tensors alone.

Begin with `encoder.py` (an image becomes features, a layer a grid) and `decoder.py` (what the features
should be). Then `masking.py` and `losses.py` for training, `segmentation.py`, `residual_metric.py` and
`anomaly_map.py` for what follows from the difference. `backbones.py` and `pretrained.py` are where encoders
and their weights come from. Only methods, training and inference use it, and `pretrained.fetching`, which
limits what is fetched, whoever loads models of strangers.
"""
