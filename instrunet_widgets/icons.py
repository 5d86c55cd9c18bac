"""One small drawing per instrument, for pages and reports.

The drawings are lines on a square of 24 by 24 in the colour of the text round them: they look the same whatever
fonts a reader has, and follow a dark page. They are decoration; the instrument's name belongs next to them.
"""

from __future__ import annotations

from .instruments import instrument_by_code

ICONS: dict[str, str] = {
    # Upright on its endpin: body, neck and scroll, f-holes.
    "cel": """
        <path d="M12 6.4C14.9 6.4 16.6 7.7 16.6 9.4 16.6 10.5 16.3 11.1 15.8 11.8 14.4 12.5 14.4 13.9 16.1 14.8
            17.2 15.6 17.8 16.5 17.8 17.6 17.8 19.6 15.5 20.6 12 20.6 8.5 20.6 6.2 19.6 6.2 17.6
            6.2 16.5 6.8 15.6 7.9 14.8 9.6 13.9 9.6 12.5 8.2 11.8 7.7 11.1 7.4 10.5 7.4 9.4 7.4 7.7 9.1 6.4 12 6.4z"/>
        <path d="M12 12.5V2.6c0-1.2 1.8-1.3 1.8-.1M10.3 4.5h3.4M9.8 15.6v1.8M14.2 15.6v1.8M12 20.6v2.6"/>""",
    # Dark mouthpiece, holes, bell, and keys along one side.
    "cla": """
        <g transform="rotate(30 12 12)">
          <path fill="currentColor" d="M11.7-.4 11.2 2.2h1.6l-.5-2.6z"/>
          <path d="M10.4 4.4h3.2v13c0 1.8.8 3.5 2.2 5H8.2c1.4-1.5 2.2-3.2 2.2-5zM16.5 7v4.5M16.5 14.5v1.5"/>
          <path d="M12 7.8V7.81M12 11V11.01M12 14.2V14.21"/>
        </g>""",
    # A plain tube with its lip plate, holes and foot joint.
    "flu": """
        <g transform="rotate(-38 12 12)">
          <rect x="-.6" y="10.8" width="25.2" height="3.8" rx=".8"/>
          <path fill="currentColor" d="M2 10.8a2.2 2 0 0 1 4.4 0z"/>
          <path d="M9.2 12.7V12.71M12.2 12.7V12.71M15.2 12.7V12.71M18.2 12.7V12.71M21.4 10.8v3.8"/>
        </g>""",
    # Waisted body with a round hole and a bridge.
    "gac": """
        <g transform="rotate(45 12 12)">
          <path d="M12 9.5c-2.4 0-4.1 1.1-4.1 3.1 0 1.4.7 1.8.7 2.7 0 1.1-2.2 1.9-2.2 4.3 0 2.8 2.4 4.1 5.6 4.1
              s5.6-1.3 5.6-4.1c0-2.4-2.2-3.2-2.2-4.3 0-.9.7-1.3.7-2.7 0-2-1.7-3.1-4.1-3.1z"/>
          <circle cx="12" cy="15.5" r="2" fill="currentColor" stroke="none"/>
          <path d="M10 20.3h4M12 9.5V1.5"/>
          <path fill="currentColor" d="M11.2-2h1.6l.3 3.4h-2.2z"/>
        </g>""",
    # Two horns, two pickups, a slanted head.
    "gel": """
        <g transform="rotate(45 12 12)">
          <path d="M10.5 12.5c-.6 0-.8-.6-.9-1.3-.2-1.6-1.2-2.7-2.1-2.7-1.2 1.5-.8 3.5.1 5.3.7 1.5-1.7 2.6-1.7 5.4
              0 2.9 2.6 4.3 6.1 4.3s6.1-1.4 6.1-4.3c0-2.8-2.1-3.6-1.7-5.4.3-1.5.5-2.4 0-3.7-1 0-1.9.6-2.2 1.7
              -.1.5-.4.7-.9.7z"/>
          <path d="M12 12.5V1.5M10 16h4M10 19.3h4"/>
          <path fill="currentColor" d="M12.4 1.5h-1.7l.6-2.7 2-.8z"/>
        </g>""",
    # Five pipes with mouths and feet above a keyboard.
    "org": """
        <path fill="currentColor" stroke="none" d="
            M2 7.3a1.3 1.3 0 0 1 2.6 0V13H2zM6.35 4.8a1.3 1.3 0 0 1 2.6 0V13H6.35z
            M10.7 2.3a1.3 1.3 0 0 1 2.6 0V13H10.7zM15.05 4.8a1.3 1.3 0 0 1 2.6 0V13H15.05z
            M19.4 7.3a1.3 1.3 0 0 1 2.6 0V13H19.4zM2 14.2h2.6l-1.3 3zM6.35 14.2h2.6l-1.3 3z
            M10.7 14.2h2.6l-1.3 3zM15.05 14.2h2.6l-1.3 3zM19.4 14.2h2.6l-1.3 3z"/>
        <path d="M2.2 18.7h19.6v3.8H2.2zM7.1 20.7v1.8M12 20.7v1.8M16.9 20.7v1.8"/>""",
    # Three white keys and two black ones.
    "pia": """
        <rect x="2" y="4" width="20" height="16" rx="1.5"/>
        <path d="M8.7 13.5V20M15.3 13.5V20"/>
        <path fill="currentColor" d="M7.5 4h2.4v9H7.5zM14.1 4h2.4v9H14.1z"/>""",
    # A bent neck, a wide bow, the bell turned up, and keys down the back.
    "sax": """
        <path d="M2.5 5.3 5.6 3.3c1.8-1.1 3.3-.4 3.5 1.5l1.3 11c.2 1.8 2.7 1.8 3.1 0l.9-4.6c.2-1.2-.4-2-1.6-2.7h9.5
            c-1.3.7-1.8 1.8-2.1 3.2l-1.1 5c-.8 3.6-3.1 5.4-6.3 5.4-3.5 0-5.7-2.2-6.1-5.6L5.6 6.6 3.4 7.6z"/>
        <path d="M3.3 10.5V10.51M3.7 13.5V13.51M4.2 16.5V16.51"/>""",
    # Mouthpiece, three valves, one turn of tube, bell.
    "tru": """
        <path d="M1.5 6.9v3M1.5 8.4H14c3.8 0 6.5-1.2 8-4v11.5c-1.5-2.8-4.2-4-8-4H7.5a3 3 0 0 0 0 6.1h7
            a3 3 0 0 0 3-3v-2.5M8 5.4v12.6M11 5.4v12.6M14 5.4v12.6"/>""",
    # Tilted, with its bow beside it.
    "vio": """
        <g transform="rotate(45 12 12)">
          <path d="M9.8 10.2C12.1 10.2 13.4 11.2 13.4 12.6 13.4 13.6 13.1 14 12.8 14.6 11.7 15.2 11.7 16.3 13 17
              13.9 17.7 14.3 18.4 14.3 19.4 14.3 21 12.5 21.8 9.8 21.8 7.1 21.8 5.3 21 5.3 19.4
              5.3 18.4 5.7 17.7 6.6 17 7.9 16.3 7.9 15.2 6.8 14.6 6.5 14 6.2 13.6 6.2 12.6 6.2 11.2 7.5 10.2
              9.8 10.2z"/>
          <path d="M9.8 15V-.6M8 1.3h3.6M9.8 18.8v3M18 2.8v18.5"/>
          <path fill="currentColor" d="M17 16.5h1v3h-1z"/>
        </g>""",
    # The microphone of a singer.
    "voi": """
        <g transform="rotate(40 12 12)">
          <circle cx="12" cy="5.5" r="4.9"/>
          <path d="M7.3 6.5h9.4M8.8 9.8l1.7 13h3l1.7-13"/>
        </g>""",
}


def draw_icon(code: str, *, size: int = 20) -> str:
    """Draw an instrument as SVG in the colour of the text round it.

    Parameters
    ----------
    code : str
        IRMAS code of the instrument.
    size : int > 0
        Width and height, in pixels.

    Returns
    -------
    svg : str
        One ``<svg>`` element, complete and safe to put into a page as it is. It is hidden from screen readers:
        write the instrument's name next to it.

    Raises
    ------
    KeyError
        If `code` is not one of the eleven.
    ValueError
        If `size` is not positive.

    Examples
    --------
    >>> draw_icon("pia", size=48)[:73]
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="48" he'
    """
    if size <= 0:
        raise ValueError(f"size must be positive, got {size}")
    strokes = " ".join(ICONS[instrument_by_code(code).code].split())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="{size}" height="{size}" fill="none" '
        'stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" '
        f'focusable="false">{strokes}</svg>'
    )
