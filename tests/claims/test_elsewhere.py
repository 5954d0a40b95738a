"""What other places read: the same figures, checked by their own readers."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from typer.testing import CliRunner

import srbench as sb
from srbench import images
from srbench.claims import elsewhere
from srbench.cli import app
from srbench.errors import ClaimError

from .test_claims import original


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    photos = tmp_path_factory.mktemp("sets") / "photos"
    for number in range(2):
        images.write(photos / f"p{number}.png", original(number))
    out = tmp_path_factory.mktemp("runs") / "mine"
    return sb.run(["bicubic", "hr"], photos, protocol=["daala", "matlab"], out=out, jobs=1, progress=False)


@pytest.fixture(scope="module")
def means(run):
    tables = [run.table(metric, protocol) for protocol in ("daala", "matlab") for metric in ("psnr", "ssim")]
    found = [cell.mean for table in tables for row in table.rows for cell in row if cell.mean]
    return {(mean.protocol, mean.metric): mean.value for mean in found if mean.method == "bicubic"}


def test_hugging_faces_own_reader_finds_every_mean_in_the_model_index(run, means):
    hub = pytest.importorskip("huggingface_hub.repocard_data")
    index = elsewhere.model_index(sb.claim(run, "bicubic"), {"photos": "me/photos"}, "https://example.org/claim.json")
    name, results = hub.model_index_to_eval_results(index["model-index"])
    assert name == "Bicubic"
    found = {(one.dataset_args["protocol"], one.metric_type): one for one in results}
    assert {key: one.metric_value for key, one in found.items()} == pytest.approx(means, abs=1e-4)
    assert {one.dataset_type for one in results} == {"me/photos"}
    assert {one.dataset_args["protocol_version"] for one in results} == {"1"}
    assert {one.source_url for one in results} == {"https://example.org/claim.json"}


def test_hugging_faces_own_reader_finds_every_mean_in_the_eval_results(run, means):
    hub = pytest.importorskip("huggingface_hub")
    claim = sb.claim(run, "bicubic")
    entries = hub.parse_eval_result_entries(elsewhere.eval_results(claim, {"photos": "me/photos"}, "https://x.org"))
    found = {tuple(one.task_id.split("-")[1:]): one.value for one in entries}
    assert found == pytest.approx(means, abs=1e-4)
    assert elsewhere.eval_results(claim, {}) == []


def test_papers_get_every_mean_with_its_data_set_metric_and_protocol(run, means):
    made = elsewhere.papers_with_code(sb.claim(run, "bicubic"), paper="https://arxiv.org/abs/1609.04802")
    found = {(one["protocol"]["name"], one["metric"].lower()): one["value"] for one in made["results"]}
    assert found == pytest.approx(means, abs=1e-4)
    assert {one["dataset"] for one in made["results"]} == {"photos - 4x upscaling"}
    assert {one["protocol"]["images"] for one in made["results"]} == {2}
    assert made["claim"]["sha256"] == sb.claim(run, "bicubic").sha256


def test_an_infinite_mean_goes_nowhere(run):
    with pytest.raises(ClaimError, match="is infinite"):
        elsewhere.model_index(sb.claim(run, "hr"))


def test_the_command_writes_a_card_and_says_what_is_not_in_it(run, tmp_path):
    arguments = ["export", str(run.folder), "--format", "hf", "--out", str(tmp_path / "card")]
    said = CliRunner().invoke(app, arguments, catch_exceptions=False).output
    card = re.fullmatch(r"---\n(.*)---\n", (tmp_path / "card" / "README.md").read_text(), re.DOTALL)
    assert yaml.safe_load(card[1])["model-index"][0]["name"] == "Bicubic"
    assert "No eval results of photos" in said
    with pytest.raises(ClaimError, match="is there already"):
        CliRunner().invoke(app, arguments, catch_exceptions=False)
    more = ["--overwrite", "--set", "dataset.photos=me/photos"]
    assert CliRunner().invoke(app, [*arguments, *more]).exit_code == 0
    assert len(yaml.safe_load((tmp_path / "card" / ".eval_results" / "srbench.yaml").read_text())) == 4


def test_the_command_writes_what_papers_ask_for(run, tmp_path):
    out = tmp_path / "pwc.json"
    arguments = ["export", str(run.folder), "--format", "pwc", "--out", str(out), "--set", "method=bicubic"]
    assert CliRunner().invoke(app, arguments, catch_exceptions=False).exit_code == 0
    assert json.loads(out.read_text())["model"] == "Bicubic"


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("method=bicubik", "Did you mean 'bicubic'"),
        ("metod=x", "Did you mean 'method'"),
        ("dataset.x=y", "data set 'x'"),
    ],
)
def test_options_that_mean_nothing_are_refused(run, tmp_path, option, message):
    arguments = ["export", str(run.folder), "--format", "hf", "--out", str(tmp_path / "x"), "--set", option]
    with pytest.raises(ClaimError, match=message):
        CliRunner().invoke(app, arguments, catch_exceptions=False)
