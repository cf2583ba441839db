import json
import subprocess
import sys

import numpy as np
import tensorflow as tf
from data_pictures import smooth
from dicom_files import bundled
from PIL import Image

from components import augment_preview
from core.config import AugmentConfig, RunConfig
from core.data.augment import augment

NOTHING = AugmentConfig(flip=False, rotation=0.0, zoom=0.0, shift=0.0, brightness=0.0, contrast=0.0)
STRONG = AugmentConfig(rotation=40.0, zoom=0.4, shift=0.3, brightness=0.5, contrast=0.5)


def batch(n=6, side=20):
    return tf.random.stateless_uniform((n, side, side, 3), (1, 2), 0, 255)


def only(**settings):
    return AugmentConfig(**{**NOTHING.__dict__, **settings})


def test_settings_of_nothing_change_nothing():
    images = batch()
    assert np.array_equal(augment(images, tf.range(6), 3, 0, NOTHING), images)


def test_a_copy_depends_on_seed_view_and_key_alone():
    images, keys = batch(), tf.constant([5, 9, 2, 7, 1, 0])
    all_at_once = augment(images, keys, 3, 0, STRONG).numpy()
    order = [4, 1, 3]
    some = augment(tf.gather(images, order), tf.gather(keys, order), tf.constant(3, tf.int64), 0, STRONG).numpy()
    assert np.array_equal(some, all_at_once[order])
    graph = tf.function(lambda x, k, v: augment(x, k, v, 0, STRONG))
    np.testing.assert_allclose(graph(images, keys, tf.constant(3)), all_at_once, atol=1e-3)
    for view, seed in ((4, 0), (3, 1)):
        assert not np.allclose(augment(images, keys, view, seed, STRONG), all_at_once)


def test_values_stay_within_their_range_and_shape():
    changed = augment(batch(), tf.range(6), 0, 0, STRONG)
    assert changed.shape == (6, 20, 20, 3)
    assert changed.dtype == tf.float32
    assert float(tf.reduce_min(changed)) >= 0
    assert float(tf.reduce_max(changed)) <= 255


def test_flip_mirrors_about_half_of_the_pictures_exactly():
    images = batch(64, 8)
    flipped = augment(images, tf.range(64), 0, 0, only(flip=True)).numpy()
    mirrored = [np.allclose(a, b[:, ::-1], atol=1e-3) for a, b in zip(flipped, images.numpy(), strict=True)]
    same = [np.allclose(a, b, atol=1e-3) for a, b in zip(flipped, images.numpy(), strict=True)]
    assert all(m or s for m, s in zip(mirrored, same, strict=True))
    assert 16 < sum(mirrored) < 48


def test_each_setting_has_its_effect_within_its_bound():
    flat = tf.fill((50, 8, 8, 3), 100.0)
    brighter = augment(flat, tf.range(50), 0, 0, only(brightness=0.1)).numpy() - 100
    assert 15 < np.abs(brighter).max() <= 25.5
    images = batch(50)
    contrast = augment(images, tf.range(50), 0, 0, only(contrast=0.1)).numpy()
    ratio = contrast.std(axis=(1, 2, 3)) / images.numpy().std(axis=(1, 2, 3))
    assert 0.89 < ratio.min() < 0.95 < 1.05 < ratio.max() < 1.11
    for moved in (only(rotation=20.0), only(zoom=0.3), only(shift=0.2)):
        changed = augment(images, tf.range(50), 0, 0, moved)
        assert not np.allclose(changed, images)


def test_a_preview_is_written_by_a_process_of_its_own(tmp_path):
    smooth().save(tmp_path / "a.jpg")
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    out = tmp_path / "out"
    settings = json.dumps({"rotation": 30.0, "flip": False})
    command = [sys.executable, "-m", "core.data.augment", "--out", out, "--size", "32", "--copies", "2"]
    subprocess.run([*command, "--settings", settings, tmp_path / "a.jpg", tmp_path / "bad.jpg"], check=True)
    assert sorted(p.name for p in out.iterdir()) == ["0-0.png", "0-1.png", "0-2.png"]
    with Image.open(out / "0-1.png") as copy:
        assert copy.size == (32, 32)
    assert (out / "0-0.png").read_bytes() != (out / "0-1.png").read_bytes()


def test_the_pages_preview_reads_scans_in_the_chosen_window():
    whites = []
    for center in (-5000.0, 50_000.0):  # all above the window, and all below it
        config = RunConfig(window_center=center, window_width=100.0)
        process, out = augment_preview._start(config, [str(bundled("MR_small.dcm"))])
        assert process.wait(120) == 0
        whites.append(np.asarray(Image.open(out / "0-0.png")).mean())
    assert whites == [255, 0]
