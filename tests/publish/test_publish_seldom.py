"""While profiles are made garbage is looked for seldom; afterwards as before."""

import gc
from contextlib import ExitStack

from surveys.profiles.seldom import FIRST, seldom_collected


def test_who_ends_first_puts_nothing_back_while_another_is_at_it():
    usual = gc.get_threshold()
    try:
        gc.set_threshold(700, 10, 10)
        one, other = ExitStack(), ExitStack()
        one.enter_context(seldom_collected())
        other.enter_context(seldom_collected())
        one.close()
        assert gc.get_threshold()[0] == FIRST
        other.close()
        assert gc.get_threshold() == (700, 10, 10)
    finally:
        gc.set_threshold(*usual)
