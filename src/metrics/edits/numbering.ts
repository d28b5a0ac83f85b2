// Units of text as the integers that dynamic programming compares.

/** Units of several texts as numbers from 0: equal units have equal numbers. */
export class Numbering {
  private readonly numbers = new Map<string, number>();

  ids(units: readonly string[]): Int32Array {
    const { numbers } = this;
    const ids = new Int32Array(units.length);
    for (let i = 0; i < units.length; i++) {
      const unit = units[i]!;
      let id = numbers.get(unit);
      if (id === undefined) {
        id = numbers.size;
        numbers.set(unit, id);
      }
      ids[i] = id;
    }
    return ids;
  }
}
