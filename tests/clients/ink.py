"""What stands where on a picture of a screen.

    ink.py bands MASK WIDTH          rows of ink: "top bottom left right" each
    ink.py right MASK WIDTH N        the first N lines end at one right margin
    ink.py joined MASK WIDTH LINE WORDS
                                     line LINE is drawn in joined letters
    ink.py same MASK WIDTH LINE MASK2 WIDTH2
                                     line LINE reads as the only line of MASK2

A mask is one byte a pixel, not 0 where there is ink.  Exit 1 says why not.
"""
import sys

GAP = 6  # rows without ink between two lines; dots stand nearer to letters


def rows(path, width):
    data = open(path, "rb").read()
    return [data[at:at + width] for at in range(0, len(data), width)]


def bands(picture):
    found, top, last = [], None, None
    for y, row in enumerate(picture + [b""] * (GAP + 1)):
        if any(row):
            top, last = y if top is None else top, y
        elif top is not None and y - last > GAP:
            lines = [r for r in picture[top:last + 1] if any(r)]
            left = min(len(r) - len(r.lstrip(b"\0")) for r in lines)
            right = max(len(r.rstrip(b"\0")) for r in lines)
            found.append((top, last, left, right))
            top = None
    return found


def columns(picture, band):
    """How much ink each column of the line has."""
    top, last, left, right = band
    cut = [row[left:right] for row in picture[top:last + 1]]
    return [sum(map(bool, column)) for column in zip(*cut)]


def scaled(values, n):
    return [values[i * len(values) // n] for i in range(n)]


def likeness(a, b):
    """Correlation, 1 for the same shape."""
    n = len(a)
    ma, mb = sum(a) / n, sum(b) / n
    top = sum((x - ma) * (y - mb) for x, y in zip(a, b))
    va = sum((x - ma) ** 2 for x in a)
    vb = sum((y - mb) ** 2 for y in b)
    return top / ((va * vb) ** 0.5 or 1)


def right(picture, n):
    edges = [band[3] for band in bands(picture)[:n]]
    if len(edges) < n or max(edges) - min(edges) > 40:
        sys.exit("right edges of the lines: %s" % edges)


def joined(picture, line, text):
    ink = columns(picture, bands(picture)[line])
    runs = sum(1 for a, b in zip([0] + ink, ink) if b and not a)
    letters = sum(1 for c in text if c.isalpha())
    if runs > 0.7 * letters:
        sys.exit("%d strokes for %d letters" % (runs, letters))


def same(picture, line, other):
    band = bands(other)
    top, last = band[0][0], band[-1][1]
    whole = (top, last, min(b[2] for b in band), max(b[3] for b in band))
    a = scaled(columns(picture, bands(picture)[line]), 400)
    b = scaled(columns(other, whole), 400)
    straight, flipped = likeness(a, b), likeness(a, b[::-1])
    if straight < 0.7 or straight < flipped + 0.3:
        sys.exit("likeness %.2f, flipped %.2f" % (straight, flipped))


def main(what, mask, width, *rest):
    picture = rows(mask, int(width))
    if what == "bands":
        for band in bands(picture):
            print(*band)
    elif what == "right":
        right(picture, int(rest[0]))
    elif what == "joined":
        joined(picture, int(rest[0]), rest[1])
    elif what == "same":
        same(picture, int(rest[0]), rows(rest[1], int(rest[2])))


main(*sys.argv[1:])
