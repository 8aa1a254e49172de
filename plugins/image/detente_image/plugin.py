"""What this plugin declares. Nothing here imports torch: targets are imported when somebody asks for them."""

from detente.hookspecs import hookimpl


@hookimpl
def detente_register_domains(registry) -> None:
    registry.add("image", "detente_image.domain:Image", summary="pictures in grey or colour")


@hookimpl
def detente_register_data(registry) -> None:
    def add(name: str, cls: str, summary: str) -> None:
        registry.add(name, f"detente_image.data:{cls}", domain="image", summary=summary)

    add("digits", "Digits", "5,000 handwritten digits of MNIST, grey, 32 × 32")
    add("stacked-digits", "StackedDigits", "three digits as red, green and blue: 1,000 modes")
    add("emoji", "Emoji", "1,859 emoji of OpenMoji in colour (CC BY-SA 4.0)")
    add("folder", "Folder", "the images in your own folder")


@hookimpl
def detente_register_models(registry) -> None:
    def add(name: str, cls: str, summary: str) -> None:
        registry.add(name, f"detente_image.networks:{cls}", domain="image", summary=summary)

    add("dcgan", "DCGAN", "strided convolutions")
    add("resnet", "ResNet", "residual blocks, similar to R3GAN")
    add("r3gan", "R3GAN", "the networks of R3GAN")
    add("stylegan2", "StyleGAN2", "a mapping network, modulated convolutions and noise")
    add("mlp", "MLP", "fully connected layers")


@hookimpl
def detente_register_metrics(registry) -> None:
    def add(name: str, cls: str, summary: str) -> None:
        registry.add(name, f"detente_image.metrics:{cls}", domain="image", summary=summary)

    add("modes", "Modes", "classes that a digit classifier finds, and how evenly")
    add("class-accuracy", "ClassAccuracy", "samples of a conditional model that show the class they were made under")
    add("diversity", "Diversity", "mean distance between two samples' features")
