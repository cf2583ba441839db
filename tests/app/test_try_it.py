"""Try it: where the network looked, before and after phase 2."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import service_client
from core.explanations import Explanation

ROOT = Path(__file__).parents[2]


class Service:
    """Answers as the prediction service does, without a model."""

    def __init__(self, classes):
        self.classes, self.asked = classes, []

    def wait(self):
        """It is ready at once."""

    def predict(self, data, name, phases="kept"):
        row = {"label": self.classes[1], "probability": 0.8, "probabilities": dict.fromkeys(self.classes, 0.5)}
        return {**row, "error": None, **({"phases": {"1": row, "2": row}} if phases == "both" else {})}

    def explain(self, data, label=None, method="gradcam", phase=None):
        self.asked.append((method, label, phase))
        return Explanation(label or self.classes[1], method, phase, 0.8, np.eye(4, dtype=np.float32)).to_json()


@pytest.fixture
def tried(pictures, run_of, monkeypatch):
    """The page with a held-out picture that has its answer, and the service that gave it."""
    run = run_of(pictures)
    service = Service(run.dataset()["classes"])
    monkeypatch.setattr(service_client, "service", lambda _: service)
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=30)
    app.run()
    app.switch_page("components/pages/try_it.py")
    app.query_params["run"] = run.id
    app.session_state["try-way"] = "held"
    return app.run(), service


def test_grad_cam_shows_both_phases_side_by_side(tried):
    app, service = tried
    assert not app.exception
    assert not service.asked
    app.button_group(key="try-method").set_value("gradcam").run()
    assert not [*app.exception, *app.error]
    assert service.asked == [("gradcam", None, 1), ("gradcam", None, 2)]
    maps = [html.proto.body for html in app.get("html") if 'alt="Grad-CAM' in html.proto.body]
    assert [f"after phase {phase}" in body for phase, body in zip((1, 2), maps, strict=True)] == [True, True]
    assert all("data:image/jpeg;base64," in body for body in maps)


def test_a_class_can_be_asked_about(tried):
    app, service = tried
    app.button_group(key="try-method").set_value("occlusion").run()
    app.selectbox(key="try-class").set_value(service.classes[0]).run()
    assert not [*app.exception, *app.error]
    assert service.asked[-2:] == [("occlusion", service.classes[0], phase) for phase in (1, 2)]
