"""Heat maps for the report, beside the picture and for both phases."""

from core.data.pixels import read_pixels
from core.data.reading import reading
from core.errors import DataError
from core.explain import Explainers
from core.explanations import encoded, keep, kept, overlaid, picture_bytes
from core.exports.page import cards, picture
from core.exports.story import Story
from core.exports.wording import percent

SIDE = 220  # pixels


def heat_maps(told: Story, rows: list[int]) -> str:
    """Each of the cases as it is and as each phase sees it; maps that were made before are taken from the run.

    Raises:
        RunError: a model is missing or cannot be loaded.
    """
    cases, explainers = told.cases, Explainers(told.run)
    assert cases is not None
    shown = []
    for row in rows:
        true = cases.classes[cases.labels[row]]
        try:
            data = picture_bytes(told.place(cases.paths[row]))
            pixels = read_pixels(data, reading(told.config))
        except DataError:
            shown += [picture(None, true, true)] * (1 + len(told.figures))
            continue
        shown.append(picture(encoded(overlaid(pixels, None, SIDE), "JPEG"), f"truly {true}", true))
        for phase in told.figures:
            found = kept(told.run, data, None, "gradcam", phase)
            if found is None:
                found = explainers.of(phase).explain(pixels)
                keep(told.run, data, None, found)
            caption = f"phase {phase}: {found.label} ({percent(found.probability)})"
            shown.append(picture(encoded(overlaid(pixels, found.grid, SIDE), "JPEG"), caption, caption))
    return cards(shown, 1 + len(told.figures))
