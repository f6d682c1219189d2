// The tables of a page.

/** The rows of the table whose first column is headed so, cell by cell, without the marks of code. */
export function tableOf(page: string, heading: string): string[][] {
  const [, rest = ''] = page.split(`\n| ${heading} |`);
  const [lines = ''] = rest.split('\n\n');
  const cells = (line: string): string[] =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', ''));
  return lines.split('\n').slice(2).map(cells);
}
