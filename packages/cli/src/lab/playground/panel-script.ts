// Runs in the browser: presses the buttons, and says where the playground is.
import type { PlaygroundState } from './playground.ts';

/** As much of the browser as is used here: the library's types for it would be seen by the whole package. */
interface PageElement {
  textContent: string | null;
  hidden: boolean;
  readonly dataset: Record<string, string | undefined>;
  getAttribute(name: string): string | null;
  setAttribute(name: string, value: string): void;
  addEventListener(type: 'click', listener: () => void): void;
}
declare const document: {
  readonly hidden: boolean;
  getElementById(id: string): PageElement | null;
  querySelectorAll(selector: string): Iterable<PageElement>;
};

const pollMs = 500;
const byId = (id: string): PageElement => document.getElementById(id)!;
const buttons = [...document.querySelectorAll('[data-fault]')];
const articles = [...document.querySelectorAll('[data-lesson]')];
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

function inWords({ phase, namedAfterMs, endsInMs, failure }: PlaygroundState): string {
  if (failure !== undefined) return `That did not work: ${failure}`;
  if (phase === 'preparing')
    return 'Serving a few customers first: what is unusual is told by what was usual…';
  if (phase === 'mending') return 'Mending…';
  const named = namedAfterMs === undefined ? '' : `named after ${seconds(namedAfterMs)}`;
  if (phase === 'recovering') return 'Mended. The last ten seconds are still being judged…';
  if (phase === 'calm') return named === '' ? 'Calm.' : `Calm again. The cause was ${named}.`;
  const ends = `ends by itself in ${Math.ceil((endsInMs ?? 0) / 1000)} s`;
  return named === ''
    ? `Broken. Watch the diagnosis above; it ${ends}.`
    : `Broken, and ${named}; it ${ends}.`;
}

/** A button that is disabled would lose the focus, and whoever uses the keyboard the place. */
const setPressable = (button: PageElement, isPressable: boolean): void =>
  button.setAttribute('aria-disabled', String(!isPressable));

function onPress(button: PageElement, path: string): void {
  button.addEventListener('click', () => {
    if (button.getAttribute('aria-disabled') !== 'true') void press(path);
  });
}

function show(state: PlaygroundState): void {
  const { phase, fault } = state;
  byId('lab').dataset['phase'] = phase;
  const isIdle = phase === 'calm' || phase === 'recovering';
  for (const button of buttons) {
    setPressable(button, isIdle);
    button.setAttribute('aria-pressed', String(button.dataset['fault'] === fault));
  }
  for (const article of articles) article.hidden = article.dataset['lesson'] !== fault;
  byId('lab-now').hidden = fault === undefined;
  setPressable(byId('lab-mend'), phase === 'broken');
  say(inWords(state));
}

function say(text: string): void {
  if (byId('lab-status').textContent !== text) byId('lab-status').textContent = text;
}

async function press(path: string): Promise<void> {
  try {
    const answer = await fetch(`lab/${path}`, { method: 'POST' });
    const body = (await answer.json()) as PlaygroundState & { error?: string };
    if (answer.ok) show(body);
    else say(body.error ?? '');
  } catch {
    say('The lab does not answer: has it been stopped?');
  }
}

for (const button of buttons) onPress(button, `break/${button.dataset['fault']}`);
onPress(byId('lab-mend'), 'mend');

for (;;) {
  try {
    if (!document.hidden) show((await (await fetch('lab/state')).json()) as PlaygroundState);
  } catch {
    say('The lab does not answer: has it been stopped?');
  }
  await new Promise((resolve) => setTimeout(resolve, pollMs));
}
