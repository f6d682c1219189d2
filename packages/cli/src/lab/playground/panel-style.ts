// The panel's style, in the dashboard's colours, light and dark.

/** CSS. */
export const panelStyle: string = `
#lab-faults { display: grid; grid-template-columns: repeat(6, 1fr); gap: 0.5rem; }
#lab button { font: inherit; color: inherit; cursor: pointer; }
#lab-faults button { display: grid; align-content: start; gap: 0.15rem; text-align: left; padding: 0.6rem 0.75rem; min-width: 0;
  background: var(--ground); border: 1px solid var(--line); border-radius: 10px; transition: border-color 0.15s, background 0.15s; }
#lab-faults b { font-size: 0.92rem; line-height: 1.3; letter-spacing: -0.01em; }
#lab-faults span { color: var(--faint); font-size: 0.78rem; line-height: 1.35; }
#lab-faults button:hover:not([aria-disabled="true"]) { border-color: var(--bad); }
#lab-faults button[aria-disabled="true"] { cursor: default; }
#lab-faults button[aria-disabled="true"]:not([aria-pressed="true"]) { opacity: 0.5; }
#lab-faults button[aria-pressed="true"] { border-color: var(--bad); box-shadow: inset 0 0 0 1px var(--bad);
  background: color-mix(in srgb, var(--bad) 8%, var(--paper)); }
#lab[data-phase="recovering"] button[aria-pressed="true"], #lab[data-phase="calm"] button[aria-pressed="true"] {
  border-color: var(--good); box-shadow: inset 0 0 0 1px var(--good); background: color-mix(in srgb, var(--good) 8%, var(--paper)); }
#lab-now { margin-top: 0.9rem; padding-top: 0.9rem; border-top: 1px solid var(--line); }
#lab-bar { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 0.5rem 1rem; }
#lab-status { margin: 0; font-weight: 600; }
#lab-status::before { content: ""; display: inline-block; width: 0.6rem; height: 0.6rem; border-radius: 50%; margin-right: 0.55rem; background: var(--closing); }
#lab[data-phase="broken"] #lab-status::before { background: var(--bad); box-shadow: 0 0 0 4px color-mix(in srgb, var(--bad) 18%, transparent); }
#lab[data-phase="calm"] #lab-status::before { background: var(--good); }
#lab #lab-mend { font-weight: 600; color: #ffffff; background: #17724f; border: 0; border-radius: 10px; min-height: 44px; padding: 0.4rem 1.3rem; }
#lab #lab-mend[aria-disabled="true"] { background: var(--line); color: var(--faint); cursor: default; }
#lab article p { margin: 0.6rem 0; }
#lab article .moral { color: var(--faint); margin-bottom: 0; }
.snippets { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 0.7rem; }
.snippets figure { margin: 0; min-width: 0; display: flex; flex-direction: column; }
.snippets figcaption { color: var(--faint); font-size: 0.8rem; margin-bottom: 0.25rem; }
.snippets pre { flex: 1; margin: 0; padding: 0.6rem 0; overflow-x: auto; border: 1px solid var(--line); border-radius: 10px; background: var(--ground);
  font: 0.8rem / 1.55 ui-monospace, "DejaVu Sans Mono", monospace; tab-size: 2; }
.snippets pre > * { display: inline-block; min-width: 100%; padding: 0 0.8rem; text-decoration: none; }
.snippets del { background: color-mix(in srgb, var(--bad) 15%, transparent); box-shadow: inset 3px 0 var(--bad); }
.snippets ins { background: color-mix(in srgb, var(--good) 16%, transparent); box-shadow: inset 3px 0 var(--good); }
@media (max-width: 75rem) { #lab-faults { grid-template-columns: repeat(3, 1fr); } }
@media (max-width: 40rem) {
  #lab-faults { grid-template-columns: repeat(2, 1fr); gap: 0.4rem; }
  #lab-faults button { padding: 0.5rem 0.6rem; }
  .snippets pre { font-size: 0.72rem; }
}
@media (prefers-reduced-motion: reduce) { #lab-faults button { transition: none; } }
`;
