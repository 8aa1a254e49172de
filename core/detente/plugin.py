"""The core's own components, declared through the same hooks as a stranger's."""

from detente.hookspecs import hookimpl


@hookimpl
def detente_register_objectives(registry) -> None:
    add = registry.add
    add("non-saturating", "detente.objectives:NonSaturating", summary="logistic loss, G maximizes log D")
    add("saturating", "detente.objectives:Saturating", summary="logistic loss, zero-sum")
    add("hinge", "detente.objectives:Hinge", summary="hinge loss")
    add("wasserstein", "detente.objectives:Wasserstein", summary="difference of means; wants a Lipschitz critic")
    add("least-squares", "detente.objectives:LeastSquares", summary="squared error to 0 and 1")
    add("relativistic", "detente.objectives:Relativistic", summary="logistic loss on paired differences")


@hookimpl
def detente_register_regularizers(registry) -> None:
    def add(name: str, module: str, cls: str, summary: str) -> None:
        registry.add(name, f"detente.regularizers.{module}:{cls}", summary=summary)

    add("l1", "l1", "L1", "λ Σ|w|, through its gradient")
    add("l2", "l2", "L2", "λ Σw², through its gradient")
    add("dropout", "dropout", "Dropout", "random zeros after hidden layers")
    add("batch-norm", "batch_norm", "BatchNorm", "batch normalization after hidden layers")
    add("spectral-norm", "spectral_norm", "SpectralNorm", "weights over their largest singular value")
    add("r1", "r1", "R1", "γ/2 E‖∇D‖² on real data")
    add("gradient-penalty", "gradient_penalty", "GradientPenalty", "λ E(‖∇D‖ − 1)² between real and fake")
    add("clip-norm", "clip_norm", "ClipNorm", "bounds the gradient's global norm")
    add("ema", "ema", "EMA", "deploys an exponential moving average of the weights")
    add("instance-noise", "instance_noise", "InstanceNoise", "noise on everything that the critic sees")
    add("label-smoothing", "label_smoothing", "LabelSmoothing", "one-sided label smoothing")
