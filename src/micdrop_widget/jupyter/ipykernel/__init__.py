"""All that touches ipykernel's private methods. A call works without it, with more delay.

Each change checks the method before it replaces it, and is taken back with the last widget. At the first unexpected
thing it puts the original back, logs that once, and passes the message on. `MICDROP_WIDGET_PLAIN_COMM=1` switches all
of it off.
`docs/ipykernel.md` says what each change is for, and what ipykernel could offer in its place.
"""

from micdrop_widget.jupyter.ipykernel.installation import Installation, install, is_switched_off

__all__ = ["Installation", "install", "is_switched_off"]
