"""Who a visitor is, and what they may do with models and with the token of the serving machine."""

from streamlit.runtime.scriptrunner import get_script_run_ctx

from crr.hub import Hub, Store, quiet
from workbench.settings import settings
from workbench.views.shared.rights import folders_allowed


def may_change_models() -> bool:
    """Whether this visitor may remove and publish models: only who sits at the serving machine."""
    return folders_allowed()


def hub_of_visitor() -> Hub:
    """The Hub as this visitor may ask it: with the token of this machine only if they may use it."""
    quiet()
    return Hub(token=None if uses_token() else False, store=Store(most=settings().pulled_bytes or None))


def visitor() -> str:
    """Who looks at the page: a window of a browser."""
    context = get_script_run_ctx()
    return "" if context is None else context.session_id


def uses_token() -> bool:
    """Whether this visitor may use the token of the serving machine, which sees private models."""
    return settings().share_token or may_change_models()
