"""Training: one loop for both stages, then calibration, then a checkpoint.

Stage 1 ("repair") trains the decoder, stage 2 ("segmentation") the segmentation network on the frozen
detector (paper, section 3). Every draw is a function of seed, stage and step, so a run that was killed
and resumed ends with the same weights as one that was not.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from crr.anomalies import HELD_OUT, AnomalySynthesizer, training_fillings
from crr.anomalies.textures import texture_files
from crr.checkpoints.model_card import training_card
from crr.checkpoints.normals import forget_normals, keep_normals
from crr.checkpoints.serialization import save
from crr.config import DetectorConfig, StageConfig, TrainingConfig
from crr.data.datasets import Dataset, check_training, split_validation, without_copies
from crr.data.inventory.facts import checked_digests
from crr.data.inventory.inventory import Inventory
from crr.data.inventory.looking import look_at_dataset, usable
from crr.errors import ConfigError
from crr.inference.content import shows_something
from crr.models import registry
from crr.models.detector import Detector, MemoryDetector, TrainedDetector
from crr.runtime.allocator import keep_freed_memory
from crr.runtime.devices import resolve_device
from crr.runtime.paths import StrPath, as_path
from crr.runtime.progress import Reporter
from crr.training.calibration import calibrate, fit_recogniser, fit_statistics, memorise
from crr.training.damaged_images import Batch, DamagedImages, batches
from crr.training.failures import check_finite, failures_explained
from crr.training.feature_cache import CleanFeatures
from crr.training.objectives import reconstruction_objective, repair_objective, segmentation_objective
from crr.training.optim import create_optimizer, learning_rate, set_learning_rate
from crr.training.run_options import RunOptions
from crr.training.snapshots import REPAIR, SEGMENTATION, STATISTICS, Snapshots, fingerprint, timer
from crr.types import Progress

_CLEAN_SHARE = 0.2  # of the images that the segmentation network learns from
_STAGES = (REPAIR, SEGMENTATION)

Data = TypeVar("Data")
Source = Callable[[int, int], Iterator[Data]]
"""A function from the numbers of the first batch and of the one behind the last to the batches."""


def train(
    dataset: Dataset,
    out: StrPath,
    config: DetectorConfig,
    options: RunOptions | None = None,
    progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
    tell: Callable[[Inventory], None] = lambda _: None,
) -> Detector:
    """Train a detector on the good images of `dataset` and save it as a checkpoint in `out`.

    Args:
        dataset: Data set whose `train` images are used; its test images are only compared with these.
        out: Checkpoint folder, as a `Path` or as text; `out/snapshot` holds the resumable state until the
            run is complete.
        config: What to train; categories are taken from the data set.
        options: Device, resuming, and the like.
        progress: Called about once a second; the stages are "check", "repair", "categories", "memory" (of
            methods that have one), "statistics", "segmentation" and "calibration".
        stop: When set, training ends early; what was learnt is calibrated and saved, and `resume` goes on.
        tell: Called once with what a look at the training images found, before the work.

    Raises:
        TrainingError: The output folder is in use, there is nothing to resume, or training cannot go on.
        CRRError: Another run is writing into the output folder, or nothing can be written there.
        DatasetError: A category has too few images.
        ImageError: A training image cannot be read.
        ConfigError: The settings contradict each other, or would train on held-out damage.
        EncoderError: The encoder cannot be had.
        DeviceError: There is no such device, or it ran out of memory.
    """
    options, stop = options or RunOptions(), stop or threading.Event()
    folder = as_path(out, "The folder for the checkpoint")
    with Snapshots.open(folder, resume=options.resume, overwrite=options.overwrite) as snapshots:
        return Trainer(dataset, folder, config, options, snapshots, progress, stop, tell).train()


class Trainer:
    """The state that the steps of one training run share."""

    def __init__(
        self,
        dataset: Dataset,
        out: Path,
        config: DetectorConfig,
        options: RunOptions,
        snapshots: Snapshots,
        progress: Callable[[Progress], None] | None,
        stop: threading.Event,
        tell: Callable[[Inventory], None],
    ) -> None:
        self.out, self.options, self.stop = out, options, stop
        settings = config.training
        self.device = resolve_device(options.device)
        self.snapshots = snapshots
        check_training(dataset)
        names = tuple(category.name for category in dataset.categories)
        self.config = replace(config, categories=names, calibration=(), trained={})
        textures = texture_files(options.textures)
        only = settings.foreground_only
        self.synthesizer = AnomalySynthesizer(textures, fillings=_fillings(settings), foreground_only=only)
        # For the calibration alone: damage that neither stage was trained on.
        self.unseen = AnomalySynthesizer(textures, fillings=HELD_OUT, foreground_only=only)
        self.detector = _create(self.config).to(self.device)
        self.steps = {REPAIR: settings.repair.iterations, SEGMENTATION: settings.segmentation.iterations}
        if self.detector.segmentation is None:
            self.steps[SEGMENTATION] = 0
        self.reporter = Reporter(progress, plan=self.steps)
        self._look(dataset, textures, progress, tell)

    def _look(
        self,
        dataset: Dataset,
        textures: Sequence[Path],
        progress: Callable[[Progress], None] | None,
        tell: Callable[[Inventory], None],
    ) -> None:
        """Read every image once, before hours of training and not after, and split them."""
        found = look_at_dataset(
            dataset,
            ("train",),
            value_range=self.config.value_range or self.snapshots.value_range,
            shows=shows_something,
            progress=progress,
        )
        tell(found)
        digests = {path: fact.digest for path, fact in found.facts.items()}
        appearances = {path: fact.appearance for path, fact in found.facts.items()}
        self.dataset = without_copies(usable(dataset, found, self.options.on_error), appearances)
        check_training(self.dataset)
        self.config = replace(self.config, value_range=found.value_range)
        self.detector.config, self.detector.value_range = self.config, found.value_range
        settings, self.training, self.held_back = self.config.training, {}, {}
        images = {"": checked_digests(textures)}
        for category in self.dataset.categories:
            parts = split_validation(category.train, settings.validation_share, settings.seed)
            self.training[category.name], self.held_back[category.name] = parts
            images[category.name] = {sample.path: digests[sample.path] for sample in category.train}
        self.snapshots.belong_to(fingerprint(self.config, images))

    def train(self) -> Detector:
        """Both stages, the calibration, and the checkpoint."""
        keep_freed_memory()
        detector = self.detector
        self.snapshots.restore(detector)
        with failures_explained(self.device, self.snapshots):
            done = dict.fromkeys(self.steps, 0)
            if isinstance(detector, TrainedDetector):
                done[REPAIR] = self._train_decoder(detector)
            self._learn_normality(complete=done[REPAIR] == self.steps[REPAIR])
            done[SEGMENTATION] = self.snapshots.steps_done(SEGMENTATION, self.steps[SEGMENTATION])
            if isinstance(detector, TrainedDetector) and detector.segmentation and not self.stop.is_set():
                done[SEGMENTATION] = self._train_segmentation(detector, detector.segmentation)
            if done[SEGMENTATION] == 0:
                self._drop_segmentation()
            detector.config = replace(detector.config, trained=done)
            calibrate(detector, self.held_back, [self.synthesizer, self.unseen], self.reporter)
            save(detector, self.out, training_card(detector, self.dataset))
            forget_normals(self.out)  # of other parts, where an earlier run was replaced
            if self.options.normals:
                keep_normals(
                    self.out,
                    self.held_back,
                    self.config.encoder,
                    self.options.normals,
                    value_range=self.config.value_range,
                )
        if done == self.steps:
            self.snapshots.remove()
        return detector

    def _train_decoder(self, detector: TrainedDetector) -> int:
        """Stage 1: on clean and damaged images, or on clean ones alone; returns the iterations done."""
        settings = self.config.training
        config = settings.repair
        if settings.repair_loss:
            data = self._damaged_images(REPAIR, config)
            loss = partial(repair_objective, detector)
            return self._run_stage(REPAIR, config, detector.decoder, data, loss, 2 * config.batch_size)
        clean = CleanFeatures(
            self.training, detector, seed=2 * settings.seed, batch_size=config.batch_size
        ).batches
        objective = partial(reconstruction_objective, detector)
        return self._run_stage(REPAIR, config, detector.decoder, clean, objective, config.batch_size)

    def _train_segmentation(self, detector: TrainedDetector, network: nn.Module) -> int:
        """Stage 2; returns the iterations done."""
        config = self.config.training.segmentation
        data = self._damaged_images(SEGMENTATION, config, damaged_share=1 - _CLEAN_SHARE)
        loss = partial(segmentation_objective, detector)
        return self._run_stage(SEGMENTATION, config, network, data, loss, config.batch_size)

    def _damaged_images(self, stage: str, config: StageConfig, damaged_share: float = 1.0) -> Source[Batch]:
        data = DamagedImages(
            self.training,
            self.config.encoder,
            self.synthesizer,
            seed=2 * self.config.training.seed + _STAGES.index(stage),
            batch_size=config.batch_size,
            damaged_share=damaged_share,
            value_range=self.config.value_range,
        )
        return partial(batches, data, workers=self._workers())

    def _run_stage(
        self,
        name: str,
        config: StageConfig,
        module: nn.Module,
        source: Source[Data],
        loss: Callable[[Data, int], Tensor],
        images: int,
    ) -> int:
        """Train one module, `images` a step; returns the iterations done. Leaves it frozen in eval mode."""
        stage = _STAGES.index(name)
        first = self.snapshots.steps_done(name, config.iterations)
        self.reporter.begin(name, config.iterations, first)
        if first >= config.iterations:
            return first
        optimizer = create_optimizer(module.parameters(), config)
        self.snapshots.restore_optimizer(name, optimizer)
        snapshot_due = timer(self.options.snapshot_seconds)
        module.train()
        for step, batch in enumerate(source(first, config.iterations), start=first):
            torch.manual_seed(_step_seed(self.config.training.seed, stage, step))
            set_learning_rate(optimizer, learning_rate(step, config))
            value = loss(batch, step)
            check_finite(value, name, step)
            optimizer.zero_grad()
            value.backward()
            if config.gradient_norm:
                nn.utils.clip_grad_norm_(module.parameters(), config.gradient_norm)
            optimizer.step()
            self.reporter.advance(images=images, loss=value.item())
            if self.stop.is_set():
                break
            if snapshot_due():
                self.snapshots.save(name, step + 1, self.detector, optimizer)
        self.snapshots.save(name, step + 1, self.detector, optimizer)
        module.eval()
        return step + 1

    def _learn_normality(self, complete: bool) -> None:
        """What stage 2 and the map need to know of normal images; kept if stage 1 is `complete`."""
        if self.snapshots.steps_done(STATISTICS, 1):
            return
        fit_recogniser(self.detector, self.training, self.held_back, self.reporter)
        if isinstance(self.detector, MemoryDetector):
            memorise(self.detector, self.training, self.reporter)
        fit_statistics(self.detector, self.training, self.held_back, self.reporter)
        if complete:  # else a resumed run goes on with stage 1, which changes the residuals
            self.snapshots.save(STATISTICS, 1, self.detector)

    def _drop_segmentation(self) -> None:
        """An untrained segmentation network would only add noise to the map."""
        self.detector.segmentation = None
        none = replace(self.detector.config.segmentation, design="none")
        self.detector.config = replace(self.detector.config, segmentation=none)

    def _workers(self) -> int:
        chosen = self.options.workers
        return max(1, torch.get_num_threads() // 2) if chosen is None else chosen


def _create(config: DetectorConfig) -> Detector:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.training.seed)
        return registry.create(config)


def _fillings(settings: TrainingConfig) -> Sequence[str]:
    """The fillings that the settings name, or all that training may use."""
    forbidden = sorted(set(settings.anomalies) & set(HELD_OUT))
    if forbidden:
        raise ConfigError(
            f"Damage of the kind {', '.join(forbidden)} is held out to measure models on what none has seen. "
            f"Train with: {', '.join(training_fillings())}."
        )
    return settings.anomalies or training_fillings()


def _step_seed(seed: int, stage: int, step: int) -> int:
    return (seed * 2 + stage) * 10**8 + step
