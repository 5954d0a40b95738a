"""Ratings that others published, from their files to means, intervals and raters, against what they printed.

The files are not part of this repository. Each test looks for its own in the folder that SRBENCH_OPINIONS names, else
beside the other golden values, and is skipped without them. They are, as of these commits:

- Telecommunication-Telemedia-Assessment/avt_subject_rating_analysis at a2c9715d, K from 1 to 4:
  subjective_scores/AVT-VQDB-UHD-1/test_K_per_user.csv as avt_testK_ratings.csv, and
  subject_rating_analysis/li_et_al/AVT-VQDB-UHD-1/test_K_per_user_bias.csv as avt_testK_raters.csv;
- Telecommunication-Telemedia-Assessment/AVT-VQDB-UHD-1 at e639579e: test_K/mos_ci.csv as avt_testK_mos_ci.csv;
- Netflix/sureal at 526715c9: the other three from resource/dataset/, under their own names.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from srbench.ratings import Declaration, understand
from srbench.stats import maximum_likelihood, mean_opinion_scores, screening
from tests.stats.conftest import by_sureal

SHA256 = {
    "avt_test1_ratings.csv": "f9481dd59937a79c3683467802d7c7836efd1240579e7321c546b97d0849c9d6",
    "avt_test2_ratings.csv": "d1bdf0917ddcbd583ce0d906dd2418b755c72c65b246b025c5707b02a7655882",
    "avt_test3_ratings.csv": "20515ad2a3834ec1a84eee2958226a8efc83897654bb5a7671d53b64ae077c41",
    "avt_test4_ratings.csv": "c6b10e300c8e41c1e1a9a3374312a20617b80d7884deca3b0669ff462c631a6c",
    "avt_test1_mos_ci.csv": "6ac2d1dca8ca1849cbc396e9962e9ea66791af8eb42a68f6a4fffbfda3d683e6",
    "avt_test2_mos_ci.csv": "bb48a597cd7376c2043aa799083f62b434a56687115f793b2e310c56d9305b80",
    "avt_test3_mos_ci.csv": "d16777f440b8a340567acbb1622325a45de249c9b6fe9eecce199704883bf2f0",
    "avt_test4_mos_ci.csv": "d79796dd13e8261c22d6d6dda2f6b947cc6e8cb0f5c202718d60df1143f2bac6",
    "avt_test1_raters.csv": "eb4fb44f0645c56d3e029cad21d94bfbd85648e482c03092752e8f1ca93c2aea",
    "avt_test2_raters.csv": "4ef3faa5048753e3ab3ac31f7e246e473a0b1209e38246fa82b09b1016fc053b",
    "avt_test3_raters.csv": "a10e16b1dcdbcea252d3eb4198e261220496f67b2100ea680406aad7a33e409f",
    "avt_test4_raters.csv": "e24c7d7d5ae3c014fc75a9de0c079e3575feb717c9cc32bb4e14d5b6dd55bd1b",
    "VQEGHD3_dataset_raw.py": "98702a34d87e00d43d031f3cfa43de957e5f28b022170ea7dc60239adaafafcd",
    "vqeg_frtv_p1_525_line_low_dataset.py": "946ec078b520e1d9c1e4ae09765f048e69a73c406738fd31e2d2f39f5f908236",
    "NFLX_dataset_public_raw.py": "27d2f870308c75b56a43b7c98c0852a2d378b64788d6be58b9a74f622d5b268e",
}
AVT = {1: (180, 29), 2: (192, 24), 3: (192, 26), 4: (192, 25)}
"""Stimuli and raters of each test of AVT-VQDB-UHD-1."""
SUREAL = {
    "VQEGHD3_dataset_raw.py": ("1:5", 72, 24),
    "NFLX_dataset_public_raw.py": ("1:5", 79, 26),
    "vqeg_frtv_p1_525_line_low_dataset.py": ("-100:100", 90, 70),  # differences from the original, DSCQS
}
"""Scale, stimuli and raters of sureal's data sets."""


def published(name: str, request: pytest.FixtureRequest) -> Path:
    """Return a published file; skips where it is not there, and complains of another one under its name."""
    folder = os.environ.get("SRBENCH_OPINIONS")
    path = (Path(folder) if folder else request.getfixturevalue("golden") / "mos") / name
    if not path.is_file():
        pytest.skip(f"needs {name}, which is not part of this repository: set SRBENCH_OPINIONS to its folder")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == SHA256[name], f"{path} is another file"
    return path


@pytest.mark.parametrize("number", AVT)
def test_means_and_intervals_are_those_published_for_avt_vqdb_uhd_1(number: int, request) -> None:
    path = published(f"avt_test{number}_ratings.csv", request)
    expected = pd.read_csv(published(f"avt_test{number}_mos_ci.csv", request))
    codec = r"(?P<method>\d+kbps_\d+p_[\d.]+fps)_hevc" if number == 4 else r"(?P<method>\d+kbps.*)"
    found = understand(path, Declaration(split=rf"(?P<image>.+?)_{codec}\.(mp4|mkv)", dataset="avt")).table
    assert (len(expected), found["rater"].nunique()) == AVT[number]
    table = mean_opinion_scores(found, ("image", "method"))
    ending = r"_h264\.mp4$" if number == 4 else r"\.\w+$"  # test 4 has one codec, which its two files call differently
    names = expected["video_name"].str.replace(ending, "", regex=True)
    expected = expected.set_index(names).loc[table["image"] + "_" + table["method"]]
    assert table["mos"].to_numpy() == pytest.approx(expected["MOS"].to_numpy(), abs=1e-9)
    assert ((table["high"] - table["low"]) / 2).to_numpy() == pytest.approx(expected["CI"].to_numpy(), abs=1e-9)


@pytest.mark.parametrize("number", AVT)
def test_raters_of_avt_vqdb_uhd_1_have_their_published_bias_and_inconsistency(number: int, request) -> None:
    path = published(f"avt_test{number}_ratings.csv", request)
    expected = pd.read_csv(published(f"avt_test{number}_raters.csv", request))
    scores = pd.read_csv(path, index_col="video_name")
    found = maximum_likelihood(scores.to_numpy(float))
    assert found.bias == pytest.approx(expected["bias_i"].to_numpy(), abs=1e-9)
    assert found.inconsistency == pytest.approx(expected["inconsistency_i"].to_numpy(), abs=1e-9)
    table = screening(understand(path).table).set_index("rater").loc[scores.columns]
    assert table["bias"].to_numpy() == pytest.approx(expected["bias_i"].to_numpy(), abs=1e-9)


@pytest.mark.parametrize("name", SUREAL)
def test_data_sets_of_sureal_have_the_means_intervals_and_recovered_scores_of_sureal(name: str, request) -> None:
    path = published(name, request)
    scale, stimuli, raters = SUREAL[name]
    found = understand(path, Declaration(scale=scale)).table
    wide = found.pivot_table(index=["image", "method"], columns="rater", values="score")
    assert wide.shape == (stimuli, raters)
    assert len(found) == stimuli * raters
    expected = by_sureal(wide.to_numpy(), "MosModel")
    table = mean_opinion_scores(found, ("image", "method")).set_index(["image", "method"]).loc[wide.index]
    assert table["mos"].to_numpy() == pytest.approx(np.array(expected["quality_scores"]), abs=1e-9)
    error = (table["high"] - table["low"]) / 2 / 1.959963984540054
    assert error.to_numpy() == pytest.approx(np.array(expected["quality_scores_std"]), abs=1e-9)
    solved = by_sureal(wide.to_numpy(), "SubjectMLEModelProjectionSolver")
    ours = maximum_likelihood(wide.to_numpy())
    assert ours.quality == pytest.approx(np.array(solved["quality_scores"]), abs=1e-6 * np.ptp(wide.to_numpy()))
    assert ours.bias == pytest.approx(np.array(solved["observer_bias"]), abs=1e-6 * np.ptp(wide.to_numpy()))
