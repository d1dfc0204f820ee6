"""All that touches ipykernel's private methods: how a comm's messages are routed, delivered and answered."""

from micdrop_widget.jupyter.ipykernel.delivery import bypass_shell_queue
from micdrop_widget.jupyter.ipykernel.routing import route_by_front_end_subshell
from micdrop_widget.jupyter.ipykernel.status import suppress_busy_status

__all__ = ["bypass_shell_queue", "route_by_front_end_subshell", "suppress_busy_status"]
