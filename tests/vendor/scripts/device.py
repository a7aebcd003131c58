"""Log in as on a machine without a browser, and again from the cache."""

import wallaroo
from telling import tell

first = wallaroo.Client(auth_type="sso")
tell(me=first.auth.user_email(), workspace=first.get_current_workspace().name())
again = wallaroo.Client(auth_type="sso")
tell(again=again.get_current_workspace().id() == first.get_current_workspace().id())
