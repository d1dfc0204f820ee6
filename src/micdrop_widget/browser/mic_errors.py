"""The errors of a browser's microphone, each with its remedy."""

from __future__ import annotations

from micdrop_widget.errors import MicdropError, MicdropErrorCode

__all__ = ["is_due_to_page", "microphone_error"]

_REASONS = {
    "denied": (
        "The browser was not allowed to use the microphone.",
        "Allow the microphone for this page (the icon beside the address), and for the browser in the system's privacy "
        "settings, then press Start again.",
    ),
    "no_device": (
        "The browser finds no microphone.",
        "Plug one in, or choose another in the system's sound settings, then press Start again.",
    ),
    "in_use": (
        "The microphone is in use by another program, or cannot be read.",
        "Close the program that uses it, then press Start again.",
    ),
    "policy": (
        "The page that shows this notebook is forbidden to use the microphone, whatever you allow in the browser.",
        "Open the notebook in a tab of its own. If that does not help, the server sends “Permissions-Policy: "
        "microphone=()”: whoever runs it has to allow microphone=(self).",
    ),
    "vs_code": (
        "VS Code gives its notebooks no microphone.",
        "Open the notebook in JupyterLab in a browser: run “jupyter lab”, and open the address that it prints.",
    ),
    "insecure_context": (
        "A browser gives the microphone only to secure pages: https, or localhost.",
        "Reach the server by a tunnel: ssh -L 8888:localhost:8888 USER@HOST (with this page's port in place of 8888), "
        "then open http://localhost:8888.",
    ),
    "no_audio_worklet": (
        "This browser, or this page, does not allow an AudioWorklet, which captures and plays the call.",
        "Use a current Chromium, Firefox or Safari, over https or on localhost.",
    ),
    "sample_rate": (
        "This browser can capture neither at 16 kHz nor at the microphone's own rate.",
        "Use a current Chromium, Firefox or Safari.",
    ),
    "ended": (
        "The microphone went away.",
        "Plug it in again or choose another, then press Start.",
    ),
    "page_gone": (
        "The page that had the microphone was closed or is being reloaded.",
        "Open it again and press “Rejoin with the microphone” to go on with the call.",
    ),
    "panel_gone": (
        "The panel that had the microphone was removed from the page.",
        "Show the widget again, and press Start.",
    ),
    "no_panel": (
        "No browser shows the call's panel, which would open the microphone.",
        "Show it first, with the widget on the last line of a cell that runs in an open notebook, or by "
        "call.open_page(), then start the call.",
    ),
    "no_answer": (
        "The browser did not answer.",
        "If the cell awaits the call in a kernel older than ipykernel 7, the browser cannot be heard meanwhile: "
        "use call.start() without await, or press Start. Otherwise reload the page.",
    ),
    "no_decision": (
        "The browser's question for the microphone was not answered.",
        "Press Start again, and allow the microphone.",
    ),
}


_PAGE_REASONS = {"policy", "vs_code", "insecure_context", "no_audio_worklet"}


def is_due_to_page(reason: str) -> bool:
    """Return whether a page has no microphone whatever its user does, while another one may have it."""
    return reason in _PAGE_REASONS


def microphone_error(reason: str, detail: str = "") -> MicdropError:
    """Return the error for a reason of the page, or of the kernel; an unknown reason keeps its detail."""
    is_known = reason in _REASONS
    if is_known:
        message, remedy = _REASONS[reason]
    else:
        message, remedy = (
            "The microphone could not be opened.",
            "Check the microphone in the browser, then press Start again.",
        )
    if detail:
        message = f"{message[:-1]} ({detail})."
    return MicdropError(MicdropErrorCode.Mic, message, remedy, reason=reason if is_known else "")
