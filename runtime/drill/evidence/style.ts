import { Html } from './html';

/** Colours that can be told apart when printed in grey: each state has a sign of its own too. */
export const STYLE = new Html(`
:root { --ink: #1a1f26; --soft: #5b6570; --line: #d9dee3; --good: #1b7f4b; --bad: #b3261e; --unsure: #8a6100; }
* { box-sizing: border-box; }
body { font: 14px/1.45 system-ui, sans-serif; color: var(--ink); background: #fff; max-width: 62rem; margin: 0 auto; padding: 2rem 1.25rem; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0; } .soft { color: var(--soft); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .75rem; margin-top: 1rem; }
.figure { border: 1px solid var(--line); border-radius: .5rem; padding: .75rem; } .figure b { display: block; font-size: 1.25rem; }
.good { color: var(--good); } .bad { color: var(--bad); } .unsure { color: var(--unsure); }
.days { display: grid; grid-template-columns: repeat(auto-fill, minmax(2.6rem, 1fr)); gap: 3px; }
.day { border: 1px solid var(--line); border-radius: 3px; text-align: center; padding: 2px 0; font-size: .72rem; }
.day b { display: block; font-size: .85rem; } .day.all { background: #dcf2e5; } .day.some { background: #fdf0cf; } .day.none { background: #f8d9d6; }
.day.proven { outline: 2px solid var(--good); outline-offset: -1px; }
table { border-collapse: collapse; width: 100%; font-size: .85em; } th, td { text-align: left; padding: .3rem .5rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--soft); font-weight: 600; } td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
code { font: .8em ui-monospace, monospace; overflow-wrap: anywhere; } code.id { white-space: nowrap; } ul { margin: 0; padding-left: 1.1rem; }
tr.told td { border-bottom: 0; } tr.issues td { padding-top: 0; }
thead { display: table-header-group; } tr { break-inside: avoid; }
@page { size: A4; margin: 14mm; }
@media print { body { max-width: none; padding: 0; font-size: 11px; } .day, .figure { -webkit-print-color-adjust: exact; print-color-adjust: exact; } h2 { break-after: avoid; } }
`);
