// Figures as people read them: three digits that matter, a unit, thousands apart.

/** A count, such as `1,034`. */
export const count = (value: number): string => Math.round(value).toLocaleString('en');

const digits = (value: number): string =>
  value >= 100 ? count(value) : value.toFixed(value >= 10 ? 1 : value > 0 ? 2 : 0);

/** A duration, such as `7.62 ms`. */
export const milliseconds = (value: number): string => `${digits(value)} ms`;

/** A rate, such as `2,310`. */
export const rate = (value: number): string => digits(value);

/** A share of 1, such as `34 %`. */
export const share = (value: number): string =>
  value > 0 && value < 0.005 ? '< 1 %' : `${Math.round(value * 100)} %`;

/** `16 × more`, `1.2 × fewer`, or `the same`: how many times, in the word for better or for worse. */
export function times(ratio: number, better: string, worse: string): string {
  if (ratio > 0.97 && ratio < 1.03) return 'the same';
  const factor = ratio >= 1 ? ratio : 1 / ratio;
  return `${factor >= 10 ? count(factor) : factor.toFixed(1)} × ${ratio >= 1 ? better : worse}`;
}
