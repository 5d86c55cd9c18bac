"""The eleven instruments of IRMAS, in the order of every network's outputs.

Codes and order follow the IRMAS data set [1]_. Colours start from Paul Tol's qualitative sets [2]_ and are
kept apart by lightness as well as by hue; an instrument has the same colour in every chart, card and report,
and colour is never the only sign.

References
----------
.. [1] J. J. Bosch, J. Janer, F. Fuhrmann, P. Herrera, "A comparison of sound segregation techniques for
       predominant instrument recognition in musical audio signals", ISMIR 2012.
.. [2] P. Tol, "Colour schemes", SRON technical note EPS/TN/09-002, 2021.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Instrument:
    """One class that the network can name.

    Parameters
    ----------
    code : str
        Three-letter IRMAS code, for example ``"cel"``.
    name : str
        English name, for example ``"cello"``.
    icon : str
        One emoji. Organ and clarinet have none of their own in Unicode and borrow a neighbour's.
    colour : str
        ``"#rrggbb"``.
    """

    code: str
    name: str
    icon: str
    colour: str


INSTRUMENTS: tuple[Instrument, ...] = (
    Instrument("cel", "cello", "🎻", "#882255"),
    Instrument("cla", "clarinet", "🪈", "#332288"),
    Instrument("flu", "flute", "🪈", "#88CCEE"),
    Instrument("gac", "acoustic guitar", "🪕", "#999933"),
    Instrument("gel", "electric guitar", "🎸", "#EE7733"),
    Instrument("org", "organ", "⛪", "#AA4499"),
    Instrument("pia", "piano", "🎹", "#4477AA"),
    Instrument("sax", "saxophone", "🎷", "#117733"),
    Instrument("tru", "trumpet", "🎺", "#DDAA33"),
    Instrument("vio", "violin", "🎻", "#CC3311"),
    Instrument("voi", "voice", "🎤", "#44AA99"),
)

CODES: tuple[str, ...] = tuple(instrument.code for instrument in INSTRUMENTS)
N_INSTRUMENTS: int = len(INSTRUMENTS)

_BY_CODE = {instrument.code: instrument for instrument in INSTRUMENTS}


def instrument_by_code(code: str) -> Instrument:
    """Look an instrument up by its IRMAS code.

    Raises
    ------
    KeyError
        If `code` is not one of the eleven.

    Examples
    --------
    >>> instrument_by_code("tru").name
    'trumpet'
    """
    try:
        return _BY_CODE[code]
    except KeyError:
        raise KeyError(f"{code!r} is not an IRMAS instrument code; the eleven are {', '.join(CODES)}") from None
