"""Bars as SVG, readable on a light page and on a dark one."""

from html import escape

WIDTH, LABEL, BAR, GAP, TOP = 720, 180, 18, 8, 40

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600; font-size: 15px }
.bar { fill: #8c959f } .ours { fill: #0969da } .line { stroke: #57606a; stroke-dasharray: 3 3 }
@media (prefers-color-scheme: dark) {
  text { fill: #c9d1d9 } .bar { fill: #6e7681 } .ours { fill: #58a6ff } .line { stroke: #8b949e }
}
"""


def bars(title, groups, ours):
    """`groups`: {group: {name: value}}. The bars named `ours` stand out; a line marks 1, which is the floor."""
    longest = max(value for group in groups.values() for value in group.values())
    scale = (WIDTH - LABEL - 60) / longest
    shapes, y = [f'<text class="title" x="0" y="18">{escape(title)}</text>'], TOP
    for group, values in groups.items():
        shapes.append(f'<text x="0" y="{y + 14}">{escape(group)}</text>')
        y += BAR + GAP
        for name, value in values.items():
            kind = "bar ours" if name == ours else "bar"
            shapes.append(f'<text x="{LABEL - 8}" y="{y + 13}" text-anchor="end">{escape(name)}</text>')
            shapes.append(f'<rect class="{kind}" x="{LABEL}" y="{y}" width="{value * scale:.1f}" height="{BAR - 2}"/>')
            shapes.append(f'<text x="{LABEL + value * scale + 6:.1f}" y="{y + 13}">{value:.2f}</text>')
            y += BAR
        y += GAP
    x = LABEL + scale
    shapes.append(f'<line class="line" x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{y}"/>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" viewBox="0 0 {WIDTH} {y}" role="img">'
    return "\n".join([head, f"<style>{STYLE}</style>", *shapes, "</svg>", ""])
