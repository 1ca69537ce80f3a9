/** The few sums that the bench does. */

export function median(values) {
  return percentile(values, 50);
}

/** Between neighbours it is interpolated. */
export function percentile(values, percent) {
  const sorted = values.toSorted((a, b) => a - b);
  const position = ((sorted.length - 1) * percent) / 100;
  const [below, above] = [sorted[Math.floor(position)], sorted[Math.ceil(position)]];
  return below + (above - below) * (position % 1);
}

export const rounded = (value, digits = 1) => (value === undefined ? undefined : Number(value.toFixed(digits)));
