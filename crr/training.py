"""Training: one loop for both stages, then calibration, then a checkpoint.

Stage 1 ("repair") trains the decoder, stage 2 ("segmentation") the segmentation network on the frozen
detector (paper, section 3). Every draw is a function of seed, stage and step, so a run that was killed
and resumed ends with the same weights as one that was not.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from crr import registry
from crr.anomalies import AnomalySynthesizer
from crr.calibration import Report, calibrate, fit_statistics
from crr.checkpoint import save
from crr.config import DetectorConfig, StageConfig
from crr.datasets import Dataset, Sample, split_validation
from crr.detector import CRR, as_input_tensor
from crr.engine import resolve_device
from crr.errors import TrainingError
from crr.losses import mining_share, repair_loss, segmentation_loss
from crr.model_card import training_card
from crr.optim import create_optimizer, learning_rate, set_learning_rate
from crr.progress import Reporter
from crr.snapshots import Snapshots
from crr.training_data import Batch, DamagedImages, batches
from crr.types import Progress

StageLoss = Callable[[Batch, int], Tensor]
REPAIR, SEGMENTATION = "repair", "segmentation"


@dataclass(frozen=True)
class RunOptions:
    """What may differ between two runs without changing what they learn.

    Attributes:
        device: "auto", "cpu", "cuda", ...
        workers: Processes that make training images; None chooses by the number of cores.
        resume: Go on from the last snapshot in the output folder.
        overwrite: Start anew although the output folder holds a checkpoint or an unfinished run.
        snapshot_seconds: Time between snapshots.
        textures: Folder of texture images (such as DTD) for the fillings; None: made and borrowed ones.
    """

    device: str = "auto"
    workers: int | None = None
    resume: bool = False
    overwrite: bool = False
    snapshot_seconds: float = 60.0
    textures: Path | None = None


def train(
    dataset: Dataset,
    out: Path,
    config: DetectorConfig,
    options: RunOptions | None = None,
    progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
) -> CRR:
    """Train CRR on the good images of `dataset` and save it as a checkpoint in `out`.

    Args:
        dataset: Its `train` images are used; its test images are never read.
        out: Checkpoint folder; `out/snapshot` holds the resumable state until the run is complete.
        config: What to train; categories are taken from the data set.
        options: Device, resuming, and the like.
        progress: Called about once a second.
        stop: When set, training ends early; what was learnt is calibrated and saved, and `resume` goes on.

    Raises:
        TrainingError: The output folder is in use, or there is nothing to resume.
        DatasetError: A category has too few images.
    """
    options = options or RunOptions()
    run = _Run(dataset, out, config, options, Reporter(progress), stop or threading.Event())
    return run.train()


class _Run:
    """The state that the steps of one training run share."""

    def __init__(
        self,
        dataset: Dataset,
        out: Path,
        config: DetectorConfig,
        options: RunOptions,
        reporter: Reporter,
        stop: threading.Event,
    ) -> None:
        self.dataset, self.out, self.options, self.reporter, self.stop = dataset, out, options, reporter, stop
        self.config = replace(config, categories=tuple(category.name for category in dataset.categories))
        settings = self.config.training
        self.training: dict[str, list[Sample]] = {}
        self.held_back: dict[str, list[Sample]] = {}
        for category in dataset.categories:
            parts = split_validation(category.train, settings.validation_share, settings.seed)
            self.training[category.name], self.held_back[category.name] = parts
        self.snapshots = Snapshots(out, self.config, self.training)
        self.snapshots.check(resume=options.resume, overwrite=options.overwrite)
        self.device = resolve_device(options.device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            detector = registry.create(self.config)
        if not isinstance(detector, CRR):
            raise TrainingError(f"The method {config.method!r} is not trained with `crr train`.")
        self.detector = detector.to(self.device)
        fillings = settings.anomalies
        textures = None if options.textures is None else _texture_files(options.textures)
        self.synthesizer = (
            AnomalySynthesizer(textures, what=fillings) if fillings else AnomalySynthesizer(textures)
        )

    def train(self) -> CRR:
        """Both stages, the calibration, and the checkpoint."""
        settings = self.config.training
        decoder, segmentation = self.detector.decoder, self.detector.segmentation
        segment = settings.segmentation if segmentation is not None else replace(settings.segmentation, iterations=0)
        self.reporter.plan({REPAIR: settings.repair.iterations, SEGMENTATION: segment.iterations})
        done = {REPAIR: self._run_stage(REPAIR, settings.repair, decoder, self._repair_loss, seed=0)}
        if not self.snapshots.statistics_are_fitted():
            self._fit_statistics()
        done[SEGMENTATION] = 0
        if segmentation is not None and not self.stop.is_set():
            done[SEGMENTATION] = self._run_stage(
                SEGMENTATION, segment, segmentation, self._segmentation_loss, seed=1
            )
        if done[SEGMENTATION] == 0:
            self._drop_segmentation()
        self.detector.config = replace(self.detector.config, trained=done)
        calibrate(self.detector, self.held_back, self._report("calibration"), settings.seed)
        save(self.detector, self.out, training_card(self.detector.config, self.dataset))
        if not self.stop.is_set():
            self.snapshots.remove()
        return self.detector

    def _run_stage(
        self, name: str, config: StageConfig, module: nn.Module, loss: StageLoss, seed: int
    ) -> int:
        """Train one module; returns the iterations done. Leaves it frozen in eval mode."""
        optimizer = create_optimizer(module.parameters(), config)
        first = self.snapshots.restore(name, self.detector, optimizer, config.iterations)
        if first >= config.iterations:
            module.eval()
            return first
        data = DamagedImages(
            self.training,
            self.config.encoder,
            self.synthesizer,
            seed=2 * self.config.training.seed + seed,
            batch_size=config.batch_size,
            always_damaged=name == REPAIR,
        )
        module.train()
        step = first
        snapshot_due = self.snapshots.timer(self.options.snapshot_seconds)
        for batch in batches(data, first, config.iterations, self._workers()):
            torch.manual_seed(_step_seed(self.config.training.seed, seed, step))
            set_learning_rate(optimizer, learning_rate(step, config))
            value = loss(batch, step)
            optimizer.zero_grad()
            value.backward()
            if config.gradient_norm:
                nn.utils.clip_grad_norm_(module.parameters(), config.gradient_norm)
            optimizer.step()
            step += 1
            self._check_finite(value, name, step)
            self.reporter.step(name, step, config.iterations, value.item(), 2 * config.batch_size)
            if self.stop.is_set():
                break
            if snapshot_due() and step < config.iterations:
                self.snapshots.save(name, step, self.detector, optimizer)
        self.snapshots.save(name, step, self.detector, optimizer)
        module.eval()
        return step

    def _repair_loss(self, batch: Batch, step: int) -> Tensor:
        """Reconstruct the clean, repair the damaged, both toward the clean features."""
        settings = self.config.training
        share = mining_share(step, settings.mining_share, settings.mining_iterations)
        images = [batch.clean, batch.damaged] if settings.repair_loss else [batch.clean]
        features = self.detector.encoder(as_input_tensor(torch.cat(images).to(self.device)))
        with self._autocast():
            answers = self.detector.decode(features)
        count = len(batch.clean)
        target = [layer[:count] for layer in features]
        total = repair_loss(target, [layer[:count] for layer in answers], share, settings.mining_factor)
        if settings.repair_loss:
            total = total + repair_loss(target, [layer[count:] for layer in answers], share, settings.mining_factor)
        return total

    def _segmentation_loss(self, batch: Batch, step: int) -> Tensor:
        """Find the damage in what the frozen detector answers."""
        del step
        assert self.detector.segmentation is not None
        with torch.no_grad():
            reconstruction = self.detector.reconstruct(as_input_tensor(batch.damaged.to(self.device)))
            distances = self.detector.distances(reconstruction, batch.category.to(self.device))
        with self._autocast():
            logits = self.detector.segmentation(reconstruction, distances)
        size = self.config.prediction.map_size
        resized = functional.interpolate(logits.float(), size=(size, size), mode="bilinear", align_corners=False)
        mask = functional.adaptive_avg_pool2d(batch.mask.to(self.device)[:, None].float(), size)[:, 0] >= 0.5
        return segmentation_loss(resized, mask, self.config.training.segmentation_loss)

    def _fit_statistics(self) -> None:
        fit_statistics(self.detector, self.training, self.held_back, self._report("statistics"))
        if not self.stop.is_set():  # a stopped run goes on with stage 1, which changes the residuals
            self.snapshots.statistics_fitted(self.detector)

    def _drop_segmentation(self) -> None:
        """An untrained segmentation network would only add noise to the map."""
        self.detector.segmentation = None
        none = replace(self.detector.config.segmentation, design="none")
        self.detector.config = replace(self.detector.config, segmentation=none)

    def _autocast(self) -> AbstractContextManager[None]:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=_bfloat16_helps(self.device))

    def _report(self, stage: str) -> Report:
        return lambda done, total: self.reporter.count(stage, done, total)

    def _workers(self) -> int:
        return self.options.workers if self.options.workers is not None else max(1, torch.get_num_threads() // 2)

    @staticmethod
    def _check_finite(value: Tensor, stage: str, step: int) -> None:
        if not torch.isfinite(value):
            raise TrainingError(
                f"The {stage} loss is no longer a number at step {step}. Lower the learning rate; "
                "the last snapshot is kept."
            )


def _step_seed(seed: int, stage: int, step: int) -> int:
    return (seed * 2 + stage) * 10**8 + step


def _bfloat16_helps(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 natively; emulated it is slower than float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _texture_files(folder: Path) -> Sequence[Path]:
    from crr.images import find_images

    files = find_images([folder])
    if not files:
        raise TrainingError(f"{folder} holds no images to take textures from.")
    return files
