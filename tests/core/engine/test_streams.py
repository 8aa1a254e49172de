"""Random streams: a key is a function of its purpose, and nobody shifts anybody's draws."""

from hashlib import blake2b

import torch
from hypothesis import given
from hypothesis import strategies as st

from detente.engine.streams import (
    ForwardPass,
    Stream,
    announced,
    borrow,
    current_pass,
    enter,
    give_back,
    kept,
    leave,
    splitmix64,
)

CPU = torch.device("cpu")


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


def test_a_generator_stands_at_the_start_of_its_stream_every_time():
    stream = Stream(5).at("latents", 3)
    assert torch.equal(torch.rand(3, generator=stream.generator()), torch.rand(3, generator=stream.generator()))
    other = torch.rand(3, generator=Stream(5).at("latents", 4).generator())
    assert not torch.equal(torch.rand(3, generator=stream.generator()), other)


def test_purposes_of_one_name_and_numbers_of_one_value_are_not_mixed_up():
    root = Stream(0)
    assert root.at("1") != root.at(1) and root.at("a", "b") != root.at("ab") != root.at("b", "a")
    assert root.at(1, 2) != root.at(2, 1) and root.at() == root
    assert root.at(-1) == root.at(2**64 - 1), "numbers are taken modulo 2⁶⁴"


def test_entering_a_pass_seeds_the_default_generator_and_leaving_forgets_the_pass():
    stream = Stream(9)
    enter(stream, torch.device("cpu"), records=True)
    try:
        assert current_pass().stream == stream and current_pass().records
        drawn = torch.rand(4)
        enter(stream, torch.device("cpu"))
        assert torch.equal(torch.rand(4), drawn) and not current_pass().records
    finally:
        leave()
    assert torch.equal(torch.rand(4, generator=stream.generator()), drawn)
    assert current_pass().stream != stream and current_pass().records, "others record, as torch does"


def test_within_a_pass_a_purpose_goes_on_drawing_and_the_next_pass_begins_again():
    cpu = torch.device("cpu")
    first, second = ForwardPass(Stream(1)), ForwardPass(Stream(1))
    a = [torch.rand(2, generator=first.generator("dropout", cpu)) for _ in range(2)]
    _ = torch.rand(2, generator=first.generator("another", cpu))
    assert not torch.equal(*a), "the same generator, further on"
    b = [torch.rand(2, generator=second.generator("dropout", cpu)) for _ in range(2)]
    assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True)), "nobody else's draws shift it"


@given(st.integers(0, 2**64 - 1), st.integers(0, 63))
def test_every_bit_of_a_number_reaches_the_bits_of_its_key(x, bit):
    changed = bin(splitmix64(x) ^ splitmix64(x ^ (1 << bit))).count("1")
    assert 8 <= changed <= 56  # 32 ± 4 of 64 by chance; six standard deviations


def test_somebody_elses_forward_draws_as_an_entered_one_and_gives_the_generator_back():
    torch.manual_seed(1)
    found = torch.get_rng_state()
    lent = borrow(Stream(7), CPU, records=True)
    assert announced() and current_pass().records
    drawn = torch.randn(3)
    give_back(CPU, lent)
    assert not announced() and torch.equal(torch.get_rng_state(), found)
    enter(Stream(7), CPU)
    assert torch.equal(torch.randn(3), drawn)
    leave()


def test_what_is_kept_is_what_was_before_the_first_of_several_passes_and_draws_without_a_pass_are_the_callers():
    torch.manual_seed(1)
    found = torch.get_rng_state()
    with kept(CPU), kept(CPU):
        for _ in range(2):
            enter(Stream(7), CPU)
            torch.rand(5)
            leave()
    assert torch.equal(torch.get_rng_state(), found)
    with kept(CPU):
        own = torch.rand(1)
    torch.manual_seed(1)
    assert torch.equal(torch.rand(1), own) and not torch.equal(torch.rand(1), own)


@given(st.integers(0, 2**64 - 1), st.integers(0, 10**6))
def test_a_purpose_is_one_round_of_splitmix64_of_the_key_and_its_name(key, t):
    name = int.from_bytes(blake2b(b"latents", digest_size=8).digest(), "little")
    assert Stream(key).at("latents").key == splitmix64(key ^ name)
    assert Stream(key).at(t).key == splitmix64(key ^ splitmix64(t))
