// Moments and how long things took, in words. The clock is an argument.

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

// "3 min ago"; a moment of a chain may be slightly ahead of our clock.
export function ago(moment: string, now: number): string {
  const passed = now - Date.parse(moment);
  return passed < 2 * SECOND ? "just now" : `${span(passed, { isCoarse: true })} ago`;
}

// The largest unit that fits, and below ten of it the next one, unless coarse: "4 s", "1 min 12 s", "12 d".
export function span(milliseconds: number, { isCoarse = false } = {}): string {
  const units: [number, string][] = [[DAY, "d"], [HOUR, "h"], [MINUTE, "min"], [SECOND, "s"]];
  const first = units.findIndex(([unit]) => milliseconds >= unit);
  if (first < 0) return `${Math.max(0, Math.round(milliseconds))} ms`;
  const [unit, name] = units[first]!;
  const count = Math.floor(milliseconds / unit);
  const next = units[first + 1];
  const rest = next && count < 10 && !isCoarse ? Math.floor((milliseconds % unit) / next[0]) : 0;
  return rest ? `${count} ${name} ${rest} ${next![1]}` : `${count} ${name}`;
}

// How long one step came after another; blocks tell whole seconds, so less than a tenth is nothing to tell.
export function gap(from: string, to: string): string {
  const passed = Date.parse(to) - Date.parse(from);
  if (passed < 50) return "at once";
  return passed < 10 * SECOND ? `+${(passed / SECOND).toFixed(1)} s` : `+${span(passed)}`;
}

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DATE = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

// In the reader's own time zone; hover or focus tells it in UTC.
export function clock(moment: string | Date): string {
  return CLOCK.format(new Date(moment));
}

export function date(moment: string): string {
  return DATE.format(new Date(moment));
}

export function utc(moment: string): string {
  return new Date(moment).toISOString().replace("T", " ").replace(/\.\d+Z/, " UTC");
}

const NAMES = {
  MINUTE: new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" }),
  HOUR: new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }),
  DAY: new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" }),
  WEEK: new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" }),
};

// Days and weeks are those of UTC, hours and minutes everybody's own.
export function intervalName(start: string, interval: keyof typeof NAMES): string {
  const name = NAMES[interval].format(new Date(start));
  return interval === "WEEK" ? `Week of ${name}` : name;
}

const AXIS = {
  MINUTE: new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" }),
  HOUR: new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" }),
  DAY: new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" }),
  WEEK: new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" }),
};

export function axisName(moment: number, interval: keyof typeof AXIS): string {
  return AXIS[interval].format(moment);
}
