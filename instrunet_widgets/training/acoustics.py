"""What happens to a sound between the instrument and a file: breath and bow noise, rooms, microphones, codecs.

Used on rendered sound, which is cleaner than anything that was ever recorded. All of it is drawn from the
generator that is passed in.
"""

from __future__ import annotations

import io

import numpy as np

from ..arrays import FloatArray


def make_noise(n_samples: int, slope: float, sample_rate: int, rng: np.random.Generator) -> FloatArray:
    """Noise whose power falls by ``3 * slope`` dB per octave (0 white, 1 pink, 2 brown), RMS 1.

    Parameters
    ----------
    n_samples : int
    slope : float
    sample_rate : int
        Hz; below 30 Hz the spectrum is flat.
    rng : np.random.Generator

    Returns
    -------
    noise : np.ndarray [shape=(n_samples,), dtype=float32]
    """
    spectrum = np.fft.rfft(rng.standard_normal(n_samples))
    frequencies = np.fft.rfftfreq(n_samples, 1 / sample_rate)
    noise = np.fft.irfft(spectrum * np.maximum(frequencies, 30.0) ** (-slope / 2), n_samples)
    return (noise / np.sqrt(np.mean(noise**2))).astype(np.float32)


def add_breath(waveform: FloatArray, sample_rate: int, rng: np.random.Generator) -> FloatArray:
    """Add noise that follows the loudness, as breath and bow do; some 15 to 45 dB below the tone."""
    block = sample_rate // 50
    n_blocks = -(-len(waveform) // block)
    padded = np.pad(waveform, (0, n_blocks * block - len(waveform)))
    loudness = np.sqrt(np.mean(padded.reshape(n_blocks, block) ** 2, axis=1))
    envelope = np.interp(np.arange(len(waveform)), (np.arange(n_blocks) + 0.5) * block, loudness)
    noise = make_noise(len(waveform), float(rng.uniform(0.3, 1.2)), sample_rate, rng)
    noise = shape_spectrum(noise, sample_rate, centre=float(rng.uniform(800, 5_000)), gain_db=10.0)
    gain = 10 ** (-float(rng.uniform(22, 45)) / 20)
    return (waveform + gain * envelope * noise).astype(np.float32)


def shape_spectrum(
    waveform: FloatArray,
    sample_rate: int,
    *,
    tilt_db: float = 0.0,
    centre: float = 1_000.0,
    gain_db: float = 0.0,
    low_cut: float = 0.0,
    high_cut: float = np.inf,
) -> FloatArray:
    """Equalise: a tilt, one broad peak or dip, and soft edges.

    Parameters
    ----------
    waveform : np.ndarray [shape=(n_samples,), dtype=float32]
    sample_rate : int
        Hz.
    tilt_db : float
        dB per octave, round 1 kHz.
    centre : float
        Middle of the peak, Hz; it is about two octaves wide.
    gain_db : float
        Height of the peak, dB.
    low_cut, high_cut : float
        Frequencies (Hz) beyond which 12 dB per octave are lost.

    Returns
    -------
    shaped : np.ndarray [shape=(n_samples,), dtype=float32]
    """
    from scipy.fft import irfft, next_fast_len, rfft

    n_fft = next_fast_len(len(waveform) + sample_rate // 10, real=True)
    frequencies = np.maximum(np.fft.rfftfreq(n_fft, 1 / sample_rate), 20.0)
    octaves = np.log2(frequencies / 1_000.0)
    decibels = tilt_db * np.clip(octaves, -4, 3) + gain_db * np.exp(-0.5 * np.log2(frequencies / centre) ** 2)
    if low_cut > 0:
        decibels -= 12.0 * np.maximum(0.0, np.log2(low_cut / frequencies))
    if np.isfinite(high_cut):
        decibels -= 12.0 * np.maximum(0.0, np.log2(frequencies / high_cut))
    spectrum = rfft(waveform, n_fft) * 10 ** (decibels / 20)
    return irfft(spectrum, n_fft)[: len(waveform)].astype(np.float32)


def put_in_room(waveform: FloatArray, sample_rate: int, rng: np.random.Generator) -> FloatArray:
    """Convolve with a made-up room: early reflections and a decaying tail of 0.15 to 1.5 s, darker as it decays."""
    from scipy.signal import fftconvolve

    decay = float(rng.uniform(0.15, 1.5))
    n_tail = round(decay * sample_rate)
    times = np.arange(n_tail) / sample_rate
    tail = make_noise(n_tail, float(rng.uniform(0.0, 1.2)), sample_rate, rng) * 10 ** (-3 * times / decay)
    tail[: round(0.012 * sample_rate)] = 0.0
    for delay in rng.uniform(0.003, 0.05, size=6):
        tail[min(n_tail - 1, round(delay * sample_rate))] += rng.normal(0, 3.0)
    tail /= np.sqrt(np.sum(tail**2))
    wet = float(rng.uniform(0.1, 0.8))
    echo = fftconvolve(waveform, tail)[: len(waveform)]
    return (waveform + wet * echo).astype(np.float32)


def saturate(waveform: FloatArray, drive_db: float) -> FloatArray:
    """Clip softly, as an overdriven preamplifier or a loud master does; `drive_db` is the gain in front of it."""
    peak = float(np.abs(waveform).max())
    if peak == 0.0:
        return waveform
    drive = 10 ** (drive_db / 20)
    return (np.tanh(waveform / peak * drive) / np.tanh(drive) * peak).astype(np.float32)


def re_encode(waveform: FloatArray, sample_rate: int, *, codec: str, quality: float) -> FloatArray:
    """Write the sound in a lossy format and read it back, in memory.

    Parameters
    ----------
    waveform : np.ndarray [shape=(n_samples,), dtype=float32]
        In [-1, 1].
    sample_rate : int
        Hz.
    codec : {"MP3", "OGG"}
    quality : float in [0, 1]
        1 is the smallest file.

    Returns
    -------
    decoded : np.ndarray [shape=(n_samples,), dtype=float32]
        Cut or padded to the length of the input.
    """
    import soundfile

    subtype = {"MP3": "MPEG_LAYER_III", "OGG": "VORBIS"}[codec]
    stream = io.BytesIO()
    with soundfile.SoundFile(
        stream, "w", sample_rate, 1, subtype=subtype, format=codec, compression_level=quality
    ) as file:
        for start in range(
            0, len(waveform), sample_rate
        ):  # libsndfile's Vorbis encoder overruns its stack on long writes
            file.write(waveform[start : start + sample_rate])
    stream.seek(0)
    decoded, _ = soundfile.read(stream, dtype="float32")
    decoded = decoded[: len(waveform)]
    return np.pad(decoded, (0, len(waveform) - len(decoded)))


def record(waveform: FloatArray, sample_rate: int, rng: np.random.Generator) -> FloatArray:
    """Put a clean sound through a randomly drawn recording: room, equaliser, saturation, noise floor, codec.

    Parameters
    ----------
    waveform : np.ndarray [shape=(n_samples,), dtype=float32]
    sample_rate : int
        Hz.
    rng : np.random.Generator

    Returns
    -------
    recorded : np.ndarray [shape=(n_samples,), dtype=float32]
        Peak between -20 and -0.5 dBFS; zeros stay zeros.
    """
    if rng.random() < 0.5:
        waveform = put_in_room(waveform, sample_rate, rng)
    waveform = shape_spectrum(
        waveform,
        sample_rate,
        tilt_db=float(np.clip(rng.normal(0, 1.5), -4, 4)),
        centre=float(np.exp(rng.uniform(np.log(120), np.log(6_000)))),
        gain_db=float(np.clip(rng.normal(0, 4), -9, 9)),
        low_cut=float(rng.choice([0.0, rng.uniform(40, 160)])),
        high_cut=float(rng.choice([np.inf, rng.uniform(3_000, 12_000)], p=[0.7, 0.3])),
    )
    if rng.random() < 0.15:
        waveform = saturate(waveform, float(rng.uniform(-6, 9)))
    peak = float(np.abs(waveform).max())
    if peak == 0.0:
        return waveform
    waveform = waveform / peak * 10 ** (float(rng.uniform(-20, -0.5)) / 20)
    if rng.random() < 0.6:
        level = np.abs(waveform).max() * 10 ** (-float(rng.triangular(35, 60, 80)) / 20)
        waveform = waveform + level * make_noise(len(waveform), float(rng.uniform(0, 1.5)), sample_rate, rng)
    if rng.random() < 0.35:
        codec = str(rng.choice(["MP3", "OGG"]))
        quality = float(rng.uniform(0.2, 0.9))
        waveform = re_encode(np.clip(waveform, -1, 1), sample_rate, codec=codec, quality=quality)
    return waveform.astype(np.float32)
