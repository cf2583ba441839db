import numpy as np
import pytest
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_info

from core.evaluation.embedding import COMPONENTS, FITTED, aligned, components, tsne
from core.evaluation.neighbours import nearest, nearest_others

RANDOM = np.random.default_rng(0)


def test_components_are_those_of_the_covariance():
    features = RANDOM.normal(0, 1, (200, 6)) * [9, 5, 1, 1, 1, 1]
    found, shares = components(features)
    values = np.sort(np.linalg.eigvalsh(np.cov(features.T)))[::-1]
    assert found.var(axis=0, ddof=1) == pytest.approx(values, rel=1e-3)
    assert shares == pytest.approx(values[:2] / values.sum(), rel=1e-3)
    assert components(RANDOM.normal(0, 1, (90, 80)))[0].shape == (90, COMPONENTS)


def test_components_are_found_by_one_thread(monkeypatch):
    """Threads of such small products wait for each other: on a busy machine that took twenty times as long."""
    seen, fit = [], PCA.fit

    def watched(self, features):
        seen.extend(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")
        return fit(self, features)

    monkeypatch.setattr(PCA, "fit", watched)
    components(np.eye(60, 8))
    assert set(seen) == {1}


@pytest.mark.parametrize("n", [50, FITTED + 900])  # all are fitted, or a sample
def test_features_in_parts_have_the_components_of_the_whole(n):
    features = RANDOM.normal(0, 1, (n, 8)).astype("float32")
    whole, shares = components(features, seed=1)
    found, shares_of_parts = components(features[:20], features[20:20], features[20:], seed=1)
    assert found == pytest.approx(whole, abs=1e-5)  # products of other shapes are rounded otherwise
    assert shares_of_parts == shares


@pytest.mark.parametrize("features", [np.ones((5, 3)), np.ones((1, 4)), np.zeros((3, 1))])
def test_features_without_spread_lie_on_one_point(features):
    found, shares = components(features)
    assert found.shape[1] >= 2
    assert np.ptp(found) == 0
    assert shares == [0.0, 0.0]


def test_a_turned_and_mirrored_map_is_turned_back():
    points = RANDOM.normal(0, 1, (30, 2)) * [3, 1]
    turn = np.array([[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]]) @ np.diag([1, -1])
    assert aligned(points @ turn + 5, points) == pytest.approx(points - points.mean(axis=0))


def test_tsne_keeps_clouds_apart_and_does_the_same_twice():
    clouds = np.concatenate([RANDOM.normal(0, 1, (20, 5)), RANDOM.normal(20, 1, (20, 5))]).astype("float32")
    points = tsne(clouds)
    assert np.array_equal(points, tsne(clouds))
    within = np.linalg.norm(points[:20] - points[:20].mean(axis=0), axis=1).max()
    assert np.linalg.norm(points[:20].mean(axis=0) - points[20:].mean(axis=0)) > within
    assert tsne(clouds[:3]).shape == (3, 2)


def test_the_nearest_are_those_of_the_smallest_angle():
    training, queries = RANDOM.normal(0, 1, (40, 7)), RANDOM.normal(0, 1, (5, 7))
    rows, similarity = nearest(queries, training)
    cosines = (queries @ training.T) / np.outer(np.linalg.norm(queries, axis=1), np.linalg.norm(training, axis=1))
    assert rows.tolist() == np.argsort(-cosines, axis=1)[:, :3].tolist()
    assert similarity == pytest.approx(np.sort(cosines, axis=1)[:, :-4:-1])
    assert nearest(queries, training[:2])[0].shape == (5, 2)
    assert nearest(queries[:0], training)[0].shape == (0, 3)


def test_a_training_example_is_never_its_own_neighbour_but_a_copy_of_it_may_be():
    training = RANDOM.normal(0, 1, (1100, 7))
    training[5:9] = training[3]
    asked = np.r_[3, 5:1060]
    rows, similarity = nearest_others(asked, training)
    assert rows.shape == (len(asked), 3)
    assert not (rows == asked[:, None]).any()
    assert set(rows[0]) <= {5, 6, 7, 8}
    assert similarity[0] == pytest.approx([1, 1, 1])
    units = training / np.linalg.norm(training, axis=1, keepdims=True)
    cosines = units @ units[900]
    assert rows[asked == 900].tolist() == [np.argsort(-cosines)[1:4].tolist()]


@pytest.mark.parametrize("n", [1, 2])
def test_few_training_examples_have_few_neighbours(n):
    rows, similarity = nearest_others(np.arange(n), RANDOM.normal(0, 1, (n, 3)))
    assert rows.shape == similarity.shape == (n, n - 1)
    assert nearest_others(np.zeros(0, int), np.ones((4, 2)))[0].shape == (0, 3)
