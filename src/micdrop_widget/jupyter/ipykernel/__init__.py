"""All that touches ipykernel's private methods. Nothing here is needed for a call, only for a good one.

Each change checks what it finds before it is made, is taken back with the last widget, and at the first surprise
puts the original back, says so once, and passes the message on. `MICDROP_WIDGET_PLAIN_COMM=1` switches all of it off.
`docs/ipykernel.md` says what each change is for, and what ipykernel could offer in its place.
"""

from micdrop_widget.jupyter.ipykernel.installation import Installation, install, is_switched_off

__all__ = ["Installation", "install", "is_switched_off"]
