"""Operations of the API that the desk answers: described here, so that there is one description.

The live process forwards them as every path that is not its own; `web/desk/api/urls.py` has them.
Bodies and answers are types of `services/live/bodies*.py`, which both sides read.
"""

from typing import Final

from paifang.web.live.operations import Operation

FORWARDED: Final[tuple[Operation, ...]] = ()
