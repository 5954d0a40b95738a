"""Files that raters receive: the frozen pixels, equal in size over all versions, made in equal time, nothing else."""

from __future__ import annotations

import hashlib
import json
import secrets
import statistics
import time

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from srbench import images
from srbench.errors import StudyError
from srbench.mos.site import packing
from srbench.mos.site.pictures import Pictures
from srbench.mos.store.definitions import Stimulus


def stimulus(folder, pixels, image="baby", **saving):
    key = secrets.token_hex(16)
    path = folder / f"{key}.png"
    Image.fromarray(pixels).save(path, **saving)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return Stimulus(key, "rating", "set5", image, key, 0, sha256, pixels.shape[1], pixels.shape[0])


@pytest.fixture
def three(tmp_path):
    rng = np.random.default_rng(1)
    text = PngInfo()
    text.add_text("Software", "srgan-vgg54")
    flat = np.full((200, 300, 3), 90, np.uint8)
    noise = rng.integers(0, 256, (200, 300, 3), dtype=np.uint8)
    small = rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)
    return [stimulus(tmp_path, flat, pnginfo=text, dpi=(72, 72)), stimulus(tmp_path, noise), stimulus(tmp_path, small)]


def serve(tmp_path, stimuli, memory=None):
    return Pictures(tmp_path, tmp_path / "packed", stimuli, memory)


def test_all_versions_of_an_image_have_one_size_and_the_pixels_of_their_stimulus(tmp_path, three):
    pictures = serve(tmp_path, three)
    files = [pictures[each.id] for each in three]
    assert len({len(file) for file in files}) == 1
    for each, file in zip(three, files, strict=True):
        assert np.array_equal(images.decode(packing.unpack(file)), images.read(tmp_path / f"{each.id}.png"))


def test_an_image_is_not_made_as_large_as_another(tmp_path, three):
    other = stimulus(tmp_path, np.full((20, 30, 3), 90, np.uint8), image="bird")
    pictures = serve(tmp_path, [*three, other])
    assert len(pictures[other.id]) < len(pictures[three[0].id]) / 50
    assert len(pictures[three[0].id]) == len(pictures[three[1].id])


def test_sizes_are_of_few_classes_that_cost_a_fifth(tmp_path):
    rng = np.random.default_rng(3)
    lengths = rng.integers(20_000, 400_000, 1000)
    classes = [packing.size_class(length) for length in lengths]
    assert len(set(classes)) <= 10
    assert all(size >= length for size, length in zip(classes, lengths, strict=True))
    assert sum(classes) < 1.22 * lengths.sum()


def test_texts_and_physical_sizes_are_left_out(tmp_path, three):
    file = serve(tmp_path, three)[three[0].id]
    assert b"srgan" in (tmp_path / f"{three[0].id}.png").read_bytes()
    assert b"srgan" not in file
    picture = packing.unpack(file)
    assert picture[:4] == b"RIFF"
    assert picture[12:16] == b"VP8L", "lossless, and no chunk for metadata"


def test_padding_cannot_be_squeezed_out_by_what_compresses_on_the_way(tmp_path, three):
    import gzip

    pictures = serve(tmp_path, three)
    sizes = [len(gzip.compress(pictures[each.id])) for each in three]
    assert max(sizes) < 1.001 * min(sizes)


def test_a_changed_stimulus_is_never_packed_and_a_changed_packed_file_never_shown(tmp_path, three):
    pictures = serve(tmp_path, three, memory=0)
    (tmp_path / "packed" / three[1].id).write_bytes(b"something else")
    with pytest.raises(StudyError, match="was changed"):
        pictures[three[1].id]
    assert images.decode(packing.unpack(serve(tmp_path, three)[three[1].id])).shape == (200, 300, 3), "it is made anew"

    images.write(tmp_path / f"{three[1].id}.png", np.zeros((200, 300, 3), np.uint8))
    (tmp_path / "packed" / three[1].id).unlink()
    with pytest.raises(StudyError, match="Cannot read"):
        pictures[three[1].id]
    with pytest.raises(StudyError, match="not the file that was frozen"):
        serve(tmp_path, three)
    (tmp_path / f"{three[1].id}.png").unlink()
    with pytest.raises(StudyError, match="Cannot read"):
        serve(tmp_path, three)


def test_pictures_in_memory_are_shown_whatever_becomes_of_their_files(tmp_path, three):
    pictures = serve(tmp_path, three)
    assert pictures.at_hand
    before = [pictures[each.id] for each in three]
    (tmp_path / "packed" / three[1].id).write_bytes(b"something else")
    (tmp_path / "packed" / three[2].id).unlink()
    assert [pictures[each.id] for each in three] == before


def test_either_all_pictures_are_in_memory_or_none_so_that_no_time_tells_which_were_shown_before(tmp_path, three):
    total = sum(len(serve(tmp_path, three)[each.id]) for each in three)
    assert serve(tmp_path, three, memory=total).at_hand
    few = serve(tmp_path, three, memory=total - 1)
    assert not few.at_hand
    read = few[three[0].id]
    assert read == serve(tmp_path, three)[three[0].id]
    assert few[three[0].id] is not read, "from its file again"


def test_what_is_packed_is_not_packed_again_unless_the_index_is_lost(tmp_path, three):
    serve(tmp_path, three)
    file = tmp_path / "packed" / three[0].id
    before = file.stat().st_mtime_ns, file.read_bytes()
    serve(tmp_path, three)
    assert (file.stat().st_mtime_ns, file.read_bytes()) == before
    (tmp_path / "packed" / "index.json").write_text(json.dumps({"version": 99}))
    serve(tmp_path, three)
    assert file.stat().st_mtime_ns != before[0]
    assert file.read_bytes() == before[1], "two servers make the same file"


def test_a_truncated_stimulus_is_an_error_at_the_start(tmp_path):
    path = tmp_path / f"{'0' * 32}.png"
    path.write_bytes(images.encode(np.zeros((64, 64, 3), np.uint8))[:-40])
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(StudyError, match="not a complete PNG"):
        serve(tmp_path, [Stimulus("0" * 32, "rating", "a", "b", "c", 0, sha256, 64, 64)])


@pytest.mark.parametrize("memory", [0, None], ids=["from files", "from memory"])
def test_a_flat_picture_takes_as_long_as_a_noisy_one(tmp_path, memory):
    flat = np.full((600, 800, 3), 90, np.uint8)
    noise = np.random.default_rng(1).integers(0, 256, flat.shape, dtype=np.uint8)
    two = [stimulus(tmp_path, flat), stimulus(tmp_path, noise)]
    pictures = serve(tmp_path, two, memory)
    times = {each.id: [] for each in two}
    for _ in range(60):
        for each in two:
            start = time.perf_counter()
            pictures[each.id]
            times[each.id].append(time.perf_counter() - start)
    first, second = (statistics.median(values) for values in times.values())
    assert abs(first - second) < 0.002, "what remains drowns in the jitter of any network"
