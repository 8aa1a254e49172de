"""Random streams: a key is a function of its purpose, and nobody shifts anybody's draws."""

from hypothesis import given
from hypothesis import strategies as st

from detente.engine.streams import Stream, splitmix64


def test_splitmix64_gives_the_published_sequence():
    """The first outputs of the reference generator seeded with 0, which adds its constant before mixing."""
    golden = 0x9E3779B97F4A7C15
    assert [splitmix64(i * golden) for i in range(3)] == [
        0xE220A8397B1DCDAF,
        0x6E789E6AA1B965F4,
        0x06C45D188009454F,
    ]


@given(st.integers(0, 2**64 - 1), st.integers(0, 10**6), st.text(max_size=8))
def test_streams_depend_on_every_part_of_their_purpose(key, t, name):
    root = Stream(key)
    assert root.at(name, t) == root.at(name).at(t)
    assert len({root.at(name, t), root.at(name, t + 1), root.at(name + "x", t), Stream(key ^ 1).at(name, t)}) == 4


def test_keys_differ_in_the_low_bits_that_the_cpu_generator_reads():
    low = {Stream(0).at("x", t).key & 0xFFFFFFFF for t in range(10_000)}
    assert len(low) > 9_990  # birthdays among 2³²: about 0.01 expected collisions
