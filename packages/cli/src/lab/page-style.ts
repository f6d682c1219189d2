// The page's style sheet, light and dark.

/** CSS. */
export const pageStyle: string = `
:root {
  color-scheme: light dark;
  --ground: #f7f7f5; --paper: #ffffff; --ink: #1d1f21; --faint: #62676c; --line: #dcdcd6;
  --idle: #2f9e6e; --leased: #d9822b; --opening: #3b7dd8; --closing: #9a9ea3; --alarm: #c0392b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #16181a; --paper: #1f2225; --ink: #e8e8e4; --faint: #9ba1a7; --line: #34383c;
    --idle: #3fbf89; --leased: #f0a04b; --opening: #6aa5f5; --closing: #6d7379; --alarm: #f0776a;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums; }
header { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 0 1rem; }
h1 { font-size: 1.4rem; margin: 0; }
h2 { font-size: 0.85rem; margin: 0 0 0.75rem; color: var(--faint); font-weight: 600; }
#status { margin: 0; color: var(--faint); }
#status.alarm { color: var(--alarm); font-weight: 600; }
section { background: var(--paper); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.2rem; margin: 1rem 0; overflow-x: auto; }
#pools { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 1rem; margin: 1rem 0; }
#pools section { margin: 0; }
h2 small { font: 0.8rem ui-monospace, monospace; margin-left: 0.4rem; }
.slots { display: flex; flex-wrap: wrap; gap: 8px; list-style: none; margin: 0; padding: 0; }
.slots li { width: 3.6rem; height: 3.6rem; border-radius: 8px; border: 2px dashed var(--line); display: grid; place-content: center;
  text-align: center; font-size: 0.72rem; line-height: 1.25; color: var(--faint); }
.slots li b { font-size: 1rem; }
.slots li.idle, .slots li.leased, .slots li.opening, .slots li.closing { border-style: solid; color: var(--ink); }
.slots li.idle { border-color: var(--idle); background: color-mix(in srgb, var(--idle) 18%, transparent); }
.slots li.leased { border-color: var(--leased); background: color-mix(in srgb, var(--leased) 30%, transparent); }
.slots li.opening { border-color: var(--opening); background: color-mix(in srgb, var(--opening) 18%, transparent); }
.slots li.closing { border-color: var(--closing); }
.legend { margin: 0.8rem 0 0; color: var(--faint); font-size: 0.85rem; }
.legend i { display: inline-block; width: 0.75rem; height: 0.75rem; border-radius: 3px; margin: 0 0.3rem 0 0.8rem; border: 2px dashed var(--line); vertical-align: -1px; }
.legend i:first-child { margin-left: 0; }
.legend .idle { border: 2px solid var(--idle); } .legend .leased { border: 2px solid var(--leased); }
.legend .opening { border: 2px solid var(--opening); } .legend .closing { border: 2px solid var(--closing); }
dl { display: flex; flex-wrap: wrap; gap: 0.5rem 1.4rem; margin: 1rem 0; }
dt { font-size: 0.85rem; color: var(--faint); }
dd { margin: 0; font-size: 1.3rem; font-weight: 600; }
table { border-collapse: collapse; width: 100%; }
th { font-weight: 600; font-size: 0.85rem; color: var(--faint); }
th, td { text-align: right; padding: 0.25rem 0 0.25rem 0.8rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
tr:last-child td { border-bottom: 0; }
th:first-child, td:first-child, .text { text-align: left; }
th:first-child, td:first-child { padding-left: 0; }
td.text { font: 0.8rem/1.4 ui-monospace, monospace; white-space: normal; overflow-wrap: anywhere; }
@media (max-width: 34rem) {
  body { padding: 1rem; }
  table { font-size: 0.85rem; }
  th, td { padding-left: 0.5rem; }
}
#pools .phases, .hint { color: var(--faint); font-size: 0.85rem; margin: 0.8rem 0 0; }
#pools .phases:empty { display: none; }
a { color: inherit; }
.next { display: block; padding: 0.9rem 1.2rem; border-radius: 10px; text-decoration: none; border: 1px solid var(--leased);
  background: color-mix(in srgb, var(--leased) 14%, var(--paper)); }
.next:hover { background: color-mix(in srgb, var(--leased) 24%, var(--paper)); }
.next span { color: var(--faint); }
`;
