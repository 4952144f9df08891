"""Uses per gate, as one compact text."""

from hypothesis import given
from hypothesis import strategies as st

from paifang.core.tickets import Use, gate_uses_of, with_gate_uses

GATES = ["north", "south", "north-2"]


@given(st.lists(st.tuples(st.sampled_from(GATES), st.integers(1, 9))))
def test_each_gates_uses_are_kept_apart(entries: list[tuple[str, int]]) -> None:
    use = Use(b"", 0, 1)
    for gate, people in entries:
        use = use._replace(gate_uses=with_gate_uses(use, gate, people))
    for gate in GATES:
        assert gate_uses_of(use, gate) == sum(n for g, n in entries if g == gate)


def test_the_text_is_the_same_in_whatever_order_gates_were_used() -> None:
    once = Use(b"", 0, 1, gate_uses="north=1")
    assert with_gate_uses(once, "hedge", 2) == "hedge=2 north=1"


def test_uses_taken_back_leave_no_trace() -> None:
    assert with_gate_uses(Use(b"", 0, 1, gate_uses="north=2 south=1"), "north", -2) == "south=1"
