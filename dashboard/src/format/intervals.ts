// How much of the past charts show, and which of it is worth opening on.

import type { Interval } from "../generated/graphql";

export const LENGTHS: Record<Interval, number> = { MINUTE: 60, HOUR: 24, DAY: 30, WEEK: 26 };
export const OPTIONS = [["MINUTE", "1 hour"], ["HOUR", "24 hours"], ["DAY", "30 days"], ["WEEK", "26 weeks"]] as const;

const HOUR_MS = 3_600_000;

// A world of a day has a single bar of days to show, and two dozen of hours; one of a coffee, minutes only.
export function intervalFor(firstAt: string | undefined, now: number): Interval {
  const age = firstAt === undefined ? 0 : now - Date.parse(firstAt);
  if (age < 3 * HOUR_MS) return "MINUTE";
  return age < 48 * HOUR_MS ? "HOUR" : "DAY";
}

// What somebody chose earlier, as it was kept, if it still is a choice.
export function asInterval(kept: string | null): Interval | undefined {
  return OPTIONS.map(([interval]) => interval).find((interval) => interval === kept);
}
