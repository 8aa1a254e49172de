"""Emoji in the groups that Unicode has them in."""

import torch

from detente_image import sources
from detente_image.classes import GROUPS, groups_of
from detente_image.data import Emoji, Images
from detente_image.networks import DCGAN
from images import accuracy, held_out_labels
from seeded import seeded


def test_emoji_stand_in_their_groups_for_a_conditional_model_and_look_as_before():
    plain = Emoji(16)
    found = DCGAN(conditional=True).view(plain)
    assert isinstance(found, Images) and plain.labels is None and plain.space.classes is None
    assert found.space.classes == len(GROUPS) == 9 and found.identity != plain.identity
    x, labels = found.batch(torch.arange(len(found)))
    assert torch.equal(x, plain.batch(torch.arange(len(plain))).x) and torch.equal(found.real(300), plain.real(300))
    assert labels is not None and (labels.bincount() > 35).all() and len(labels) == 1000
    assert found.notes[-1].startswith("emoji: classes with pictures to train on: 0 Smileys & Emotion (")


def test_the_group_beside_a_picture_is_that_of_what_it_shows():
    found = Emoji(16).labelled()
    known = {"1F600": 0, "1F44D": 1, "1F408": 2, "1F34E": 3, "1F682": 4, "26BD": 5, "1F4BB": 6, "2648": 7, "E000": 8}
    assert groups_of([*known]).tolist() == [*known.values()]
    drawn = dict(sources.draw_emoji(known, 16, 255))
    assert len(drawn) > 6
    pictures, groups = (torch.from_numpy(found.packed.arrays[name].copy()) for name in ("images", "labels"))
    for name, pixels in drawn.items():
        here = (pictures == torch.from_numpy(pixels.copy())).flatten(1).all(1)
        assert groups[here].tolist() == [known[name]], name


def test_the_groups_of_real_emoji_are_found_far_above_chance_and_of_shuffled_ones_at_chance():
    found = Emoji(32).labelled()
    labels = held_out_labels(found)
    assert accuracy(found, found.real(300), labels) > 0.3
    assert accuracy(found, found.real(300), labels[torch.randperm(300, generator=seeded())]) < 0.2
