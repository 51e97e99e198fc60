"""Recordings of every common format sound as they should; what can't be read says why."""

import io
import os
import pickle
import shutil
import tracemalloc
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sounds import DATA, STEREO_CALL, Sound, correlation, write_audio

from callmood.pipeline.audio.decode import Audio, decode
from callmood.pipeline.audio.files import UnreadableRecording
from callmood.sound import SAMPLE_RATE

Refused = Callable[[Path], UnreadableRecording]


@pytest.fixture(scope="module")
def voices() -> Sound:
    """Three seconds: the agent speaks on the left, and the customer says other words on the right."""
    call = decode(STEREO_CALL).samples
    return np.stack(
        [call[0, SAMPLE_RATE // 2 : SAMPLE_RATE * 7 // 2], call[1, 6 * SAMPLE_RATE : 9 * SAMPLE_RATE]]
    )


@pytest.fixture
def refused() -> Refused:
    def refuse(path: Path) -> UnreadableRecording:
        with pytest.raises(UnreadableRecording) as caught:
            decode(path)
        sentence = str(caught.value)
        assert sentence.endswith(".") and "\n" not in sentence
        return caught.value

    return refuse


@pytest.mark.parametrize(
    ("ending", "codec", "rate", "kind", "alike"),
    [
        ("wav", "pcm_s16le", 8_000, "wav/pcm_s16le", 0.97),
        ("wav", "pcm_s16le", 11_025, "wav/pcm_s16le", 0.98),
        ("wav", "pcm_s16le", 16_000, "wav/pcm_s16le", 0.999),
        ("wav", "pcm_s16le", 48_000, "wav/pcm_s16le", 0.99),
        ("wav", "pcm_u8", 8_000, "wav/pcm_u8", 0.97),
        ("wav", "pcm_s24le", 44_100, "wav/pcm_s24le", 0.99),
        ("wav", "pcm_f32le", 22_050, "wav/pcm_f32le", 0.99),
        ("wav", "pcm_alaw", 8_000, "wav/pcm_alaw", 0.97),
        ("wav", "pcm_mulaw", 8_000, "wav/pcm_mulaw", 0.97),
        ("wav", "adpcm_ima_wav", 8_000, "wav/adpcm_ima_wav", 0.95),
        ("mp3", "libmp3lame", 8_000, "mp3/mp3", 0.9),
        ("mp3", "libmp3lame", 44_100, "mp3/mp3", 0.95),
        ("m4a", "aac", 16_000, "m4a/aac", 0.95),
        ("m4a", "alac", 44_100, "m4a/alac", 0.99),
        ("mp4", "aac", 8_000, "mp4/aac", 0.9),
        ("aac", "aac", 44_100, "aac/aac", 0.95),
        ("ogg", "vorbis", 16_000, "ogg/vorbis", 0.9),
        ("ogg", "libopus", 48_000, "ogg/opus", 0.9),
        ("opus", "libopus", 16_000, "ogg/opus", 0.9),
        ("webm", "libopus", 48_000, "webm/opus", 0.9),
        ("flac", "flac", 8_000, "flac/flac", 0.97),
        ("wma", "wmav2", 16_000, "asf/wmav2", 0.9),
        ("aiff", "pcm_s16be", 16_000, "aiff/pcm_s16be", 0.999),
    ],
)
def test_stereo_format_keeps_its_channels_apart(
    tmp_path: Path, voices: Sound, ending: str, codec: str, rate: int, kind: str, alike: float
) -> None:
    audio = decode(write_audio(tmp_path / f"call.{ending}", voices, codec, rate))

    assert audio.format == kind
    assert audio.sample_rate == (48_000 if "opus" in kind else rate)
    assert audio.channels == 2
    assert audio.warnings == ()
    assert_sounds_like(audio, voices, alike)
    assert correlation(audio.samples[0], voices[1]) < 0.4, "the channels are not kept apart"


@pytest.mark.parametrize(
    ("ending", "codec", "rate", "kind"),
    [
        ("amr", "libopencore_amrnb", 8_000, "amr/amr_nb"),
        ("3gp", "libopencore_amrnb", 8_000, "3gp/amr_nb"),
        ("mp3", "libmp3lame", 16_000, "mp3/mp3"),
        ("wav", "pcm_s16le", 8_000, "wav/pcm_s16le"),
    ],
)
def test_mono_format_has_one_channel(
    tmp_path: Path, voices: Sound, ending: str, codec: str, rate: int, kind: str
) -> None:
    audio = decode(write_audio(tmp_path / f"call.{ending}", voices[:1], codec, rate))

    assert audio.format == kind
    assert audio.warnings == ()
    assert_sounds_like(audio, voices[:1], 0.8)


@pytest.mark.parametrize(
    ("name", "kind", "rate"),
    [
        ("gsm610.wav", "wav/gsm_ms", 8_000),
        ("bare.gsm", "gsm/gsm", 8_000),
        ("pauses.amr", "amr/amr_nb", 8_000),
        ("wideband.awb", "amr/amr_wb", 16_000),
    ],
)
def test_telephone_codec_is_decoded(name: str, kind: str, rate: int) -> None:
    audio = decode(DATA / "formats" / name)

    assert (audio.format, audio.sample_rate, audio.warnings) == (kind, rate, ())
    assert_sounds_like(audio, decode(STEREO_CALL).samples[:1, : 5 * SAMPLE_RATE], 0.8)


def assert_sounds_like(audio: Audio, said: Sound, alike: float) -> None:
    assert audio.samples.dtype == np.float32
    assert audio.samples.shape[0] == said.shape[0] == audio.channels
    assert audio.duration_s == pytest.approx(said.shape[1] / SAMPLE_RATE, abs=0.15)
    assert audio.samples.shape[1] == round(audio.duration_s * SAMPLE_RATE)
    for channel, of_channel in zip(audio.samples, said, strict=True):
        assert correlation(channel, of_channel) > alike
        assert np.abs(channel).max() == pytest.approx(np.abs(of_channel).max(), rel=0.5)


def test_the_content_decides_and_not_the_extension(tmp_path: Path, voices: Sound) -> None:
    mp3 = write_audio(tmp_path / "call.mp3", voices, "libmp3lame")
    assert decode(mp3.rename(tmp_path / "call.wav")).format == "mp3/mp3"


@pytest.mark.parametrize(
    "name",
    [
        "two words.wav",
        'it\'s "it".wav',
        "😡.wav",
        "Gespräch für Łukasz 通話.wav",
        "two\nlines.wav",
        "http:__a.wav",
    ],
)
def test_any_file_name_can_be_read(tmp_path: Path, voices: Sound, name: str) -> None:
    assert decode(write_audio(tmp_path / "plain.wav", voices).rename(tmp_path / name)).duration_s == 3.0


def test_file_name_that_is_not_unicode_can_be_read(tmp_path: Path, voices: Sound) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.wav"))
    try:
        write_audio(tmp_path / "plain.wav", voices).rename(path)
    except OSError:
        pytest.skip("this file system takes only Unicode names")
    assert decode(path).duration_s == 3.0
    path.write_bytes(b"")
    with pytest.raises(UnreadableRecording) as caught:
        decode(path)
    str(caught.value).encode()


@pytest.mark.parametrize("size", [0, 0xFFFF_FFFF, 0x7FFF_FFFF])
def test_wav_that_was_streamed_without_its_length_is_read_to_the_end(
    tmp_path: Path, voices: Sound, size: int
) -> None:
    path = write_audio(tmp_path / "call.wav", voices)
    raw = bytearray(path.read_bytes())
    data = raw.index(b"data")
    raw[data + 4 : data + 8] = size.to_bytes(4, "little")
    path.write_bytes(raw)

    audio = decode(path)
    assert audio.duration_s == 3.0
    assert audio.warnings == ()


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("call.wav", "pcm_s16le"),
        ("call.wav", "pcm_mulaw"),
        ("call.mp3", "libmp3lame"),
        ("call.opus", "libopus"),
        ("call.webm", "libopus"),
        ("call.flac", "flac"),
    ],
)
def test_truncated_file_gives_what_is_left_and_a_warning(
    tmp_path: Path, voices: Sound, name: str, codec: str
) -> None:
    path = write_audio(tmp_path / name, np.tile(voices, 3), codec)
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) // 2])

    audio = decode(path)
    assert 2.0 < audio.duration_s < 7.0
    assert len(audio.warnings) == 1
    assert audio.warnings[0].startswith("file ends early: ")
    start = slice(0, 2 * SAMPLE_RATE)
    assert correlation(audio.samples[0, start], voices[0, start]) > 0.85


def test_whole_wav_with_a_wrong_byte_rate_is_not_called_truncated(tmp_path: Path, voices: Sound) -> None:
    path = write_audio(tmp_path / "call.wav", voices)
    raw = bytearray(path.read_bytes())
    raw[28:32] = (8_000).to_bytes(4, "little")
    path.write_bytes(raw)
    assert decode(path).warnings == ()


def test_damaged_middle_is_skipped_with_a_warning(tmp_path: Path, voices: Sound) -> None:
    path = write_audio(tmp_path / "call.mp3", voices, "libmp3lame", 8_000)
    raw = bytearray(path.read_bytes())
    middle = slice(len(raw) // 2, len(raw) // 2 + 1_500)
    raw[middle] = np.random.default_rng(0).bytes(1_500)
    path.write_bytes(raw)

    audio = decode(path)
    assert 1.0 < audio.duration_s < 3.2
    assert any("damaged place" in warning for warning in audio.warnings)


@pytest.mark.parametrize(("bits", "kind"), [(32, "<f4"), (64, "<f8")])
def test_numbers_beyond_any_sound_do_not_silence_what_is_around(
    tmp_path: Path, voices: Sound, bits: int, kind: str
) -> None:
    samples = voices[0].astype(kind)
    samples[20_000:20_010] = [1e38] * 5 + ([-1e300] * 5 if bits == 64 else [-3e38] * 5)
    path = write_wav(tmp_path / "call.wav", samples.tobytes(), bits, tag=3)

    audio = decode(path)
    assert correlation(audio.samples[0], voices[0]) > 0.99
    assert audio.warnings == ("10 samples were louder than any sound and were taken as silence",)


def test_pcm_of_64_bits_is_read(tmp_path: Path, voices: Sound) -> None:
    samples = (voices[0].astype(np.float64) * 2.0**62).astype("<i8")
    audio = decode(write_wav(tmp_path / "call.wav", samples.tobytes(), 64))
    assert audio.format == "wav/pcm_s64le"
    assert_sounds_like(audio, voices[:1] / 2, 0.999)


def test_planar_frames_of_eight_channels_are_read(tmp_path: Path, voices: Sound) -> None:
    sound = np.concatenate([voices] + [np.zeros_like(voices)] * 3)
    audio = decode(write_audio(tmp_path / "call.m4a", sound, "aac", layout="7.1(wide)"))
    assert_sounds_like(audio, voices, 0.9)


def test_sound_after_a_data_size_that_is_too_small_is_read(tmp_path: Path, voices: Sound) -> None:
    sound = pcm(voices[0])
    path = write_wav(tmp_path / "call.wav", sound, size=len(sound) // 3)
    audio = decode(path)
    assert (audio.duration_s, audio.warnings) == (3.0, ())


@pytest.mark.parametrize(
    "after", [b"LIST\x04\0\0\0INFO", b"TAG" + b"x" * 125, b"\0" * 5_000, b"ID3" + b"t" * 999]
)
def test_chunks_and_tags_after_the_data_are_no_sound(tmp_path: Path, voices: Sound, after: bytes) -> None:
    path = write_wav(tmp_path / "call.wav", pcm(voices[0]))
    path.write_bytes(path.read_bytes() + after)
    assert decode(path).duration_s == 3.0


@pytest.mark.parametrize("sizes", [(None, None), (0, 0), (20_000, None), (0xFFFF_FFFF, 20_000)])
def test_wavs_in_one_file_are_read_one_after_the_other(
    tmp_path: Path, voices: Sound, sizes: tuple[int | None, int | None]
) -> None:
    path = tmp_path / "call.wav"
    raw = [write_wav(path, pcm(voices[i]), size=size).read_bytes() for i, size in enumerate(sizes)]
    path.write_bytes(b"".join(raw))

    audio = decode(path)
    assert audio.duration_s == pytest.approx(6.0, abs=0.01)
    assert correlation(audio.samples[0], np.concatenate([voices[0], voices[1]])) > 0.99


def test_second_wav_of_another_rate_keeps_its_speed(tmp_path: Path, voices: Sound) -> None:
    first = write_audio(tmp_path / "a.wav", voices, rate=8_000)
    second = write_audio(tmp_path / "b.wav", voices, rate=16_000)
    first.write_bytes(first.read_bytes() + second.read_bytes())
    assert decode(first).duration_s == pytest.approx(6.0, abs=0.01)


def test_second_wav_with_more_channels_keeps_them(tmp_path: Path, voices: Sound) -> None:
    first = write_audio(tmp_path / "a.wav", voices[:1], rate=8_000)
    second = write_audio(tmp_path / "b.wav", voices)
    first.write_bytes(first.read_bytes() + second.read_bytes())
    audio = decode(first)
    assert audio.duration_s == pytest.approx(6.0, abs=0.01)
    assert correlation(audio.samples[1, 48_000:], voices[1]) > 0.99


@pytest.mark.parametrize("part", [0, 0.3, 1])
def test_sound_after_a_wrong_size_is_read_in_a_wav_of_64_bit_sizes_too(
    tmp_path: Path, voices: Sound, part: float
) -> None:
    path = write_wav(tmp_path / "call.wav", pcm(voices[0]), size=0xFFFF_FFFF)
    raw = path.read_bytes()
    size = round(len(pcm(voices[0])) * part)
    ds64 = b"ds64\x1c\0\0\0" + np.array([size + 100, size, size // 2], "<u8").tobytes() + bytes(4)
    path.write_bytes((b"RF64\xff\xff\xff\xff" + raw[8:12] + ds64 + raw[12:]) * 2)
    audio = decode(path)
    assert audio.duration_s == pytest.approx(6.0, abs=0.01)
    assert correlation(audio.samples[0], np.tile(voices[0], 2)) > 0.99


def test_second_wav_is_found_whatever_chunk_it_begins_with(tmp_path: Path, voices: Sound) -> None:
    path = write_wav(tmp_path / "call.wav", pcm(voices[0]))
    raw = path.read_bytes()
    path.write_bytes(raw + raw[:12] + b"bext\x04\0\0\0text" + raw[12:])
    assert decode(path).duration_s == 6.0


def test_odd_chunk_without_its_pad_byte_is_passed(tmp_path: Path, voices: Sound) -> None:
    path = write_wav(tmp_path / "call.wav", pcm(voices[0]))
    raw = path.read_bytes()
    path.write_bytes(raw[:36] + b"LIST\x11\0\0\0INFOISFT\x05\0\0\0test\0" + raw[36:])
    assert_sounds_like(decode(path), voices[:1], 0.99)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("call.amr", b"#!AMR\n"),
        ("call.mp3", b"ID3\x04\0\0\0\0\0\x0a" + b"\0" * 10),
        ("call.au", b".snd" + bytes([0, 0, 0, 24, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 31, 64, 0, 0, 0, 1])),
    ],
)
def test_header_without_sound_is_no_audio(
    tmp_path: Path, refused: Refused, name: str, content: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert refused(path).reason == "no audio"


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("call.mkv", "libopus"),
        ("call.webm", "libopus"),
        ("call.opus", "libopus"),
        ("call.mp3", "libmp3lame"),
        ("call.w64", "pcm_s16le"),
        ("call.flac", "flac"),
        ("call.m4a", "aac"),
    ],
)
def test_recording_that_was_closed_before_any_sound_is_no_audio(
    tmp_path: Path, refused: Refused, name: str, codec: str
) -> None:
    import av

    with av.open(str(tmp_path / name), "w") as container:
        container.add_stream(codec, rate=48_000, layout="mono")
        container.start_encoding()
    assert refused(tmp_path / name).reason == "no audio"


@pytest.mark.parametrize("size", [0, 0xFFFF_FFFF, 1_000])
def test_wav_of_an_unanswered_call_is_no_audio(tmp_path: Path, refused: Refused, size: int) -> None:
    error = refused(write_wav(tmp_path / "call.wav", b"", size=size))
    assert error.reason == "no audio"
    assert str(error) == "call.wav holds no audio, as if the call was not answered."


def test_second_mp4_in_a_file_is_told(tmp_path: Path, voices: Sound) -> None:
    path = write_audio(tmp_path / "call.m4a", voices, "aac")
    path.write_bytes(path.read_bytes() * 2)
    assert decode(path).warnings == ("file goes on after its end: only the first part was read",)


def test_too_long_recording_is_refused_before_it_is_decoded(
    tmp_path: Path, voices: Sound, monkeypatch: pytest.MonkeyPatch
) -> None:
    from callmood.pipeline.audio import decode as module

    path = write_audio(tmp_path / "call.flac", np.tile(voices, 30), "flac")
    monkeypatch.setattr(module, "_decode_onto_tapes", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(UnreadableRecording) as caught:
        decode(path, max_hours=0.01)
    assert caught.value.reason == "too long"
    assert "0.01 hours, the limit of the setting audio.max_hours" in str(caught.value)


def test_header_that_promises_too_much_is_not_believed(tmp_path: Path, voices: Sound) -> None:
    path = write_audio(tmp_path / "call.flac", voices, "flac", 8_000)
    raw = bytearray(path.read_bytes())
    raw[21:26] = (raw[21] | 15).to_bytes(1, "big") + b"\xff" * 4  # 2^36 samples
    path.write_bytes(raw)
    assert decode(path).duration_s == pytest.approx(3.0, abs=0.01)


def test_ffmpeg_writes_nothing_to_the_terminal(
    tmp_path: Path, voices: Sound, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write_audio(tmp_path / "call.flac", voices, "flac")
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2 : len(raw) // 2 + 500] = np.random.default_rng(0).bytes(500)
    path.write_bytes(raw)
    decode(path)
    assert capfd.readouterr() == ("", "")


def pcm(channel: Sound) -> bytes:
    return np.round(channel * 32_767).astype("<i2").tobytes()


def write_wav(path: Path, sound: bytes, bits: int = 16, tag: int = 1, size: int | None = None) -> Path:
    """A mono WAV at 16 kHz whose header states ``size`` bytes of sound."""
    size = len(sound) if size is None else size
    width = bits // 8
    head = np.array([tag, 1], "<u2").tobytes() + np.array([SAMPLE_RATE, SAMPLE_RATE * width], "<u4").tobytes()
    head += np.array([width, bits], "<u2").tobytes()
    sizes = [np.array([number], "<u4").tobytes() for number in (min(36 + size, 0xFFFF_FFFF), len(head), size)]
    path.write_bytes(b"RIFF" + sizes[0] + b"WAVEfmt " + sizes[1] + head + b"data" + sizes[2] + sound)
    return path


def test_nan_and_infinite_samples_become_silence(tmp_path: Path, voices: Sound) -> None:
    path = write_audio(tmp_path / "call.wav", voices, "pcm_f32le")
    raw = bytearray(path.read_bytes())
    at = raw.index(b"data") + 8 + 4_000
    raw[at : at + 12] = np.array([np.nan, np.inf, -np.inf], "<f4").tobytes()
    path.write_bytes(raw)

    audio = decode(path)
    assert np.isfinite(audio.samples).all()
    assert np.abs(audio.samples).max() <= 1.0
    assert audio.warnings == ("3 samples were no numbers and were taken as silence",)


@pytest.mark.parametrize("hertz", [0, 50, 60])
def test_an_offset_and_hum_are_taken_off(tmp_path: Path, voices: Sound, hertz: int) -> None:
    time = np.arange(voices.shape[1]) / SAMPLE_RATE
    rumble = 0.3 * np.cos(2 * np.pi * hertz * time).astype(np.float32)
    audio = decode(write_audio(tmp_path / "call.wav", 0.3 * voices + rumble))
    assert_sounds_like(audio, 0.3 * voices, 0.9)


def test_sound_without_rumble_stays_as_it_is(tmp_path: Path, voices: Sound) -> None:
    audio = decode(write_audio(tmp_path / "call.wav", voices))
    assert np.abs(audio.samples - voices).max() < 1e-4


def test_copies_of_the_two_sides_are_left_out(tmp_path: Path, voices: Sound) -> None:
    audio = decode(write_audio(tmp_path / "call.wav", np.concatenate([voices] * 3), layout="5.1"))
    assert audio.channels == 2
    assert_sounds_like(audio, voices, 0.99)
    assert audio.warnings == ("file has 6 channels: 1 and 2 were taken",)


@pytest.mark.parametrize(
    ("where", "layout"),
    [((0, 3), "quad"), ((2, 3), "quad"), ((1, 2), "3.0"), ((2, 4), "5.1"), ((5, 7), "7.1")],
)
def test_of_many_channels_the_live_ones_are_taken(
    tmp_path: Path, voices: Sound, where: tuple[int, int], layout: str
) -> None:
    import av

    sound = np.random.default_rng(0).normal(0, 1e-4, (av.AudioLayout(layout).nb_channels, voices.shape[1]))
    sound[list(where)] = voices
    audio = decode(write_audio(tmp_path / "call.wav", sound.astype(np.float32), layout=layout))
    assert_sounds_like(audio, voices, 0.99)
    first, second = where
    assert audio.warnings == (f"file has {len(sound)} channels: {first + 1} and {second + 1} were taken",)


def test_speech_in_the_centre_alone_is_one_channel(tmp_path: Path, voices: Sound) -> None:
    sound = np.zeros((6, voices.shape[1]), np.float32)
    sound[2] = voices[0]
    audio = decode(write_audio(tmp_path / "call.wav", sound, layout="5.1"))
    assert_sounds_like(audio, voices[:1], 0.99)


def test_a_mix_beside_the_two_sides_is_not_taken(tmp_path: Path, voices: Sound) -> None:
    sound = np.stack([voices.sum(axis=0) / 2, voices[0], voices[1]])
    assert_sounds_like(decode(write_audio(tmp_path / "call.wav", sound, layout="3.0")), voices, 0.99)


def test_a_third_live_channel_is_told(tmp_path: Path, voices: Sound) -> None:
    third = np.roll(voices[0, ::-1], 9_000) * 0.3
    third[: third.size // 2] = 0
    audio = decode(write_audio(tmp_path / "call.wav", np.stack([*voices, third]), layout="3.0"))
    assert_sounds_like(audio, voices, 0.99)
    told = "file has 3 channels: 1 and 2 were taken, 3 was left out with sound of its own"
    assert audio.warnings == (told,)


@pytest.mark.parametrize(("ending", "codec"), [("mp4", "aac"), ("mkv", "libopus"), ("mkv", "pcm_s16le")])
def test_two_tracks_are_two_channels(tmp_path: Path, voices: Sound, ending: str, codec: str) -> None:
    audio = decode(write_tracks(tmp_path / f"call.{ending}", [voices[:1], voices[1:]], codec))
    assert_sounds_like(audio, voices, 0.9)
    assert audio.warnings == ()


def test_track_of_an_unknown_kind_is_passed_over(tmp_path: Path, voices: Sound) -> None:
    path = write_tracks(tmp_path / "call.mp4", [voices[:1], voices[1:]], "aac")
    path.write_bytes(path.read_bytes().replace(b"soun", b"xxxx", 1).replace(b"mp4a", b"xxxx", 1))
    assert_sounds_like(decode(path), voices[1:], 0.9)


def test_of_a_mix_and_two_single_tracks_the_single_ones_are_taken(tmp_path: Path, voices: Sound) -> None:
    mix = np.repeat(voices.sum(axis=0, keepdims=True) / 2, 2, axis=0)
    audio = decode(write_tracks(tmp_path / "call.mkv", [mix, voices[:1], voices[1:]], "pcm_s16le"))
    assert_sounds_like(audio, voices, 0.99)
    assert audio.warnings == ("file has 3 tracks: track 2 and track 3 were taken",)


def test_a_track_that_begins_later_keeps_its_time(tmp_path: Path, voices: Sound) -> None:
    path = write_tracks(
        tmp_path / "call.mkv", [voices[:1], voices[1:, 16_000:]], "pcm_s16le", starts_s=(0, 1)
    )
    late = voices.copy()
    late[1, :16_000] = 0
    audio = decode(path)
    assert_sounds_like(audio, late, 0.99)
    assert audio.warnings == ()


def test_a_track_that_begins_after_the_end_of_the_other_loses_nothing(tmp_path: Path, voices: Sound) -> None:
    path = write_tracks(tmp_path / "call.mkv", [voices[:1], voices[1:]], "pcm_s16le", starts_s=(0, 5))
    audio = decode(path)
    assert audio.duration_s == pytest.approx(8.0, abs=0.05)
    assert audio.warnings == ()


@pytest.mark.parametrize(("ending", "codec"), [("webm", "libopus"), ("m4a", "aac"), ("mkv", "pcm_s16le")])
def test_a_gap_in_the_timestamps_is_silence(tmp_path: Path, voices: Sound, ending: str, codec: str) -> None:
    path = write_gap(tmp_path / f"call.{ending}", voices, codec, at_s=1, gap_s=10)
    audio = decode(path)
    second = SAMPLE_RATE
    assert audio.duration_s == pytest.approx(13, abs=0.1)
    assert correlation(audio.samples[0, 12 * second :], voices[0, 2 * second :]) > 0.9
    assert np.abs(audio.samples[:, 2 * second : 10 * second]).max() < 1e-3
    (told,) = audio.warnings
    assert told.startswith("the recording leaves out ") and "from 1.0 s on" in told


def test_a_jump_beyond_the_end_of_the_file_is_no_silence(tmp_path: Path, voices: Sound) -> None:
    path = write_gap(tmp_path / "call.mkv", voices, "pcm_s16le", at_s=1, gap_s=30)
    raw = path.read_bytes()
    duration = raw.index(b"\x44\x89\x88") + 3  # of Matroska's header
    path.write_bytes(raw[:duration] + np.array([3000.0], ">f8").tobytes() + raw[duration + 8 :])
    assert decode(path).duration_s == pytest.approx(3, abs=0.1)


def write_gap(path: Path, sound: Sound, codec: str, at_s: float, gap_s: float) -> Path:
    import av

    with av.open(str(path), "w") as container:
        add_track(container, sound, codec, gap=(at_s, gap_s))
    return path


def write_tracks(
    path: Path, tracks: list[Sound], codec: str, starts_s: tuple[float, ...] = (0, 0, 0)
) -> Path:
    import av

    with av.open(str(path), "w") as container:
        streams = [container.add_stream(codec, rate=48_000, layout=_layout(track)) for track in tracks]
        for track, stream, start_s in zip(tracks, streams, starts_s, strict=False):
            add_track(container, track, codec, stream=stream, start_s=start_s)
    return path


def add_track(
    container: Any,
    sound: Sound,
    codec: str,
    stream: Any = None,
    start_s: float = 0.0,
    gap: tuple[float, float] = (1e9, 0.0),
) -> None:
    """Encodes [channels, n] as a track whose packets' times begin at ``start_s`` and jump by the gap."""
    import av
    import soxr

    rate = 48_000
    stream = stream or container.add_stream(codec, rate=rate, layout=_layout(sound))
    pcm = (np.clip(soxr.resample(sound.T, SAMPLE_RATE, rate), -1, 1) * 32_767).astype(np.int16)
    packets = []
    for start in range(0, len(pcm), 960):
        block = np.ascontiguousarray(pcm[start : start + 960]).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(block, format="s16", layout=_layout(sound))
        frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
        packets += stream.encode(frame)
    for packet in packets + stream.encode(None):
        late_s = start_s + (gap[1] if float(packet.pts * packet.time_base) >= gap[0] else 0)
        packet.pts += round(late_s / packet.time_base)
        packet.dts = packet.pts
        container.mux(packet)


def _layout(sound: Sound) -> str:
    return {1: "mono", 2: "stereo"}[sound.shape[0]]


def test_sound_of_a_video_is_read_and_the_picture_is_not(tmp_path: Path, refused: Refused) -> None:
    import av

    silent_film = tmp_path / "film.mp4"
    with av.open(str(silent_film), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 64
        for _ in range(25):
            container.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(stream.encode(None))
    assert refused(silent_film).reason == "no audio stream"


def test_empty_file(tmp_path: Path, refused: Refused) -> None:
    path = tmp_path / "call.wav"
    path.touch()
    error = refused(path)
    assert error.reason == "empty file"
    assert str(error) == "call.wav is empty."


def test_missing_file(tmp_path: Path, refused: Refused) -> None:
    assert refused(tmp_path / "call.wav").reason == "missing"


def test_folder_is_not_audio(tmp_path: Path, refused: Refused) -> None:
    assert refused(tmp_path).reason == "not audio"


def test_pipe_is_not_waited_for(tmp_path: Path, refused: Refused) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    os.mkfifo(tmp_path / "call.wav")
    assert refused(tmp_path / "call.wav").reason == "not audio"


def test_file_without_permission(tmp_path: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "call.wav"
    path.write_bytes(b"RIFF")
    monkeypatch.setattr(Path, "open", deny)
    assert refused(path).reason == "no permission"


@pytest.mark.parametrize("good_bytes", [0, 20_000])
def test_read_error_is_reported(
    tmp_path: Path, voices: Sound, refused: Refused, monkeypatch: pytest.MonkeyPatch, good_bytes: int
) -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() >= good_bytes:
                raise OSError(5, "Input/output error")
            return super().read(size)

    path = write_audio(tmp_path / "call.wav", np.tile(voices, 10))
    content = path.read_bytes()
    monkeypatch.setattr(Path, "open", lambda *_: Failing(content))
    error = refused(path)
    assert (error.reason, str(error)) == ("damaged", "call.wav can't be read: Input/output error.")


@pytest.mark.parametrize(
    "text", ["A letter to the customer.\n" * 50, "x", "<html><body>404</body></html>", "\0" * 999]
)
def test_text_named_wav_is_not_audio(tmp_path: Path, refused: Refused, text: str) -> None:
    path = tmp_path / "call.wav"
    path.write_text(text)
    assert refused(path).reason == "not audio"


@pytest.mark.parametrize(
    ("name", "content", "advice"),
    [
        (
            "call.ulaw",
            b"\xff" * 800,
            "Convert it first, such as with ffmpeg -f mulaw -ar 8000 -i FILE.ulaw FILE.wav.",
        ),
        ("call.sln16", b"\0" * 800, "-f s16le -ar 16000"),
        ("call.vox", b"\x08" * 800, "sox -t vox -r 8000 FILE.vox FILE.wav."),
        ("call.wav.gz", b"\x1f\x8b\x08" + b"x" * 800, "is a packed file. Unpack it, and scan what is in it."),
        ("call.wav", b"PK\x03\x04" + b"x" * 800, "is a packed file."),
        ("call.nmf", b"x" * 800, "Convert it to WAV first, if it is a recording."),
    ],
)
def test_recording_of_another_kind_is_told_what_to_do(
    tmp_path: Path, refused: Refused, name: str, content: bytes, advice: str
) -> None:
    (tmp_path / name).write_bytes(content)
    error = refused(tmp_path / name)
    assert error.reason == "not audio" and advice in str(error)


@pytest.mark.parametrize("name", ["list.m3u8", "list.wav", "list.txt"])
@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:3,\n{file}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{file}'\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
    ],
)
def test_playlist_does_not_open_other_files(
    tmp_path: Path, voices: Sound, refused: Refused, name: str, text: str
) -> None:
    other = write_audio(tmp_path / "other.mp3", voices, "libmp3lame")
    (tmp_path / name).write_text(text.format(file=other))
    assert refused(tmp_path / name).reason == "not audio"


@pytest.mark.parametrize("name", ["call.wav", "call.m4a"])
def test_head_without_a_body_is_damaged(tmp_path: Path, voices: Sound, refused: Refused, name: str) -> None:
    path = write_audio(tmp_path / name, voices, "aac" if name.endswith("m4a") else "pcm_s16le")
    path.write_bytes(path.read_bytes()[:40])
    assert refused(path).reason == "damaged"


def test_a_fifth_of_a_second_is_too_short(tmp_path: Path, voices: Sound, refused: Refused) -> None:
    error = refused(write_audio(tmp_path / "call.wav", voices[:, : SAMPLE_RATE // 5]))
    assert error.reason == "too short"
    assert str(error) == "call.wav has only 0.20 s of sound, less than 0.5 s."


def test_recording_of_a_whole_day_is_too_long(
    tmp_path: Path, voices: Sound, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_audio(tmp_path / "call.wav", np.tile(voices, 3))
    with pytest.raises(UnreadableRecording, match=r"limit of the setting audio\.max_hours"):
        decode(path, max_hours=2 / 3600)


def test_impossible_sample_rate_is_damage(tmp_path: Path, voices: Sound, refused: Refused) -> None:
    path = write_audio(tmp_path / "call.wav", voices)
    raw = bytearray(path.read_bytes())
    raw[24:28] = (1).to_bytes(4, "little")
    path.write_bytes(raw)
    assert refused(path).reason == "damaged"


def test_long_call_needs_little_more_memory_than_its_samples(tmp_path: Path) -> None:
    minute = np.random.default_rng(0).normal(0, 0.1, (2, 60 * SAMPLE_RATE)).astype(np.float32)
    path = write_audio(tmp_path / "call.wav", np.tile(minute, 5), "pcm_mulaw", 8_000)
    tracemalloc.start()
    try:
        audio = decode(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert audio.duration_s == pytest.approx(300)
    assert peak < audio.samples.nbytes + 20e6


def test_failure_can_be_pickled(tmp_path: Path, refused: Refused) -> None:
    error = refused(tmp_path / "call.wav")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.reason, again.path) == (str(error), error.reason, error.path)


def test_error_shows_an_odd_name_on_one_line(tmp_path: Path, refused: Refused) -> None:
    assert str(refused(tmp_path / "a\nb\x1b[31m.wav")) == "a\\nb\\x1b[31m.wav no longer exists."


def test_decoding_leaves_the_file_as_it_is(tmp_path: Path) -> None:
    path = Path(shutil.copy(STEREO_CALL, tmp_path))
    before = path.read_bytes()
    decode(path)
    assert path.read_bytes() == before
