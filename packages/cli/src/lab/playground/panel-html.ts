// The panel of buttons: what can be broken, and beside each button what the user's code would have to change.
import { type Lesson, lessons } from './lessons.ts';

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => entities[character]!);

/** Lines that begin with `!` are marked. */
function code(title: string, text: string, mark: 'del' | 'ins'): string {
  const lines = text.split('\n').map((line) => {
    if (!line.startsWith('!')) return `<span>${escaped(line)}</span>`;
    return `<${mark}>${escaped(line.slice(1))}</${mark}>`;
  });
  return `<figure><figcaption>${title}</figcaption><pre tabindex="0">${lines.join('\n')}</pre></figure>`;
}

const button = ([name, { title, subtitle }]: [string, Lesson]): string =>
  `<button type="button" data-fault="${name}" aria-pressed="false"><b>${escaped(title)}</b><span>${escaped(subtitle)}</span></button>`;

const article = ([name, { story, moral, before, after }]: [
  string,
  Lesson,
]): string => `<article data-lesson="${name}" hidden>
<p>${escaped(story)}</p>
<div class="snippets">${code('Before', before, 'del')}${code('After', after, 'ins')}</div>
<p class="moral">${escaped(moral)}</p>
</article>`;

/** HTML without inline style or script. */
export const panelHtml: string = `<section id="lab" class="card" aria-labelledby="lab-title" data-phase="calm">
<div class="head"><h2 id="lab-title">Break something</h2>
<p class="hint">A shop on a PostgreSQL of its own, under gentle load. Each fault is a real one; its diagnosis appears above within seconds.</p></div>
<div id="lab-faults" role="group" aria-labelledby="lab-title">${Object.entries(lessons).map(button).join('')}</div>
<div id="lab-now" hidden>
<div id="lab-bar"><p id="lab-status" role="status"></p><button type="button" id="lab-mend" aria-disabled="true">Mend it</button></div>
${Object.entries(lessons).map(article).join('\n')}
</div>
</section>
`;
