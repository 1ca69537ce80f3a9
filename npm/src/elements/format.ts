/** Quantities in words, in the reader's own notation. */

const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** `4.1 MB`: decimal units, as phones and shops count. */
export function formatBytes(bytes: number, locale?: string): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit >= 2 && value < 99.95 ? 1 : 0;
  return `${formatNumber(value, digits, locale)} ${UNITS[unit] ?? "B"}`;
}

export function formatRate(bytesPerSecond: number, locale?: string): string {
  return `${formatBytes(bytesPerSecond, locale)}/s`;
}

/** Whole percent, 100 only when all is sent. */
export function percentOf(part: number, whole: number): number {
  return whole <= 0 ? 0 : Math.max(0, Math.min(100, Math.floor((part / whole) * 100)));
}

/** `10 s`, `3 min`, `1 h 20 min`: rounded up, and the coarser the longer, so that it does not flicker. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(1, Math.ceil(milliseconds / 1000));
  if (seconds < 10) {
    return `${seconds} s`;
  }
  if (seconds <= 55) {
    return `${Math.ceil(seconds / 5) * 5} s`;
  }
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) {
    return `${minutes} min`;
  }
  const rest = minutes % 60;
  return rest === 0 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 60)} h ${rest} min`;
}

/** By locale and digits: making one takes half a millisecond, and a list of uploads writes a hundred numbers at once. */
const FORMATS = new Map<string, Intl.NumberFormat>();

export function formatNumber(value: number, digits: number, locale?: string): string {
  const key = `${digits} ${locale ?? ""}`;
  let format = FORMATS.get(key);
  if (format === undefined) {
    format = new Intl.NumberFormat(locale, { minimumFractionDigits: 0, maximumFractionDigits: digits });
    FORMATS.set(key, format);
  }
  return format.format(value);
}

/** A message of a program as a person writes it. */
export function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}
