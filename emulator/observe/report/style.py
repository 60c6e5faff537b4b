"""How the report looks: light and dark by the reader's setting, always light on paper."""

from __future__ import annotations

_LIGHT = """
  --page: #f5f6f8; --card: #ffffff; --ink: #18202b; --soft: #5a6675; --rule: #dde2e8; --grid: #e8ebef;
  --good: #14713d; --good-back: #e4f4ea; --bad: #b3261e; --bad-back: #fbe9e7; --link: #1d5fb4; --well: #f3f5f7;
  --on-bar: #ffffff;
  --s1: #2868c0; --s2: #c65a00; --s3: #0d8072; --s4: #7a4fc0; --s5: #7d6b00;
  --s6: #b92d5d; --s7: #69788a; --s8: #00789e;
"""
_DARK = """
  --page: #12161c; --card: #1b2129; --ink: #e8ecf1; --soft: #9ba8b7; --rule: #323b47; --grid: #2a323d;
  --good: #5fd392; --good-back: #15311f; --bad: #ff8a80; --bad-back: #3a1d1b; --link: #82b4ff; --well: #141a21;
  --on-bar: #10151b;
  --s1: #6ea6f5; --s2: #f5a04a; --s3: #45c7b4; --s4: #b79af5; --s5: #d3bd4c;
  --s6: #f285ab; --s7: #93a1b3; --s8: #5cc3e6;
"""

_PAGE = """
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", Arial, sans-serif; }
main { max-width: 1040px; margin: 0 auto; padding: 28px 20px 56px; }
header, section { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 22px 26px;
  margin: 0 0 18px; }
header { border-top: 5px solid var(--good); }
header.bad { border-top-color: var(--bad); }
h1 { font-size: 27px; line-height: 1.25; margin: 2px 0 0; font-weight: 650; letter-spacing: -0.01em;
  display: flex; gap: 12px; align-items: center; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 0 0 14px; font-weight: 650; }
h3 { font-size: 16px; margin: 18px 0 8px; font-weight: 650; }
h4 { font-size: 14px; margin: 0 0 8px; font-weight: 650; }
p { margin: 0 0 10px; }
a { color: var(--link); }
.kicker { margin: 0 0 6px; color: var(--soft); font-size: 13px; }
.reason { margin: 8px 0 0; }
.note, .empty, figcaption { color: var(--soft); font-size: 13px; margin: 10px 0 0; }
code, pre, .version { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: 0.9em; overflow-wrap: anywhere; }
.mark { display: inline-flex; flex: none; align-items: center; justify-content: center; width: 1.35em; height: 1.35em;
  border-radius: 50%; font-size: 0.8em; font-weight: 700; color: var(--good); background: var(--good-back); }
.mark.bad { color: var(--bad); background: var(--bad-back); }
.bad .reason code, .verdict code { color: var(--bad); }
"""

_FIGURES = """
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(145px, 1fr)); gap: 14px; margin: 20px 0 0;
  padding: 18px 0 0; border-top: 1px solid var(--rule); }
.tile span, .tile small { display: block; color: var(--soft); font-size: 12.5px; }
.tile strong { display: block; font-size: 20px; font-weight: 650; line-height: 1.35; font-variant-numeric: tabular-nums;
  white-space: nowrap; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 5px 22px; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; margin: 14px 0 0; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { text-align: left; padding: 6px 14px 6px 0; border-bottom: 1px solid var(--rule); font-weight: 400;
  vertical-align: top; overflow-wrap: break-word; }
thead th { color: var(--soft); font-size: 12.5px; border-bottom-color: var(--soft); white-space: nowrap; }
tbody tr:last-child > * { border-bottom: 0; }
.figure { text-align: right; padding-right: 0; padding-left: 14px; font-variant-numeric: tabular-nums;
  white-space: nowrap; }
article { border-top: 1px solid var(--rule); padding: 20px 0 0; margin: 20px 0 0; }
h2 + article { border-top: 0; padding-top: 0; margin-top: 0; }
article h3 { display: flex; flex-wrap: wrap; gap: 4px 10px; align-items: center; margin: 0 0 4px; }
article h3 .name { overflow-wrap: anywhere; }
.verdict { font-weight: 400; color: var(--soft); font-size: 14px; }
.versions { font-size: 19px; display: flex; gap: 12px; align-items: baseline; margin: 0 0 12px; flex-wrap: wrap; }
.versions .note { margin: 0; }
td code { overflow-wrap: break-word; }
.whole { white-space: nowrap; }
.outcome { display: inline-flex; gap: 8px; align-items: baseline; }
.arrow { color: var(--soft); }
.same { color: var(--good); white-space: nowrap; }
.differs { color: var(--bad); white-space: nowrap; }
.messages { display: grid; grid-template-columns: repeat(auto-fit, minmax(320px, 1fr)); gap: 16px; margin: 16px 0 0;
  align-items: start; }
.message { background: var(--well); border: 1px solid var(--rule); border-radius: 8px;
  padding: 14px 16px; min-width: 0; }
.fields th { color: var(--soft); width: 42%; }
.fields td { padding-right: 0; overflow-wrap: anywhere; }
.hex-name { color: var(--soft); font-size: 12.5px; margin: 12px 0 3px; }
pre { margin: 0; white-space: pre-wrap; font-size: 12px; line-height: 1.55; }
"""

_DRAWINGS = """
figure { margin: 0; }
.chart { overflow-x: auto; }
.chart svg { display: block; width: 100%; min-width: 620px; height: auto;
  font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", Arial, sans-serif; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 20px; margin: 0 0 12px; padding: 0;
  font-size: 13px; color: var(--soft); }
.legend li { display: flex; gap: 8px; align-items: center; overflow-wrap: anywhere; }
.swatch { flex: none; }
.grid { stroke: var(--grid); stroke-width: 1; }
.axis { stroke: var(--soft); stroke-width: 1; }
.tick, .axis-name { fill: var(--soft); }
.tick, .bar-total, .in-bar { font-variant-numeric: tabular-nums; }
.bar-name, .bar-total { fill: var(--ink); font-size: 13px; }
.in-bar { fill: var(--on-bar); font-size: 12px; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.dot { stroke: var(--card); stroke-width: 1.5; }
.cross { fill: none; stroke-width: 2.5; stroke-linecap: round; }
"""

_SERIES = "\n".join(
    f".s{index} {{ fill: var(--s{index}); }} .line.s{index}, .cross.s{index} {{ fill: none; stroke: var(--s{index}); }}"
    for index in range(1, 9)
)

_PAPER = """
@page { margin: 14mm; }
@media print {
  body { background: none; font-size: 9.5pt; }
  main { max-width: none; padding: 0; }
  header, section { border-radius: 0; border-width: 0 0 1px; padding: 10px 0; margin: 0 0 10px; }
  header { border-top-width: 4px; }
  .chart, .scroll { overflow: visible; }
  .chart svg { min-width: 0; }
  .tiles { grid-template-columns: repeat(6, auto); }
  .tile strong { font-size: 13pt; }
  h2, h3, h4, .versions { break-after: avoid; }
  figure, dl, .message, tr, header { break-inside: avoid; }
  .mark, rect, .message { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""

STYLE = (
    f":root {{ color-scheme: light dark; {_LIGHT} }}\n"
    f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {_DARK} }} }}\n"
    f"{_PAGE}{_FIGURES}{_DRAWINGS}{_SERIES}\n{_PAPER}"
)
"""The whole style sheet."""
