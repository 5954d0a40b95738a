"""What a user writes, as type checkers see it. Each `expect` line is an error that they must report."""

from pathlib import Path
from typing import Any

import srbench as sb
from srbench.methods.srresnet.network import SRResNet
from srbench.registry import Setup, create, register
from srbench.tables import Table

version: str = sb.__version__
network: SRResNet = SRResNet(4)
upscale = create("srresnet-mse", Setup(scale=4))
files: dict[str, str] = upscale.files


def mine(lr: Any, scale: int) -> Any:
    return lr.repeat(scale, 0).repeat(scale, 1)


@sb.register_metric("worst", title="Largest error", higher_is_better=False)
def worst(sr: Any, hr: Any) -> float:
    return float(abs(sr.astype(int) - hr).max())


run: sb.Run = sb.run(["bicubic", mine, lambda lr, scale: mine(lr, scale)], "demo", protocol=["daala"], limit=2)
again: sb.Run = sb.open_run(run.folder)
table: Table = run.table("psnr")
scores = run.scores
pairs = run.compare("psnr", alpha=0.01)
run.show("demo/camera", crop=(0, 0, 8, 8)).save("camera.png")
documents: list[Path] = run.report("report")
documents = sb.report("runs/demo-x4", formats=["html"])
page: Path = sb.board([run, "runs/demo-x4"], "site")
equal: bool = sb.verify(sb.claim(run, "mine", "claim.json")).equal
lr: Any = sb.degrade("camera.png", 4)
sr: Any = sb.upscale(lr, "bicubic")
values: dict[str, float] = sb.evaluate(sr, "camera.png", protocol="matlab")
study: sb.Study = sb.Study.create("pilot", run.folder, design="run")
links = study.invite(2)
means = sb.stats.mean_opinion_scores(study.ratings())
names = sb.protocols()
titles: list[str] = [str(title) for frame in (sb.methods(4), sb.metrics(), sb.datasets()) for title in frame["title"]]
try:
    sb.open_run("nothing")
except sb.SrbenchError as error:
    print(error)

SRResNet(nonsense=1)  # expect
Setup(scales=4)  # expect
number: int = sb.__version__  # expect
register("mine", titel="Mine")  # expect
sb.run("bicubic", "demo", sclae=4)  # expect
sb.run(3)  # expect
run.tabel("psnr")  # expect
wrong: str = run.table("psnr")  # expect
sb.board(run, picture=True)  # expect
sb.claim(run)  # expect
sb.upscale(lr)  # expect
sb.evaluate(sr, sr, protocl="matlab")  # expect
sb.Study.create("pilot")  # expect
sb.stats.mean_opinion_score(scores)  # expect
sb.methods(scales=4)  # expect
sb.metrics(3)  # expect
