"""The words of the pages and what they mean, to be opened at the top of each; docs/glossary.md has all."""

from collections.abc import Mapping
from html import escape

WORDS: Mapping[str, str] = {
    "heat-map": "How unusual each place of a photo is: the brighter, the more unusual.",
    "score": "How unusual the part is: the mean of the brightest of its heat-map.",
    "limit": "The score from which on a part is defective; one for each kind of part.",
    "check by hand": "Below the limit, and yet a higher score than nine of ten good parts.",
    "unknown part, no part seen": "No verdict: like nothing the model was trained on, or nothing at all.",
    "good part": "One without a defect. Models learn from photos of good parts alone.",
    "kind of part": "What a model was trained on, such as bottles or screws; it can know several.",
    "truth": "What you, or a data set, say of a part: OK or Not OK, whatever a model says.",
    "found, missed, stopped": "Defects that reach the limit, defects that do not, good parts that do.",
    "encoder, decoder": "One network describes the photo, another answers with how a good part would look.",
    "identity mapping": "The decoder answers with a copy, defect included, so that nothing differs.",
    "copied": "The share of a damage that is in the decoder's answer too, in %: the identity index.",
    "normal error": "How far the decoder's answer to good parts lies from them; low if it knows them.",
}
"""Word to what it means, in a line."""


def glossary_html() -> str:
    """HTML of a word that opens the list."""
    lines = "".join(f"<dt>{escape(word)}</dt><dd>{escape(meaning)}</dd>" for word, meaning in WORDS.items())
    return f'<details class="words"><summary>Words</summary><dl>{lines}</dl></details>'
