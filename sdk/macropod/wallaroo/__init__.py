"""What a run imports as `wallaroo` where its requirements do not bring the package of that name.

It speaks as that package does of tasks, orchestrations, workspaces and connections, on top of `macropod`. A run finds
this folder under the other name, so its modules name one another only by where they are.
"""

from macropod import __version__

from .absent import NotOffered, refuse_other_modules
from .client import Client

__all__ = ["Client", "NotOffered", "__version__"]

refuse_other_modules(__name__)
