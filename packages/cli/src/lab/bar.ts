// Bars of text, an eighth of a character fine.

const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A bar of `value` on a scale on which `most` is `width` characters long; anything above 0 shows. */
export function bar(value: number, most: number, width: number): string {
  const parts = value > 0 && most > 0 ? Math.max(1, Math.round((value / most) * width * 8)) : 0;
  return '█'.repeat(Math.floor(parts / 8)) + eighths[parts % 8];
}
