"""What this plugin declares. Nothing here imports torch: targets are imported when somebody asks for them."""

from detente.hookspecs import hookimpl


@hookimpl
def detente_register_domains(registry) -> None:
    registry.add("speech", "detente_speech.domain:Speech", summary="recorded voices, as log-mels or waveforms")


@hookimpl
def detente_register_data(registry) -> None:
    def add(name: str, cls: str, summary: str) -> None:
        registry.add(name, f"detente_speech.data:{cls}", domain="speech", summary=summary)

    add("prompts", "Prompts", "131 minutes of five voices in five languages, fetched once by apt")
    add("folder", "Folder", "the recordings in a folder of yours")
    add("fsdd", "SpokenDigits", "the Free Spoken Digit Dataset, from a folder or archive of yours")
    add("yesno", "YesNo", "60 recordings of Hebrew yes and no, downloaded by torchaudio")
    add("speechcommands", "SpeechCommands", "105,829 recordings of 35 words, downloaded by torchaudio")


@hookimpl
def detente_register_models(registry) -> None:
    def add(name: str, cls: str, summary: str) -> None:
        registry.add(name, f"detente_speech.networks:{cls}", domain="speech", summary=summary)

    add("specgan", "SpecGAN", "strided convolutions on log-mels")
    add("vocoder", "Vocoder", "from log-mels to waveforms, after Vocos, with multi-period critics")
    add("wavegan", "WaveGAN", "strided convolutions on waveforms")


@hookimpl
def detente_register_metrics(registry) -> None:
    def add(name: str, cls: str, summary: str) -> None:
        registry.add(name, f"detente_speech.metrics:{cls}", domain="speech", summary=summary)

    add("voices", "Voices", "which voices a classifier hears, and how evenly")
    add("naturalness", "Naturalness", "DNSMOS: how natural a listener would find it")
    add("vocoding", "Vocoding", "distances of a vocoder's sound from the recording, and STOI")
