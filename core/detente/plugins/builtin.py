"""The core's own components, declared through the same hooks as those of plugins."""

from detente.hookspecs import hookimpl


@hookimpl
def detente_register_objectives(registry) -> None:
    add = registry.add
    add("non-saturating", "detente.engine.objectives:NonSaturating", summary="logistic loss, G maximizes log D")
    add("saturating", "detente.engine.objectives:Saturating", summary="logistic loss, zero-sum")
    add("hinge", "detente.engine.objectives:Hinge", summary="hinge loss")
    add("wasserstein", "detente.engine.objectives:Wasserstein", summary="difference of means; needs a Lipschitz critic")
    add("least-squares", "detente.engine.objectives:LeastSquares", summary="squared error to 0 and 1")
    add("relativistic", "detente.engine.objectives:Relativistic", summary="logistic loss on paired differences")


@hookimpl
def detente_register_regularizers(registry) -> None:
    def add(name: str, module: str, cls: str, summary: str) -> None:
        registry.add(name, f"detente.regularizers.{module}:{cls}", summary=summary)

    add("l1", "l1", "L1", "λ Σ|w|, through its gradient")
    add("l2", "l2", "L2", "λ Σw², through its gradient")
    add("dropout", "dropout", "Dropout", "random zeros after hidden layers")
    add("batch-norm", "batch_norm", "BatchNorm", "batch normalization after hidden layers")
    add("spectral-norm", "spectral_norm", "SpectralNorm", "divides weights by their largest singular value")
    add("r1", "r1", "R1", "γ/2 E‖∇D‖² on real data")
    add("gradient-penalty", "gradient_penalty", "GradientPenalty", "λ E(‖∇D‖ − 1)² between real and fake")
    add("clip-norm", "clip_norm", "ClipNorm", "bounds the gradient's global norm")
    add("ema", "ema", "EMA", "deploys an exponential moving average of the weights")
    add("instance-noise", "instance_noise", "InstanceNoise", "adds noise to all inputs of the critic")
    add("label-smoothing", "label_smoothing", "LabelSmoothing", "one-sided label smoothing")
    add("weight-decay", "weight_decay", "WeightDecay", "w ← (1 − ηλ) w before each step, as AdamW")
    add("orthogonal", "orthogonal", "Orthogonal", "β‖WWᵀ ⊙ (1 − I)‖²: penalizes similar filters")
    add("weight-clip", "weight_clip", "WeightClip", "clamps weights to ±c after each step")
    add("layer-norm", "layer_norm", "LayerNorm", "layer normalization after hidden layers")
    add("instance-norm", "instance_norm", "InstanceNorm", "instance normalization after hidden layers")
    add("group-norm", "group_norm", "GroupNorm", "group normalization after hidden layers")
    add("weight-norm", "weight_norm", "WeightNorm", "learns length and direction of weights separately")
    add("gradient-norm", "gradient_norm", "GradientNorm", "D / (‖∇D‖ + |D|)")
    add(
        "minibatch-stddev",
        "minibatch_stddev",
        "MinibatchStddev",
        "adds the standard deviation over the batch as a channel",
    )
    add("packing", "packing", "Packing", "the critic judges several samples at once")
    add("clip-value", "clip_value", "ClipValue", "bounds every entry of the gradient")
    add("adaptive-clip", "adaptive_clip", "AdaptiveClip", "bounds each unit's gradient by its weights' norm")
    add("lookahead", "lookahead", "Lookahead", "every k updates, moves weights part of the way back to a slow copy")
    add("r2", "r2", "R2", "γ/2 E‖∇D‖² on generated samples")
    add("approx-r1", "approx_r1", "ApproxR1", "λ E(D(x + σε) − D(x))² on real data: r1 without a second derivative")
    add("approx-r2", "approx_r1", "ApproxR2", "λ E(D(x + σε) − D(x))² on generated samples")
    add("zero-centred-gp", "zero_centred_gp", "ZeroCentredGP", "λ E‖∇D‖² between real and fake")
    add("dragan", "dragan", "DRAGAN", "λ E(‖∇D‖ − 1)² around the data")
    add("max-gp", "max_gp", "MaxGP", "λ max‖∇D‖² over the batch")
    add("roth", "roth", "Roth", "squared critic gradients, weighted by the critic's uncertainty")
    add("lecam", "lecam", "Lecam", "pulls scores to running means of the other side's scores")
    add("drift", "drift", "Drift", "ε E D² on real data")
    add("cr", "consistency", "CR", "equal scores for real samples and their augmentations")
    add("bcr", "consistency", "BCR", "equal scores for real and fake samples and their augmentations")
    add("zcr", "zcr", "ZCR", "equal scores for samples of nearby latents")
    add("latent-spread", "zcr", "LatentSpread", "different samples for nearby latents: the generator's half of zCR")
    add("feature-matching", "feature_matching", "FeatureMatching", "‖E f(x) − E f(x̃)‖² over the critic's features")
    add("path-length", "path_length", "PathLength", "(‖Jᵀy‖ − its running mean)² of the generator")
    add("jacobian-clamp", "jacobian_clamp", "JacobianClamp", "keeps the generator's Jacobian norm between two bounds")
    add("mode-seeking", "mode_seeking", "ModeSeeking", "rewards different samples for different latents")
    add("consensus", "consensus", "Consensus", "γ/2 ‖both players' gradients‖²")
    add("nagarajan-kolter", "nagarajan_kolter", "NagarajanKolter", "η‖the discriminator's gradient‖² for the generator")
    add("diff-augment", "diff_augment", "DiffAugment", "augments all inputs of the critic")
    add("ada", "ada", "ADA", "augments the critic's inputs with a probability that follows overfitting")


@hookimpl
def detente_register_domains(registry) -> None:
    for name, target, summary in (
        ("dirac", "linear:DiracDomain", "toy: a point on the line, with a closed-form solution"),
        ("bilinear", "linear:BilinearDomain", "toy: a point in n dimensions, with a closed-form solution"),
        ("linear-quadratic", "linear:LinearQuadraticDomain", "toy: an affine generator, a quadratic critic"),
        ("ring", "mixture:RingDomain", "toy: 8 Gaussians on a ring"),
        ("grid", "mixture:GridDomain", "toy: 25 Gaussians on a grid"),
        ("pair", "pair:PairDomain", "toy: a sample of two linked leaves"),
        ("critics", "critics:CriticsDomain", "toy: short waves, several sub-critics"),
        ("tokens", "tokens:TokensDomain", "toy: soft one-hot words, a critic with an embedding"),
    ):
        registry.add(name, f"detente.toys.{target}", summary=summary)


@hookimpl
def detente_register_data(registry) -> None:
    for name, target, summary in (
        ("dirac", "linear:DiracData", "a point mass at 0"),
        ("bilinear", "linear:BilinearData", "a point mass at the origin"),
        ("linear-quadratic", "linear:LinearQuadraticData", "a standard normal variable"),
        ("ring", "mixture:RingData", "8 Gaussians on a ring"),
        ("grid", "mixture:GridData", "25 Gaussians on a grid"),
        ("pair", "pair:PairData", "a Gaussian table and vector with common causes"),
        ("critics", "critics:CriticsData", "sine waves of three frequencies"),
        ("tokens", "tokens:TokensData", "words in which each symbol tends to be followed by the next"),
    ):
        registry.add(name, f"detente.toys.{target}", domain=name, summary=summary)


@hookimpl
def detente_register_models(registry) -> None:
    for name, target, summary in (
        ("dirac", "linear:Point", "G = θ, D(x) = ψx"),
        ("bilinear", "linear:Point", "G = θ, D(x) = ψᵀx"),
        ("linear-quadratic", "linear:LinearQuadratic", "G = az + b, D = w₂x² + w₁x"),
        ("ring", "mixture:MLP", "two multilayer perceptrons"),
        ("grid", "mixture:MLP", "two multilayer perceptrons"),
        ("pair", "pair:Pair", "a generator with two outputs, a critic with two inputs"),
        ("critics", "critics:Critics", "a small generator, three sub-critics"),
        ("tokens", "tokens:Tokens", "softmax output, a critic with an embedding"),
    ):
        registry.add(name, f"detente.toys.{target}", domain=name, summary=summary)


@hookimpl
def detente_register_metrics(registry) -> None:
    add = registry.add
    add("frechet", "detente.domains.metrics:Frechet", summary="Fréchet distance of features")
    add(
        "frechet-extrapolated",
        "detente.domains.metrics:FrechetExtrapolated",
        summary="Fréchet distance of features, extrapolated to infinitely many samples",
    )
    add("kernel-distance", "detente.domains.metrics:KernelDistance", summary="unbiased MMD² of features, cubic kernel")
    add("prdc", "detente.domains.metrics:PRDC", summary="precision, recall, density, coverage of features")
    for name in ("dirac", "bilinear"):
        add("distance", "detente.toys.linear:Distance", domain=name, summary="mean distance to the origin")
    for name in ("ring", "grid"):
        add("modes", "detente.toys.mixture:Modes", domain=name, summary="centres found, how sharply, how evenly")


@hookimpl
def detente_register_loggers(registry) -> None:
    add = registry.add
    add("tensorboard", "detente.training.loggers.tensorboard:TensorBoard", summary="event files in the run's folder")
    add("wandb", "detente.training.loggers.wandb:WeightsAndBiases", summary="Weights & Biases, online or offline")


@hookimpl
def detente_register_optimizers(registry) -> None:
    for name, summary in (
        ("adam", "Adam with the beta1 that is usual for GANs, 0.5"),
        ("adamw", "Adam with decoupled weight decay"),
        ("sgd", "stochastic gradient descent, with optional momentum"),
        ("rmsprop", "RMSprop, with the learning rate of the first Wasserstein GANs"),
    ):
        registry.add(name, f"detente.recipe.optimizers:{name}", summary=summary)


@hookimpl
def detente_register_samplers(registry) -> None:
    for name, cls, summary in (
        ("grid", "GridSearch", "every combination of evenly spaced values"),
        ("random", "RandomSearch", "independent draws"),
        ("tpe", "TreeParzen", "Optuna's tree-structured Parzen estimator, then near the best trial"),
    ):
        registry.add(name, f"detente.experiments.search.samplers:{cls}", summary=summary)


@hookimpl
def detente_register_presets(registry) -> None:
    for name, summary in (
        ("demo", "six regularizers, one seed: a demonstration in about ten minutes"),
        ("classics", "the eighteen best-known arms at four learning rates, two seeds of each"),
        ("strength", "six techniques at three strengths each, at four learning rates, two seeds of each"),
        ("full", "most of the catalogue, with as many seeds as a verdict needs"),
    ):
        registry.add(name, f"detente.experiments:presets/{name}.yaml", summary=summary)


@hookimpl
def detente_register_rules(registry) -> None:
    def add(module: str, code: str, rule: str, summary: str) -> None:
        registry.add(code, f"detente.checks.{module}:{rule}", summary=summary)

    add(
        "refusals",
        "batch-norm-under-input-gradient",
        "batch_norm_under_input_gradient",
        "refuses an input-gradient penalty through batch normalization",
    )
    add(
        "refusals",
        "two-norms-of-one-weight",
        "two_norms_of_one_weight",
        "refuses spectral and weight normalization of one weight",
    )
    add(
        "refusals",
        "augmentation-on-the-generator",
        "augmentation_on_the_generator",
        "refuses augmentation on the generator",
    )
    add(
        "refusals",
        "instance-norm-without-positions",
        "instance_norm_without_positions",
        "refuses instance normalization where there are no positions",
    )
    add(
        "refusals",
        "wasserstein-without-a-bound",
        "wasserstein_without_a_bound",
        "refuses the Wasserstein loss without a bound of the critic",
    )
    add(
        "refusals",
        "gradient-penalty-with-weight-clip",
        "clipped_weights_under_a_slope_target",
        "refuses weight clipping beside a gradient penalty",
    )
    add(
        "refusals",
        "layer-never-runs",
        "layer_never_runs",
        "refuses a regularizer on a layer that the network never calls",
    )
    add(
        "warnings",
        "uncovered-weights",
        "uncovered_weights",
        "warns of weights that a normalization of every weight does not reach",
    )
    add(
        "warnings",
        "penalty-without-value",
        "penalty_without_value",
        "warns of a penalty that returns no value",
    )
    add(
        "warnings",
        "minibatch-stddev-under-input-gradient",
        "minibatch_statistics_under_input_gradient",
        "warns of an input-gradient penalty through statistics of the batch",
    )
    add(
        "warnings",
        "spectral-norm-after-warm-up",
        "spectral_norm_after_warm_up",
        "warns of spectral normalization of weights that were warmed up",
    )
    add(
        "warnings",
        "decay-of-scale-invariant-weights",
        "decay_of_scale_invariant_weights",
        "warns of decay of weights whose scale has no effect",
    )
    add("warnings", "l2-under-adam", "l2_under_adam", "warns of l2 through an adaptive optimizer")
    add(
        "warnings",
        "dropout-under-input-gradient",
        "dropout_under_input_gradient",
        "warns of an input-gradient penalty through dropout",
    )
    add(
        "warnings",
        "strong-penalty-on-spectral-norm",
        "strong_penalty_on_spectral_norm",
        "warns of a strong gradient penalty on top of spectral normalization",
    )
    add("warnings", "half-precision-penalties", "half_precision_penalties", "warns of penalties in float16")
    add("warnings", "bf16-in-software", "bf16_in_software", "warns of bf16 where the processor has none")
    add(
        "warnings",
        "recurrent-critic-under-input-gradient",
        "recurrent_critic_under_input_gradient",
        "warns of an input-gradient penalty on a recurrent critic",
    )
