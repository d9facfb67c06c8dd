"""Small SVGs that can be read on white and on black: no background, greys of the middle."""

from html import escape

_TEXT, _GRID, _OLD, _NEW = "#7d8590", "#7d859055", "#9a6700", "#2f81f7"
_FONT = "font-family='system-ui, sans-serif' font-size='13'"


def _svg(width: int, height: int, title: str, parts: list) -> str:
    return "\n".join([
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}' height='{height}' "
        f"role='img' aria-label='{escape(title, quote=True)}' {_FONT} fill='{_TEXT}'>",
        f"<text x='0' y='16' font-weight='600'>{escape(title)}</text>", *parts, "</svg>", ""])


def bars(title: str, groups: list, names: tuple) -> str:
    """A pair of bars for each of (title, old value, new value, ratio)."""
    left, width, row = 190, 760, 48
    greatest = max(max(old, new) for _, old, new, _ in groups)
    scale = (width - left - 150) / greatest
    parts = []
    for i, (name, color) in enumerate(zip(names, (_OLD, _NEW))):
        x = left + i * 210
        parts.append(f"<rect x='{x}' y='30' width='12' height='12' fill='{color}'/>"
                     f"<text x='{x + 18}' y='41'>{escape(name)}</text>")
    for i, (label, old, new, ratio) in enumerate(groups):
        y = 56 + i * row
        parts.append(f"<text x='{left - 10}' y='{y + 24}' text-anchor='end'>{escape(label)}</text>")
        for k, (value, color) in enumerate(((old, _OLD), (new, _NEW))):
            length, top = max(value * scale, 1), y + k * 19
            note = f"{value:,.0f}" + (f"  ({ratio:.1f} times less)" if k else "")
            parts.append(f"<rect x='{left}' y='{top}' width='{length:.1f}' height='16' rx='2' fill='{color}'/>"
                         f"<text x='{left + length + 6:.1f}' y='{top + 13}'>{note}</text>")
    return _svg(width, 56 + len(groups) * row + 4, title, parts)


def lines(title: str, panels: list) -> str:
    """Side by side, for each of (title of the x axis, title of the y axis, points): y over the logarithm of x, as steps."""
    width, height, gap = 240, 170, 40
    parts = []
    for number, (x_title, y_title, points) in enumerate(panels):
        left, top = 44 + number * (width + gap), 50
        greatest = max(y for _, y in points) * 1.15
        parts.append(f"<text x='{left - 40}' y='{top - 12}'>{escape(y_title)}</text>")
        for part in range(5):
            y = top + height * (1 - part / 4)
            parts.append(f"<line x1='{left}' x2='{left + width}' y1='{y:.1f}' y2='{y:.1f}' stroke='{_GRID}'/>"
                         f"<text x='{left - 6}' y='{y + 4:.1f}' text-anchor='end' font-size='11'>{greatest * part / 4:.3g}</text>")
        places = [left + width * (i + 0.5) / len(points) for i in range(len(points))]
        heights = [top + height * (1 - y / greatest) for _, y in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(places, heights))
        parts.append(f"<polyline points='{path}' fill='none' stroke='{_NEW}' stroke-width='2'/>")
        for (x_value, _), x, y in zip(points, places, heights):
            parts.append(f"<circle cx='{x:.1f}' cy='{y:.1f}' r='3.5' fill='{_NEW}'/>"
                         f"<text x='{x:.1f}' y='{top + height + 16}' text-anchor='middle' font-size='11'>{x_value:g}</text>")
        parts.append(f"<text x='{left + width / 2}' y='{top + height + 36}' text-anchor='middle'>{escape(x_title)}</text>")
    return _svg(44 + len(panels) * (width + gap), 264, title, parts)
