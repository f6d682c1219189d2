// One plant among many, by what it is called.

interface Named {
  readonly cause: string;
  readonly variant: string;
}

/** Finds one of these plants. It throws where none is called so. */
export function namedAmong<P extends Named>(plants: readonly P[]): (cause: P['cause'], variant: string) => P {
  return (cause, variant) => {
    const plant = plants.find((each) => each.cause === cause && each.variant === variant);
    if (plant === undefined) throw new Error(`no variant of ${cause} is called ${variant}`);
    return plant;
  };
}
