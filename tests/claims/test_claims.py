"""Claims: the round trip from a run to 'equal', and everything that was tampered with refused, one line each."""

from __future__ import annotations

import copy
import json
import shutil

import numpy as np
import pytest
from typer.testing import CliRunner

import srbench as sb
from srbench import claims, images
from srbench.bench import results
from srbench.claims.content import mean
from srbench.cli import app
from srbench.errors import ClaimError, ImageError

METHOD = "espcn"  # a network with weights, and a quick one
SIDE = 48


def original(number):
    rng = np.random.default_rng(number)
    y, x = np.mgrid[:SIDE, :SIDE]
    waves = 128 + 90 * np.sin(x / (3 + number)) * np.cos(y / 5)
    return np.clip(waves[..., None] + rng.normal(0, 6, (SIDE, SIDE, 3)), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sets") / "photos"
    for number in range(3):
        images.write(folder / f"p{number}.png", original(number))
    return folder


@pytest.fixture(scope="module")
def run(photos, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "mine"
    return sb.run(
        [METHOD, "bicubic", "hr"], photos, protocol=["matlab", "daala"], out=out, jobs=1, device="cpu", progress=False
    )


@pytest.fixture(scope="module")
def file(run, tmp_path_factory):
    path = tmp_path_factory.mktemp("claims") / "claim.json"
    sb.claim(run, METHOD, path)
    return path


@pytest.fixture
def tampered(file, tmp_path):
    """A function that changes a claim, makes its means fit again where asked, hashes it anew, and writes it."""

    def make(change, add_up=True):
        content = copy.deepcopy(claims.read(file).content)
        change(content)
        if add_up:
            for about in content["datasets"].values():
                about["means"] = {
                    protocol: {name: mean(about["images"], protocol, name) for name in content["metrics"]}
                    for protocol in content["protocols"]
                }
        claims.write(claims.Claim(content), tmp_path / "tampered.json")
        return tmp_path / "tampered.json"

    return make


def verify(path, run, photos, **options):
    """Return the exit status and the lines of stdout and stderr of `srbench verify`, from the run's pictures."""
    pictures = options.pop("pictures", run.folder / "images" / METHOD)
    arguments = ["verify", str(path), "--datasets", str(photos), "--jobs", "1"]
    arguments += ["--pictures", str(pictures)] if pictures else []
    result = CliRunner().invoke(app, arguments)
    if isinstance(result.exception, sb.SrbenchError):
        return 2, [str(result.exception)]
    return result.exit_code, result.output.strip().splitlines()


def test_a_claim_verifies_from_its_weights(file, photos):
    verdict = sb.verify(file, datasets=[str(photos)], jobs=1)
    assert verdict.equal
    assert verdict.scores == 3 * 2 * 2
    assert verdict.notes == ()
    assert str(verdict) == "Equal: 12 scores, computed again from the method and its weights."


def test_a_claim_verifies_from_its_pictures(file, run, photos):
    assert verify(file, run, photos) == (0, ["Equal: 12 scores, computed again from the pictures."])


def test_a_claim_holds_what_the_run_holds_and_is_small(file, run):
    claim = claims.read(file)
    table = run.table("psnr", "daala")
    shown = next(cell.mean for row in table.rows for cell in row if cell.mean and cell.mean.method == METHOD)
    assert ("photos", "daala", "psnr", pytest.approx(shown.value, abs=1e-12)) in claim.means()
    assert claim.content["method"]["weights_sha256"] == run.info["methods"][METHOD]["weights_sha256"]
    assert claim.content["protocols"] == {"daala": "1", "matlab": "1"}
    assert file.stat().st_size < 10_000


def test_infinite_scores_survive_the_round_trip(run, photos, tmp_path):
    sb.claim(run, "hr", tmp_path / "hr.json")
    verdict = sb.verify(tmp_path / "hr.json", pictures=run.folder / "images" / "hr", datasets=[str(photos)])
    assert verdict.equal


def raise_one_score(content):
    content["datasets"]["photos"]["images"]["p1"]["scores"]["daala"]["psnr"] += 0.5


def drop_the_worst_image(content):
    entries = content["datasets"]["photos"]["images"]
    entries.pop(min(entries, key=lambda name: entries[name]["scores"]["matlab"]["psnr"]))


def other_weights(content):
    content["method"]["weights_sha256"] = "0" * 64


def easier_original(content):
    content["datasets"]["photos"]["images"]["p0"]["hr_sha256"] = "0" * 64


def other_lr(content):
    content["datasets"]["photos"]["images"]["p2"]["lr_sha256"] = "0" * 64


def other_version(content):
    content["protocols"]["daala"] = "2"


def swap_protocols(content):
    for entry in content["datasets"]["photos"]["images"].values():
        entry["scores"] = {"daala": entry["scores"]["matlab"], "matlab": entry["scores"]["daala"]}


def round_up(content):
    content["datasets"]["photos"]["means"]["daala"]["psnr"] += 0.1


def forget_a_score(content):
    del content["datasets"]["photos"]["images"]["p0"]["scores"]["daala"]["ssim"]


def add_a_remark(content):
    content["award"] = "best paper"


@pytest.mark.parametrize(
    ("change", "add_up", "from_pictures", "line"),
    [
        (raise_one_score, True, True, "psnr (daala) of photos/p1 is "),
        (drop_the_worst_image, True, True, "photos has 3 images, the claim is over 2: p"),
        (other_weights, True, False, "the weights are SHA-256 000000000000... in the claim; 'espcn' has SHA-256 "),
        (easier_original, True, True, "the original of photos/p0 is another one than here."),
        (other_lr, True, True, "the LR image of photos/p2 is another one than here."),
        (other_version, True, True, "protocol daala is version 2 in the claim, 1 here."),
        (swap_protocols, True, True, "psnr (daala) of photos/p0 is "),
    ],
)
def test_a_claim_that_was_changed_and_hashed_anew_is_refused_in_one_line(
    tampered, run, photos, change, add_up, from_pictures, line
):
    options = {} if from_pictures else {"pictures": None}
    status, said = verify(tampered(change, add_up), run, photos, **options)
    told = [one for one in said if one.startswith("Not as claimed: ")]
    assert status == 1
    assert len(told) == 1
    assert told[0].startswith(f"Not as claimed: {line}")


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (round_up, "the mean psnr (daala) of photos is said to be"),
        (forget_a_score, "photos/p0, daala lacks 'ssim'."),
        (add_a_remark, "the claim has an unknown 'award'."),
    ],
)
def test_a_claim_that_does_not_add_up_is_refused_before_any_work(tampered, run, photos, change, line):
    status, said = verify(tampered(change, add_up=False), run, photos)
    assert status == 2
    assert len(said) == 1
    assert line in said[0]


def test_a_claim_that_was_changed_without_a_new_hash_is_refused(file, run, photos, tmp_path):
    text = file.read_text()
    changed = text.replace('"title": "ESPCN"', '"title": "Ours"')
    assert changed != text
    (tmp_path / "claim.json").write_text(changed)
    status, said = verify(tmp_path / "claim.json", run, photos)
    assert (status, len(said)) == (2, 1)
    assert "was changed after it was made" in said[0]


def test_a_name_that_stands_twice_is_refused(file, run, photos, tmp_path):
    text = file.read_text().replace('"scale": 4,', '"scale": 2,\n "scale": 4,')
    (tmp_path / "claim.json").write_text(text)
    assert verify(tmp_path / "claim.json", run, photos)[1][0].endswith("'scale' stands in it twice.")


def test_a_picture_that_was_replaced_is_refused_in_one_line(file, run, photos, tmp_path):
    folder = shutil.copytree(run.folder / "images" / METHOD, tmp_path / "pictures")
    shutil.copy(results.image_path(run.folder, "hr", "photos", "p1"), folder / "photos" / "p1.png")
    status, said = verify(file, run, photos, pictures=folder)
    assert status == 1
    assert said == ["Not as claimed: the picture of photos/p1 is another one than was claimed."]


def test_another_methods_scores_under_this_name_are_found_from_the_weights(run, photos, tampered):
    bicubic = sb.claim(run, "bicubic").content["datasets"]

    def change(content):
        content["datasets"] = bicubic

    status, said = verify(tampered(change), run, photos, pictures=None)
    told = [one for one in said if one.startswith("Not as claimed: ")]
    assert status == 1
    assert len(told) == 1
    assert "; and 11 more like it." in told[0]


def test_a_tolerance_is_what_it_says(tampered, run, photos):
    path = tampered(raise_one_score)
    pictures = run.folder / "images" / METHOD
    assert not sb.verify(path, pictures=pictures, datasets=[str(photos)], tolerance=0.49).equal
    assert sb.verify(path, pictures=pictures, datasets=[str(photos)], tolerance=0.51).equal


def test_pictures_that_are_not_there_are_an_error(file, photos, tmp_path):
    with pytest.raises(ImageError, match=r"There is no picture .*photos/p0.png"):
        sb.verify(file, pictures=tmp_path, datasets=[str(photos)])


def test_stored_pictures_are_asked_for(run, photos, tmp_path):
    given = f"results:{run.folder / 'images' / 'bicubic'}"
    stored = sb.run(given, photos, out=tmp_path / "run", jobs=1, progress=False)
    (name,) = stored.scores["method"].unique()
    claim = sb.claim(stored, name)
    with pytest.raises(ClaimError, match="Name them: --pictures"):
        sb.verify(claim, datasets=[str(photos)])
    assert sb.verify(claim, pictures=stored.folder / "images" / name, datasets=[str(photos)]).equal


def test_the_file_of_a_foreign_model_is_asked_for(tampered, run, photos):
    def change(content):
        content["method"]["name"] = "onnx/mine"

    status, said = verify(tampered(change), run, photos, pictures=None)
    assert status == 2
    assert said == ["'onnx/mine' was made of a file. Say where it is here: --method onnx:FILE."]


def test_only_whole_sets_can_be_claimed(run):
    info = json.loads(json.dumps(run.info))
    info["datasets"]["photos"]["p9"] = info["datasets"]["photos"]["p0"]
    with pytest.raises(ClaimError, match=r"no psnr .* of photos/p9 .* whole data sets"):
        claims.claim_of(results.RunResults(run.folder, run.scores, info), METHOD)
    with pytest.raises(ClaimError, match="Did you mean 'espcn'"):
        sb.claim(run, "espncn")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"claim": 2}', '{"claim": "one"}'])
def test_what_is_no_claim_is_one_line(text, tmp_path):
    (tmp_path / "claim.json").write_text(text)
    with pytest.raises(ClaimError, match="is no claim"):
        claims.read(tmp_path / "claim.json")


def test_the_command_says_what_it_claimed(run, tmp_path):
    out = tmp_path / "claim.json"
    result = CliRunner().invoke(app, ["claim", str(run.folder), "--method", METHOD, "--out", str(out)])
    assert result.exit_code == 0
    assert "espcn: psnr" in result.output
    assert result.output.strip().endswith(claims.read(out).sha256)
