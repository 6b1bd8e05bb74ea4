"""The look of the page: one style sheet for light and dark screens, telephones and paper."""

STYLE = """
:root { color-scheme: light dark; --ink: #1f2328; --faint: #59636e; --line: #d8dee4; --paper: #ffffff; --card: #f6f8fa;
  --accent: #0072b2; --bar: #9cc9e6; --warn: #8a4b00; --warn-paper: #fff6e5; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --faint: #9aa4af; --line: #373e47; --paper: #15181c; --card: #1d2126;
  --accent: #6cb6e8; --bar: #1f4e6e; --warn: #f0c27a; --warn-paper: #2b2417; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, "Segoe UI", "Helvetica Neue", Arial, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .6rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 2.6rem 0 .8rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1.02rem; margin: 1.8rem 0 .5rem; }
h4 { font-size: .9rem; margin: 1.2rem 0 .3rem; color: var(--faint); font-weight: 600; }
p { margin: .5rem 0; max-width: 46rem; }
a { color: var(--accent); }
nav { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; font-size: .92rem; margin-top: 1rem; }
.lead { font-size: 1.08rem; }
.faint, figcaption, caption { color: var(--faint); font-size: .88rem; }
.note { background: var(--card); border-left: 3px solid var(--accent); padding: .5rem .9rem; max-width: none; margin: 1rem 0; }
ul.note { padding-left: 2rem; font-size: .95rem; }
.warning { background: var(--warn-paper); border-left: 3px solid var(--warn); padding: .5rem .9rem; max-width: none; }
figure { margin: 1.2rem 0; }
figure img { display: block; width: 100%; height: auto; background: #ffffff; border: 1px solid var(--line); border-radius: 6px; padding: .5rem; }
figcaption { margin-top: .4rem; }
.scroll { overflow-x: auto; max-width: 100%; margin: .8rem 0; }
.long .scroll { max-height: 32rem; overflow-y: auto; border: 1px solid var(--line); border-radius: 6px; }
.long thead th { position: sticky; top: 0; background: var(--card); }
table { border-collapse: collapse; font-size: .9rem; min-width: 24rem; }
.long table { width: 100%; }
caption { text-align: left; padding: .2rem 0 .4rem; }
th, td { text-align: left; padding: .28rem .9rem .28rem .5rem; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { font-weight: 600; border-bottom: 2px solid var(--line); white-space: nowrap; }
tbody th { font-weight: 500; white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.dot { display: inline-block; width: .7em; height: .7em; border-radius: 50%; margin-right: .45em; }
.meter { position: relative; display: block; min-width: 9rem; height: 1.1em; background: var(--card); border-radius: 3px; margin-top: .15em; }
.meter i { position: absolute; left: 0; top: 0; bottom: 0; border-radius: 3px 0 0 3px; opacity: .8; }
.meter b { position: absolute; top: -2px; bottom: -2px; width: 2px; background: var(--ink); }
.off { color: var(--warn); font-weight: 600; }
.equations { overflow-x: auto; background: var(--card); border-radius: 6px; padding: .7rem 1rem; }
.equations p { margin: .75rem 0; max-width: none; white-space: nowrap; }
.equations .when { display: inline-block; min-width: 8.5rem; color: var(--faint); font-size: .9rem; }
math { font-family: "Cambria Math", "STIX Two Math", "Latin Modern Math", "STIX Math", "DejaVu Math TeX Gyre", math; font-size: 1.12em; }
.equations math { math-style: normal; }
mtd { text-align: left; }
pre { overflow-x: auto; background: var(--card); border-radius: 6px; padding: .8rem 1rem; font-size: .87rem; line-height: 1.45; }
code { font-family: ui-monospace, "SF Mono", Consolas, "DejaVu Sans Mono", monospace; }
dl { margin: .6rem 0; font-size: .92rem; }
dl div { display: grid; grid-template-columns: 11rem 1fr; gap: .8rem; padding: .25rem 0; border-bottom: 1px solid var(--line); }
dt { color: var(--faint); }
dd { margin: 0; overflow-wrap: anywhere; }
footer { margin-top: 3rem; }
@media (max-width: 36rem) { body { padding: 1rem .8rem 3rem; } h1 { font-size: 1.5rem; } dl div { grid-template-columns: 1fr; gap: 0; }
  figure img { padding: .2rem; } }
@media print { :root { --ink: #000; --faint: #444; --line: #bbb; --paper: #fff; --card: #fff; --accent: #000; --bar: #bbb; --warn: #000;
  --warn-paper: #fff; } body { max-width: none; padding: 0; font-size: 10pt; } nav { display: none; }
  .long .scroll { max-height: none; border: 0; } .scroll, .equations { overflow: visible; } figure, tr, .equations p { break-inside: avoid; }
  h2, h3 { break-after: avoid; } pre { white-space: pre-wrap; } .meter { border: 1px solid #999; } .meter i { print-color-adjust: exact; } }
"""
