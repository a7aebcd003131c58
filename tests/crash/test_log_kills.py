"""Ten kills of servers, runners and followers at random moments; `python -m chaos log-kills --long` makes 200."""

from chaos.log_kills import log_kills


def test_what_was_printed_is_stored_and_seen_once_and_in_order_whoever_is_killed() -> None:
    outcome = log_kills(seed="suite", kills=10)
    assert outcome.violations == []
