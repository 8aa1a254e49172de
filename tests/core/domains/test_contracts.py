"""What the contracts promise by themselves: defaults, shared features, and names of scores."""

import pytest
import torch
from torch import nn

from detente.domains.contracts import Data, Domain, Evaluation, Metric, Model, Networks
from detente.engine.sample import Batch, Leaf, Space, leaves
from detente.engine.streams import Stream
from detente.plugins import host
from detente.testing.probe import Plain


def test_what_is_renamed_has_its_new_name_and_no_longer_its_old_one() -> None:
    seen = {}
    for entry in host().entries("metric"):
        metric = host().load("metric", entry.name, entry.domain)
        assert set(metric.renamed_scores.values()) <= set(metric.scores)
        assert not set(metric.renamed_scores) & set(metric.scores)
        seen |= metric.renamed_scores
    assert seen == {"kl": "modes-kl", "unique": "uniqueness", "novel": "novelty"}


class Numbers(Data):
    """0 … 9, with their parity for a label where asked."""

    space = Space((Leaf((1,)),))

    def __init__(self, labelled: bool = True, identity: str = "numbers") -> None:
        self._identity = identity
        self.labelled = labelled

    @property
    def identity(self) -> str:
        return self._identity

    def __len__(self) -> int:
        return 10

    def batch(self, index):
        x = index.float()[:, None]
        return Batch(x, index % 2 if self.labelled else None)

    def held_out(self):
        return torch.tensor([[10.0], [11.0]])

    def reference(self):
        return torch.tensor([[12.0], [13.0], [14.0]])


class Counting(Plain):
    """Counts how often it makes features, in half precision."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def features(self, x):
        self.asked += 1
        return super().features(x).half()


class Least(Model):
    def build(self, space):
        return Networks(nn.Linear(self.latent_dim, 1), nn.Linear(1, 1))


def test_what_an_evaluation_shares_is_computed_once_and_in_double_precision() -> None:
    domain = Counting()
    first, second = (Evaluation(torch.ones(4, 1), Numbers(), domain) for _ in range(2))
    for _ in range(2):
        assert first.features.dtype == first.reference_features.dtype == torch.float64
        assert first.reference_features.tolist() == [[12.0], [13.0], [14.0]]
    assert (first.n, domain.asked) == (4, 2)
    assert torch.equal(second.reference_features, first.reference_features)
    assert domain.asked == 2, "the reference's features are the data set's, not the evaluation's"
    assert first.features.tolist() == second.features.tolist() == [[1.0]] * 4


def test_features_of_another_data_set_are_others() -> None:
    class Others(Numbers):
        def reference(self):
            return torch.tensor([[1.0]])

    domain = Counting()
    assert domain.reference_features(Numbers()).shape == (3, 1)
    assert domain.reference_features(Others(identity="others")).tolist() == [[1.0]]


@pytest.mark.parametrize("n", [1, 300, 1000])
def test_labels_to_evaluate_with_are_those_of_random_training_samples(n: int) -> None:
    drawn = Numbers().conditions(n, Stream(0))
    assert drawn is not None and drawn.shape == (n,)
    assert torch.equal(drawn, Numbers().conditions(n, Stream(0)))
    if n > 1:
        assert not torch.equal(drawn, Numbers().conditions(n, Stream(1)))
        assert 0.3 < drawn.double().mean() < 0.7
    assert Numbers(labelled=False).conditions(n, Stream(0)) is None


def test_latents_are_standard_normal_unless_a_model_says_otherwise() -> None:
    z = leaves(Least().latents(1000, Stream(0).generator()))[0]
    assert z.shape == (1000, 64) and torch.equal(z, leaves(Least().latents(1000, Stream(0).generator()))[0])
    assert abs(z.mean()) < 0.016 and abs(z.std() - 1) < 0.012  # four standard errors of 64,000 draws
    model = Least()
    model.latent_dim = 3
    assert leaves(model.latents(2, Stream(0).generator()))[0].shape == (2, 3)


def test_a_model_that_says_nothing_plays_on_the_data_as_they_are() -> None:
    model, data = Least(), Numbers()
    assert model.view(data) is data
    networks = model.build(data.space)
    before = [p.clone() for net in networks for p in net.parameters()]
    model.warm_up(networks, data, Stream(0), lambda done, of: pytest.fail("there is nothing to show"))
    model.schedule(networks, 0.5)
    assert all(torch.equal(a, b) for a, b in zip(before, (p for n in networks for p in n.parameters()), strict=True))
    assert not model.conditional and not model.starts_good


def test_a_domains_noise_is_standard_normal_leaf_by_leaf() -> None:
    x = torch.zeros(300, 4, dtype=torch.float64), torch.zeros(300, 2, 3)
    noise, again = (leaves(Plain().noise_like(x, Stream(0).generator())) for _ in range(2))
    for leaf, other, given in zip(noise, again, x, strict=True):
        assert (leaf.shape, leaf.dtype) == (given.shape, given.dtype) and torch.equal(leaf, other)
        assert abs(leaf.mean()) < 0.12 and abs(leaf.std() - 1) < 0.08


@pytest.mark.parametrize("contract", [Data, Model, Metric, Domain])
def test_a_contract_alone_is_nothing_that_can_be_used(contract: type) -> None:
    with pytest.raises(TypeError, match="abstract"):
        contract()
