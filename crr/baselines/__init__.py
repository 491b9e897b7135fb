"""The methods that CRR is compared with, one file each, all behind the same `Detector`."""
