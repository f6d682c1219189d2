// Small words for the page's elements. Nothing that was sent is ever read as HTML.

export const byId = (id: string): HTMLElement => document.getElementById(id)!;

/** An element with a class and what is in it. */
export function make(name: string, className = '', ...children: (Node | string)[]): HTMLElement {
  const made = document.createElement(name);
  if (className !== '') made.className = className;
  made.append(...children);
  return made;
}

/** Untouched while it says the same: a screen reader would say it again, and a selection would be lost. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export const count = (value: number): string => value.toLocaleString('en');

/** Milliseconds in words. */
export function duration(ms: number): string {
  if (ms >= 7_200_000) return `${(ms / 3_600_000).toFixed(1)} h`;
  if (ms >= 120_000) return `${(ms / 60_000).toFixed(1)} min`;
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms >= 10 || ms === 0) return `${ms.toFixed(0)} ms`;
  return `${ms.toFixed(ms >= 1 ? 1 : 2)} ms`;
}

/** A message without the name of the pool, where that stands beside it. */
export const withoutPool = (message: string): string => message.replace(/^pool "[^"]*": /, '');
