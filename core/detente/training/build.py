"""From a resolved recipe to a game that is ready to be trained."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch

from detente import plugins
from detente.checks import Finding, blamed, blamed_in, findings, refuse, refused, rules, tried
from detente.domains.contracts import Data, Domain, Metric, Model, Networks, ProgressCallback
from detente.engine.chain import chain
from detente.engine.forward import abilities
from detente.engine.game import Game
from detente.engine.objectives import Objective
from detente.engine.player import Player
from detente.engine.regularizer import Regularizer
from detente.engine.sample import Batch, to
from detente.engine.step import Role
from detente.engine.streams import Stream
from detente.errors import DetenteError, UsageError
from detente.plugins import Host
from detente.recipe.loading import resolve
from detente.recipe.overlay import ROLES
from detente.recipe.resolved import Resolved
from detente.recipe.schema import Recipe
from detente.training.device import device_of
from detente.training.hardware import (
    PRECISIONS,
    channels_last,
    check_compiled,
    compile_networks,
    lay_out,
)
from detente.training.identities import Identities, identify, located
from detente.training.provenance import components, origins
from detente.training.sampler import BatchSampler
from detente.training.sizes import check_run
from detente.training.warmup import drawing, fresh, seconds, start, warms_up


@dataclass(frozen=True)
class Built:
    """Everything that a recipe names, made."""

    recipe: Recipe
    domain: Domain
    data: Data
    model: Model
    networks: Networks
    objective: Objective
    game: Game
    metrics: tuple[Metric, ...]
    device: torch.device
    dtype: torch.dtype
    findings: tuple[Finding, ...]
    """What should be known about this combination before it trains; those that refuse come first."""
    identities: Mapping[str, Any]
    """What the data are and what the domain sees them with, see `detente.training.identities`."""

    def prepare(self, batch: Batch) -> Batch:
        """A batch as the game takes it: on its device, of its type, with labels only where they are used."""
        labels = batch.labels if self.model.conditional else None
        if labels is not None:
            labels = labels.to(self.device, self.dtype if labels.is_floating_point() else None)
        x = to(batch.x, self.device, self.dtype)
        return Batch(channels_last(x) if self.recipe.channels_last else x, labels)

    def refuse(self) -> None:
        """Stop where training would be refused: an ill-posed combination that the recipe does not allow.

        Toy domains refuse nothing.

        Raises:
            UsageError: with one line per refusal.
        """
        if self.domain.refuses:
            refuse(self.findings, self.recipe.allow)

    def start(self, host: Host) -> Networks:
        """Networks before any regularizer rewrote them; a warm-up comes from the cache."""
        return _start(self.recipe, host, self.model, self.data, self.device, self.dtype)

    def warm_up_seconds(self, host: Host) -> float:
        """About how long the warm-up will take; 0 where there is none, or where it is there already."""
        by = origins(self.recipe, host, "data", "model")
        return seconds(self.model, self.data, self.recipe.seed, device=self.device, dtype=self.dtype, versions=by)

    def deployed(self, step: int, make: Callable[[], torch.nn.Module] | None = None) -> torch.nn.Module:
        """The generator for sampling: a copy, also of an average, that the model's schedule has set to this step."""
        network = (make or self.game.generator.deployed)()
        self.model.schedule(Networks(network, self.networks.discriminator), step / self.recipe.steps)
        return network


def build(
    recipe: Recipe | Resolved,
    host: Host | None = None,
    *,
    device: str | None = None,
    processes: int = 1,
    dry: bool = False,
    show: ProgressCallback = lambda done, of: None,
) -> Built:
    """Make data, networks, players and the game.

    Networks are initialized and warmed up with separate random streams, so that both depend only on the seed, the model
    and the data; then each player's regularizers rewrite its network.

    Args:
        recipe: a resolved recipe, which knows the file or flag that something is from; one without its components, as
            `load` returns it, is resolved again.
        host: where names are looked up; that of this process by default.
        device: instead of the recipe's.
        processes: how many share each batch, of which this is one.
        dry: only look at the networks: no warm-up, and findings do not refuse; `Built.refuse` does that.
        show: called with the progress of the warm-up, if the model has one.

    Raises:
        UsageError: a part refuses its options, a regularizer does not fit the networks, the combination is refused, or
            it asks for more memory or time than there can be.
        PluginError: a part cannot be loaded, or its data are missing.
    """
    host = host or plugins.host()
    resolved = recipe if isinstance(recipe, Resolved) else _again(recipe, host)
    recipe, root = resolved.recipe, Stream(resolved.recipe.seed)
    with _at(resolved, "device"):
        on = device_of(device or recipe.device)
    dtype, autocast = PRECISIONS[recipe.precision]
    with _at(resolved, "domain"):
        domain: Domain = resolved.make("domain")
    with _at(resolved, "data"):
        data: Data = resolved.make("data")
    with _at(resolved, "model"), drawing(root.at("initialization")):
        model: Model = resolved.make("model")
        identities = identify(domain, data, recipe)
        data = model.view(data)
        identities["form"] = data.identity
        domain.meet(data.space)
        _check_labels(recipe, model, data)
    check_run(resolved, model, data.space, on, processes)
    with _at(resolved, "model"), drawing(root.at("initialization")):
        if dry:
            networks = Networks(*(net.to(on, dtype) for net in fresh(model, data.space, recipe.seed)))
        else:
            networks = _start(recipe, host, model, data, on, dtype, show)
    if recipe.channels_last:
        with _at(resolved, "channels_last"):
            lay_out(networks)
    with _at(resolved, "objective"):
        objective: Objective = resolved.make("objective")
    able = abilities(networks.discriminator) | objective.abilities
    players = {role: _player(resolved, role, networks, able, root) for role in ROLES}
    with _at(resolved, "metrics"):
        metrics = resolved.metrics()
    domain.primary = resolved.primary()
    game = Game(
        players["generator"],
        players["discriminator"],
        objective,
        domain,
        model.latents,
        space=data.space,
        seed=recipe.seed,
        critic_steps=recipe.critic_steps,
        generator_first=recipe.generator_first,
        simultaneous=recipe.simultaneous,
        fresh_fakes=recipe.fresh_fakes,
        auxiliary=model.auxiliary if type(model).auxiliary is not Model.auxiliary else None,
        autocast=autocast,
    )
    built = Built(
        recipe, domain, data, model, networks, objective, game, metrics, on, dtype, findings=(), identities=identities
    )
    built = replace(built, findings=_findings(built, host, max(2, recipe.batch // processes)))
    if recipe.compile is not None:
        check_compiled(game, recipe.compile, on, processes)
    if dry:
        return built
    built.refuse()
    if recipe.compile is not None:
        compile_networks(game, recipe.compile)
    return built


def rebuild(
    recipe: Recipe | Resolved,
    host: Host,
    known: Identities,
    *,
    device: str | None = None,
    processes: int = 1,
    show: ProgressCallback = lambda done, of: None,
) -> Built:
    """What a recipe builds that was begun before: its data are looked for where they were then.

    The result has the recipe as a person wrote it: no record names another path than theirs.

    Args:
        known: what is recorded of the data.
    """
    resolved = recipe if isinstance(recipe, Resolved) else _again(recipe, host)
    typed, there = resolved.recipe, located(resolved.recipe, known)
    moved = resolved if there is typed else replace(_again(there, host), sources=resolved.sources)
    built = build(moved, host, device=device, processes=processes, show=show)
    return replace(built, recipe=typed, identities={**built.identities, "typed": typed.data.options.get("path")})


def identities_of(recipe: Recipe, host: Host) -> dict[str, Any]:
    """What `Built.identities` says of a recipe, but for the form; makes no network.

    Raises:
        UsageError, PluginError: as in `build`, of domain and data.
    """
    resolved = _again(recipe, host)
    with _at(resolved, "domain"):
        domain: Domain = resolved.make("domain")
    with _at(resolved, "data"):
        return identify(domain, resolved.make("data"), recipe)


def _findings(built: Built, host: Host, few: int) -> tuple[Finding, ...]:
    """What the rules find; where training would begin by that, with what one update on a copy shows."""
    recipe, game = built.recipe, built.game
    by = rules(host, {entry.distribution for entry in components(recipe, host)})
    warmed_up = warms_up(built.model) and built.model.warms_players
    with blamed_in(game.discriminator, game.generator):
        found = findings(game, warmed_up=warmed_up, by=by)
    if not built.domain.refuses or not refused(found, recipe.allow):
        sampler = BatchSampler(len(built.data), recipe.batch, Stream(recipe.seed).at("data"))
        batches = [built.prepare(built.data.batch(sampler.indices(k)[:few])) for k in range(recipe.critic_steps)]
        found = findings(game, warmed_up=warmed_up, by=by, trial=tried(game, batches))
    return tuple(found)


def _again(recipe: Recipe, host: Host) -> Resolved:
    return replace(resolve(recipe.plain(), host=host), sources={})


@contextmanager
def _at(resolved: Resolved, *key: str) -> Iterator[None]:
    """Name the part of the recipe that an error is about, and the file or flag that it is from."""
    try:
        yield
    except DetenteError as error:
        raise type(error)(f"{resolved.where(*key)}: {error}") from error


def _start(
    recipe: Recipe,
    host: Host,
    model: Model,
    data: Data,
    device: torch.device,
    dtype: torch.dtype,
    show: ProgressCallback = lambda done, of: None,
) -> Networks:
    versions = origins(recipe, host, "data", "model")
    return start(model, data, recipe.seed, device=device, dtype=dtype, versions=versions, show=show)


def _check_labels(recipe: Recipe, model: Model, data: Data) -> None:
    if model.conditional and data.space.classes is None and data.space.condition is None:
        raise UsageError(
            f"{recipe.model.name} needs labels with these options, and {recipe.data.name} has none. Choose other data "
            "or an unconditional model."
        )


def _player(resolved: Resolved, role: Role, networks: Networks, able: frozenset[str], root: Stream) -> Player:
    with _at(resolved, role, "optimizer"):
        optimizer = resolved.make(role, "optimizer")
    entries = resolved.recipe.player(role).regularizers
    with drawing(root.at("rewriting", role)):
        links = [_regularizer(resolved, role, name) for name in entries]
        with blamed(role, links), _at(resolved, role, "regularizers"):
            for link in links:
                _check_needs(link.name, link.needs, able, type(networks.discriminator).__name__)
            return Player(role, networks._asdict()[role], optimizer, chain(*links), resolved.schedules(role))


def _regularizer(resolved: Resolved, role: Role, name: str) -> Regularizer:
    try:
        return resolved.regularizer(role, name)
    except (DetenteError, ValueError) as error:
        # Our own errors begin with the name, which stands in the key already.
        kind = resolved.recipe.player(role).regularizers[name].get("kind", name)
        text = f"{resolved.where(role, 'regularizers', name)}: {str(error).removeprefix(f'{kind}: ')}"
        raise (type(error) if isinstance(error, DetenteError) else UsageError)(text) from error


def _check_needs(name: str, needs: tuple[str, ...], able: frozenset[str], network: str) -> None:
    missing = [need for need in needs if need not in able]
    if missing:
        raise UsageError(
            f"{name} needs the ability {missing[0]!r}, which {network} does not have"
            f" (it has {', '.join(sorted(able)) or 'none'}). Remove it, or choose a model that has it."
        )
