"""All attacks by name; a new one is a function in this folder and a line here."""

from tests.attack.kinds import asking, crowds, messages, models, photos
from tests.attack.stage import Act

ATTACKS: dict[str, Act] = {
    act.__name__: act
    for act in (
        models.categories,
        models.crop,
        models.width,
        models.maps,
        models.aliases,
        models.nested,
        models.words,
        models.heavy,
        photos.strips,
        photos.scans,
        photos.depth,
        crowds.uploads,
        crowds.churn,
        crowds.sessions,
        crowds.crowd,
        crowds.idlers,
        crowds.deaf,
        messages.strokes,
        messages.messages,
        messages.noise,
        asking.names,
        asking.values,
        asking.begun,
        asking.saves,
    )
}
