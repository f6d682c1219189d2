// Something that happens again and again until the run's process ends.

export function every(ms: number | (() => number), what: () => void): void {
  const again = (): void => {
    what();
    setTimeout(again, next());
  };
  const next = (): number => (typeof ms === 'number' ? ms : ms());
  setTimeout(again, next());
}
