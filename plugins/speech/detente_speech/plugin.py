"""What this plugin declares. Nothing here imports torch: targets are imported when somebody asks for them."""

from detente.hookspecs import hookimpl


@hookimpl
def detente_register_domains(registry) -> None:
    registry.add("speech", "detente_speech.domain:Speech", summary="recorded voices, as log-mels or waveforms")


@hookimpl
def detente_register_data(registry) -> None:
    def add(name: str, cls: str, summary: str) -> None:
        registry.add(name, f"detente_speech.data:{cls}", domain="speech", summary=summary)

    add("prompts", "Prompts", "131 minutes of five voices in five languages, downloaded once with apt")
    add("folder", "Folder", "the recordings in your own folder")
    add("fsdd", "SpokenDigits", "the Free Spoken Digit Dataset, from your own folder or archive")
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

    add("voices", "Voices", "which voices a classifier recognizes, and how evenly")
    add("class-accuracy", "ClassAccuracy", "samples of a conditional model in the voice that they were made under")
    add("naturalness", "Naturalness", "DNSMOS: predicted naturalness")
    add("vocoding", "Vocoding", "distances of a vocoder's sound from the recording, and STOI")


@hookimpl
def detente_register_verbs(registry) -> None:
    registry.add("vocode", "detente_speech.vocode:vocode", summary="speak a recording again, by a trained vocoder")
