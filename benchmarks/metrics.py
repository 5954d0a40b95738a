"""Compares the metrics and the resizing with well-known libraries on the same images in one run.

    python benchmarks/metrics.py [--data FOLDER] [--images 20] [--repeats 5] [--basicsr FOLDER]

FOLDER holds bsd100/HR and bsd100/LR_bicubic_x4 (default: SRBENCH_DATA, then ../shared/datasets); without it the
photographs that scikit-image ships are used. Every competitor starts from uint8 RGB and ends with Y-PSNR and Y-SSIM
of images without their 4-pixel border, on one thread. Times are of the processor, so that a busy machine does not
count: medians over images of the best of the repeats, which are interleaved so that a neighbour disturbs all alike.
Errors are those of SSIM against a direct 11x11 sum in float64 on the competitor's own luma. Peers that are not
installed are named; --basicsr is an unpacked BasicSR, whose package does not import beside a current torchvision.
"""

from __future__ import annotations

import argparse
import functools
import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import metric_peers
import numpy as np
import piq
import skimage.data
import torch
from metric_peers import Pair, shaved
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torchmetrics.functional.image import peak_signal_noise_ratio as tm_psnr
from torchmetrics.functional.image import structural_similarity_index_measure as tm_ssim

from srbench import images, metrics, resize
from srbench.metrics import daala

Scores = tuple[float, float]
COEFFICIENTS = (65.481, 128.553, 24.966)


def pairs(folder: Path | None, count: int) -> list[Pair]:
    """Return (SR, HR): bicubic x4 against the original."""
    if folder is not None:
        hrs = [images.read(path) for path in sorted((folder / "bsd100" / "HR").glob("*.png"))[:count]]
    else:
        shipped = (skimage.data.astronaut(), skimage.data.coffee(), skimage.data.chelsea(), skimage.data.rocket())
        hrs = [np.ascontiguousarray(picture[:320, 20:500][: 320 // 4 * 4]) for picture in shipped]
        hrs = [images.crop_to_multiple(hr, 4) for hr in hrs]
    return [(resize.enlarge(resize.reduce(hr, 4), 4), hr) for hr in hrs]


def direct_ssim(x: np.ndarray, y: np.ndarray) -> float:
    """Sum over every 11x11 window, in float64, with moments about the window's own mean."""
    d = np.arange(-5.0, 6.0)
    window = np.exp(-(d[:, None] ** 2 + d**2) / (2 * 1.5**2))
    window /= window.sum()
    total = np.empty((x.shape[0] - 10, x.shape[1] - 10))
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    for i in range(total.shape[0]):
        rows = (np.lib.stride_tricks.sliding_window_view(p[i : i + 11].astype(np.float64), (11, 11))[0] for p in (x, y))
        a, b = rows
        mx, my = (a * window).sum((1, 2)), (b * window).sum((1, 2))
        da, db = a - mx[:, None, None], b - my[:, None, None]
        vx, vy, cxy = (((p * q) * window).sum((1, 2)) for p, q in ((da, da), (db, db), (da, db)))
        total[i] = (2 * mx * my + c1) * (2 * cxy + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    return float(total.mean())


def exact_y(image: np.ndarray) -> np.ndarray:
    """Rounded Y, as MATLAB's users compare it."""
    return images.luma(image)


def float_y(image: np.ndarray) -> np.ndarray:
    """Y that is not rounded, as BasicSR compares it."""
    return image.astype(np.float64) @ np.array(COEFFICIENTS) / 255.0 + 16.0


def by_srbench(pair: Pair) -> Scores:
    """Fused compiled loops."""
    scores = metrics.evaluate(*pair, scale=4, protocol="matlab")
    return scores["psnr"], scores["ssim"]


def by_skimage(pair: Pair) -> Scores:
    """scikit-image with Wang's settings, cut to whole windows by itself."""
    x, y = map(exact_y, shaved(pair))
    ssim = structural_similarity(x, y, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False)
    return float(peak_signal_noise_ratio(x, y, data_range=255)), float(ssim)


def by_basicsr(pair: Pair) -> Scores:
    """The formulation that BasicSR made common: float Y, a 2-D Gaussian through OpenCV's filter2D, cut by 5."""
    x, y = map(float_y, shaved(pair))
    line = cv2.getGaussianKernel(11, 1.5)
    window = line @ line.T

    def mean(plane: np.ndarray) -> np.ndarray:
        return cv2.filter2D(plane, -1, window)[5:-5, 5:-5]

    mx, my = mean(x), mean(y)
    vx, vy, cxy = mean(x * x) - mx * mx, mean(y * y) - my * my, mean(x * y) - mx * my
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    index = (2 * mx * my + c1) * (2 * cxy + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    return float(10 * np.log10(255**2 / np.mean((x - y) ** 2))), float(index.mean())


def _tensors(pair: Pair) -> list[torch.Tensor]:
    return [torch.from_numpy(exact_y(p))[None, None].float() for p in shaved(pair)]


def by_piq(pair: Pair) -> Scores:
    """The same through piq."""
    x, y = _tensors(pair)
    return float(piq.psnr(x, y, data_range=255)), float(piq.ssim(x, y, data_range=255, downsample=False))


def by_torchmetrics(pair: Pair) -> Scores:
    """The same through torchmetrics."""
    x, y = _tensors(pair)
    ssim = tm_ssim(x, y, data_range=255.0, gaussian_kernel=True, sigma=1.5, kernel_size=11)
    return float(tm_psnr(x, y, data_range=255.0)), float(ssim)


def basicsr_itself(folder: Path | None) -> Callable[[Pair], Scores]:
    """Return BasicSR's own functions, with test_y_channel."""
    psnr, ssim = (metric_peers.by_basicsr(name, folder) for name in ("psnr", "ssim"))
    return lambda pair: (psnr(pair), ssim(pair))


def pyiqa_itself() -> Callable[[Pair], Scores]:
    """Return pyiqa's PSNR and SSIM of luma."""
    psnr, ssim = metric_peers.by_pyiqa("psnry"), metric_peers.by_pyiqa("ssim")
    return lambda pair: (psnr(pair), ssim(pair))


COMPETITORS: dict[str, tuple[Callable[[Pair], Scores], Callable[[np.ndarray], np.ndarray]]] = {
    "srbench (matlab)": (by_srbench, exact_y),
    "scikit-image": (by_skimage, exact_y),
    "BasicSR's formulation": (by_basicsr, float_y),
    "piq": (by_piq, exact_y),
    "torchmetrics": (by_torchmetrics, exact_y),
}


def best_times(calls: dict[str, Callable[[Any], Any]], inputs: list[Any], repeats: int) -> dict[str, float]:
    """Return the median over inputs of the least time of each call, in ms."""
    best = {name: np.full(len(inputs), np.inf) for name in calls}
    for _ in range(repeats):
        for k, value in enumerate(inputs):
            for name, call in calls.items():
                start = time.process_time()
                call(value)
                best[name][k] = min(best[name][k], time.process_time() - start)
    return {name: float(np.median(times)) * 1e3 for name, times in best.items()}


def compare_scores(test: list[Pair], repeats: int, basicsr: Path | None) -> None:
    """Print the times of Y-PSNR and Y-SSIM and the errors of SSIM."""
    errors = {}
    competitors = dict(COMPETITORS)
    for name, make in {"BasicSR": functools.partial(basicsr_itself, basicsr), "pyiqa": pyiqa_itself}.items():
        try:
            competitors[name] = make(), float_y
        except Exception as error:  # not installed
            print(f"{name} is left out: {type(error).__name__}: {error}")
    for name, (score, luma) in competitors.items():
        sample = test[:4]
        exact = [direct_ssim(*(luma(image) for image in shaved(pair))) for pair in sample]
        errors[name] = max(abs(score(pair)[1] - value) for pair, value in zip(sample, exact, strict=True))
    times = best_times({name: score for name, (score, _) in competitors.items()}, test, repeats)
    print(f"{'Y-PSNR + Y-SSIM':24s} {'ms':>8s} {'x scikit-image':>15s} {'SSIM error':>11s}")
    for name, value in times.items():
        print(f"{name:24s} {value:8.2f} {value / times['scikit-image']:15.2f} {errors[name]:11.1e}")


def compare_daala(test: list[Pair], repeats: int) -> None:
    """Print the time of the paper's protocol and of its luma search."""
    calls = {
        "daala, both scores": lambda pair: metrics.evaluate(*pair, scale=4, protocol="daala"),
        "  of which luma": lambda pair: [daala.luma(images.shave(image, 4).copy()) for image in pair],
    }
    for name, value in best_times(calls, test, repeats).items():
        print(f"{name:24s} {value:8.2f}")


def compare_peers(test: list[Pair], repeats: int, basicsr: Path | None) -> None:
    """Print, for each metric, the time of every library that has it, and how far its value is from ours."""
    print(f"{'':24s} {'ms':>8s} {'x srbench':>10s} {'difference':>11s}")
    for metric in metric_peers.METRICS:
        found, missing = metric_peers.peers(metric, basicsr)
        own = functools.partial(_own, metric)
        calls = {f"{metric}, srbench": own} | {f"{metric}, {library}": call for library, call in found.items()}
        sample = test[:4] if metric in {"fsim", "niqe"} else test  # these take a second an image in some libraries
        expected = [own(pair) for pair in sample]
        differences = {
            name: max(abs(call(pair) - value) for pair, value in zip(sample, expected, strict=True))
            for name, call in calls.items()
        }
        times = best_times(calls, sample, repeats)
        for name, value in times.items():
            print(f"{name:24s} {value:8.2f} {value / times[f'{metric}, srbench']:10.2f} {differences[name]:11.1e}")
        for library, reason in missing.items():
            print(f"{f'{metric}, {library}':24s} left out: {reason}")


def _own(metric: str, pair: Pair) -> float:
    return metrics.evaluate(*pair, scale=4, names=[metric])[metric]


def compare_resize(test: list[Pair], folder: Path | None, repeats: int) -> None:
    """Print the times of imresize beside OpenCV's, which computes something else, and the wrong pixels."""
    hrs = [hr for _, hr in test]
    calls = {
        "imresize x1/4": lambda hr: resize.reduce(hr, 4),
        "imresize x4 (of x1/4)": lambda hr: resize.enlarge(hr[::4, ::4], 4),
        "cv2 cubic x4": lambda hr: cv2.resize(hr[::4, ::4], None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC),
    }
    for name, value in best_times(calls, hrs, repeats).items():
        print(f"{name:24s} {value:8.2f}")
    if folder is not None:
        wrong = total = 0
        for path in sorted(folder.glob("*/LR_bicubic_x4/*.png")):
            lr, hr = images.read(path), images.read(path.parent.parent / "HR" / path.name)
            wrong += int((resize.reduce(hr, 4, boundary="replicate") != lr).sum())
            total += 1
        print(f"{'wrong samples':24s} {wrong:8d} in {total} shipped LR images")


def main() -> None:
    """Run all comparisons."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--images", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--basicsr", type=Path, default=None)
    options = parser.parse_args()
    beside = Path(__file__).resolve().parent.parent.parent / "shared" / "datasets"
    places = [options.data, Path(os.environ.get("SRBENCH_DATA", "")), beside]
    folder = next((place for place in places if place and (place / "bsd100" / "HR").is_dir()), None)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    test = pairs(folder, options.images)
    print(f"{len(test)} images of {'bsd100' if folder else 'scikit-image'}, one thread, best of {options.repeats}\n")
    compare_scores(test, options.repeats, options.basicsr)
    print()
    compare_daala(test, options.repeats)
    print()
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the libraries' own use of deprecated functions
        compare_peers(test, options.repeats, options.basicsr)
    print()
    compare_resize(test, folder, options.repeats)


if __name__ == "__main__":
    main()
