"""All that touches ipykernel's private methods: how a comm's messages are routed, delivered and answered."""

from micdrop_widget.jupyter.ipykernel.delivery import deliver_directly
from micdrop_widget.jupyter.ipykernel.routing import honour_front_end_routing
from micdrop_widget.jupyter.ipykernel.status import stay_idle

__all__ = ["deliver_directly", "honour_front_end_routing", "stay_idle"]
