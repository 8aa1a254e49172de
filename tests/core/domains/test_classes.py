import pytest
import torch

from detente import ClassBeside, Leaf, Projection, Space, UsageError, classes_of

FEATURES, LABELS = torch.randn(6, 4, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 2, 1, 1, 0, 2])


def test_the_projection_is_the_inner_product_with_the_vector_of_the_class():
    projection = Projection(3, 4).requires_grad_(False)
    wanted = [float(FEATURES[i] @ projection.embed.weight[LABELS[i]]) for i in range(6)]
    assert projection(FEATURES, LABELS).tolist() == pytest.approx(wanted, rel=1e-5)


def test_the_class_stands_beside_the_latents():
    beside = ClassBeside(3, 2).requires_grad_(False)
    assert torch.equal(beside(FEATURES, LABELS), torch.cat([FEATURES, beside.embed.weight[LABELS]], 1))


@pytest.mark.parametrize("part", [Projection(3, 4), ClassBeside(3, 2)])
def test_without_classes_it_is_said_how_the_network_is_called(part):
    with pytest.raises(UsageError, match=r"call it with a class for each sample, network\(x, labels\)"):
        part(FEATURES, None)


def test_data_without_classes_are_refused_with_those_that_have_some():
    leaf = Leaf((4,), channel_axis=0)
    assert classes_of(Space((leaf,), 7), "toy", "shapes with classes (solids)") == 7
    with pytest.raises(UsageError, match=r"model 'toy' with conditional=true is for shapes with classes \(solids\)"):
        classes_of(Space((leaf,)), "toy", "shapes with classes (solids)")
