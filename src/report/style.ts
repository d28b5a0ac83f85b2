// The style sheet of the page: light and dark, narrow and wide, screen and paper.

/** The page's whole CSS. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f7f6f3; --card: #ffffff; --ink: #1d2025; --soft: #5b616b; --line: #e2e0da; --grid: #ebe9e4; --accent: #2257b5;
  --c1: #2f6fd0; --c2: #c2560c; --c3: #7a4fc0; --c4: #0b7d68; --c5: #47617e; --note: #9a6b00; --bad: #c02b33;
  --mark: #d9efe3; --mark-ink: #0d4a35; --shade: rgb(34 87 181 / .12);
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #131519; --card: #1b1e24; --ink: #e7e8ea; --soft: #a0a7b2; --line: #2e333c; --grid: #282c34; --accent: #8ab4f8;
    --c1: #6ea8fe; --c2: #f5a261; --c3: #b79cf2; --c4: #4cc9a7; --c5: #9db4ce; --note: #dcb24a; --bad: #ff7b81;
    --mark: #16402f; --mark-ink: #bdebd4; --shade: rgb(138 180 248 / .18);
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 3.5rem; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif; }
main, header, footer { max-width: 72rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2.75rem; padding-bottom: 1.25rem; }
h1 { margin: 0; font-size: clamp(1.7rem, 5vw, 2.4rem); line-height: 1.15; letter-spacing: -.02em; font-weight: 650; overflow-wrap: anywhere; }
h2 { margin: 0 0 1rem; font-size: 1.3rem; letter-spacing: -.01em; font-weight: 650; }
h3 { margin: 0; font-size: 1rem; font-weight: 650; }
h4 { margin: 1.1rem 0 .5rem; font-size: .8rem; font-weight: 600; color: var(--soft); }
a { color: var(--accent); }
.kicker { margin: 0 0 .35rem; color: var(--soft); }
.about { max-width: 46rem; margin: 0 0 1rem; color: var(--soft); font-size: .92rem; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: 1.25rem 1.5rem; margin: 1.75rem 0 0; }
.facts div { border-top: 1px solid var(--line); padding-top: .6rem; min-width: 0; }
.facts dt { color: var(--soft); font-size: .82rem; }
.facts dd { margin: .1rem 0 0; font-size: 1.3rem; font-weight: 600; letter-spacing: -.01em; overflow-wrap: anywhere; }
.facts dd small { display: block; font-size: .8rem; font-weight: 400; letter-spacing: 0; color: var(--soft); }
.facts, table, .legend, .maps, svg text, .step, .scale { font-variant-numeric: tabular-nums; }
.notes { margin: 1.5rem 0 0; padding: .75rem 1rem; list-style: none; border-left: 3px solid var(--note); background: var(--card); font-size: .92rem; overflow-wrap: anywhere; }
nav { position: sticky; top: 0; z-index: 2; background: var(--ground); border-bottom: 1px solid var(--line); }
nav > div { max-width: 72rem; margin: 0 auto; padding: 0 1.25rem; display: flex; align-items: center; gap: 1.25rem; min-height: 2.9rem; overflow-x: auto; white-space: nowrap; font-size: .92rem; }
nav a { text-decoration: none; color: var(--soft); padding: .3rem 0; }
nav a:hover { color: var(--ink); }
nav .zoom { margin-left: auto; }
section { padding: 2rem 0 .5rem; }
.grid-2 { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1rem; }
.grid-2 > .wide { grid-column: 1 / -1; }
@media (max-width: 48rem) { .grid-2 { grid-template-columns: minmax(0, 1fr); } }
.card, .example, .panel { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.1rem; margin: 0; min-width: 0; }
.example, .panel { margin-bottom: 1rem; }
figcaption p { margin: .1rem 0 0; color: var(--soft); font-size: .84rem; line-height: 1.4; }
.head { display: flex; align-items: flex-start; justify-content: space-between; gap: .75rem; }
.legend { display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; margin: .6rem 0 .3rem; font-size: .86rem; min-height: 1.4em; }
.legend b { font-weight: 600; display: inline-block; min-width: 4.2em; }
.legend .step { color: var(--soft); min-width: 6.2em; }
.key::before { content: ""; display: inline-block; width: .85em; height: 3px; border-radius: 2px; background: var(--colour); vertical-align: .25em; margin-right: .4em; }
.sign { color: var(--soft); }
.sign i { font-style: normal; margin-right: .35em; }
.sign .bad { color: var(--bad); }
.sign .ring { display: inline-block; width: .7em; height: .7em; border: 2px solid var(--c2); border-radius: 50%; }
.c1 { --colour: var(--c1); } .c2 { --colour: var(--c2); } .c3 { --colour: var(--c3); }
.c4 { --colour: var(--c4); } .c5 { --colour: var(--c5); }
.plot { position: relative; }
.plot svg { display: block; width: 100%; height: auto; touch-action: pan-y; cursor: crosshair; user-select: none; -webkit-user-select: none; border-radius: 6px; }
svg text { fill: var(--soft); font-size: 11.5px; }
.grid path { stroke: var(--grid); stroke-width: 1; shape-rendering: crispEdges; }
.grid .tick { stroke: var(--line); }
.line { fill: none; stroke: var(--colour); stroke-width: 1.8; stroke-linejoin: round; stroke-linecap: round; }
.dots { fill: var(--colour); }
.band { fill: var(--colour); opacity: .16; }
.best { fill: none; stroke: var(--c2); stroke-width: 2; }
.skipped { fill: var(--bad); }
.resumed { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 2 4; }
.cursor line { stroke: var(--soft); stroke-width: 1; }
.cursor circle { fill: var(--card); stroke: var(--colour); stroke-width: 2; }
.brush { fill: var(--shade); stroke: var(--accent); stroke-width: 1; }
button { font: inherit; color: inherit; }
.small { font-size: .82rem; padding: .2rem .6rem; border: 1px solid var(--line); border-radius: 6px; background: var(--card); color: var(--soft); cursor: pointer; white-space: nowrap; }
.small:hover { color: var(--ink); border-color: var(--soft); }
.small[aria-pressed="true"] { background: var(--accent); border-color: var(--accent); color: var(--card); }
svg:focus:not(:focus-visible) { outline: none; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
[hidden] { display: none !important; }
table { border-collapse: collapse; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .9rem .35rem 0; font-weight: 400; }
.outputs { width: 100%; }
.outputs th { color: var(--soft); white-space: nowrap; width: 1%; font-size: .84rem; line-height: 1.63; }
.outputs td { overflow-wrap: anywhere; padding-right: 0; }
.outputs thead tr:last-child > * { border-bottom: 1px solid var(--line); padding-bottom: .55rem; }
.outputs thead + tbody tr:first-child > * { padding-top: .55rem; }
.reference td { font-weight: 600; }
.nothing { color: var(--soft); font-style: italic; }
mark { background: var(--mark); color: var(--mark-ink); border-radius: 3px; padding: .05em .1em; box-decoration-break: clone; -webkit-box-decoration-break: clone; }
.scroll { overflow-x: auto; max-height: 27rem; overflow-y: auto; margin-top: .5rem; }
.panel h3[hidden] + .scroll { margin-top: 0; }
.numbers th, .numbers td { text-align: right; padding: .22rem 0 .22rem 1.4rem; white-space: nowrap; }
.numbers th:first-child { padding-left: 0; }
.numbers thead th { position: sticky; top: 0; background: var(--card); color: var(--soft); border-bottom: 1px solid var(--line); }
.numbers .is-best > * { font-weight: 650; color: var(--c2); }
details { margin-top: 1rem; }
summary { cursor: pointer; color: var(--soft); padding: .3rem 0; }
summary:hover { color: var(--ink); }
pre { margin: .5rem 0 0; padding: 1rem 1.1rem; overflow: auto; max-height: 32rem; background: var(--card); border: 1px solid var(--line); border-radius: 10px; font: .84rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; tab-size: 2; }
[role="tablist"] { display: flex; flex-wrap: wrap; gap: .4rem; margin-bottom: .75rem; }
[role="tab"] { padding: .35rem .9rem; border: 1px solid var(--line); border-radius: 999px; background: none; color: var(--soft); cursor: pointer; font-size: .9rem; }
[role="tab"][aria-selected="true"] { background: var(--card); color: var(--ink); border-color: var(--soft); font-weight: 600; }
.maps { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(8.2rem, 45%), 1fr)); gap: .8rem; list-style: none; margin: 0; padding: 0; font-size: .82rem; }
.maps li > span { display: flex; justify-content: space-between; color: var(--soft); padding: .15rem .1rem 0; }
.maps .value { color: var(--ink); }
.map { display: block; width: 100%; padding: 0; border: 1px solid var(--line); border-radius: 5px; background: var(--ground); overflow: hidden; cursor: zoom-in; }
.map:hover { border-color: var(--accent); }
.map img { display: block; width: 100%; height: auto; image-rendering: pixelated; }
.scale { display: flex; align-items: center; gap: .6rem; margin: 1rem 0 0; font-size: .82rem; color: var(--soft); }
.scale i { width: 8rem; height: .6rem; border-radius: 3px; border: 1px solid var(--line); background: linear-gradient(90deg, rgb(47 123 217 / 0), rgb(47 123 217 / .5) 25%, rgb(47 123 217 / .71) 50%, rgb(47 123 217)); }
.sound h3 { overflow-wrap: anywhere; }
.remark { margin: .5rem 0 0; padding-left: .7rem; border-left: 3px solid var(--note); font-size: .9rem; overflow-wrap: anywhere; }
.figures { display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; margin: .45rem 0 0; font-size: .9rem; font-variant-numeric: tabular-nums; }
.figures div { display: flex; gap: .45rem; min-width: 0; overflow-wrap: anywhere; }
.figures dt { color: var(--soft); }
.figures dd { margin: 0; }
.players { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(17rem, 100%), 1fr)); gap: .6rem 1rem; list-style: none; margin: .9rem 0 0; padding: 0; font-size: .84rem; }
.players span { display: block; margin-bottom: .25rem; color: var(--soft); }
.players .on span { color: var(--ink); font-weight: 600; }
.players audio { display: block; width: 100%; height: 2.5rem; }
.spectra { padding-left: 3.3rem; }
.spectra figure { margin: .8rem 0 0; }
.spectra figcaption { color: var(--soft); font-size: .84rem; margin-bottom: .25rem; font-variant-numeric: tabular-nums; }
.face { position: relative; height: 9.5rem; background: var(--grid); }
.face img { display: block; height: 100%; }
.face .nothing { position: absolute; left: .7rem; top: .5rem; }
.seeks { cursor: crosshair; }
.hertz { position: absolute; right: calc(100% + .5rem); transform: translateY(50%); line-height: 1; }
.hertz::after { content: ""; position: absolute; left: calc(100% + .2rem); top: 50%; width: .3rem; border-top: 1px solid var(--soft); }
.hertz, .seconds { color: var(--soft); font-size: 11.5px; white-space: nowrap; font-variant-numeric: tabular-nums; }
.seconds { position: relative; height: 1.6rem; margin: 0; }
.seconds span { position: absolute; top: .35rem; transform: translateX(-50%); }
.seconds .last { transform: translateX(-100%); }
.playhead { position: absolute; top: 0; bottom: 0; width: 2px; margin-left: -1px; background: #fff; box-shadow: 0 0 0 1px rgb(0 0 0 / .55); pointer-events: none; }
.more { margin: .3rem 0 0; font-size: .9rem; }
dialog { width: min(66rem, calc(100vw - 1.5rem)); max-width: none; max-height: calc(100vh - 1.5rem); padding: 1rem 1.1rem; border: 1px solid var(--line); border-radius: 12px; background: var(--card); color: var(--ink); }
dialog::backdrop { background: rgb(0 0 0 / .45); }
dialog .head { align-items: center; flex-wrap: wrap; }
dialog .buttons { display: flex; gap: .4rem; }
dialog .reading { min-height: 1.5em; margin: .4rem 0; font-size: .92rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
dialog .stage { overflow: auto; max-height: calc(100vh - 10rem); }
dialog svg { display: block; margin: 0 auto; touch-action: pan-x pan-y; }
dialog image { image-rendering: pixelated; }
dialog svg text.on { fill: var(--ink); font-weight: 650; }
.cell { fill: none; stroke: var(--ink); stroke-width: 1.5; }
.edge { fill: none; stroke: var(--line); }
footer { padding-top: 2rem; padding-bottom: 3rem; color: var(--soft); font-size: .84rem; }
@media (max-width: 30rem) {
  main, header, footer, nav > div { padding-left: 1rem; padding-right: 1rem; }
  header { padding-top: 1.75rem; }
  .card, .example, .panel { padding: .85rem .8rem; }
  .facts { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1rem; }
  .facts dd { font-size: 1.15rem; }
}
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
@media print {
  :root { --ground: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #ccc; --grid: #e5e5e5; color-scheme: light; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  nav, .small, [role="tablist"], .players, .playhead { display: none !important; }
  .panel[hidden] { display: block !important; }
  .scroll, pre { max-height: none; overflow: visible; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  .card, .maps li, tr { break-inside: avoid; }
  body { font-size: 12px; }
}
`;
